# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Whatever three users do in pairs and groups, all ways to look at it show the same: what was delivered, sync,
and the histories; and every count, mark and order of the list is what counting by hand in them gives.

    VIEWS_EXAMPLES=500 pytest tests/broker/test_views.py   more, other ones each time, shrunk when one fails
    VIEWS_SCRIPT='[("send", 0, 1, 2), ...]' pytest ...     the one that a failure has printed
"""
import ast
import itertools
import os
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from harness.settings import PATIENCE
from harness.views import conversations, history, pages_on, sync_all, where_of

EXAMPLES = int(os.environ.get("VIEWS_EXAMPLES", 0))
SCRIPT = os.environ.get("VIEWS_SCRIPT")
STAMP = ("id", "seq", "sender", "to", "group", "time")

_worlds = itertools.count(1)


def is_stored(message):
    return isinstance(message.data, dict) and "sender" in message.data and "id" in message.data


def is_content(data):
    return not {"tips", "notice", "recall", "edit", "recalled"} & data.keys()


def counts(data):
    return is_content(data) and not data.get("noUnread")


def stripped(data):
    return {**{name: data[name] for name in STAMP if name in data}, "recalled": True}


class Person:
    """A user with one device that acts and one that only listens, and what is known of him without asking."""

    def __init__(self, broker, name):
        self.name = name
        self.hand = broker.user(name, "ios:1")
        self.ear = broker.user(name, "web:1").subscribe(f"chat/user/{name}/#")
        self.listens = True
        self.received = {}  # what was delivered and not deleted since, by id
        self.groups = {}  # those he is in, with the id after which he joined
        self.room_removed = set()  # what he deleted of the ChatRoom, which shows what was before joining
        self.read, self.read_ids, self.pinned = {}, {}, set()

    def name_of(self, data):
        """The conversation of a message, as where_of() takes it."""
        if "group" in data:
            return f"group:{data['group']}"
        return data["to"] if data["sender"] == self.name else data["sender"]

    def hear(self):
        if not self.listens:
            return
        self.ear.fence()
        for message in filter(is_stored, self.ear.take_all(lambda m: True)):
            data = message.data
            self.received[data["id"]] = data
            recalled = data.get("recall", {}).get("id")
            if recalled in self.received:
                self.received[recalled] = stripped(self.received[recalled])
                self.strip_edits(recalled)
            self.take_edit(data)

    def take_edit(self, data):
        """As a client does: the message has the new members from now on."""
        number = data.get("edit", {}).get("id")
        if number in self.received and "message" in data["edit"]:
            old = self.received[number]
            stamp = {name: old[name] for name in STAMP if name in old}
            self.received[number] = {**stamp, "edited": data["time"], **data["edit"]["message"]}

    def strip_edits(self, recalled):
        for data in self.received.values():
            if data.get("edit", {}).get("id") == recalled:
                data["edit"].pop("message", None)

    def settle(self):
        """Hears until everything is there that sync has: a replay takes its time."""
        deadline = time.monotonic() + PATIENCE
        wanted = {m["id"] for m in sync_all(self.hand)}
        self.hear()
        while self.listens and wanted - self.received.keys() and time.monotonic() < deadline:
            self.hear()

    def forget(self, ids):
        self.hear()
        for number in ids:
            self.received.pop(number, None)

    def forget_conversation(self, name):
        self.hear()
        self.forget([number for number, data in self.received.items() if self.name_of(data) == name])

    def close(self):
        self.hand.close(), self.ear.close()


class World:
    def __init__(self, broker):
        number = next(_worlds)
        self.broker = broker
        self.people = [Person(broker, f"{letter}{number}") for letter in "abc"]
        self.admin = broker.admin(f"iot:{number}")
        self.private, self.public, self.room = f"private{number}", f"public{number}", f"room{number}"
        owner = self.people[0]
        free = {"addOpt": "FreeAccess", "inviteOpt": "FreeAccess"}
        owner.hand.group("Private", self.private)
        owner.hand.group("Public", self.public, **free)
        owner.hand.group("ChatRoom", self.room, **free)
        self.groups = [self.private, self.public, self.room]
        owner.groups = dict.fromkeys(self.groups, 0)
        self.counting = {}  # by id, whether it counts as unread, where its members do not say so
        self.imported = {}  # the time of the last, by conversation

    def close(self):
        for user in (*self.people, self.admin):
            user.close()

    # ---- steps: a person, and two numbers that choose

    def send(self, me, a, b):
        targets = [p.name for p in self.people if p is not me] + [f"chat/group/{g}" for g in me.groups]
        target = targets[a % len(targets)]
        named = self.people[b % 3].name
        forms = [
            {"text": f"text {b}"},
            {"custom": {"data": f"data {b}"}, "cloudCustomData": "x"},
            {"text": "look", "at": [named]},
            {"image": {"url": "https://example.org/i.png"}, "random": a * 1000 + b + 1},
            {"text": "only now", "onlineOnly": True},
            {"face": {"index": b}, "priority": "low", "push": {"disabled": True}},
            {"elements": [{"text": f"part {b}"}, {"image": {"url": "https://example.org/i.png"}}]},
            {"text": f"quiet {b}", "noUnread": True, "at": [named]},
        ]
        me.hand.send(target, forms[b % len(forms)])

    def send_all(self, me, a, b):
        targets = [p.name for p in self.people if p is not me] + [f"chat/group/{g}" for g in me.groups]
        forms = [{"text": f"{n} of {b}", "noUnread": n % 5 < b % 3} for n in range(b % 12 + 1)]
        me.hand.send_many(targets[a % len(targets)], forms)

    def bring(self, me, a, b):
        """Imports some, of now or a little later: of pairs, and of groups, whether one is in them or not."""
        where = ([{"to": p.name} for p in self.people if p is not me] + [{"group": g} for g in self.groups])[a % 5]
        name = str(where.get("group") or sorted((me.name, where["to"])))
        when = self.imported[name] = max(int(time.time() * 1000), self.imported.get(name, 0)) + b % 3 * 700
        contents = [{"text": f"{n} from elsewhere", "at": [self.people[a % 3].name]} for n in range(b % 4 + 1)]
        messages = [{"sender": me.name, **where, "time": when, **content} for content in contents]
        places = self.admin.command("importMessages", messages=messages, unread=b % 2 == 0)["messages"]
        if b % 2:
            self.counting |= {place["id"]: False for place in places}  # not as unread
        for person in self.people:
            if person.name in (me.name, where.get("to")) or where.get("group") in person.groups:
                # Nobody is given them: a client asks.
                person.received |= {p["id"]: {**p, **m} for p, m in zip(places, messages)}

    def at_all(self, me, a, b):
        me = self.people[0]
        me.hand.send(f"chat/group/{self.groups[a % 3]}", {"text": f"all {b}", "at": "@all"})

    def mark_read(self, me, a, b):
        seen = sync_all(me.hand)
        if not seen:
            return
        name = me.name_of(seen[a % len(seen)])
        number = seen[b % len(seen)]["id"]
        if b % 3 == 0:
            me.hand.command("markRead", **where_of(name))
            number = seen[-1]["id"]
        else:
            me.hand.command("markRead", **where_of(name), id=number)
        me.read[name] = max(me.read.get(name, 0), number)
        self.check_read_positions(me)

    def recall(self, me, a, b):
        seen = sync_all(me.hand)
        if not seen:
            return
        chosen = seen[-1 - a % min(len(seen), 12)]
        owner = "group" in chosen and me is self.people[0]
        may = is_content(chosen) and (owner or chosen["sender"] == me.name)
        code = me.hand.code("recallMessage", id=chosen["id"], reason="")
        assert (code == 0) == may, f"recall of {chosen} by {me.name}: {code}"

    def edit(self, me, a, b):
        seen = sync_all(me.hand)
        if not seen:
            return
        chosen = seen[-1 - a % min(len(seen), 12)]
        may = is_content(chosen) and chosen["sender"] == me.name
        forms = [{"text": f"edited {b}"}, {"text": "look", "at": [self.people[b % 3].name]}, {"face": {"index": b}}]
        code = me.hand.code("editMessage", id=chosen["id"], **forms[b % len(forms)])
        assert (code == 0) == may, f"edit of {chosen} by {me.name}: {code}"
        self.counting[chosen["id"]] = self.counts(chosen)  # that stays as it was

    def delete_messages(self, me, a, b):
        seen = [m["id"] for m in sync_all(me.hand)]
        if self.room in me.groups and b % 2:
            seen += [m["id"] for m in history(me.hand, group=self.room)]
        ids = seen[a % len(seen) :][: b % 7 + 1] if seen else []
        if not ids:
            return
        me.hand.command("deleteMessages", ids=ids)
        me.room_removed |= set(ids)
        me.forget(ids)

    def delete_conversation(self, me, a, b):
        names = [p.name for p in self.people if p is not me] + [f"group:{g}" for g in me.groups] + ["@system"]
        name = names[a % len(names)]
        if name == f"group:{self.room}":
            me.room_removed |= {m["id"] for m in history(me.hand, group=self.room)}
        me.hand.command("deleteConversation", **where_of(name))
        me.pinned.discard(name)
        me.forget_conversation(name)

    def pin(self, me, a, b):
        names = list(conversations(me.hand))
        if not names:
            return
        name = names[a % len(names)]
        me.hand.command("setConversation", **where_of(name), pinned=b % 2 == 0)
        (me.pinned.add if b % 2 == 0 else me.pinned.discard)(name)

    def join(self, me, a, b):
        group = self.groups[a % 3]
        if group in me.groups:
            return
        last = history(self.admin, limit=1, group=group)
        if group == self.private or b % 2:
            self.people[0].hand.command("inviteGroupMember", groupID=group, members=[me.name])
        else:
            me.hand.command("joinGroup", groupID=group)
        me.groups[group] = last[-1]["id"] if last else 0

    def leave(self, me, a, b):
        group = self.groups[a % 3]
        if group not in me.groups or me is self.people[0]:
            return
        if b % 2:
            self.people[0].hand.command("deleteGroupMember", groupID=group, members=[me.name])
        else:
            me.hand.command("quitGroup", groupID=group)
        del me.groups[group]
        me.forget_conversation(f"group:{group}")

    def rename(self, me, a, b):
        self.people[0].hand.command("setGroupInfo", groupID=self.groups[a % 3], introduction=f"{a} {b}")

    def stop_listening(self, me, a, b):
        if me.listens:
            me.settle()
            me.ear.disconnect()
            me.listens = False

    def listen(self, me, a, b):
        if not me.listens:
            me.ear.connect().subscribe(me.ear.feed)
            me.listens = True

    def restart(self, me, a, b):
        for person in self.people:
            person.settle()
        self.broker.restart(kill=b % 2 == 0)
        self.admin.connect()
        for person in self.people:
            person.hand.connect()
            if person.listens:
                person.ear.connect().subscribe(person.ear.feed)

    def check(self, me, a, b):
        for person in self.people:
            self.check_views(person, limit=b % 9 + 1)
            self.check_list(person, limit=a % 4 + 1)

    # ---- what must be equal

    def histories(self, me, limit):
        """By conversation, read backwards and forwards."""
        found = {}
        names = [p.name for p in self.people if p is not me] + [f"group:{g}" for g in me.groups] + ["@system"]
        for name in names:
            found[name] = history(me.hand, limit=limit, **where_of(name))
            forwards = [m for page in pages_on(me.hand, limit=limit, **where_of(name)) for m in page]
            assert forwards == found[name], f"{name} forwards and backwards"
        return found

    def check_views(self, me, limit):
        synced = sync_all(me.hand, limit=limit)
        ids = [m["id"] for m in synced]
        assert ids == sorted(set(ids)), "sync is not in order, or has something twice"
        found = self.histories(me, limit)
        room = f"group:{self.room}"
        if room in found:
            every = [m for m in history(self.admin, group=self.room) if m["id"] not in me.room_removed]
            assert found[room] == every, "the history of the room"
        merged = {m["id"]: m for messages in found.values() for m in messages}
        before = me.groups.get(self.room, 0)
        merged = {n: m for n, m in merged.items() if m.get("group") != self.room or n > before}
        assert [merged[n] for n in sorted(merged)] == synced, "histories and sync"
        if me.listens:
            me.settle()
            assert [me.received[n] for n in sorted(me.received)] == synced, "deliveries and sync"

    def counted(self, me, name, synced):
        uncounted = ("@system", f"group:{self.room}")
        return [] if name in uncounted else self.not_read(me, name, synced)

    def counts(self, message):
        return is_content(message) and self.counting.get(message["id"], counts(message))

    def not_read(self, me, name, synced):
        after = me.read.get(name, 0)
        return [
            m
            for m in synced
            if me.name_of(m) == name and m["id"] > after and self.counts(m) and m["sender"] != me.name
        ]

    def check_read_positions(self, me):
        for name, entry in conversations(me.hand).items():
            assert entry["readID"] >= me.read_ids.get(name, 0), "a read position moved back"
            me.read_ids[name] = entry["readID"]

    def check_list(self, me, limit):
        synced = sync_all(me.hand)
        last = {name: messages[-1] for name, messages in self.histories(me, 100).items() if messages}
        last.pop("@system", None)
        listed = conversations(me.hand, limit=limit)
        order = sorted(last, key=lambda name: (name not in me.pinned, -last[name]["id"]))
        assert list(listed) == order, "the order of the list"
        for name, entry in listed.items():
            counted = self.counted(me, name, synced)
            not_read = self.not_read(me, name, synced)
            at_me = any(m.get("at") == "@all" or me.name in m.get("at", []) for m in not_read)
            expected = {"lastMessage": last[name], "unread": len(counted), "atMe": at_me}
            expected["pinned"] = name in me.pinned
            assert {key: entry[key] for key in expected} == expected, name
        self.check_read_positions(me)
        total = sum(entry["unread"] for entry in listed.values())
        assert me.hand.command("getUnread")["totalUnread"] == total
        assert me.hand.command("getConversations", limit=1)["totalUnread"] == total
        joined = {g["groupID"]: g["unread"] for g in me.hand.command("getJoinedGroups")["groups"]}
        assert joined == {g: listed.get(f"group:{g}", {"unread": 0})["unread"] for g in me.groups}


OFTEN = ["send"] * 5 + ["send_all"] * 3 + ["mark_read", "recall", "edit", "delete_messages", "join", "bring"] * 2
SELDOM = ["at_all", "delete_conversation", "pin", "leave", "rename", "stop_listening", "listen"]
SELDOM += ["restart", "check"]
STEPS = st.tuples(
    st.sampled_from(OFTEN + SELDOM), st.integers(0, 2), st.integers(0, 99), st.integers(0, 99)
)


def run(broker, script):
    world = World(broker)
    try:
        for who in world.people[1:]:
            world.join(who, 0, 1), world.join(who, 1, 1)
        for step, who, a, b in script:
            getattr(world, step)(world.people[who], a, b)
        world.check(None, 3, 98)
        world.restart(None, 0, 0)
        world.check(None, 0, 2)
    except BaseException:
        print(f"VIEWS_SCRIPT={str(script)!r}")
        raise
    finally:
        world.close()


@pytest.mark.options(replay_limit=100000)
def test_all_views_of_random_traffic_are_equal(broker):
    if SCRIPT:
        run(broker, ast.literal_eval(SCRIPT))
        return

    @settings(
        max_examples=EXAMPLES or 12,
        derandomize=not EXAMPLES,
        phases=[Phase.generate, Phase.shrink] if EXAMPLES else [Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(STEPS, min_size=30, max_size=70))
    def every(script):
        run(broker, script)

    every()
