# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Clients that are logged in as they should be send MQTT packets that are not: recorded from random stories (the model of the
tests), and changed, in what is in them and in themselves. The plugin is built with AddressSanitizer."""
import contextlib
import copy
import itertools
import json
import sqlite3
import struct
import threading
import time
from unittest import mock

from harness import packets
from harness.broker import Broker
from harness.raw import Closed, RawClient
from model import draw, story
from plan import Outcome
from sanitized import ROOT, SanitizedBroker

WHAT = "Whatever packets a client sends that is logged in, the broker goes on, and people who chat meanwhile lose nothing."
NEEDS_SANITIZERS = True  # scripts/test runs it where the plugin is built with them
ACTORS = ("ann", "bob", "cid", "dot", "eve")  # of the stories
PEOPLE = ("vera", "wim")
BURST = 64
PATIENCE = 60  # the plugin is slow with sanitizers, and the machine may be busy
MARKS = ("ERROR: AddressSanitizer", "runtime error:")
LAST_WORDS = ROOT / "build/proof-packets"  # of clients before an end


# ---- good traffic


def record(dice, stories, length):
    """The packets that clients send in such stories: [(version, bytes)]."""
    sent, send = [], RawClient.send

    def tapped(client, data):
        sent.append((client.version, bytes(data)))
        send(client, data)

    with mock.patch.object(RawClient, "send", tapped):
        for theme in itertools.islice(itertools.cycle(draw.THEMES), stories):
            story.tell(theme, dice.randrange(1 << 30), length)
    return sent


def whole(version, data):
    """The packet, if it is one and can be read."""
    try:
        _, at = packets.read_varint(data, 1)
        return packets.parse(version, data[0], data[at:])
    except (IndexError, ValueError, struct.error):
        return None


# ---- changes

TEXTS = ("", "a", "ann", "bob", "vera", "\u0000", "\U0001f600" * 70,
         "x" * 300, "x" * 70000, "chat/user/bob", "pub", "@TGS#pub", "../x", "%s%n", "{}", "1e999", "true", "-1", "9" * 40)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 20, 255, 65536, 1 << 31, (1 << 53) - 1, 1 << 53, 1 << 63, 1e308, 0.5, -0.0)
VALUES = (*TEXTS, *NUMBERS, None, True, False, [], {}, [[]], [None] * 500, {"userID": "bob"}, ["bob"] * 501,
          {str(number): number for number in range(300)}, json.loads("[" * 40 + "]" * 40))  # fmt: skip
FILTERS = ("#", "+/+/+", "chat/#", "chat/user/+", "chat/user/{}/#", "chat/user/{}", "chat/user/{}/event", "chat/group/pub",
           "chat/group/live", "chat/user/{}/group/pub", "chat/user/{}/group/+", "$share/x/chat/user/{}", "$SYS/#", "chat/feed", "chat/push",
           "chat/review", "$CONTROL/chat/v1/response", "sensors/#", "chat/upload/#", "", "/", "a" * 300, "chat/group/" + "/" * 100)  # fmt: skip


class Changer:
    def __init__(self, dice, recorded):
        self.dice = dice
        self.recorded = [entry for entry in recorded if entry[1][0] >> 4 != packets.DISCONNECT]
        found = [packet for packet in (whole(*entry) for entry in recorded) if packet]
        publishes = [packet for packet in found if packet.kind == packets.PUBLISH]
        self.said = [(packet.topic, packet.payload) for packet in publishes]
        self.topics = sorted({packet.topic for packet in publishes})
        assert len(self.said) > 20 and len(self.topics) > 3, "the stories were too short"

    def one_of(self, *makers):
        return self.dice.choice(makers)()

    # -- bytes

    def bytes(self, data):
        data = bytearray(data)
        for _ in range(self.dice.choice((1, 1, 1, 2, 4, 16))):
            at = self.dice.randrange(len(data) + 1)
            end = min(len(data), at + self.dice.choice((1, 2, 4, 16, 64)))
            change = self.dice.randrange(6)
            if change == 0 and at < len(data):
                data[at] ^= 1 << self.dice.randrange(8)
            elif change == 1:
                data[at:end] = self.dice.randbytes(end - at)
            elif change == 2:
                del data[at:end]
            elif change == 3:
                data[at:at] = data[at:end] * self.dice.choice((1, 2, 50))
            elif change == 4:
                data[at:at] = self.dice.choice((b"\0", b"\xff", b'"', b"{", b"]", b"\\u0000", b"\xc0\x80", b"\xed\xa0\x80", b"e999"))
            else:
                other = self.dice.choice(self.said)[1]
                data[at:end] = other[: self.dice.randrange(len(other) + 1)]
        return bytes(data[:200000])

    # -- JSON

    def json(self, payload):
        """A value of it is another one; bytes are changed where it is no JSON."""
        try:
            tree = json.loads(payload)
        except ValueError:
            return self.bytes(payload)
        for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
            tree = self.value(tree)
        text = json.dumps(tree, ensure_ascii=self.dice.random() < 0.5)
        return text.encode("utf-8", "replace")

    def value(self, tree):
        if not isinstance(tree, (dict, list)) or not tree or self.dice.random() < 0.05:
            return copy.deepcopy(self.dice.choice(VALUES))
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        key, change = self.dice.choice(keys), self.dice.random()
        if change < 0.1:
            del tree[key]
        elif change < 0.2 and isinstance(tree, dict):
            tree[self.dice.choice(("as", "id", "seq", "sender", "random", "group", "to", "userID", "x" * 200, ""))] = copy.deepcopy(self.dice.choice(VALUES))
        elif change < 0.3 and isinstance(tree, list):
            tree += [tree[key]] * self.dice.choice((1, 60, 600))
        else:
            tree[key] = self.value(tree[key])
        return tree

    def payload(self, payload):
        how = self.dice.random()
        return payload if how < 0.2 else self.json(payload) if how < 0.8 else self.bytes(payload)

    # -- whole packets, which Mosquitto itself takes

    def topic(self, topic):
        how = self.dice.random()
        if how < 0.7:
            return topic
        if how < 0.85:
            return self.dice.choice(self.topics)
        text = self.bytes(topic.encode()).decode("utf-8", "ignore")
        return "".join(c for c in text if c.isprintable() and c not in "+#")[:10000] or "a"

    def publish_properties(self):
        dice = self.dice
        makers = {
            packets.EXPIRY: lambda: dice.choice((0, 1, 60, 0xFFFFFFFF)), packets.CONTENT_TYPE: lambda: dice.choice(TEXTS[2:5]),
            packets.RESPONSE_TOPIC: lambda: dice.choice(("", "a", "x/y", "chat/user/vera", "chat/group/pub", "$CONTROL/chat/v1", "$SYS/x")),
            packets.CORRELATION_DATA: lambda: dice.randbytes(dice.choice((0, 1, 16, 65535))), 0x01: lambda: dice.choice((0, 1)),
            packets.USER_PROPERTY: lambda: (dice.choice(TEXTS[1:5]), "y" * dice.choice((0, 1, 60000))),
        }  # fmt: skip
        return {key: makers[key]() for key in dice.sample(list(makers), dice.choice((0, 0, 1, 2)))}

    def publish(self, version):
        topic, payload = self.dice.choice(self.said)
        props, name = self.publish_properties(), self.topic(topic)
        if version == 5 and self.dice.random() < 0.1:
            props[packets.TOPIC_ALIAS] = self.dice.randint(1, 10)
        qos = self.dice.choice((0, 1, 1, 2))
        return packets.publish(version, name, self.payload(payload), qos, self.mid(), retain=self.dice.random() < 0.05,
                               dup=qos > 0 and self.dice.random() < 0.2, props=props)  # fmt: skip

    def alias(self, version):
        """One that may have been named before, instead of a topic."""
        props = {packets.TOPIC_ALIAS: self.dice.randint(1, 10)}
        topic, payload = self.dice.choice(self.said)
        named = packets.publish(5, topic, b"x", 0, props=props)
        return named + packets.publish(5, "", self.payload(payload), 1, self.mid(), props=props) if version == 5 else b""

    def mid(self):
        return self.dice.choice((1, 2, 3, 65535, self.dice.randint(1, 65535)))

    def filters(self):
        names = [self.dice.choice(FILTERS).format(self.dice.choice(ACTORS)) for _ in range(self.dice.choice((1, 1, 3, 30)))]
        return [name for name in names if name] or ["#"]

    def subscribe(self, version):
        options = self.dice.choice((0, 1, 2)) | (self.dice.choice((0, 8, 0x10, 0x20, 0x28)) if version == 5 else 0)
        props = {0x0B: self.dice.choice((1, 127, 268435455))} if self.dice.random() < 0.2 else None
        return packets.subscribe(version, self.mid(), self.filters(), options, props=props)

    def unsubscribe(self, version):
        return packets.unsubscribe(version, self.mid(), self.filters())

    def flow(self, version):
        """Of QoS 2 and 1, in any order."""
        return packets.ack(self.dice.choice((packets.PUBACK, packets.PUBREC, packets.PUBREL, packets.PUBCOMP)), self.mid())

    def again(self, version):
        """As it was recorded."""
        data = self.dice.choice([self.dice.choice(self.recorded) for _ in range(3)])
        return data[1] if data[0] == version and data[1][0] >> 4 != packets.CONNECT else self.publish(version)

    def polite(self, version):
        makers = (self.publish,) * 14 + (self.subscribe,) * 3 + (self.unsubscribe, self.flow, self.alias, self.again)
        return self.dice.choice(makers)(version)

    # -- packets for which Mosquitto may close the connection

    def framed(self, version):
        """A length that is another's."""
        data = self.bytes(self.polite(version) or b"\xc0\0")
        return data[:1] + packets.varint(self.dice.choice((0, 1, len(data), 268435455))) + data[2:]

    def strange(self, version):
        dice = self.dice
        return dice.choice((
            lambda: packets.packet(dice.randrange(16), dice.randrange(16), dice.randbytes(dice.choice((0, 1, 2, 5, 100)))),
            lambda: packets.packet(15, 0, bytes([0x18]) + packets.properties(5, {0x15: "chat", 0x16: b"x"})),
            lambda: packets.packet(packets.DISCONNECT, 0, bytes([dice.choice((0, 4, 0x81))]) + packets.properties(5, {0x11: 5, 0x1F: "x"})),
            lambda: packets.publish(5, "", b"x", 1, 1, props={packets.TOPIC_ALIAS: dice.choice((0, 5, 11, 65535))}),
            lambda: packets.publish(version, "chat/group/+", b"x", 3, 0),
            lambda: packets.publish(version, "a\0b", b"x", 1, 0),
            lambda: packets.publish(5, "chat/user/bob", b"{}", 1, 7, props={0x0B: 1, 0x02: 1, 0x26: ("a", "b")}),
            lambda: packets.subscribe(version, 0, [""], 0xFF),
            lambda: packets.subscribe(version, 1, []),
            lambda: packets.subscribe(5, 1, ["$share/x/chat/user/bob", "chat/user/bob"], 4),
            lambda: packets.subscribe(version, 1, ["chat/group/" + "/" * 200]),
        ))()  # fmt: skip

    def rude(self, version):
        return self.one_of(lambda: self.bytes(self.polite(version) or b"\xc0\0"), lambda: self.framed(version),
                           lambda: self.strange(version), lambda: self.bytes(self.dice.choice(self.recorded)[1]))  # fmt: skip

    def login(self):
        """What a CONNECT has beside who it is."""
        dice, how = self.dice, {"clean": self.dice.random() < 0.6, "keepalive": self.dice.choice((0, 1, 60, 65535))}
        topic, payload = dice.choice(self.said)
        if dice.random() < 0.3:
            how["will"] = packets.Will(self.topic(topic), self.payload(payload)[:65535], dice.choice((0, 1, 2)), dice.random() < 0.2,
                                       {packets.WILL_DELAY: dice.choice((0, 1, 0xFFFFFFFF))} if dice.random() < 0.5 else {})  # fmt: skip
        how["props"] = {key: value for key, value in {
            packets.SESSION_EXPIRY: dice.choice((0, 1, 60, 0xFFFFFFFF)), 0x21: dice.choice((1, 20, 65535)), 0x22: dice.choice((0, 10, 65535)),
            0x27: dice.choice((20, 200, 268435455)), packets.USER_PROPERTY: ("a", "b" * 1000), 0x17: 1, 0x19: 1,
        }.items() if dice.random() < 0.2}  # fmt: skip
        return how


# ---- who sends them


class Attack:
    def __init__(self, broker, changer, outcome):
        self.broker, self.changer, self.dice, self.outcome = broker, changer, changer.dice, outcome
        self.sent = []  # of this client and the ones before, the last bytes of each: [[version, bytes ...]]
        self.sigs = {name: broker.sig(name) for name in ACTORS}

    def send(self, client, data):
        self.sent[-1].append(data)
        client.send(data)

    def login(self):
        version, user = self.dice.choice((4, 5)), self.dice.choice(ACTORS)
        client, how = self.broker.raw(version), self.changer.login()
        self.sent[:] = self.sent[-9:] + [[version]]
        data = packets.connect(version, f"{user}:{self.dice.choice(('web', 'ios', 'other'))}:{self.dice.randint(1, 3)}", user, self.sigs[user], **how)
        self.send(client, data)
        client.auto_ack = self.dice.random() < 0.7
        connack = client.expect(packets.CONNACK, PATIENCE)
        if connack.code:
            raise Closed(f"CONNACK {connack.code}")
        self.outcome.add(logins=1)
        return client

    def put(self, client, count, make, behind=b""):
        self.outcome.add(packets=count)
        self.send(client, b"".join(make(client.version) for _ in range(count)) + behind)

    def burst(self, client, count):
        """Sends so many, and waits until the broker has looked at all of them."""
        self.put(client, count, self.changer.polite, packets.packet(packets.PINGREQ, 0, b""))
        while client.receive(PATIENCE).kind != packets.PINGRESP:
            pass
        self.outcome.add(packets_behind_which_the_broker_answered=count)

    def session(self):
        client = None
        try:
            client = self.login()
            for _ in range(self.dice.choice((1, 4, 16))):
                self.burst(client, BURST)
            self.put(client, self.dice.choice((1, 1, 8)), self.changer.rude)
            self.dice.choice((client.drop, client.disconnect, client.abort))()
        except (Closed, OSError):
            self.outcome.add(closed_by_the_broker=1)
        except TimeoutError:
            if self.broker.process.alive():
                self.outcome.faults.append(f"the broker has not answered for {PATIENCE} s")
        finally:
            for raw in self.broker.raw_clients:
                raw.close()
            self.broker.raw_clients.clear()

    def go_on(self, until):
        while time.monotonic() < until and self.broker.process.alive() and not self.outcome.faults:
            self.session()


# ---- who chats meanwhile


class Couple:
    """vera writes to wim, and in a group that both are in: QoS 1 and 2. He gets each text once, in order."""

    def __init__(self, broker):
        self.accepted, self.lost, self.problem, self.over = [], 0, None, threading.Event()
        self.vera, self.wim = (broker.user(name, "ios:1").subscribe(f"chat/user/{name}/#", qos=2) for name in PEOPLE)
        self.group = self.vera.group("Private", "quiet", ["wim"])
        self.thread = threading.Thread(target=self._chat)

    def _chat(self):
        try:
            for number in itertools.count():
                if self.over.is_set():
                    break
                self._say(str(number), *(("wim", 1), (self.group, 1), ("wim", 2))[number % 3])
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"

    def _say(self, text, to, qos):
        topic = to if "/" in to else f"chat/user/{to}"
        code = self.vera.wait_ack(self.vera.start_publish(topic, {"text": text}, qos), PATIENCE)
        if code in (0, 0x10):
            self.accepted.append(text)
            self.wim.text(text, PATIENCE)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def faults(self):
        """Once all are quiet."""
        if self.problem:
            return [f"who chats meanwhile: {self.problem}"]
        hers = lambda message: message.is_content() and message.get("sender") == "vera"  # noqa: E731
        found = [f"came twice: {text}" for text in self.wim.silent(hers)]
        kept = [message["text"] for message in self.wim.synced() if message.get("sender") == "vera"]
        self.lost = len(set(self.accepted) - set(kept))
        if kept != self.accepted:
            found.append(f"of {len(self.accepted)} accepted messages the history lacks {self.lost}, or has them in another order")
        return found


# ---- whose fault an end is


def is_ours(log):
    """Has a report a frame of the plugin?"""
    at = min((log.find(mark) for mark in MARKS if mark in log), default=-1)
    return at >= 0 and "mosquitto_chat" in log[at:]


def ends_plain_mosquitto(sent):
    """Do the same bytes end a broker without the plugin?"""
    plain = Broker(plugin=False, conf=["allow_anonymous true"]).start()
    try:
        for version, *data in sent:
            with contextlib.suppress(Closed, OSError, TimeoutError):
                client = plain.raw(version)
                client.send(b"".join(data))
                client.wait_closed(1)
        return not plain.process.alive()
    finally:
        plain.kill() if plain.process.alive() else setattr(plain, "ended_by_test", True)
        plain.close()


def look_at_end(attack, outcome):
    """The broker has ended by itself."""
    log = attack.broker.log()
    if not is_ours(log) and ends_plain_mosquitto(attack.sent):
        outcome.add(ends_of_Mosquitto_without_the_plugin_too=1)
        return
    LAST_WORDS.mkdir(parents=True, exist_ok=True)
    for number, (version, *data) in enumerate(attack.sent):
        (LAST_WORDS / f"{number}.mqtt{version}").write_bytes(b"".join(data))
    outcome.faults.append(f"the broker has ended; what clients sent before is in {LAST_WORDS}; the end of its log:\n{log[-6000:]}")


# ---- a round


def round_of(plan, number, seconds, recorded, outcome):
    """A broker of its own."""
    broker = SanitizedBroker("address", {"media_dir": None, "ring_bytes": 32 << 20})
    folder = broker.folder / "media"
    folder.mkdir()
    broker.options["media_dir"] = folder
    broker.start(PATIENCE)
    broker.create(*ACTORS, *PEOPLE)
    attack = Attack(broker, Changer(plan.dice(f"packets {number}"), recorded), outcome)
    try:
        with Couple(broker) as couple:
            attack.go_on(time.monotonic() + seconds)
        if broker.process.alive():
            outcome.faults += couple.faults()
            outcome.add(chat_accepted=len(couple.accepted), chat_lost=couple.lost)
        else:
            look_at_end(attack, outcome)
        finish(broker, outcome)
    finally:
        with contextlib.suppress(AssertionError):  # it was stopped, and its log looked at
            broker.close()


def finish(broker, outcome):
    if broker.process.alive() and (code := broker.stop(PATIENCE)) != 0:
        outcome.faults.append(f"the broker stopped with {code}")
    log = broker.log()
    outcome.faults += [log[log.find(mark):][:4000] for mark in MARKS if mark in log and not outcome.faults]
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        if (found := database.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            outcome.faults.append(f"the database: {found}")
    if list(broker.folder.glob("*.bad")):
        outcome.faults.append("a frame could not be executed: " + "".join(broker.process.find("cannot be executed")[:3]))


def run(plan):
    outcome = Outcome({"packets": 0, "packets behind which the broker answered": 0})
    rounds, seconds = plan.pick((1, 6), (5, 120), (30, 240))
    recorded = record(plan.dice("stories"), plan.pick(1, 5, 20), plan.pick(30, 100, 100))
    outcome.add(packets_recorded=len(recorded))
    for number in range(rounds):
        round_of(plan, number, seconds, recorded, outcome)
        plan.say(f"round {number + 1} of {rounds}: {outcome.figures}")
        if outcome.faults:
            break
    if not outcome.figures.get("chat accepted") or not outcome.figures["packets behind which the broker answered"]:
        outcome.faults.append("nothing was tried")
    return outcome
