# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Broker, chatpushd and chatgate are killed at random moments under all kinds of load, round after round, and each time everything
that was answered is looked for. What is done is drawn from the seed; at what place of it a kill comes in is up to the machine."""
import collections
import contextlib
import sqlite3
import time

from crashes import blows
from crashes.checks import Checks
from crashes.devices import Device, Reviewer
from crashes.groups import CROWD, Commander
from crashes.journal import Journal
from crashes.people import Caller, Describer, Editor, Importer, Pusher, Uploader, Writer
from crashes.town import REVIEWS, Town
from harness.settings import ADMIN
from office import DEVICES
from plan import Outcome

WHAT = "What was acknowledged is there, once, and has come to everybody, whatever is killed while it happens, or while it starts again."
USERS = ["alice", "bob", "carol", "dana", "dave", "erin", "frank", "gina", "hugo", "ivan", "judy", "nina", "olaf", "paul", "quin", "rita",
         "walt"]
PHONES = {f"phone{number}": list(DEVICES)[number % len(DEVICES)] for number in range(12)}  # which provider
IN_GROUPS = {"bob": {"g-team"}, "dana": {"g-team", "g-old"}, "alice": set(), "judy": set(), "walt": set(), **{name: set() for name in PHONES}}
NEVER_NONE = ("messages acked", "deliveries", "commands acked", "push jobs", "hooks", "reviews decided", "broker kill -9",
              "broker kill -9 while it starts", "chatpushd kill -9", "chatgate kill -9", "frames executed at a start")
TOO_MANY = 20  # faults: what comes behind them says no more


def people(town, journal, chance):
    """All who do something."""
    def made(kind, *arguments, rate, **how):
        return kind(town, journal, *arguments, chance(f"{kind.__name__} {arguments}"), rate, **how)

    return [
        made(Writer, "alice", "bob", rate=50),
        made(Writer, "carol", "bob", rate=40, qos=2, again=False),
        made(Writer, "erin", "bob", rate=30, qos=2, version=4),
        made(Writer, "erin", "walt", rate=15, device="other:slow"),
        made(Writer, "dave", "g-team", rate=30, fated=True),
        made(Writer, "frank", "g-team", rate=15, qos=2, again=False, fated=True),
        made(Writer, ADMIN, "g-team", rate=15, device="other:writer"),
        made(Editor, "gina", "bob", rate=50),
        made(Editor, "hugo", "g-team", rate=30),
        made(Caller, "quin", "bob", rate=15),
        made(Pusher, "nina", list(PHONES), rate=20),
        made(Importer, "judy", rate=8),
        made(Importer, "g-old", rate=8),
        made(Uploader, "olaf", rate=8, window=2),
        made(Describer, "paul", rate=15, window=1),
        made(Commander, "rita", rate=60),
        made(Commander, ADMIN, rate=40, device="other:commander", by_admin=True),
    ]


def devices(broker):
    """All who are written to."""
    team = ["chat/user/dana", "chat/group/g-team", "chat/group/g-old"]
    return [
        Device(broker, "bob", "iot:1", ["chat/user/bob/#"], version=5),
        Device(broker, "bob", "iot:2", ["chat/user/bob/#"]),
        Device(broker, "bob", "iot:3", ["chat/user/bob/#"], clean=False, version=5),
        Device(broker, "dana", "iot:1", team, qos=2),
        Device(broker, "dana", "iot:2", ["chat/user/dana/#"]),
        Device(broker, "alice", "iot:1", ["chat/user/alice/#"]),
        Device(broker, "walt", "iot:1", ["chat/user/walt/#"], acks=False),  # what it may be given again is bounded by device_rate
    ]


def settle_down(town):
    """Users, groups and phones."""
    town.broker.create(*USERS, *CROWD, *PHONES)
    for name, provider in PHONES.items():
        town.phone(name, provider)
    admin = town.broker.admin("other:founder")
    admin.command("createGroup", groupType="Public", groupID="g-team", owner="dave",
                  members=[{"userID": name} for name in ("bob", "dana", "frank", "hugo", "alice")])
    admin.command("createGroup", groupType="Public", groupID="g-old", owner="ivan", members=[{"userID": "dana"}])
    admin.disconnect()
    admin.close()


class Play:
    """The rounds. `counts` are the blows that were dealt."""

    def __init__(self, town, plan, server):
        def chance(name=""):
            return plan.dice(f"crash {server} {name}")

        self.town, self.plan, self.chance = town, plan, chance()
        self.journal, self.counts = Journal(), collections.Counter()
        self.people = people(town, self.journal, chance)
        self.devices = devices(town.broker)
        self.reviewers = [Reviewer(town.broker, ADMIN, f"other:reviewer{number}") for number in range(2)]
        commanders = [person for person in self.people if isinstance(person, Commander)]
        self.checks = Checks(town, self.journal, IN_GROUPS, self.devices, self.reviewers, commanders, PHONES)

    @contextlib.contextmanager
    def _standing(self):
        everybody = [one.start() for one in self.devices + self.reviewers]
        try:
            for one in everybody:
                one.await_there()
            yield
        finally:
            for one in everybody:
                one.stop()

    def _strike(self, blow):
        self.counts[f"{blow.process} {blow.kind}"] += 1
        if blow.kind == "SIGSTOP":
            self.town.pause(blow.process, blow.pause)
            return
        self.town.end(blow.process, blow.number)
        if blow.process != "broker":
            self.town.launch(blow.process)
        elif blow.kind == "SIGTERM":
            for device in self.devices:
                device.may_miss = 0 if device.acks else 20

    def _start_again(self, what):
        """The broker, after it was killed while it started, so many times."""
        self.town.broker.options["review"] = self.chance.choice(REVIEWS)
        for name in what.meanwhile:
            self._strike(blows.Blow(name, "kill -9", 0))
        for share in what.starts:
            self.counts["broker kill -9 while it starts"] += 1
            self.town.begin_broker(share * self.town.start_seconds)
        self.town.revive()

    def _load(self, what):
        begun = time.monotonic()
        self.counts["rounds with a stalled database"] += what.stalled
        for person in self.people:
            person.start()
        try:
            with self.town.stalled(what.stalled):
                for blow in what.blows:
                    time.sleep(max(begun + blow.at - time.monotonic(), 0))
                    self._strike(blow)
        finally:
            for person in self.people:
                person.stop()
            for person in self.people:
                person.join()

    def _look(self, check):
        admin = self.town.broker.admin("other:checker")
        check(admin)
        admin.disconnect()
        admin.close()
        self.town.broker.users.remove(admin)

    def round(self, number):
        what = blows.draw(self.chance, number == 0)
        self._load(what)
        if what.ends_broker:
            self._start_again(what)
        for person in self.people:
            person.settle()
        self._look(self.checks.look)
        return what

    def play(self, rounds):
        settle_down(self.town)
        with self._standing():
            for number in range(rounds):
                begun, before = time.monotonic(), self.faults()
                what = self.round(number)
                self.counts["rounds"] += 1
                self.plan.say(f"round {number + 1} of {rounds}: {', '.join(f'{b.process} {b.kind}' for b in what.blows)}; "
                              f"{time.monotonic() - begun:.1f} s")
                for fault in [fault for fault in self.faults() if fault not in before]:
                    self.plan.say(fault)
                if len(self.faults()) > TOO_MANY:
                    break
            self._look(self.checks.look_at_all)

    def faults(self):
        standing = [text for one in self.people + self.devices + self.reviewers for text in one.complaints]
        return self.checks.faults + self.journal.refusals + standing + self.town.complaints

    def figures(self):
        return self.counts + self.journal.counts + collections.Counter(
            {"frames executed at a start": self.town.frames_left(), "deliveries": self.checks.delivered,
             "lost": self.checks.lost, "double": self.checks.double})


def is_sound(database):
    with contextlib.closing(sqlite3.connect(database)) as opened:
        return opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def on_one_server(plan, server):
    """Figures and faults."""
    with Town() as town:
        play = Play(town, plan, server)
        play.play(plan.pick(4, 200, 200))
        faults = play.faults() + town.bad_lines()
        town.end("broker", blows.KINDS["SIGTERM"])
        if not is_sound(town.broker.database):
            faults.append("the database is not sound")
    return play.figures(), faults + town.complaints


def run(plan):
    figures, faults = collections.Counter(), []
    for server in range(plan.pick(1, 1, 20)):
        some, wrong = on_one_server(plan, server)
        figures += some
        faults += wrong
    faults += [f"there was no {name}" for name in NEVER_NONE if not figures[name]]
    last = {name: figures.pop(name, 0) for name in ("lost", "double")}
    return Outcome({"rounds": figures.pop("rounds"), **dict(sorted(figures.items())), **last}, faults)
