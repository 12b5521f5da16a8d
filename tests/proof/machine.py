# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The machine loses its power while people chat, at moments drawn, over and over: what was synced is on the disk, and of
what was written since any pages of database, log and ring (power.py). On each such disk a real broker starts; in some of
these starts the power goes again."""
import bisect
import contextlib
import pathlib
import re
import sqlite3
import threading
import time

import power
from harness import packets
from harness.broker import Broker
from harness.raw import Closed
from harness.user import ChatError
from plan import Outcome

WHAT = ("After a power loss the broker starts, what was committed is there, and what is missing is the newest: no half message, "
        "no seq twice, no id again.")

SIZES = (1, 20, 20, 100, 100, 500, 3000, 9000)
WINDOW = 20
RING_BYTES = 4 << 20
ROWS = "SELECT id, conversation, seq, sender, kind, iif(recalled OR edits, NULL, body) FROM message ORDER BY id"
SEQS = ("SELECT conversation FROM message WHERE kind IN (0, 4) GROUP BY conversation "
        "HAVING min(seq) <> 1 OR max(seq) <> count(*) OR count(*) <> count(DISTINCT seq)")
TOWN = "SELECT count(*) FROM chat_group WHERE group_id IN ('g1', 'g2')"
CURSOR = "SELECT max(cursor) FROM subscription WHERE client = ? AND active"
BOB = ("bob", "bob:ios:1")
TOO_FAST, BUSY, PACE = 10023, 10002, 0.02
MADE = 160  # so far frank makes a group each fourth time: nobody may make many more


class Notes:
    """What people have seen, each with how far the journal was then."""

    def __init__(self):
        self.committed, self.had = [], []  # (place, id): the database had it; bob was about to ack it
        self.held = []  # (place, place): in between nothing was committed
        self.acked = 0


def reader(path):
    return contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10))


# ---- the load


def stream(broker, name, topic, dice, notes, over):
    """Sends texts of all sizes, in bursts."""
    client, flying, number = broker.raw(), 0, 0
    client.login(name)
    while not over.is_set() or flying:
        if not over.is_set():
            number, flying = number + 1, flying + 1
            client.start_publish(topic, {"text": f"{name} {number} {'x' * dice.choice(SIZES)}"})
        if flying >= WINDOW or over.is_set():
            client.expect(packets.PUBACK)
            notes.acked, flying = notes.acked + 1, flying - 1
        if dice.random() < 0.03:
            over.wait(dice.random() * 0.1)


def insist(user, command, **fields):
    """What is too much in too short a time waits, and what a ring that is full has no room for."""
    while (code := user.code(command, **fields)) in (TOO_FAST, BUSY):
        threading.Event().wait(PACE)
    assert code == 0, f"{command}: {code}"


def keep_ledger(broker, _dice, notes, over):
    """frank numbers what he does: what is there of it later is all up to some moment (check_ledger)."""
    frank, number, ids = broker.user("frank"), 0, {}
    done = ledger(frank)
    if done["said"]:
        number, ids = max(done["said"]) + 1, done["ids"]
    while not over.is_set():
        random = time.monotonic_ns() % 2**52 + 1
        frank.send("chat/group/g2", {"text": f"step {number}", "random": random})
        ids[number] = frank.event("sent", random=random)["id"]
        if number - 1 in ids:
            insist(frank, "editMessage", id=ids[number - 1], text=f"edited {number - 1}")
        if number - 2 in ids:
            insist(frank, "recallMessage", id=ids[number - 2])
        insist(frank, "setGroupAttributes", groupID="g2", set={"step": str(number), "twin": str(number)})
        if number % 4 == 0 and number < MADE:
            members = [{"userID": name} for name in ("bob", "dave")]
            insist(frank, "createGroup", groupType="Private", groupID=f"made{number}", groupName=f"of {number}",
                   members=members)
        number, notes.acked = number + 1, notes.acked + 5


def come_and_go(broker, recorder, dice, notes, over):
    """bob reads, and acks, and is away, and reads."""
    while not over.is_set():
        bob, last = broker.raw(), 0
        bob.login(*BOB)
        bob.subscribe("chat/user/bob/#")
        until = time.monotonic() + dice.random() * 0.4
        while time.monotonic() < until and not over.is_set():
            with contextlib.suppress(TimeoutError):
                last = max(last, id_of(bob.next_message(timeout=0.02)))
            if last and dice.random() < 0.1:
                notes.had.append((recorder.now(), last))
                bob.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "ack", "id": last}]})
        bob.disconnect()
        over.wait(dice.random() * 0.3)


def id_of(message):
    found = re.search(rb'"id":(\d+)', message.payload)
    return int(found[1]) if found else 0


def watch_commits(broker, recorder, notes, over):
    """What another program finds in the database is committed."""
    with reader(broker.database) as database:
        while not over.wait(0.002):
            newest = database.execute("SELECT ifnull(max(id), 0) FROM message").fetchone()[0]
            notes.committed.append((recorder.now(), newest))


def hold_writes(broker, recorder, dice, notes, over):
    """Now and then another program has the database, and what is acked is in the ring alone."""
    while not over.wait(dice.random() * 0.2):
        with broker.uncommitted():
            began = recorder.now()
            over.wait(dice.random() * 0.15)
            notes.held.append((began, recorder.now()))


def found_town(broker):
    broker.create("bob", "carol", "dave", "frank")
    bob = broker.raw()
    bob.login(*BOB)
    bob.subscribe("chat/user/bob/#")
    bob.publish("$CONTROL/chat/v1", {"commands": [{"command": "ack", "id": 0}]})  # from now on nothing else moves his cursor
    bob.disconnect()
    erin = broker.user("erin")
    erin.group("Public", "g1", ["bob", "carol", "dave"], groupName="one")
    broker.user("frank").group("Private", "g2", ["bob", "erin"], groupName="two")


def load(broker, recorder, plan, name, notes, fresh):
    over, broken = threading.Event(), []
    if fresh:
        found_town(broker)

    def work(job, *arguments):
        try:
            job(broker, *arguments)
        except Exception as error:  # of a thread: told by the one that waits for it
            broken.append(f"{job.__name__}: {error!r}")

    jobs = [(stream, "alice", "chat/user/bob"), (stream, "carol", "chat/user/dave"), (stream, "erin", "chat/group/g1"),
            (keep_ledger,)]
    jobs = [(job, *more, plan.dice(f"{name} {more}"), notes, over) for job, *more in jobs]
    jobs += [(job, recorder, plan.dice(f"{name} {job.__name__}"), notes, over) for job in (come_and_go, hold_writes)]
    jobs += [(watch_commits, recorder, notes, over)]
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    over.wait(plan.pick(0.8, 3, 4))
    over.set()
    for thread in threads:
        thread.join()
    assert not broken, broken


# ---- a life, from which the power is taken


class Life:
    """A broker that lived on the files that the life before has left, with all that it wrote: `rows` is what its
    database had in the end."""

    def __init__(self, before, plan, name, boot, sync):
        self.files = files = before.left if before else {}
        self.sync, self.notes = sync, Notes()
        if before and before.rows:
            self.notes.committed.append((0, before.rows[-1][0]))
            self.notes.had.append((0, newest_of(before.notes.had, before.end)))
        broker = Broker({"ring_bytes": RING_BYTES, "sync": sync})
        try:
            put_files(broker, files)
            recorder = broker.faults = power.Recorder(broker.folder, boot)
            broker.start()
            self.served = recorder.now()
            load(broker, recorder, plan, name, self.notes, not before)
            assert broker.stop() == 0
            with reader(broker.database) as database:
                self.rows = database.execute(ROWS).fetchall()
            self.entries, self.end = list(power.entries(recorder.path)), recorder.now()
            self.left = get_files(broker)
        finally:
            broker.close()

    def committed(self, place):
        """The newest message that the database was known to have when the journal had come so far."""
        return newest_of(self.notes.committed, place) if self.sync == "full" else 0

    def had(self, place):
        """No message above it can have been acked by bob by then."""
        return newest_of(self.notes.had, place)


def newest_of(noted, place):
    return max((newest for noted_at, newest in noted if noted_at <= place), default=0)


def get_files(broker):
    return {name: path.read_bytes() for name in power.FILES if (path := broker.folder / name).exists()}


def put_files(broker, files):
    for path in broker.folder.glob("chat.db*"):
        path.unlink()
    for name, data in files.items():
        path = pathlib.Path(broker.folder, name)
        path.write_bytes(data)
        path.chmod(0o600)


def cuts(dice, life, entries, wanted):
    """Places of the journal, rising: while nobody is served yet, while the ring alone has what is acked, beside a sync,
    when the broker stops, and anywhere."""
    ends = [entry.end for entry in entries]
    syncs = [at for at, entry in enumerate(entries) if entry.change == power.SYNCED]
    start = bisect.bisect_right(ends, life.served)
    kinds = [lambda: dice.randrange(start + 1), lambda: dice.choice(syncs) + dice.randrange(3)]
    if start < len(entries):
        kinds += [lambda: dice.randrange(start, len(entries) + 1),
                  lambda: dice.randrange(max(start, len(entries) - 60), len(entries) + 1)]
    if life.notes.held:
        kinds += 4 * [lambda: bisect.bisect_right(ends, dice.uniform(*dice.choice(life.notes.held)))]
    return sorted({min(dice.choice(kinds)(), len(entries)) for _ in range(wanted)})


def losses(files, entries, places, dice):
    """For each of the places what the power leaves there, how, and the place in the journal."""
    disk, at = power.Disk(files), 0
    for place in places:
        for entry in entries[at:place]:
            disk.apply(entry)
        at = place
        left, how = disk.draw(dice)
        yield left, f"{how} after {place} of {len(entries)} changes", entries[at - 1].end if at else 0, disk.unsynced()


# ---- what must hold afterwards


def ledger(frank):
    """What is there of frank's doings."""
    page = frank.command("getHistory", group="g2", limit=100)["messages"]
    attributes = frank.command("getGroupAttributes", groupID="g2")["attributes"]
    said = {int(m["text"].split()[1]): m for m in page if m["sender"] == "frank" and "text" in m}
    newest, made = max(said, default=-1), {}
    for number in fourths(newest):
        with contextlib.suppress(ChatError):  # there is none
            members = frank.command("getGroupMembers", groupID=f"made{number}")["members"]
            info = frank.command("getGroupInfo", groupID=f"made{number}")
            made[number] = sorted(m["userID"] for m in members), info["groupName"]
    return {"said": sorted(said), "ids": {n: m["id"] for n, m in said.items()},
            "edited": {n for n, m in said.items() if m["text"].startswith("edited")},
            "step": int(attributes.get("step", -1)), "twin": int(attributes.get("twin", -1)), "made": made}


def fourths(newest):
    newest = min(newest, MADE - 1)
    return range(max(0, newest // 4 - 10) * 4, newest + 1, 4)


def check_ledger(found):
    """frank said N, edited N-1, recalled N-2, wrote N twice, and made a group each fourth time: so far, in this order."""
    said, step = found["said"], found["step"]
    if found["twin"] != step:
        yield f"half of a command: step is {step}, its twin {found['twin']}"
    if not said:
        return
    newest = said[-1]
    if said != list(range(said[0], newest + 1)) or not (len(said) in (2, 3) or newest < 3):
        yield f"of frank's steps these are there: {said}"
    if newest - 2 in said and newest - 1 not in found["edited"] and newest - 2 not in found["edited"]:
        yield f"an edit before step {newest} is missing"
    if step not in (newest, newest - 1):
        yield f"step {newest} was said, and {step} written"
    if step == newest and newest > 1 and (newest - 1 not in found["edited"] or newest - 2 in said):
        yield f"the attribute of {newest} is there, and the edit or the recall before it is not"
    for number, whole in found["made"].items():
        if whole != (["bob", "dave", "frank"], f"of {number}"):
            yield f"half of a group: {whole}"
    missing = [n for n in fourths(newest) if n not in found["made"] and n != newest]
    if missing:
        yield f"groups {missing} are missing"


def check_rows(database, life, place):
    wrong = database.execute("PRAGMA integrity_check").fetchall()
    if wrong != [("ok",)]:
        yield f"the database is damaged: {wrong[:3]}"
    rows = database.execute(ROWS).fetchall()
    if [row[:5] for row in rows] != [row[:5] for row in life.rows[: len(rows)]]:
        yield "what is there is not the beginning of what there was"
    elif any(row[5] != was[5] and None not in (row[5], was[5]) for row, was in zip(rows, life.rows)):
        yield "a message is not what it was"
    if twice := database.execute(SEQS).fetchall():
        yield f"seqs are missing or double in the conversations {twice}"
    newest, floor = rows[-1][0] if rows else 0, life.committed(place)
    if newest < floor:
        yield f"the newest message is {newest}, and {floor} was committed"


def check_people(broker, cursor, had):
    """They go on: no id comes again, and bob, who had acked `had` at most, is told of all behind his cursor."""
    carol = broker.user("carol")
    carol.send("bob", "again")
    synced = {m["id"]: m for m in broker.user("bob").synced()}
    again = next(id for id, m in synced.items() if m.get("text") == "again")
    if again <= had or again != max(synced):
        yield f"id {again} was used before"
    if cursor is None:
        return  # the power went before this device was known
    first = min((id for id, m in synced.items() if "text" in m), default=0)
    if cursor > max(had, first):
        yield f"bob's cursor is at {cursor}, and he has acked {had}"
    bob = broker.raw()
    bob.login(*BOB)
    bob.subscribe("chat/user/bob/#")
    carol.send("bob", "end")
    got = set(map(id_of, bob.messages_until(lambda m: b'"text":"end"' in m.payload)))
    kept = [id for id, m in synced.items() if id > cursor and not m.get("recalled") and id not in got]
    if kept:
        yield f"bob is not told of {len(kept)} messages, {kept[0]} is the first"


class Laboratory:
    """Where a broker is started on what is left, again and again."""

    def __init__(self, outcome, say):
        self.say = say
        self.outcome, self.boot, self.notes = outcome, 1000, Notes()
        self.broker = Broker({"ring_bytes": RING_BYTES})

    def try_it(self, files, life, place, how):
        """True: it started. What is wrong goes to the outcome."""
        broker, self.boot = self.broker, self.boot + 1
        put_files(broker, files)
        broker.options["sync"] = life.sync
        broker.faults = power.Recorder(broker.folder, self.boot)
        broker.faults.path.unlink(missing_ok=True)
        wrong = []
        try:
            broker.start()
            self.served = broker.faults.now()
            left = [re.search(r"executed (\d+) frames", line) for line in broker.process.lines]
            self.outcome.add(frames_out_of_the_ring=sum(int(found[1]) for found in left if found))
            wrong = list(self._look(life, place))
            broker.kill() if self.boot % 2 else broker.stop()
        except (AssertionError, Closed, OSError, sqlite3.Error, TimeoutError) as error:
            wrong = [f"{error!r} {broker.process.lines[-3:]}"]
            if broker.process.alive():
                broker.kill()
        for client in broker.users + broker.raw_clients:
            client.close()
        broker.users, broker.raw_clients, broker.earlier_log = [], [], []
        self.outcome.faults += [f"sync {life.sync}, {how}: {what}" for what in wrong]
        for what in wrong:
            self.say(f"{how}: {what}")
        return not wrong

    def _look(self, life, place):
        with reader(self.broker.database) as database:
            there = database.execute("SELECT count(*) FROM message").fetchone()[0]
            floor = life.committed(place)
            committed = sum(row[0] <= floor for row in life.rows)
            self.outcome.add(committed=committed, there=there, lost=max(0, committed - there),
                             states_without_the_newest=there < len(life.rows))
            yield from check_rows(database, life, place)
            town = database.execute(TOWN).fetchone()[0] == 2
            cursor = database.execute(CURSOR, BOB[1:]).fetchone()[0]
        if not town:  # the power went in the first moments
            return
        found = ledger(self.broker.user("frank"))
        self.outcome.add(steps_of_a_user_in_order=len(found["said"]) and found["said"][-1] + 1)
        yield from check_ledger(found)
        yield from check_people(self.broker, cursor, life.had(place))

    def close(self):
        self.broker.close()


def take_power(life, laboratory, plan, name):
    """From this life, many times; and from some of the starts that follow."""
    dice, outcome = plan.dice(name), laboratory.outcome
    places = cuts(dice, life, life.entries, plan.pick(10, 60, 150))
    for files, how, place, unsynced in losses(life.files, life.entries, places, dice):
        outcome.add(power_losses=1, pages_under_way=unsynced)
        if not laboratory.try_it(files, life, place, f"{name}, {how}") or dice.random() > 0.2:
            continue
        start = [entry for entry in power.entries(laboratory.broker.faults.path) if entry.end <= laboratory.served]
        for again, how_again, _, _ in losses(files, start, cuts(dice, laboratory, start, 1), dice):
            outcome.add(in_the_start_after_one=1)
            laboratory.try_it(again, life, place, f"{name}, {how}, and in the start after it {how_again}")


def run(plan):
    outcome, dice = Outcome(), plan.dice("machine")
    laboratory, before = Laboratory(outcome, plan.say), None
    try:
        for number in range(plan.pick(2, 8, 80)):
            sync = "normal" if number % 4 == 1 else "full"
            life = Life(before, plan, f"life {number}", number, sync)
            outcome.add(lives=1, messages_and_commands_acked=life.notes.acked, changes_on_disk=len(life.entries))
            take_power(life, laboratory, plan, f"life {number}")
            before = life if dice.random() < 0.5 else None
            plan.say(f"life {number} (sync {sync}): {len(life.rows)} messages, {len(outcome.faults)} faults")
    finally:
        laboratory.close()
    idle = [name for name, figure in outcome.figures.items() if not figure and name != "lost"]
    if idle:
        outcome.faults.append(f"nothing was done of {idle}: this proves nothing")
    return outcome
