# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Files that are not those that were there when the broker ended: foreign, older, cut, with bits turned over. A start refuses
and says what to do, or all that was acked is there, or the log says that something is missing."""
import collections
import contextlib
import lzma
import pathlib
import re
import signal
import sqlite3
import time

from harness.broker import Broker
from harness.raw import Closed
from harness.settings import PATIENCE
from harness.user import ChatError

OLD = pathlib.Path(__file__).resolve().parents[1] / "old"
DATABASE, LOG, RING = "chat.db", "chat.db-wal", "chat.db.ring"
OPTIONS = {"ring_bytes": 4 << 20, "retention_days": 0}
Town = collections.namedtuple("Town", "files older foreign acked")

# ---- what was there


def get_files(folder):
    return {name: (folder / name).read_bytes() for name in (DATABASE, LOG, RING) if (folder / name).exists()}


def chat(broker, acked, count):
    with contextlib.closing(broker.raw()) as alice:
        alice.login("alice")
        for _ in range(count):
            text = f"text {len(acked)} {'x' * (37 * len(acked) % 1500)}"
            assert alice.publish("chat/user/bob", {"text": text}) == 0
            acked.append(text)


def await_stored(broker, count):
    deadline = time.monotonic() + PATIENCE
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        while database.execute("SELECT count(*) FROM message WHERE kind = 0").fetchone()[0] < count:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def build():
    """A town with two lives, and of the second one something that only the ring has."""
    acked, broker = [], Broker(OPTIONS).start()
    try:
        broker.create("bob")
        chat(broker, acked, 100)
        broker.kill()
        older = get_files(broker.folder)
        broker.start()
        chat(broker, acked, 200)
        await_stored(broker, 300)
        with broker.uncommitted():
            chat(broker, acked, 100)
            broker.kill()
            return Town(get_files(broker.folder), older, None, acked)
    finally:
        broker.close()


# ---- what becomes of a file: functions of chance, the town, and its name; its bytes, None for none


def flipped(dice, data):
    """Some bits, all in one page."""
    out, page = bytearray(data), dice.randrange(-(-len(data) // 4096)) * 4096
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        out[min(page + dice.randrange(4096), len(data) - 1)] ^= 1 << dice.randrange(8)
    return bytes(out)


def flipped_used(dice, data):
    """The same, of a ring, where something has been written."""
    used = max(len(data.rstrip(b"\0")), 4096)
    return flipped(dice, data[:used]) + data[used:]


def with_header(dice, data):
    at = dice.randrange(160)
    return data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]


def newer_schema(_dice, data):
    return data[:60] + (999).to_bytes(4, "big") + data[64:]


def cut(dice, data):
    return data[: dice.randrange(len(data))]


def old_release(dice, _town, name):
    release = dice.choice(sorted(path.name.split(".")[0] for path in OLD.glob("*.db.xz")))
    return lzma.decompress((OLD / f"{release}.{'ring' if name == RING else 'db'}.xz").read_bytes())


def own(change):
    return lambda dice, town, name: change(dice, town.files[name])


def constant(data):
    return lambda dice, town, name: data


def foreign(_dice, town, name):
    return town.foreign.files[name]


def older(_dice, town, name):
    return town.older[name]


OTHERS = "belongs to another database"
MISSING = "is damaged|is lost|did not survive|may be missing|cannot be written|is older than"
ANY, UNSEEN = "", "unseen"  # it may as well start, if nothing is missing or it says so; or if nobody can see what has changed
# What is done to which file (and which is removed with it), and what the refusal must say.
DAMAGES = [
    (DATABASE, "of another server", foreign, ANY),  # all of it may be in the log still
    (DATABASE, "of another server, without log", foreign, OTHERS, LOG),
    (DATABASE, "of an old release", old_release, OTHERS, LOG),
    (DATABASE, "of a newer release", own(newer_schema), "made by a newer release", LOG),
    (DATABASE, "older", older, ANY),
    (DATABASE, "older, without log", older, ANY, LOG),
    (DATABASE, "cut", own(cut), UNSEEN),
    (DATABASE, "empty", constant(b""), "put the database back"),
    (DATABASE, "empty, without log", constant(b""), OTHERS, LOG),
    (DATABASE, "a text", constant(b"not a database\n" * 1000), "put the right files back"),
    (DATABASE, "a text, without log", constant(b"not a database\n" * 1000), "put the right files back", LOG),
    (DATABASE, "removed", constant(None), "put the database back"),
    (DATABASE, "removed with its log", constant(None), OTHERS, LOG),
    (DATABASE, "bits turned", own(flipped), UNSEEN),
    (DATABASE, "header turned", own(with_header), UNSEEN),
    (LOG, "of another server", foreign, f"{OTHERS}|put the right files back"),
    (LOG, "older", older, ANY),
    (LOG, "cut", own(cut), ANY),
    (LOG, "empty", constant(b""), ANY),
    (LOG, "a text", constant(b"not a log\n" * 1000), ANY),
    (LOG, "removed", constant(None), ANY),
    (LOG, "bits turned", own(flipped), ANY),
    (RING, "of another server", foreign, OTHERS),
    (RING, "of an old release", old_release, OTHERS),
    (RING, "older", older, ANY),
    (RING, "cut", own(cut), "put the whole one back"),
    (RING, "empty", constant(b""), ANY),
    (RING, "a text", constant(b"not a ring\n" * 1000), "name another ring_file"),
    (RING, "removed", constant(None), ANY),
    (RING, "bits turned", own(flipped_used), ANY),
    (RING, "header turned", own(with_header), ANY),
]

# ---- what the broker makes of it


class Bench:
    def __init__(self, town, outcome):
        self.town, self.outcome, self.broker = town, outcome, Broker(OPTIONS)

    def put(self, files):
        for path in self.broker.folder.glob("chat.db*"):
            path.unlink()
        self.restore(files)

    def restore(self, files):
        for name, data in files.items():
            path = self.broker.folder / name
            path.unlink(missing_ok=True)
            if data is not None:
                path.write_bytes(data)
                path.chmod(0o600)

    def start(self):
        """True: it runs. False: it has refused; dead by a signal is what is wrong."""
        self.broker.launch()
        self.broker.ended_by_test = True
        if self.broker.process.await_line(r"mosquitto version \S+ running", PATIENCE):
            return True
        code = self.broker.process.wait(PATIENCE)
        if code in (0, -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS):
            raise AssertionError(f"it ended with {code}")
        return False

    def missing(self):
        """What was acked and is not there, or not once; bob reads."""
        found = collections.Counter(m["text"] for m in self.broker.user("bob").synced() if "text" in m)
        return [text[:20] for text in self.town.acked if found[text] != 1]

    def end(self):
        for client in self.broker.users + self.broker.raw_clients:
            client.close()
        self.broker.users, self.broker.raw_clients, self.broker.earlier_log = [], [], []
        if self.broker.process.alive():
            self.broker.kill()

    def try_it(self, damage, dice):
        name, _, function, says, *removed = damage
        self.put({**self.town.files, name: function(dice, self.town, name), **dict.fromkeys(removed)})
        try:
            yield from self.look(says) if self.start() else self.look_at_refusal(name, says, removed)
        except (AssertionError, ChatError, Closed, OSError, TimeoutError) as error:
            if not (says == UNSEEN and self.broker.process.alive()):
                yield f"{error!r}"
        finally:
            self.end()

    def look(self, says):
        """It has started."""
        if says not in (ANY, UNSEEN):
            yield "it was taken as if it were right"
            return
        missing, told = self.missing(), self.broker.process.find(MISSING)
        self.outcome.add(starts_with_everything=not missing, starts_that_say_what_is_missing=bool(missing and told),
                         damages_that_nobody_can_see=bool(missing and not told and says == UNSEEN))
        if missing and not told and says == ANY:
            yield f"{len(missing)} messages are missing, from {missing[0]!r} on, and the log is silent: {self.log()}"
        if says == ANY:
            yield from self.go_on()

    def log(self):
        return [line for line in self.broker.process.lines if "chat: " in line]

    def go_on(self):
        """What is acked now is there after a crash."""
        with contextlib.closing(self.broker.raw()) as alice:
            alice.login("alice")
            assert alice.publish("chat/user/bob", {"text": "afterwards"}) == 0
        self.broker.kill()
        if not self.start():
            yield f"and the next start is refused: {self.log()}"
        elif [m["text"] for m in self.broker.user("bob").synced() if m.get("text") == "afterwards"] != ["afterwards"]:
            yield "what was acked afterwards is not there once"

    def look_at_refusal(self, name, says, removed):
        """It names the file, says what to do, and has changed nothing: with the right file in its place all is there."""
        line = next((line for line in self.log() if "chat.db" in line), "")
        self.outcome.add(refusals=1)
        if not line or not re.search("" if says == UNSEEN else says, line):
            yield f"the refusal does not say {says or 'which file'}: {self.broker.process.lines[-3:]}"
        self.end()
        self.restore({file: self.town.files[file] for file in (name, *removed)})
        if not self.start():
            yield f"with the right file it is refused as well: {self.log()}"
        elif missing := self.missing():
            yield f"with the right file {len(missing)} messages are missing: the start that refused has changed something"


def run(plan, outcome):
    dice = plan.dice("damage")
    town = build()._replace(foreign=build())
    bench = Bench(town, outcome)
    try:
        for _ in range(plan.pick(1, 12, 300)):
            for damage in dice.sample(DAMAGES, plan.pick(10, len(DAMAGES), len(DAMAGES))):
                outcome.add(damaged_starts=1)
                outcome.faults += [f"{damage[0]}, {damage[1]}: {wrong}" for wrong in bench.try_it(damage, dice)]
    finally:
        bench.end()
        bench.broker.close()
