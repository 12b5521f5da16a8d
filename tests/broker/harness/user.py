# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A chat user's client over paho: messages, events and command responses, each of which can be awaited."""
import contextlib
import itertools
import json
import re
import socket
import threading
import time
from dataclasses import dataclass

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from harness.settings import PATIENCE

CONTROL = "$CONTROL/chat/v1"
RESPONSE = "$CONTROL/chat/v1/response"
ACCEPTED = (0, 0x10)
REFUSED = 0x87

_numbers = itertools.count(1)


class ChatError(Exception):
    """A command that was answered with a code."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


@dataclass
class Message:
    """One delivery. `data` is its JSON, None when it has none."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: object
    data: object = None

    def __post_init__(self):
        try:
            self.data = json.loads(self.payload)
        except ValueError:
            pass

    def get(self, name):
        return self.data.get(name) if isinstance(self.data, dict) else None

    def is_content(self):
        """A message with content: no event, no response, no tip, notice, recall, edit or purge."""
        own = (RESPONSE, "chat/push")
        if self.topic in own or self.topic.endswith("/event") or not isinstance(self.data, dict):
            return False
        return "sender" in self.data and not {"tips", "notice", "recall", "edit", "purge"} & self.data.keys()


class _Paho(paho.Client):
    """paho 1.6 and 2, alike. 1.6 forgets the reason code of a PUBACK, and 2 makes MQTT 5 codes of 3.1.1's: codes
    come from the packets. Both close their side as soon as DISCONNECT is written: what has not been read by then
    makes the kernel reset the connection, perhaps before the broker sees the DISCONNECT."""

    leaving = False

    def __init__(self, client_id, **how):
        versions = getattr(paho, "CallbackAPIVersion", None)
        super().__init__(*([versions.VERSION2] if versions else []), client_id, **how)

    def _sock_close(self):
        if self.leaving and self._sock:
            sock = getattr(self._sock, "_socket", self._sock)
            sock.settimeout(PATIENCE)
            with contextlib.suppress(OSError):
                while sock.recv(65536):
                    pass
        super()._sock_close()

    def _handle_connack(self):
        flags, code = self._in_packet["packet"][:2]
        result = super()._handle_connack()
        self.on_connack(self, bool(flags & 1), code)
        return result

    def _handle_pubackcomp(self, cmd):
        body = bytes(self._in_packet["packet"])
        self.on_ack(self, int.from_bytes(body[:2], "big"), body[2] if len(body) > 2 else 0)
        return super()._handle_pubackcomp(cmd)


class User:
    def __init__(
        self,
        broker,
        name,
        client_id,
        version=5,
        clean=True,
        transport="tcp",
        keepalive=60,
        expiry=None,
        sig=None,
    ):
        self.broker, self.name, self.client_id = broker, name, client_id
        self.inbox, self.feed, self.event_topic = (
            f"chat/user/{name}",
            f"chat/user/{name}/#",
            f"chat/user/{name}/event",
        )
        self.version, self.keepalive = version, keepalive
        self._expiry = 3600 if expiry is None and not clean else expiry
        self._clean, self._transport, self._sig = clean, transport, sig
        self._changed = threading.Condition()
        self._pending, self._acks, self._subacks = [], {}, {}
        self._connack, self._closed, self.session_present = None, False, False
        self._paho = None

    # ---- connection

    def _make(self):
        five = self.version == 5
        clean = {} if five else {"clean_session": self._clean}
        client = _Paho(
            self.client_id,
            protocol=paho.MQTTv5 if five else paho.MQTTv311,
            transport=self._transport,
            reconnect_on_failure=False,
            **clean,
        )
        client.username_pw_set(self.name, self._sig if self._sig is not None else self.broker.sig(self.name))
        client.max_inflight_messages_set(0)
        client.on_connack, client.on_disconnect = self._on_connack, self._on_disconnect
        client.on_message, client.on_ack = self._on_message, self._on_ack
        client.on_subscribe = client.on_unsubscribe = self._on_suback
        return client

    def start_connect(self):
        made = self._make()
        with self._changed:  # what the connection before is still to tell is about that one
            self._paho, self._connack, self._closed = made, None, False
            self._acks, self._subacks = {}, {}  # a new connection counts its packets anew
        extra = {}
        if self.version == 5:
            extra["clean_start"] = self._clean
            extra["properties"] = Properties(PacketTypes.CONNECT)
            if self._expiry is not None:
                extra["properties"].SessionExpiryInterval = self._expiry
        websocket = self._transport == "websockets"
        port = self.broker.websocket if websocket else self.broker.mqtt
        self._paho.connect("127.0.0.1", port.number, self.keepalive, **extra)
        self._bare_socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or a command takes 40 ms
        self._paho.loop_start()

    def _bare_socket(self):
        sock = self._paho.socket()
        return getattr(sock, "_socket", sock)

    def connect(self, code=0):
        """Connects again if it has to; `code` is the expected CONNACK."""
        self.start_connect()
        self._await(lambda: self._connack is not None or self._closed, "no CONNACK")
        assert self._connack == code, f"CONNACK {self._connack} for {self.client_id}"
        return self

    def disconnect(self):
        """A proper end; returns when the broker has taken note of it."""
        with self._ending():
            self._paho.leaving = True
            self._paho.disconnect()

    def drop(self):
        """An end without DISCONNECT; returns when the broker has taken note of it."""
        with self._ending():
            self._bare_socket().shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _ending(self):
        """Around what ends the connection. paho closes its side without waiting for the broker's."""
        seen = len(self.broker.process.lines)
        yield
        self._await(lambda: self._closed, "the connection did not end")
        self._paho.loop_stop()
        name = re.escape(self.client_id) or r"\S+"
        self.broker.await_log(rf"Client {name}( \[.*\])? (disconnected|closed its connection)", start=seen)

    def wait_closed(self, timeout=PATIENCE):
        self._await(lambda: self._closed, "the broker did not close the connection", timeout)

    @property
    def connected(self):
        return self._connack == 0 and not self._closed

    def close(self):
        if self._paho:
            self._paho.disconnect()
            self._paho.loop_stop()
            self._paho = None  # or its files stay open, and its select() takes none above 1024

    # ---- what paho tells

    def _note(self, client, change):
        """Of a connection before nothing counts: on a busy machine its thread tells of its end, which it does twice after
        a DISCONNECT, when the next one has begun."""
        with self._changed:
            if client is self._paho:
                change()
                self._changed.notify_all()

    def _on_connack(self, client, session_present, code):
        def change():
            self.session_present, self._connack = session_present, code

        self._note(client, change)

    def _on_disconnect(self, client, *_):
        self._note(client, lambda: setattr(self, "_closed", True))

    def _on_message(self, _client, _userdata, message):
        properties = getattr(message, "properties", None)
        found = Message(message.topic, bytes(message.payload), message.qos, bool(message.retain), properties)
        with self._changed:  # a message has come, on whatever connection
            self._pending.append(found)
            self._changed.notify_all()

    def _on_ack(self, client, mid, code):
        self._note(client, lambda: self._acks.__setitem__(mid, code))

    def _on_suback(self, client, _userdata, mid, codes=(0,), *_):
        plain = [getattr(code, "value", code) for code in codes] if isinstance(codes, (list, tuple)) else [0]
        self._note(client, lambda: self._subacks.__setitem__(mid, plain[0] if plain else 0))

    # ---- waiting

    def _await(self, true, what, timeout=PATIENCE):
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (found := true()):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{self.client_id}: {what}")
                self._changed.wait(left)
            return found

    def _take(self, wanted):
        for at, message in enumerate(self._pending):
            if wanted(message):
                return self._pending.pop(at)
        return None

    def wait(self, wanted, what="the message did not come", timeout=PATIENCE):
        """Takes the first message not taken yet for which wanted(message) is true."""
        return self._await(lambda: self._take(wanted), what, timeout)

    def content(self, timeout=PATIENCE):
        """Takes the next message with content."""
        return self.wait(Message.is_content, "no message with content came", timeout)

    def text(self, text, timeout=PATIENCE):
        """Takes the message with this text."""
        return self.wait(
            lambda m: m.is_content() and m.get("text") == text, f"no message {text!r} came", timeout
        )

    def contents(self, last, timeout=PATIENCE):
        """Takes all messages with content up to the one with the text `last`, which is part of the list."""

        def complete():
            texts = [m.get("text") for m in self._pending if m.is_content()]
            return last in texts

        try:
            self._await(complete, "", timeout)
        except AssertionError:
            with self._changed:
                seen = [m.get("text") for m in self._pending if m.is_content()]
            raise AssertionError(
                f"{self.client_id}: no {last!r} after {len(seen)} messages, {seen[-3:]}"
            ) from None
        out = []
        while not out or out[-1].get("text") != last:
            out.append(self.content())
        return out

    def tip(self, kind, timeout=PATIENCE):
        """Takes the first tip of this type: the whole message."""
        return self.wait(lambda m: (m.get("tips") or {}).get("type") == kind, f"no tip {kind}", timeout).data

    def notice(self, kind, timeout=PATIENCE):
        """Takes the first notice of this type: the whole message."""
        return self.wait(
            lambda m: (m.get("notice") or {}).get("type") == kind, f"no notice {kind}", timeout
        ).data

    def event(self, name, timeout=PATIENCE, **fields):
        """Takes the data of the first event of this name whose members have these values."""

        def wanted(message):
            if message.topic != self.event_topic or message.get("event") != name:
                return False
            return all(message.get(key) == value for key, value in fields.items())

        return self.wait(wanted, f"no event {name} {fields}", timeout).data

    def pending(self, wanted=Message.is_content):
        """What has come and was not taken."""
        with self._changed:
            return [message for message in self._pending if wanted(message)]

    def take_all(self, wanted=Message.is_content):
        """Takes what has come up to now."""
        with self._changed:
            found = [message for message in self._pending if wanted(message)]
            self._pending = [message for message in self._pending if not wanted(message)]
            return found

    # ---- silence, by a fence: what is answered after something was sent has overtaken nothing

    def fence(self):
        """When this returns, everything the broker had for this client before has arrived. Twice, because
        what the plugin queues at one turn of the broker's loop is sent at the next."""
        self.command("getUnread")
        self.command("getUnread")

    def silent(self, wanted=Message.is_content):
        """What has come and was not taken: content, or what `wanted` says. A list, [] for silence."""
        self.fence()
        return [message.payload.decode("utf-8", "replace") for message in self.pending(wanted)]

    # ---- verbs

    def subscribe(self, *filters, qos=1):
        """Subscribes one by one; every one must be granted. Returns self."""
        for name in filters:
            granted = self.try_subscribe(name, qos)
            assert granted < 0x80, f"{self.client_id}: {name} refused with {granted:#x}"
        return self

    def try_subscribe(self, name, qos=1):
        _, mid = self._paho.subscribe(name, qos)
        return self._await(lambda: (self._subacks.pop(mid),) if mid in self._subacks else None, "no SUBACK")[
            0
        ]

    def unsubscribe(self, name):
        _, mid = self._paho.unsubscribe(name)
        self._await(lambda: mid in self._subacks, "no UNSUBACK")

    def start_publish(self, topic, payload, qos=1, retain=False, properties=None):
        payload = json.dumps(payload) if isinstance(payload, dict) else payload
        return self._paho.publish(topic, payload, qos, retain, properties).mid

    def wait_ack(self, mid, timeout=PATIENCE):
        """The reason code of the PUBACK (3.1.1: 0)."""
        found = self._await(lambda: (self._acks.pop(mid),) if mid in self._acks else None, "no ack", timeout)
        return found[0]

    def publish(self, topic, payload, qos=1, **how):
        mid = self.start_publish(topic, payload, qos, **how)
        return self.wait_ack(mid) if qos else None

    def send(self, topic, payload, **how):
        """Publishes what must be accepted. A topic without a slash is a userID."""
        topic = topic if "/" in topic else f"chat/user/{topic}"
        code = self.publish(topic, payload, **how)
        assert code in (None, *ACCEPTED), f"{self.client_id}: {payload!r} refused with {code:#x}"

    def send_many(self, topic, payloads):
        """Publishes all of them without waiting in between; every one must be acknowledged and accepted."""
        topic = topic if "/" in topic else f"chat/user/{topic}"
        codes = [self.wait_ack(mid) for mid in [self.start_publish(topic, payload) for payload in payloads]]
        assert set(codes) <= set(ACCEPTED), f"{self.client_id}: codes {set(codes)}"

    def refusal(self, topic, payload, **how):
        """Publishes what must be refused; the `rejected` event. MQTT 5 must have got 0x87 as well."""
        code = self.publish(topic, payload, **how)
        if self.version == 5 and code is not None:
            assert code == REFUSED, f"{topic} {payload!r}: acknowledged with {code:#x}"
        return self.event("rejected", topic=topic)

    def request(self, command, **fields):
        """Sends one command and returns its whole response."""
        mark = f"t{next(_numbers)}"
        payload = {"commands": [{"command": command, "correlationData": mark, **fields}]}
        self.start_publish(CONTROL, payload)

        def answers(message):
            listed = message.get("responses") or []
            return message.topic == RESPONSE and any(r.get("correlationData") == mark for r in listed)

        found = self.wait(answers, f"no response to {command}")
        return next(r for r in found.data["responses"] if r.get("correlationData") == mark)

    def batch(self, commands, timeout=PATIENCE):
        """Sends up to 50 commands in one publish and returns their responses."""
        marked = [{**command, "correlationData": f"t{next(_numbers)}"} for command in commands]
        self.start_publish(CONTROL, {"commands": marked})
        last = marked[-1]["correlationData"]

        def answers(message):
            listed = message.get("responses") or [{}]
            return message.topic == RESPONSE and listed[-1].get("correlationData") == last

        found = self.wait(answers, f"no response to {len(marked)} commands", timeout)
        return found.data["responses"]

    def command(self, command, **fields):
        """The `data` of the response; raises ChatError."""
        response = self.request(command, **fields)
        assert response["command"] == command
        if response.get("code"):
            raise ChatError(response["code"], response.get("error"))
        return response.get("data", {})

    def code(self, command, **fields):
        """0, or the code the command was refused with."""
        return self.request(command, **fields).get("code", 0)

    def group(self, kind, groupID, members=(), **fields):
        """Creates a group of one's own and returns its topic."""
        if members:
            fields["members"] = [{"userID": name} for name in members]
        self.command("createGroup", groupType=kind, groupID=groupID, **fields)
        return f"chat/group/{groupID}"

    def synced(self, after=0, limit=500):
        """All messages after an id, page by page, tips and notices left out."""
        out, complete = [], False
        while not complete:
            page = self.command("sync", after=after, limit=limit)
            assert page["messages"] or page["complete"], "an empty page that is not the last"
            out += page["messages"]
            after = page["messages"][-1]["id"] if page["messages"] else after
            complete = page["complete"]
        return [m for m in out if not {"tips", "notice", "recall", "edit"} & m.keys()]
