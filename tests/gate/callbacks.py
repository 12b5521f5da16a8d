# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The server to which chatgate's web hooks go: it keeps what comes, and answers as a test says."""
import contextlib
import dataclasses
import http.server
import json
import ssl
import threading
import urllib.parse

from harness.settings import PATIENCE

FINE = {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0}


@dataclasses.dataclass
class Call:
    path: str
    query: dict
    headers: object
    raw: bytes

    @property
    def body(self):
        return json.loads(self.raw)

    @property
    def command(self):
        return self.query.get("CallbackCommand")


def answer(data=FINE, status=200, headers=()):
    """For Callbacks.reply: what is sent for a call."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()

    def send(handler, _call):
        handler.send_response(status)
        for name, value in dict(headers).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(body)

    return send


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        path, _, query = self.path.partition("?")
        call = Call(path, dict(urllib.parse.parse_qsl(query)), self.headers, raw)
        self.server.owner.take_call(self, call)

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, *_):
        pass


class Callbacks:
    """`certificate` (with its key): TLS. `reply(handler, call)` answers; it may wait for `closing`."""

    def __init__(self, certificate=None, reply=None):
        self.reply = reply or answer()
        self.calls, self.changed = [], threading.Condition()
        self.at_once = self.most_at_once = 0
        self.closing = threading.Event()
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.owner = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://localhost:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take_call(self, handler, call):
        with self.changed:
            self.calls.append(call)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.changed.notify_all()
        try:
            self.reply(handler, call)
        finally:
            with self.changed:
                self.at_once -= 1

    def take(self, command, wanted=lambda _body: True, timeout=PATIENCE, **members):
        """The first call of this command with these members, which is taken."""
        def find():
            for call in self.calls:
                if call.command == command and members.items() <= call.body.items() and wanted(call.body):
                    return call
            return None

        with self.changed:
            assert self.changed.wait_for(find, timeout), f"no {command} {members} among {[c.raw for c in self.calls]}"
            call = find()
            self.calls.remove(call)
            return call

    def body(self, command, **how):
        return self.take(command, **how).body

    def await_count(self, command, count, timeout=PATIENCE):
        """Waits for so many calls of a command; takes and returns all of them."""
        def found():
            return [call for call in self.calls if call.command == command]

        with self.changed:
            assert self.changed.wait_for(lambda: len(found()) >= count, timeout), f"{len(found())} of {count} {command}"
            calls = found()
            self.calls = [call for call in self.calls if call.command != command]
            return calls

    def pending(self, command):
        with self.changed:
            return [call for call in self.calls if call.command == command]

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()


class Hookhouse:
    """A gatehouse whose hooks come to a server of the test's."""

    def __init__(self, gatehouse, callbacks, **options):
        self.gatehouse, self.callbacks, self.broker = gatehouse, callbacks, gatehouse.broker
        given = {"url": callbacks.url, "allow_http": "yes", **options}
        gatehouse.set("callback", **given)

    def start(self, feed=True, review=True):
        self.gatehouse.start()
        self.await_ready()
        return self

    def await_ready(self):
        start = 0
        for topic in self.topics():
            assert self.gatehouse.process.await_line(f"subscribed to {topic}", start=start), self.gatehouse.log()

    def topics(self):
        given = self.gatehouse.settings["callback"].get("command")
        names = [given] if isinstance(given, str) else given
        kinds = {"chat/review": lambda name: "Before" in name, "chat/feed": lambda name: "Before" not in name}
        return [topic for topic, fits in kinds.items() if names is None or any(map(fits, names))]

    def outcomes(self, command):
        """What /metrics counts of a command: {outcome: number}."""
        _, _, text = self.gatehouse.ask("GET", "/metrics")
        start = f'mosquitto_chat_gate_hooks_total{{command="{command}",outcome="'
        found = {}
        for line in text.decode().splitlines():
            if line.startswith(start):
                outcome, _, number = line[len(start):].partition('"} ')
                found[outcome] = int(number)
        return found
