# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Clocks that are set, that run too fast or too slowly, and machines that sleep, in an order drawn at random, while people
chat. After each change what goes by time is held against what the docs say of it."""
import contextlib
import itertools
import time

import test_memory
from harness.broker import Broker

from harness.settings import PATIENCE
from harness.user import ChatError
from plan import Outcome
from test_push import job

WHAT = ("Whatever the clock does, nothing is lost or removed, order stays, and nobody is muted, banned, locked out or "
        "refused for longer than they were to be.")

HOUR, DAY = 3600, 86400
YEAR = 365 * DAY
LONG = 600  # seconds that a round does not take
RECALL = 120
RATE = 50  # messages a second of a user, five times that at once
PAUSE = 0.03  # of who talks: well below it
GROUP = "chat/group/g1"
RANDOMS = itertools.count(1 << 30)  # those of who talks are below it

# By how much the clock is wrong, told the time that it is.
WRONG = {
    "back an hour": lambda now: -HOUR,
    "forward an hour": lambda now: HOUR,
    "forward a day": lambda now: DAY,
    "to 1970": lambda now: 30 * DAY - now,
    "to 2100": lambda now: 74 * YEAR,
}
SLEWS = {"1 % fast": 1, "1 % slow": -1}


class Town:
    """A broker whose clock is wrong, and those who live by it: userSigs are made by the same clock."""

    def __init__(self, plan):
        self.dice = plan.dice("clock")
        self.broker = Broker({"retention_days": 7, "user_rate": RATE, "group_rate": 1000, "command_rate": 200,
                              "recall_seconds": RECALL, "push_lease_seconds": 2, "cache_seconds": 1}, faults=True)
        (self.broker.folder / "media").mkdir()
        self.broker.options["media_dir"] = self.broker.folder / "media"
        self.broker.options["media_url"] = "http://localhost/"
        self.slept, self.wrong, self.gained = 0.0, 0.0, 0.0
        self.outcome, self.hands = Outcome(), 0
        self.outcome.add(clocks_set=0, machines_slept=0, restarts=0, clocks_slewed=0)

    # ---- the clock

    def now(self):
        return time.time() + self.slept + self.wrong

    def sig(self, name, expire=YEAR):
        """As a login server with this clock makes it."""
        return self.broker.sig(name, created=int(self.now()), expire=expire)

    def set(self, wrong):
        self.wrong = wrong
        self.broker.faults.set_clock(wall=self.slept + wrong, steady=self.slept)

    def sleep(self, seconds):
        self.slept += seconds
        self.set(self.wrong)
        self.outcome.add(machines_slept=1)

    # ---- people

    def user(self, name, device=None, **how):
        return self.broker.user(name, device, sig=self.sig(name), **how)

    @contextlib.contextmanager
    def visit(self, name, device=None, **how):
        """For a moment: connections of before a change may have ended with it."""
        user = self.user(name, device, **how)
        try:
            yield user
        finally:
            user.close()
            self.broker.users.remove(user)

    @contextlib.contextmanager
    def boss(self):
        self.hands += 1
        with self.visit("admin", f"other:{self.hands}") as admin:
            yield admin

    def fault(self, text):
        self.outcome.faults.append(f"{text} (the clock: {self.where()})")

    def where(self):
        return f"{self.wrong:+.0f} s, slept {self.slept:.0f} s"

    def expect(self, true, text):
        self.outcome.add(checks=1)
        if not true:
            self.fault(text)


class Talker(test_memory.Talker):
    """What was not acked is sent again with the same `random`, for as long as it is remembered."""

    def __init__(self, town, name):
        super().__init__(town.broker, name, "linux:1", sig=town.sig)

    def act(self, client):
        super().act(client)
        time.sleep(PAUSE)


# ---- what has to hold at each moment


def answer_to(user, topic, text):
    """The event `sent` or `rejected`."""
    random = next(RANDOMS)
    user.wait_ack(user.start_publish(topic, {"text": text, "random": random}))
    return user.wait(lambda m: m.get("event") in ("sent", "rejected") and m.get("random") == random, "no answer").data


def may_send(user, topic):
    """None, or the code it is refused with."""
    event = answer_to(user, topic, "may I?")
    return event["code"] if event["event"] == "rejected" else None


def may_log_in(town, name):
    client = town.broker.raw()
    try:
        return client.connect(f"{name}:web:1", name, town.sig(name)).code == 0
    finally:
        client.close()
        town.broker.raw_clients.remove(client)


def check_talk(town, talkers):
    """Everybody gets on: nobody is refused for ever, or waits for a clock."""
    before = [talker.sent for talker in talkers]
    end = time.monotonic() + PATIENCE
    while any(talker.sent <= sent + 1 for talker, sent in zip(talkers, before)) and time.monotonic() < end:
        time.sleep(0.02)
    for talker, sent in zip(talkers, before):
        town.expect(talker.sent > sent + 1, f"{talker.name} sends nothing any more")


def check_terms(town):
    """Who is muted or banned for ten minutes is so whatever the clock was set to; others are not."""
    with town.visit("muted") as muted:
        town.expect(may_send(muted, GROUP) is not None, "a mute of ten minutes is over")
        town.expect(may_send(muted, "chat/user/alice") is None, "who is muted in a group may not write to a user")
    with town.visit("barred") as barred:
        town.expect(barred.code("joinGroup", groupID="g1") != 0, "a ban of ten minutes is over")
    town.expect(not may_log_in(town, "banned"), "a ban of ten minutes from the server is over")


def check_recall(town):
    with town.visit("dave") as dave:
        sent = answer_to(dave, "chat/user/alice", "forget it")
        code = dave.code("recallMessage", to="alice", id=sent["id"])
        town.expect(code == 0, f"what was just sent cannot be recalled: {code}")


def check_push(town):
    """What comes for a phone goes out at once, and again when nobody has answered in time."""
    with town.visit("dave") as dave, town.boss() as hand:
        hand.subscribe("chat/push")
        dave.send("phone", {"text": f"ring {town.hands}"})
        first = job(hand, userID="phone", body=f"ring {town.hands}")
        again = job(hand, userID="phone", job=first["job"], attempt=first["attempt"] + 1)
        hand.command("pushDone", jobs=[again["job"]])
        town.outcome.add(pushes=1)


def check_commands(town):
    with town.visit("carol") as carol:
        codes = {carol.code("getConversations") for _ in range(5)}
        town.expect(codes == {0}, f"commands are refused: {codes}")


def check_rate(town):
    """Who sends too much is refused, and some moments later no more."""
    with town.visit("eve") as eve:
        for mid in [eve.start_publish("chat/user/alice", {"text": "much"}) for _ in range(6 * RATE)]:
            eve.wait_ack(mid)
        eve.fence()
        town.expect(eve.pending(lambda m: m.get("event") == "rejected"), "nothing is too much")
        end = time.monotonic() + 5
        while (code := may_send(eve, "chat/user/alice")) is not None and time.monotonic() < end:
            time.sleep(0.2)
        town.expect(code is None, f"who has sent too much is refused for ever: {code}")


CHECKS = (check_rate, check_terms, check_recall, check_push, check_commands)


# ---- what is begun by one clock, and over by another


class Terms:
    """Mutes, bans and kicks of two seconds, made by whatever the clock says then."""

    NAMES = ("short1", "short2", "short3")

    def __init__(self, town):
        self.town, self.made, self.early_sig = town, time.monotonic(), None

    def begin(self):
        with self.town.boss() as admin:
            admin.command("muteGroupMember", groupID="g1", userID="short1", seconds=2)
            admin.command("muteUser", userID="short2", c2cSeconds=2, groupSeconds=2)
            admin.command("banUser", userID="short3", seconds=2)
            admin.command("kickUser", userID="kicked")
        self.made = time.monotonic()
        self.town.outcome.add(terms=4)

    def end(self):
        """The clock is right again."""
        town = self.town
        time.sleep(max(0.0, self.made + 2.5 - time.monotonic()))
        for name, topic in (("short1", GROUP), ("short2", GROUP), ("short2", "chat/user/alice")):
            with town.visit(name) as user:
                code = may_send(user, topic)
                town.expect(code is None, f"{name} is muted for longer than two seconds: {code}")
        town.expect(may_log_in(town, "short3"), "short3 is banned for longer than two seconds")
        town.expect(may_log_in(town, "kicked"), "who was kicked cannot come back with a new userSig")


# ---- the story


def settle(town):
    """Who there is, before anything happens. They come by the right clock."""
    for name in (*test_memory.PEOPLE, "eve", "muted", "barred", "banned", "kicked", *Terms.NAMES):
        with town.visit(name, "other:setup"):
            pass
    with town.visit("phone", "ios:1") as phone:
        phone.command("setPushToken", provider="apns", token=b"phone".hex(), businessID="b1")
    with town.visit("alice", "iot:1") as alice:
        alice.group("Public", "g1", ["bob", "carol", "dave", "muted", "short1", "short2"], addOpt="FreeAccess")
    renew(town)


def renew(town):
    """What lasts ten minutes lasts them from now on."""
    with town.boss() as admin:
        admin.command("muteGroupMember", groupID="g1", userID="muted", seconds=LONG)
        admin.command("banGroupMember", groupID="g1", userID="barred", seconds=LONG)
        admin.command("banUser", userID="banned", seconds=LONG)


def check_all(town, talkers):
    check_talk(town, talkers)
    for check in town.dice.sample(CHECKS, 2):
        try:
            check(town)
        except (AssertionError, ChatError) as error:
            town.fault(f"{check.__name__}: {error}")


def restart(town, talkers):
    if town.dice.random() < 0.3:
        town.broker.restart(kill=town.dice.random() < 0.5)
        town.outcome.add(restarts=1)
        check_talk(town, talkers)


def go_wrong(town, talkers):
    """Some wrong clocks, one after the other."""
    for name in town.dice.sample(sorted(WRONG), town.dice.randint(1, 2)):
        town.set(WRONG[name](time.time() + town.slept))
        town.outcome.add(clocks_set=1)
        check_all(town, talkers)
        restart(town, talkers)


def drift(town, talkers):
    name = town.dice.choice(sorted(SLEWS))
    town.broker.faults.slew(SLEWS[name])
    town.outcome.add(clocks_slewed=1)
    check_all(town, talkers)
    town.broker.faults.slew(0)


def nap(town, talkers):
    """Over an hour: what lasts ten minutes is over, and begins anew."""
    with town.visit("dave") as dave:
        sent = answer_to(dave, "chat/user/alice", "too late")
    town.sleep(HOUR + town.dice.randint(0, 600))
    town.outcome.add(clocks_set=0)
    check_talk(town, talkers)
    with town.visit("dave") as dave:
        ahead = sent["time"] > (town.now() - RECALL) * 1000  # as the last one before it was
        code = dave.code("recallMessage", to="alice", id=sent["id"])
        town.expect(ahead or code != 0, "an hour later it can be recalled")
    with town.visit("muted") as muted:
        town.expect(may_send(muted, GROUP) is None, "a mute of ten minutes lasts for an hour")
    town.expect(may_log_in(town, "banned"), "a ban of ten minutes lasts for an hour")
    renew(town)


def round_of(town, talkers):
    terms = Terms(town)
    if town.dice.random() < 0.5:
        terms.begin()
        go_wrong(town, talkers)
    else:
        go_wrong(town, talkers)
        terms.begin()
    town.set(0)
    town.outcome.add(rounds=1)
    check_talk(town, talkers)
    terms.end()
    check_terms(town)
    town.dice.choice((drift, nap))(town, talkers)


# ---- in the end


def goes_back(before, message):
    """By more than a day it may: behind what a clock has stamped that was so far ahead."""
    return before["time"] - DAY * 1000 <= message["time"] < before["time"]


def check_order(town, name):
    """ids and seqs rise, and so do times within a conversation."""
    last = {}
    with town.visit(name, "iot:1") as user:
        messages = user.synced()
    for message in messages:
        where = message.get("group") or frozenset((message["sender"], message["to"]))
        before = last.get(where, {"id": 0, "seq": 0, "time": 0})
        town.expect(message["id"] > before["id"] and message["seq"] > before["seq"], f"{name}: {message} after {before}")
        town.expect(not goes_back(before, message), f"{name}: {message} goes back behind {before}")
        last[where] = message
    town.outcome.add(messages_compared=len(messages))


def check_kept(town, talkers):
    found = test_memory.collections.Counter()
    for name in test_memory.PEOPLE:
        with town.visit(name, "iot:1") as user:
            found |= test_memory.texts_of(user)
    acked = [text for talker in talkers for text in talker.acked()]
    lost = [text for text in acked if text not in found]
    double = [text for text, count in found.items() if count != 1]
    for text in lost:
        town.fault(f"{text} was acknowledged, and is lost")
    for text in double:
        town.fault(f"{text} is stored twice")
    town.outcome.add(messages_acked=len(acked), messages_lost=len(lost), stored_twice=len(double))


def run(plan):
    town = Town(plan)
    talkers = []
    try:
        town.broker.start()
        settle(town)
        talkers = [Talker(town, name) for name in test_memory.PEOPLE]
        for talker in talkers:
            talker.start()
        for number in range(plan.pick(2, 60, 1500)):
            round_of(town, talkers)
            if number % 10 == 9:
                plan.say(f"{number + 1} rounds, {sum(talker.sent for talker in talkers)} messages")
    finally:
        for talker in talkers:
            talker.join()
        try:
            if talkers and not town.outcome.faults:
                check_kept(town, talkers)
                for name in test_memory.PEOPLE:
                    check_order(town, name)
        finally:
            town.broker.close()
    for name in ("clocks set", "terms", "messages acked"):
        if not town.outcome.figures.get(name):
            town.fault(f"nothing was tried: {name}")
    return town.outcome
