# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The disk fails, fills, is slow, is read-only, or somebody removes files, while people chat; and at a start files are not
those that were there (damage.py)."""
import contextlib
import errno
import json
import sqlite3
import threading
import time

import damage
from harness import packets
from harness.broker import Broker
from harness.raw import Closed
from harness.settings import PATIENCE
from plan import Outcome

WHAT = "Whatever the disk does nothing acked is lost, live chat goes on, and all continues when it is well; or a start says what to do."

RING_BYTES = 4 << 20
WINDOW = 10
BROKEN = (Closed, OSError, TimeoutError, AssertionError)  # AssertionError: a login that was refused


# ---- people


class Person(threading.Thread):
    """Comes again whenever the connection has ended, until it is over."""

    def __init__(self, broker, over):
        super().__init__()
        self.broker, self.over, self.ends, self.changed = broker, over, 0, threading.Condition()

    def run(self):
        while not self.over.is_set():
            try:
                self.act()
            except BROKEN:
                self.ends += 1
                self.over.wait(0.05)

    def tell(self):
        with self.changed:
            self.changed.notify_all()

    def await_more(self, count, more, timeout=PATIENCE):
        """Waits until count() has risen by so much."""
        goal = count() + more
        with self.changed:
            return self.changed.wait_for(lambda: count() >= goal, timeout)


class Sender(Person):
    """Numbers what it sends, and sends again what was not acked when the connection ended."""

    def __init__(self, broker, over, name, topic):
        super().__init__(broker, over)
        self.name, self.topic, self.size, self.number, self.unsure, self.acked = name, topic, 100, 0, [], set()

    def act(self):
        client, flying, again = self.broker.raw(), {}, list(self.unsure)
        client.login(self.name, f"{self.name}:pc:1")
        while again or flying or not self.over.is_set():
            more = again or not self.over.is_set()
            if more:
                number = again.pop(0) if again else self._next()
                flying[self._send(client, number)] = number
            if len(flying) >= WINDOW or not more:
                self._note_ack(flying.pop(client.expect(packets.PUBACK).mid))
            if self.size < 1000 and not again:
                self.over.wait(0.002)
        client.disconnect()

    def _next(self):
        self.number += 1
        self.unsure.append(self.number)
        return self.number

    def _send(self, client, number):
        return client.start_publish(self.topic, {"text": f"{self.name} {number} {'x' * self.size}", "random": number})

    def _note_ack(self, number):
        self.acked.add(number)
        self.unsure.remove(number)
        self.tell()


class Reader(Person):
    """bob, on one device: what he has been given."""

    def __init__(self, broker, over):
        super().__init__(broker, over)
        self.got = set()

    def act(self):
        client = self.broker.raw()
        client.login("bob", "bob:ios:1")
        client.subscribe("chat/user/bob/#")
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                self.take(client.next_message(timeout=0.2))
        client.disconnect()

    def take(self, message):
        data = json.loads(message.payload)
        if "text" in data:
            self.got.add(tuple(data["text"].split()[:2]))


class Live(Person):
    """One says something in a live group, another one hears it, and again."""

    def __init__(self, broker, over):
        super().__init__(broker, over)
        self.heard, self.slowest = 0, 0.0

    def act(self):
        hank, gina = self.broker.raw(), self.broker.raw()
        for client, name in ((hank, "hank"), (gina, "gina")):
            client.login(name, f"{name}:pc:1")
        hank.subscribe("chat/group/live")
        while not self.over.wait(0.01):
            began, text = time.monotonic(), f"live {time.monotonic_ns()}"
            gina.publish("chat/group/live", {"text": text})
            while text.encode() not in hank.next_message().payload:
                pass
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.heard += 1
            self.tell()


# ---- what goes wrong: each a context, inside which it is; it gives a function: has anybody felt it?


@contextlib.contextmanager
def rules(town, *given):
    with contextlib.ExitStack() as stack:
        hits = [stack.enter_context(town.broker.faults.rule(kind, path, error, delay=delay)) for kind, path, error, delay in given]
        yield lambda: any(hit() for hit in hits)


def failing(kind, path, error, delay=0.0):
    return lambda town: rules(town, (kind, path, error, delay))


def read_only(town):
    return rules(town, *((kind, "chat.db", errno.EROFS, 0) for kind in ("write", "sync", "truncate")))


@contextlib.contextmanager
def cut_fails(town):
    """What is recalled makes the log be cut."""
    with rules(town, ("truncate", "chat.db", errno.EIO, 0)) as felt, contextlib.suppress(*BROKEN):
        carol = town.broker.user("carol", "web:1")
        random = time.monotonic_ns() % 2**52 + 1
        carol.send("bob", {"text": "never mind", "random": random})
        carol.command("recallMessage", id=carol.event("sent", random=random)["id"])
        yield felt


def has_said(town, text):
    start = len(town.broker.process.lines)
    return lambda: bool(town.broker.process.find(text, start))


def locked(how):
    @contextlib.contextmanager
    def lock(town):
        felt = has_said(town, "the database cannot be written")
        with contextlib.closing(sqlite3.connect(town.broker.database, timeout=PATIENCE, isolation_level=None)) as db:
            db.execute(f"BEGIN {how}")
            yield felt
            db.execute("ROLLBACK")

    return lock


@contextlib.contextmanager
def read_for_long(town):
    with contextlib.closing(sqlite3.connect(town.broker.database, timeout=PATIENCE, isolation_level=None)) as db:
        db.execute("BEGIN")
        read = db.execute("SELECT count(*) FROM message").fetchone()
        yield lambda: read


def away(suffix):
    @contextlib.contextmanager
    def move(town):
        file, felt = town.broker.database.with_name("chat.db" + suffix), has_said(town, "was removed or replaced")
        file.rename(file.with_name("away" + suffix))
        yield felt
        file.with_name("away" + suffix).rename(file)

    return move


FAULTS = {
    "disk full": failing("write", "chat.db", errno.ENOSPC),
    "disk full for the log": failing("write", "chat.db-wal", errno.ENOSPC),
    "read-only": read_only,
    "EIO on write": failing("write", "chat.db", errno.EIO),
    "EIO on fsync": failing("sync", "chat.db", errno.EIO),
    "EIO on read": failing("read", "chat.db", errno.EIO),
    "EIO on truncate": cut_fails,
    "fsync of 2 s": failing("sync", "chat.db", None, 2.0),
    "locked by a sqlite3": locked("IMMEDIATE"),
    "locked alone by a sqlite3": locked("EXCLUSIVE"),
    "read for long by a sqlite3": read_for_long,
    "ring away": away(".ring"),
    "log away": away("-wal"),
    "index away": away("-shm"),
    "database away": away(""),
}


# ---- the town


class Town:
    def __init__(self):
        self.broker = Broker({"ring_bytes": RING_BYTES, "replay_limit": 1000000}, faults=True).start()
        self.broker.create("bob", "carol", "alice")
        self.broker.user("gina").group("AVChatRoom", "live")
        self.broker.user("hank").command("joinGroup", groupID="live")
        self.broker.user("alice").group("Private", "g1", ["bob", "carol"])
        self.wrong = []

    def begin(self):
        self.over = threading.Event()
        self.senders = [Sender(self.broker, self.over, "alice", "chat/user/bob"),
                        Sender(self.broker, self.over, "carol", "chat/group/g1")]
        self.reader, self.live = Reader(self.broker, self.over), Live(self.broker, self.over)
        self.people = [*self.senders, self.reader, self.live]
        for person in self.people:
            person.start()

    def acked(self):
        return sum(len(sender.acked) for sender in self.senders)

    def ends(self):
        return sum(sender.ends for sender in self.senders)

    def suffer(self, names, flood, seconds):
        """These faults, all at the same time, for a while. How many were felt."""
        with contextlib.ExitStack() as stack:
            self.senders[0].size = 4000 if flood else 100
            felt = [stack.enter_context(FAULTS[name](self)) for name in names]
            self._chat(names, seconds, felt)
            count = sum(bool(has()) for has in felt)
        self.senders[0].size = 100
        self._go_on(names)
        return count

    def _chat(self, names, seconds, felt):
        if not self.live.await_more(lambda: self.live.heard, 20):
            self.wrong.append(f"{names}: live chat does not go on")
        deadline = time.monotonic() + 3
        while not all(has() for has in felt) and time.monotonic() < deadline:
            self.over.wait(0.01)
        self.over.wait(seconds)
        if not self.live.await_more(lambda: self.live.heard, 3):
            self.wrong.append(f"{names}: live chat does not go on in the end")

    def _go_on(self, names):
        for sender in self.senders:
            if not sender.await_more(lambda: len(sender.acked), WINDOW + 1, 2 * PATIENCE):
                self.wrong.append(f"{names}: {sender.name} cannot go on when it is over")
        deadline = time.monotonic() + 2 * PATIENCE
        while self._database_lags():
            if time.monotonic() > deadline:
                self.wrong.append(f"{names}: the database does not follow when it is over")
                return
            self.over.wait(0.05)

    def _database_lags(self):
        admin = self.broker.raw()
        try:
            admin.login("admin", "admin:pc:1")
            admin.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "getStats"}]})
            return json.loads(admin.next_message().payload)["responses"][0]["data"]["stalled"] != 0
        except BROKEN:
            return True
        finally:
            admin.close()

    def end(self):
        self.over.set()
        for person in self.people:
            person.join()

    def check(self, outcome):
        """A crash, and then all that was acked must be there, once."""
        self.broker.kill()
        self.broker.start()
        bob = self.broker.user("bob")
        found = bob.synced()
        texts = [tuple(m["text"].split()[:2]) for m in found if "text" in m]
        acked = {(sender.name, str(number)) for sender in self.senders for number in sender.acked}
        lost, double = acked - set(texts), len(texts) - len(set(texts))
        ids = [m["id"] for m in found]
        last = self.broker.raw()
        last.login("bob", "bob:ios:1")
        last.subscribe("chat/user/bob/#")
        self.broker.user("carol").send("bob", "the end")
        while ("the", "end") not in self.reader.got:
            self.reader.take(last.next_message())
        kept = set(texts) - self.reader.got
        for what, number in (("acked and lost", len(lost)), ("there twice", double), ("never delivered", len(kept)),
                             ("with ids that do not rise", int(ids != sorted(set(ids))))):
            if number:
                self.wrong.append(f"{number} messages are {what}")
        outcome.add(acked=len(acked), there=len(acked & set(texts)), delivered=len(acked & self.reader.got),
                    times_that_acks_stopped=self.ends(), live_messages_heard=self.live.heard, lost=len(lost))
        outcome.figures["slowest live message ms"] = round(self.live.slowest * 1000)


def draw_rounds(plan):
    """Every fault alone (if it is short: some), in an order drawn; then some, and two at a time."""
    dice = plan.dice("disk")
    names = dice.sample(sorted(FAULTS), plan.pick(5, len(FAULTS), len(FAULTS)))
    rounds = [[name] for name in names]
    rounds += [dice.sample(names, dice.choice((1, 2, 2, 3))) for _ in range(plan.pick(0, 60, 2000))]
    return [(names, dice.random() < 0.3, dice.random() * plan.pick(0.1, 2, 4)) for names in rounds]


def run(plan):
    outcome, town = Outcome(), Town()
    try:
        town.begin()
        for names, flood, seconds in draw_rounds(plan):
            before = town.acked()
            felt = town.suffer(names, flood, seconds)
            outcome.add(faults=felt)
            if len(names) == 1 and not felt:
                town.wrong.append(f"{names[0]}: nobody felt it")
            plan.say(f"{' and '.join(names)}{', flooded' * flood}: {town.acked() - before} acked")
        town.end()
        town.check(outcome)
    finally:
        town.over.set()
        town.broker.close()
    outcome.faults += town.wrong
    damage.run(plan, outcome)
    return outcome
