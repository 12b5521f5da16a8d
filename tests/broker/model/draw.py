# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Draws the next step of a story. It looks at the world, because what is drawn blindly is refused nine times
of ten: mostly somebody does what he may, to somebody it can be done to; often enough not."""
from model.rules import ADD, INVITE, RECEIVE, chiefs
from model.steps import (DEVICES, GROUPS, OTHERS, USERS, Burst, Command, Connect, Crash, Disconnect, MarkRead,
                         Publish, Restart, Subscribe, Sync, Together, Unsubscribe)  # fmt: skip
from model.world import ADMIN

ALL_DEVICES = [*DEVICES, *OTHERS]
TYPES = ["Private", "Public", "Public", "ChatRoom", "AVChatRoom", "Work", "Meeting"]
LONG = "long" * 50
TWO = '{"text":"a","image":{"url":"x"}}'
BROKEN = ["", "{", '{"text":1}', '{"text":"a"', "x" * 12289, TWO, '{"custom":[]}', {"text": "a", "seq": 1}]
LIMITS = {"groupName": 30, "introduction": 240, "notification": 300, "faceURL": 100, "nameCard": 50}

# how often each kind of step comes
THEMES = {  # fmt: skip
    "members": {"command": 12, "publish": 6, "connect": 2, "disconnect": 1, "subscribe": 1},
    "messages": {"publish": 8, "command": 4, "read": 4, "connect": 2, "disconnect": 2, "subscribe": 2,
                 "unsubscribe": 1},
    "at once": {"together": 6, "burst": 4, "connect": 2, "disconnect": 1, "subscribe": 2, "read": 1},
    "crashes": {"command": 6, "publish": 6, "connect": 6, "disconnect": 1, "subscribe": 4, "read": 2,
                "restart": 1},
}
COMMANDS = {
    "createGroup": 2, "dismissGroup": 1, "joinGroup": 8, "quitGroup": 3, "inviteGroupMember": 6,
    "deleteGroupMember": 4, "setGroupInfo": 8, "setGroupMemberRole": 4, "transferGroupOwner": 2,
    "muteGroupMember": 5, "setGroupMemberInfo": 4, "getGroupApplications": 2, "handleGroupApplication": 7,
    "banGroupMember": 3, "getGroupBans": 1, "setGroupAttributes": 4, "getGroupAttributes": 2, "getGroupInfo": 1, "getGroupMembers": 2, "getJoinedGroups": 1, "getUnread": 1,
}  # fmt: skip


class Drawer:
    def __init__(self, random, world, theme):
        self.random, self.world, self.kinds = random, world, THEMES[theme]

    # ---- choosing

    def of(self, weights):
        return self.random.choices(list(weights), weights.values())[0]

    def once_in(self, times):
        return self.random.randrange(times) == 0

    def pick(self, usual, rare=(), odds=10):
        """Mostly one of the usual."""
        usual = list(usual)
        if rare and (not usual or self.once_in(odds)):
            return self.random.choice(list(rare))
        return self.random.choice(usual or [None])

    def step(self):
        return getattr(self, self.of(self.kinds))()

    # ---- people and places

    def device(self, users=()):
        """A connected device of one of these users, or of anybody."""
        connected = [d.id for d in self.world.devices.values() if d.connected]
        return self.pick([d for d in connected if d.split(":")[0] in users], connected, 12) or ALL_DEVICES[0]

    def group(self):
        live = [name for name, group in self.world.groups.items() if not group.dismissed]
        return self.pick(live, [*GROUPS, "none"], 15)

    def among(self, name, *parts):
        """The users of a group that are one of: chief, member, outside."""
        group = self.world.in_group(name)
        people = {"chief": chiefs(group) if group else [], "member": group.people() if group else []}
        people["outside"] = [user for user in USERS if user not in people["member"]]
        return people[self.random.choice(parts)]

    def user(self, name, *parts):
        return self.pick(self.among(name, *parts), [*USERS, "nobody", "a b"], 12)

    def users(self, name, *parts):
        found = [self.user(name, *parts) for _ in range(self.random.randint(1, 3))]
        return found if self.once_in(5) else [*dict.fromkeys(found), *["no userID"] * self.once_in(10)]

    def text(self, name):
        """Absent, or short, or at and beyond the limit, or no text at all."""
        limit = LIMITS.get(name, 256)
        odd = ["", "x" * limit, "x" * (limit + 1), "\u00e4" * (limit // 2), '\x01"\\', 5]
        return self.pick([f"{name} 1", f"{name} 2"], odd, 8)

    def some(self, **fields):
        return {name: value for name, value in fields.items() if value is not None}

    # ---- commands

    def command(self):
        name = self.of(COMMANDS)
        group, parts, fields = getattr(self, name)()
        users = self.among(group, *parts) if parts else ()
        return Command(self.device([*users, ADMIN] if self.once_in(5) else users), name, self.some(**fields))

    def createGroup(self):
        kind = self.pick(TYPES, ["Secret", ""], 20)
        free = [name for name in GROUPS if name not in self.world.groups]
        name = self.pick(free, [*GROUPS, None, "a b", "x" * 48, "x" * 49])
        fields = {"groupType": kind, "groupID": name}
        if kind != "AVChatRoom" or self.once_in(8):
            people = self.random.choices([*USERS, "nobody", self.pick(USERS, ["a b"])], k=3)
            members = [{"userID": user} for user in people]
            fields["members"] = members if self.once_in(2) else None
            for member in members if kind in ("Public", "ChatRoom") else ():
                member["role"] = self.pick(["member", "admin"], ["king"], 20)
        if kind in ("Public", "ChatRoom") or self.once_in(8):
            fields.update({"addOpt": self.pick([*ADD, None]), "inviteOpt": self.pick([*INVITE, None])})
        fields.update({text: self.text(text) for text in list(LIMITS)[:4] if self.once_in(4)})
        return None, (), fields

    def about(self, *callers, **fields):
        name = self.group()
        found = {field: value(name) if callable(value) else value for field, value in fields.items()}
        return name, callers, {"groupID": name, **found}

    def silent(self):
        return self.pick([None], [True, False, 1], 12)

    def reason(self):
        return self.text("reason") if self.once_in(2) else None

    def dismissGroup(self):
        return self.about("chief", "member")

    def joinGroup(self):
        return self.about("outside", "outside", "outside", "member", message=self.reason())

    def quitGroup(self):
        return self.about("member", "member", "outside")

    def inviteGroupMember(self):
        members = lambda name: self.users(name, "outside", "outside", "member")  # noqa: E731
        odd = self.once_in(20) and self.random.choice([None, "bob", ["u"] * 101])
        return self.about("chief", "member", members=members if odd is False else odd, silent=self.silent())

    def deleteGroupMember(self):
        members = lambda name: self.users(name, "member", "member", "outside", "chief")  # noqa: E731
        return self.about("chief", "chief", "member", members=members, reason=self.reason(),
                          silent=self.silent())  # fmt: skip

    def setGroupInfo(self):
        some = [name for name in [*list(LIMITS)[:4], "allMuted", "addOpt", "inviteOpt"] if self.once_in(3)]
        values = {
            "allMuted": self.pick([True, False], ["yes"]),
            "addOpt": self.pick(ADD, ["Sometimes", 1]),
            "inviteOpt": self.pick(INVITE, ["Sometimes", 1]),
        }
        fields = {name: values[name] if name in values else self.text(name) for name in some}
        return self.about("chief", "chief", "chief", "member", **fields)

    def setGroupMemberRole(self):
        role = self.pick(["admin", "admin", "member"], ["owner", None])
        return self.about("chief", userID=lambda name: self.user(name, "member"), role=role)

    def transferGroupOwner(self):
        return self.about("chief", userID=lambda name: self.user(name, "member"))

    def muteGroupMember(self):
        seconds = self.pick([3600, 3600, 0], [-1, "9", 2**32 - 1, 2**32])
        user = lambda name: self.user(name, "member", "member", "outside")  # noqa: E731
        return self.about("chief", userID=user, seconds=seconds)

    def banGroupMember(self):
        seconds = self.pick([3600, 2**32 - 1, 0], [-1, "9", 2**32])
        user = lambda name: self.user(name, "member", "member", "outside")  # noqa: E731
        return self.about("chief", "chief", "member", userID=user, seconds=seconds, reason=self.reason())

    def getGroupBans(self):
        return self.about("chief", "member")

    def setGroupMemberInfo(self):
        option = self.pick([*RECEIVE, None], ["accept"])
        user = (lambda name: self.user(name, "member")) if self.once_in(3) else None
        card = self.text("nameCard") if self.once_in(2) else None
        return self.about("member", userID=user, nameCard=card, receiveOption=option)

    def getGroupApplications(self):
        return self.about("chief", "member") if self.once_in(2) else (None, (), {})

    def handleGroupApplication(self):
        waiting = [(g.id, user) for g in self.world.groups.values() for user in (*g.waiting, *g.handled)]
        name, user = self.pick(waiting, [(self.group(), self.pick(USERS))], 8) or (self.group(), "bob")
        accept = self.pick([True, True, False], ["yes", None], 16)
        fields = {"groupID": name, "userID": user, "accept": accept, "reason": self.reason()}
        return name, ("chief", "chief", "member"), fields

    def setGroupAttributes(self):
        keys = ["seat1", "seat2", "mode", "k" * 32]
        values = self.random.choice([["ann", "bob", "", "x" * 4000], ["ann", "x" * 3999, "x" * 4001]])
        odd = self.pick([{}], [{"k" * 33: "x"}, {f"key{n}": "x" for n in range(17)}], 8)
        set_ = {key: self.random.choice(values) for key in self.random.sample(keys, self.random.randint(1, 3))}
        delete = [key for key in keys if key not in set_ and self.once_in(3)] or None
        version = self.pick([None], [0, 1, 2, 3], 3)
        return self.about("chief", "chief", "member", set=set_ | odd, delete=delete, ifVersion=version)

    def getGroupAttributes(self):
        return self.about("member", "outside", keys=self.pick([None], [["seat1", "mode"]], 2))

    def getGroupInfo(self):
        return self.about("member", "outside")

    def getGroupMembers(self):
        named = (lambda name: self.users(name, "member", "outside")) if self.once_in(4) else None
        return self.about("member", "chief", "outside", userIDs=named, muted=self.pick([None], [True, False], 4))

    def getJoinedGroups(self):
        return None, (), {}

    getUnread = getJoinedGroups

    # ---- messages

    def payload(self):
        if self.once_in(12):
            return self.pick(BROKEN)
        if self.once_in(6):
            return "hello"
        fields = {"text": self.pick(["a", "b", '\u00e4\u0000"', LONG])}
        if self.once_in(3):
            fields["random"] = self.random.randint(1, 40)
        if self.once_in(8):
            fields["onlineOnly"] = True
        if self.once_in(8):
            fields["at"] = self.pick(["@all", ["bob"], ["bob"] * 31])
        if self.once_in(6):
            fields["noUnread"] = True
        if self.once_in(8):
            fields["unknown"] = [1.50, None]
        return fields

    def publish(self):
        qos = self.pick([1, 1, 1, 0, 2])
        if self.once_in(3):
            return Publish(self.device(), f"chat/user/{self.pick(USERS, ['nobody'])}", self.payload(), qos)
        name = self.group()
        return Publish(self.device(self.among(name, "member", "member", "member", "outside")),
                       f"chat/group/{name}", self.payload(), qos)  # fmt: skip

    def read(self):
        if self.once_in(2):
            limit = self.pick([500, 500, 100, 5], [1, 0, 501])
            return Sync(self.device(), self.random.randint(0, 12), limit)
        if self.once_in(2):
            place = ("to", self.pick(USERS, ["nobody", "a b"]))
            return MarkRead(self.device(), place, self.random.randint(0, 3))
        name = self.group()
        return MarkRead(self.device(self.among(name, "member")), ("group", name), self.random.randint(0, 3))

    # ---- coming and going

    def connect(self):
        away = [d.id for d in self.world.devices.values() if not d.connected and d.id in ALL_DEVICES]
        return Connect(self.pick(away) or ALL_DEVICES[0], self.once_in(3))

    def disconnect(self):
        return Disconnect(self.device(), not self.once_in(3))

    def subscribe(self):
        device = self.device()
        user = device.split(":")[0]
        mine = [g.topic for g in self.world.groups.values() if g.live or user in g.members]
        feed = [] if self.once_in(2) else [f"chat/user/{user}/#"] * 4
        odd = ["chat/#", "chat/group/none", "chat/user/nobody/#", *map("chat/group/{}".format, GROUPS)]
        name = self.pick([*feed, f"chat/user/{user}", *mine], odd, 15)
        return Subscribe(device, name, self.pick([1, 1, 0]))

    def unsubscribe(self):
        device = self.world.devices[self.device()]
        return Unsubscribe(device.id, self.pick(device.subscriptions, [device.feed]))

    # ---- at once

    def single(self):
        return self.publish() if self.once_in(2) else self.command()

    def together(self):
        steps = {}
        for _ in range(self.random.randint(2, 6)):
            step = self.single()
            steps.setdefault(step.device, step)
        return Together(tuple(steps.values()))

    def burst(self):
        first = self.single()
        more = [self.single() for _ in range(self.random.randint(1, 6))]
        return Burst((first, *(type(s)(**{**vars(s), "device": first.device}) for s in more)))

    def restart(self):
        if self.once_in(2):
            return Restart(self.once_in(2))
        name = self.group()
        topic = f"chat/group/{name}" if self.once_in(2) else f"chat/user/{self.pick(USERS)}"
        device = self.device(self.among(name, "member"))
        return Crash(device, topic, self.random.randint(2, 40), self.random.randint(1, 30))
