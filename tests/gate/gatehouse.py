# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A broker and a chatgate, and a client of its REST interface."""
import base64
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import tempfile
import urllib.parse

import pytest
from harness.broker import SANITIZER_MARKS, Broker
from harness.ports import Port
from harness.process import LoggedProcess
from harness.settings import ADMIN, BUILD_DIR, PATIENCE, SDKAPPID

GATE = BUILD_DIR / "chatgate"
KEPT = pytest.StashKey()  # the gatehouse of a test or file, for its logs


def make(request, **options):
    """For fixtures: one that ends with them."""
    if not GATE.exists():
        pytest.fail(f"{GATE} is not there: build it, or set BUILD_DIR", pytrace=False)
    made = Gatehouse(**options)
    request.node.stash[KEPT] = made
    request.addfinalizer(made.close)
    return made


class Gatehouse:
    """`options` are the plugin's. `broker`: one that others have, too, and end."""

    def __init__(self, broker=None, **options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-gate-"))
        self.broker, self._is_guest = broker or Broker(options), broker is not None
        self.port = Port()
        self.process, self.earlier = None, []
        self.ended_by_test = False
        self.patience = PATIENCE  # with the answer to a request
        self.settings = {
            "broker": {"port": self.broker.mqtt.number, "user": ADMIN, "sdkappid": SDKAPPID, "name": "gate",
                       "secret_key_file": self.broker.key_file},
            "http": {"port": self.port.number},
            "rest": {"admins": ADMIN, "rate": 0},
        }

    # ---- life

    def set(self, section, **options):
        """Options of chatgate.conf; None takes one out, a list is the same option several times."""
        self.settings.setdefault(section, {}).update(options)
        return self

    def configure(self):
        lines = []
        for section, options in self.settings.items():
            given = {name: value for name, value in options.items() if value is not None}
            lines.append(f"[{section}]")
            for name, value in given.items():
                lines += [f"{name} = {one}" for one in (value if isinstance(value, list) else [value])]
        path = self.folder / "chatgate.conf"
        path.write_text("\n".join(lines) + "\n")
        return path

    def launch(self, *arguments):
        """A chatgate, whatever it does."""
        if self.process:
            self.earlier += self.process.lines
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:verify_asan_link_order=0"}
        env.pop("LD_PRELOAD", None)
        self.process = LoggedProcess([str(GATE), "-c", str(self.configure()), *arguments], env=env)
        self.ended_by_test = False
        return self.process

    def run(self, *arguments):
        """(exit code, lines) of one that ends by itself."""
        process = self.launch(*arguments)
        code = process.wait(3 * PATIENCE)
        self.ended_by_test = True
        return code, list(process.lines)

    def start(self, broker=True):
        if broker and not self.broker.process:
            self.broker.start()
        process = self.launch()
        assert process.await_line("chatgate .* started"), "the gate did not start:\n" + self.log()
        if broker:
            assert process.await_line("broker .*: connected"), "the gate did not connect:\n" + self.log()
        return self

    def reload(self):
        """SIGHUP; the lines of the log about it, when the gate has read its configuration again or has refused to."""
        start = len(self.process.lines)
        self.configure()
        self.process.signal(signal.SIGHUP)
        assert self.process.await_line("the configuration (was read again|stays as it was)", start=start), self.log()
        said = [line.split(" ", 1)[1] for line in self.process.lines[start:]]
        return [line for line in said if line.startswith(("reload: ", "the configuration "))]

    def stop(self):
        self.process.signal(signal.SIGTERM)
        self.ended_by_test = True
        return self.process.wait(3 * PATIENCE)

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.ended_by_test = True
        self.process.wait()

    def log(self):
        return "\n".join(self.earlier + (self.process.lines if self.process else []))

    def close(self):
        problems = []
        try:
            if self.process and not self.ended_by_test:
                code = self.process.wait(0) if not self.process.alive() else None
                if code is not None:
                    problems.append(f"the gate ended by itself with {code}")
                elif (code := self.stop()) != 0:
                    problems.append(f"the gate stopped with {code}")
        finally:
            if self.process and self.process.alive():
                self.kill()
            self.port.release()
            if not self._is_guest:
                self.broker.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        text = self.log()
        problems += [f"the log of the gate has {mark!r}" for mark in SANITIZER_MARKS if mark in text]
        problems += ["the log of the gate shows a secret" for secret in self.broker.secrets if secret in text]
        assert not problems, "; ".join(problems)

    # ---- requests

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port.number, timeout=self.patience)

    def ask(self, method, path, body=None, headers=()):
        """(status, headers, body) of one request on a connection of its own."""
        connection = self.connection()
        try:
            connection.request(method, path, body, dict(headers))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def raw(self, *pieces):
        """The bytes that come back when these are sent, one piece after the other, until the gate closes or is silent
        for a second."""
        with socket.create_connection(("127.0.0.1", self.port.number), timeout=PATIENCE) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(1)
            got = b""
            try:
                for piece in pieces:
                    connection.sendall(piece)
                while data := connection.recv(65536):
                    got += data
            except (TimeoutError, ConnectionError):
                pass
            return got

    def rest_path(self, command, **query):
        """/v4/service/command with what Tencent's clients add; None takes a part out."""
        full = {"sdkappid": SDKAPPID, "identifier": ADMIN, "random": random.getrandbits(32), "contenttype": "json",
                **query}
        if "usersig" not in full:
            full["usersig"] = self.broker.sig(full["identifier"] or ADMIN)
        given = {name: value for name, value in full.items() if value is not None}
        return f"/v4/{command}?" + urllib.parse.urlencode(given, safe="*-_")

    def rest(self, command, body=None, **query):
        """The answer. HTTP is 200, whatever it says."""
        text = body if isinstance(body, (bytes, str)) else json.dumps(body or {})
        status, headers, answer = self.ask("POST", self.rest_path(command, **query), text)
        assert (status, headers["Content-Type"]) == (200, "application/json"), (status, answer)
        return json.loads(answer)

    def client(self, user, client_id=None, **knobs):
        """A user over plain HTTP."""
        return Client(self, user, client_id, self.broker.sig(user, **knobs))


class Client:
    def __init__(self, gate, user, client_id, sig):
        self.gate, self.user, self.client_id, self.sig = gate, user, client_id, sig

    def headers(self):
        basic = base64.b64encode(f"{self.user}:{self.sig}".encode()).decode()
        named = {"X-Chat-Client": self.client_id} if self.client_id else {}
        return {"Authorization": f"Basic {basic}", **named}

    def ask(self, method, path, body=None):
        """(status, answer)."""
        text = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        status, headers, answer = self.gate.ask(method, path, text, self.headers())
        assert headers["Content-Type"] == "application/json", (status, answer)
        return status, json.loads(answer)

    def good(self, method, path, body=None):
        status, answer = self.ask(method, path, body)
        assert status == 200, (status, answer)
        return answer

    def send(self, to, body):
        """To "bob" or "group/g1": the receipt."""
        return self.good("POST", f"/v1/{to if '/' in to else 'user/' + to}", body)

    def command(self, name, **fields):
        """The data of the answer."""
        (response,) = self.good("POST", "/v1/command", {"command": name, **fields})["responses"]
        assert "code" not in response, response
        return response["data"]

    def poll(self, wait=5, ack=None):
        return self.good("GET", f"/v1/poll?wait={wait}" + (f"&ack={ack}" if ack is not None else ""))

    def poll_until(self, count, wait=5):
        """Messages of polls until there are so many, each acked by the next."""
        got, ack = [], None
        while len(got) < count:
            answer = self.poll(wait, ack)
            assert answer["messages"] or answer["events"], f"only {got}"
            got += [entry["message"] for entry in answer["messages"]]
            ack = max([m["id"] for m in got if "id" in m], default=None)
        return got

    def events(self, last=None):
        return Events(self, last)


class Events:
    """A stream of Server-Sent Events, read as it comes."""

    def __init__(self, client, last=None):
        headers = client.headers() | ({"Last-Event-ID": str(last)} if last is not None else {})
        self.connection = client.gate.connection()
        self.connection.request("GET", "/v1/events", headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def next(self, comments=False):
        """{"id":.., "event":.., "data":..} of the next one, or None at the end; a comment is {"comment": True}."""
        fields = {}
        while line := self.response.readline().decode():
            line = line.rstrip("\n")
            if line.startswith(":") and comments:
                return {"comment": True}
            if not line and "data" in fields:
                return fields | {"data": json.loads(fields["data"])}
            name, _, value = line.partition(": ")
            if name in ("id", "event", "data"):
                fields[name] = value
        return None

    def text(self):
        """The text of the next message."""
        found = self.next()
        assert found["event"] == "message", found
        return found["data"]["message"]["text"]

    def close(self):
        self.connection.close()
