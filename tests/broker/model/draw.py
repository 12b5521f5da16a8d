# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Draws the next step of a story. It looks at the world, because what is drawn blindly is refused nine times
of ten: mostly somebody does what he may, to somebody it can be done to; often enough not."""
import hashlib

from model.review import JUDGE
from model.rules import ADD, INVITE, RECEIVE, chiefs
from model.steps import (DEVICES, GROUPS, OTHERS, USERS, After, Ago, Burst, Chunk, Command, Connect, Crash,
                         Disconnect, Of, Publish, Restart, Review, Settings, Subscribe, Together,
                         Unsubscribe, UploadID, Wait)  # fmt: skip
from model.uploads import content
from model.world import ADMIN, REVIEWS

ALL_DEVICES = [*DEVICES, *OTHERS]
TYPES = ["Private", "Public", "Public", "ChatRoom", "AVChatRoom", "Work", "Meeting"]
LONG = "long" * 50
TWO = '{"text":"a","image":{"url":"x"}}'
BROKEN = ["", "{", '{"text":1}', '{"text":"a"', "x" * 12289, TWO, '{"custom":[]}', {"text": "a", "seq": 1}]
OTHER_CONTENTS = [{"image": {"url": "https://x"}}, {"custom": {"desc": "a darn thing"}},
                  {"image": {}}, {"text": "a", "face": {}},
                  {"elements": [{"text": "a"}, {"file": {"url": "x", "name": "b"}}]}, {"elements": [{"text": "a"}]},
                  {"elements": [{"text": "a"}, {"elements": []}]}]  # fmt: skip
LIMITS = {"groupName": 30, "introduction": 240, "notification": 300, "faceURL": 100, "nameCard": 50}

# how often each kind of step comes
THEMES = {  # fmt: skip
    "members": {"govern": 12, "act": 1, "publish": 6, "connect": 2, "disconnect": 1, "subscribe": 1},
    "messages": {"publish": 8, "govern": 4, "read": 4, "change": 3, "act": 1, "upload": 1, "chunk": 3,
                 "connect": 2, "disconnect": 2, "subscribe": 2,
                 "unsubscribe": 1},
    "people": {"people": 5, "administer": 6, "act": 6, "publish": 4, "govern": 3, "read": 1, "change": 1,
               "connect": 5, "subscribe": 1},
    "at once": {"together": 6, "burst": 4, "connect": 2, "disconnect": 1, "subscribe": 2, "read": 1},
    "crashes": {"govern": 6, "publish": 6, "connect": 6, "disconnect": 1, "subscribe": 4, "read": 2, "change": 2,
                "upload": 1, "chunk": 3, "administer": 1, "restart": 1},
}
GOVERN = {
    "createGroup": 2, "dismissGroup": 1, "joinGroup": 8, "quitGroup": 3, "inviteGroupMember": 6,
    "deleteGroupMember": 4, "setGroupInfo": 8, "setGroupMemberRole": 4, "transferGroupOwner": 2,
    "muteGroupMember": 5, "setGroupMemberInfo": 4, "getGroupApplications": 2, "handleGroupApplication": 7,
    "banGroupMember": 3, "getGroupBans": 1, "setGroupAttributes": 4, "getGroupAttributes": 2,
    "getGroupInfo": 1, "getGroupMembers": 2, "getJoinedGroups": 1,
}  # fmt: skip
READ = {"sync": 6, "getHistory": 4, "markRead": 4, "getConversations": 3, "setConversation": 2, "getReadReceipts": 2,
        "getMessageReaders": 2, "getUnread": 1}  # fmt: skip
PEOPLE = {"setSelfInfo": 9, "getUsersInfo": 6, "addToBlacklist": 12, "removeFromBlacklist": 6, "getBlacklist": 6,
          "getStatus": 6, "setBackground": 6, "getDevices": 6, "kickDevice": 2, "logout": 1}  # fmt: skip
ADMINISTER = {"importUsers": 6, "kickUser": 1, "deleteUser": 2, "banUser": 3, "muteUser": 12, "getUser": 9,
              "getUsers": 6,
              "getGroups": 6, "broadcast": 6, "sendNotice": 12, "broadcastLive": 6, "sendMessage": 18,
              "importMessages": 12}  # fmt: skip
UPLOAD = {"createUpload": 5, "finishUpload": 5, "abortUpload": 1}
REVIEW = {"reviewed": 1}
REVIEWED = ["c2c", "group", "live", "create", "join", "invite"]
CHANGE = {"purgeMessages": 1, "recallMessage": 4, "editMessage": 5, "deleteMessages": 2, "deleteConversation": 2}
NOT_DRAWN = {
    "ack": "moves cursors, as only test_backlog.py and test_views.py follow them",
    "watchStatus": "events at most one a second and user: test_presence.py",
    "unwatchStatus": "likewise",
    "setPushToken": "the push queue is another world, with clocks: test_push.py",
    "removePushToken": "likewise",
    "pushDone": "likewise",
    "pushFailed": "likewise",
    "getPushJobs": "likewise: test_push_queue_commands.py",
    "retryPushJobs": "likewise",
    "dropPushJobs": "likewise",
    "renewUserSig": "moves a session's end, some hours from now: test_session_commands.py",
    "getStats": "counters: test_counters.py",
    "startBackup": "a file of the whole database: test_backups.py",
    "getBackup": "likewise",
    "exportUser": "all that is stored, page by page: test_export.py",
}
# how many times fewer stories a theme has than the others: who is sent away takes half a second to go
SLOWER = {"people": 3}
COMMANDS = {"govern": GOVERN, "read": READ, "change": CHANGE, "people": PEOPLE, "administer": ADMINISTER,
            "upload": UPLOAD, "review": REVIEW}  # fmt: skip


def draw_settings(random):
    late = random.choice([(), (), (), ("recall", "edit")])
    words, media = random.randrange(3) == 0, random.randrange(4) > 0
    reviewed = tuple(random.sample(REVIEWED, random.randint(3, 6))) if random.randrange(3) == 0 else ()
    return Settings(words, late, media, reviewed, random.choice(["pass", "refuse"]))


class Drawer:
    def __init__(self, random, world, theme):
        self.random, self.world, self.kinds = random, world, THEMES[theme]
        if world.reviewed:
            total = sum(self.kinds.values())
            self.kinds = self.kinds | {"decide": -(-total // 3)}

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
        kind = self.of(self.kinds)
        return self.command(kind) if kind in COMMANDS else getattr(self, kind)()

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

    def command(self, kind):
        name = self.of(COMMANDS[kind])
        if kind == "upload" and not self.world.uploads and not self.once_in(5):
            name = "createUpload"  # there is nothing to finish
        return self.command_of(name)

    def command_of(self, name):
        group, parts, fields = getattr(self, name)()
        users = self.among(group, *parts) if parts and group else parts
        return Command(self.device([*users, ADMIN] if self.once_in(5) else users), name, self.some(**fields))

    def createGroup(self):
        kind = self.pick(TYPES, ["Secret", ""], 20)
        free = [name for name in GROUPS if name not in self.world.groups]
        none = GROUPS[0] if "create" in self.world.reviewed else None  # its name might be told to nobody
        name = self.pick(free, [*GROUPS, none, "a b", "x" * 48, "x" * 49])
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
        if not self.once_in(3):
            return None, (), fields
        fields["owner"] = self.pick([None, "", *USERS], ["nobody", "a b"])
        fields |= {"createTime": self.moment() if self.once_in(3) else None, "silent": self.silent()}
        for member in fields.get("members") or ():
            member["joinTime"] = self.pick([1500000000000], [0]) if self.once_in(3) else None
        fields["members"] = fields.get("members") and [self.some(**member) for member in fields["members"]]
        return None, (ADMIN,), fields

    def moment(self):
        """Long ago, mostly."""
        return self.pick([1400000000000, 1], [2**52, 0, "now"])

    def about(self, *callers, **fields):
        name = self.group()
        found = {field: value(name) if callable(value) else value for field, value in fields.items()}
        return name, callers, {"groupID": name, **found}

    def type_of(self, name):
        group = self.world.in_group(name)
        return group and group.type

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
        if self.once_in(8):
            role = self.random.choice(["member", "admin"])
            member = lambda name: {"userID": self.user(name, "outside"), "joinTime": self.moment()} | (  # noqa: E731
                {"role": role} if self.type_of(name) in ("Public", "ChatRoom") else {})
            people = lambda name: [member(name), *self.users(name, "outside")]  # noqa: E731
            name, _, fields = self.about(members=people, silent=self.silent())
            return name, (), fields | {"members": fields["members"][:1] if self.once_in(2) else fields["members"]}
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

    # ---- reading, and what becomes of messages

    def place(self):
        """A conversation, and who can do something there."""
        if self.once_in(2):
            lanes = [m.lane for m in self.world.log[-30:] if m.lane[0] == "pair"]
            _, one, other = self.pick(lanes, [("pair", *self.random.sample(USERS, 2))], 8)
            one, other = self.random.choice([(one, other), (other, one)])
            return ("to", self.pick([other], ["nobody", "a b", "@system", one], 12)), (one,)
        name = self.group()
        return ("group", name), self.among(name, "member", "member", "member", "outside")

    def in_place(self, **fields):
        where, users = self.place()
        return None, users, dict([where]) | fields

    def newest(self, what, where, most=8):
        return Of(what, where, self.random.randint(1, most))

    def sync(self):
        limit = self.pick([500, 500, 100, 5], [1, 0, 501])
        return None, (), {"after": After(self.random.randint(0, 12)), "limit": limit}

    def markRead(self):
        where, users = self.place()
        up_to = self.random.choice(["id", "seq", None])
        return None, users, dict([where]) | ({up_to: self.newest(up_to, where, 3)} if up_to else {})

    def getHistory(self):
        where, users = self.place()
        fields = dict([where]) | {"limit": self.pick([None, 100, 3, 1], [0, 101])}
        ends = {"before": "id", "after": "id", "beforeTime": "time", "afterTime": "time", "seq": "seq"}
        for name in self.random.sample(list(ends), self.pick([0, 1, 2])):
            fields[name] = self.newest(ends[name], where)
        return None, users, fields

    def getConversations(self):
        where, users = self.place()
        before = Of("id", where, 1) if self.once_in(2) else None
        alone = dict([where]) if self.once_in(3) else {}
        return None, users, {"before": before, "limit": self.pick([None, 1, 3], [0])} | alone

    def setConversation(self):
        return self.in_place(pinned=self.pick([True, False], [None, 1]))

    def getUnread(self):
        return None, (), {}

    def aim(self, kinds=("pair", "group")):
        """A message that is known: its conversation, mostly its sender, and its id and seq."""
        known = [m for m in self.world.log if m.id and m.lane[0] in kinds]
        message = self.pick([m for m in known[-30:] if m.is_content], known, 8)
        if not message:
            where, users = self.place()
            return where, users, {name: Of(name, where, 1) for name in ("id", "seq")}
        kind, *names = message.lane
        people = self.world.groups[names[0]].people() if kind == "group" else names
        caller = self.pick([message.body["sender"]], [*people, ADMIN], 3)
        where = ("group", names[0]) if kind == "group" else ("to", names[0] if names[1] == caller else names[1])
        newer = [m for m in known if m.lane == message.lane and m.position >= message.position]
        of_people = [m for m in newer if m.is_content]
        return where, (caller,), {"id": Of("id", where, len(newer)), "seq": Of("seq", where, len(of_people))}

    def named_message(self):
        """By its id, with or without the conversation, or by its seq."""
        where, users, found = self.aim()
        named = self.pick(["id", "id in", "seq in"], ["", "seq", "id seq in"], 15)
        fields = {name: found[name] for name in found if name in named}
        return users, fields | (dict([where]) if "in" in named else {})

    def recallMessage(self):
        users, fields = self.named_message()
        return None, users, fields | {"reason": self.reason()}

    def editMessage(self):
        users, fields = self.named_message()
        payload = self.payload()
        return None, users, ({"text": payload} if isinstance(payload, str) else payload) | fields

    def purgeMessages(self):
        name = self.group()
        user = self.user(name, "member", "member", "outside")
        return None, [*self.among(name, "chief"), ADMIN], {"group": name, "userID": user}

    def deleteMessages(self):
        where, users, found = self.aim()
        ids = [found["id"], *(self.newest("id", where) for _ in range(self.random.randint(0, 2)))]
        return None, users, {"ids": ids + [2**50] * self.once_in(12)}

    def deleteConversation(self):
        return self.in_place(keepMessages=self.pick([None, True, False], [1]))

    # ---- people

    def named(self, odd=()):
        users = self.random.choices([*USERS, "fay", "nobody"], k=self.random.randint(1, 3))
        return self.pick([users], [["a b"], [], "bob", *odd], 12)

    def setSelfInfo(self):
        return None, (), {name: self.text(name) for name in ("nickname", "faceURL", "selfSignature") if self.once_in(2)}

    def getUsersInfo(self):
        return None, (), {"userIDs": self.named()}

    addToBlacklist = removeFromBlacklist = getStatus = getUsersInfo

    def getBlacklist(self):
        return None, (), {}

    getDevices = logout = getBlacklist

    def setBackground(self):
        return None, (), {"background": self.pick([True, False], [1])}

    def kickDevice(self):
        user = self.pick(USERS)
        mine = [device for device in ALL_DEVICES if device.startswith(user)]
        return None, (user,), {"clientID": self.pick(mine, ["ann:ios:1", "nothing", None])}

    # ---- uploads

    def createUpload(self):
        usual = self.random.choice([500, 2000, 3001])
        size = self.pick([usual], [0, "5", 5001, 5000, None], 10)
        sha256 = self.pick([None, hashlib.sha256(content(usual)).hexdigest()], ["0" * 64, "x"], 6)
        chunk = self.pick([1024, 1024, None], [1023, 262145])
        name = self.pick(["a.png"], ["", None, "n" * 256], 15)
        return None, (), {"name": name, "contentType": "image/png", "size": size, "sha256": sha256, "chunkBytes": chunk}

    def upload(self):
        """Which one, of the newest first, and whose it is."""
        there = self.world.uploads[::-1]
        back = self.random.randint(1, len(there) or 1)
        return (there[back - 1] if there else None), (back if not self.once_in(20) else 0)

    def finishUpload(self):
        """Mostly one that is complete."""
        whole = [n for n, upload in enumerate(self.world.uploads[::-1], 1) if len(upload.chunks) == upload.count]
        upload, back = self.upload()
        if whole and not self.once_in(4):
            upload, back = self.world.uploads[-whole[0]], whole[0]
        return None, (upload.device.user,) if upload else (), {"uploadID": UploadID(back)}

    abortUpload = finishUpload

    def chunk(self):
        """Mostly one that is missing, by who may send it."""
        upload, back = self.upload()
        if not upload:
            return self.command("upload")
        missing = [n for n in range(upload.count) if n not in upload.chunks]
        number = self.pick(missing, [0, 1, upload.count, "00", "x", -1], 5)
        device = upload.device.id if not self.once_in(10) else self.device()
        change, qos = self.pick([0], [1, -1], 15), self.pick([1, 1, 0, 2])
        return Chunk(device, back, number, change, number not in missing and self.once_in(2), qos)

    # ---- administrators

    def act(self):
        """An administrator does as somebody else what they could do themselves."""
        step = self.command(self.pick(["govern", "read", "change", "people"], ["administer"]))
        user = self.pick([step.device.split(":")[0]], ["nobody", "a b", "", 5], 20)
        return Command(self.device((ADMIN,)), step.name, step.fields | {"as": user})

    def by_admin(self, **fields):
        return None, (ADMIN,), fields

    def importUsers(self):
        users = self.random.sample([*USERS, "fay"], 3)
        return self.by_admin(userIDs=self.pick([users, [*users, users[0]]], [["a b"], [], "bob"]))

    def one(self):
        return self.pick(USERS, ["nobody", "a b"], 12)

    def kickUser(self):
        return self.by_admin(userID=self.pick(USERS[:5], ["nobody", "a b"], 12))

    def deleteUser(self):
        user, purge = self.pick(USERS[:5], ["nobody", "a b"], 12), self.pick([None, False, True, True], [1])
        return self.by_admin(userID=user, purge=purge)

    def banUser(self):
        """Half of the time somebody who is banned is let in again."""
        user = self.pick([*self.world.banned] or USERS[:5], [self.one()], 4)
        odd = self.random.choice([-1, 2**32, None])
        seconds = 0 if user in self.world.banned else self.pick([3600, 2**32 - 1], [odd, 0])
        return self.by_admin(userID=user, seconds=seconds, reason=self.reason())

    def muteUser(self):
        seconds = lambda: self.pick([3600, 2**32 - 1, 0, 0], [-1, 2**32]) if self.once_in(2) else None  # noqa: E731
        return self.by_admin(userID=self.one(), c2cSeconds=seconds(), groupSeconds=seconds())

    def getUser(self):
        return self.by_admin(userID=self.one())

    def getUsers(self):
        return self.by_admin(after=self.given("users"), limit=self.pick([None, 2, 3], [0, 501]))

    def getGroups(self):
        return self.by_admin(after=self.given("groups"), limit=self.pick([None, 2, 3], [0, 501]))

    def given(self, kind):
        """A number that was given to go on with."""
        return self.pick([next for what, next in self.world.pages if what == kind], [None, 0, 2**40], 3)

    def broadcast(self):
        return self.by_admin(text=self.pick(["to all", "darn"], [None, 5, ""]))

    def sendNotice(self):
        group = self.group() if self.once_in(2) else None
        users = None if group and not self.once_in(10) else self.named()
        return self.by_admin(text=self.pick(["to some"], [None, 5]), group=group, userIDs=users)

    def broadcastLive(self):
        payload = self.payload()
        return self.by_admin(**({"text": payload} if isinstance(payload, str) else payload))

    def importMessages(self):
        messages = [self.imported(*self.place()) for _ in range(self.random.randint(1, 3))]
        unread = self.pick([None, True, False], [1])
        return self.by_admin(messages=self.pick([messages], [[], None, "x"], 20), unread=unread)

    def imported(self, where, users):
        payload = self.payload()
        payload = {"text": payload} if isinstance(payload, str) else payload
        moment = self.pick([Ago(0), Ago(0), Ago(0), Ago(0.5), Ago(1000000)], [Ago(-1000), 0, None, 1600000000000])
        return self.some(sender=self.pick([*users] or USERS, ["nobody", None]), **dict([where]), time=moment) | payload

    def sendMessage(self):
        (kind, name), users = self.place()
        payload = self.payload()
        payload = {"text": payload} if isinstance(payload, str) else payload
        return self.by_admin(sender=self.pick([*users] or USERS, ["nobody"]), **{kind: name}, **payload)

    def getReadReceipts(self):
        (_, name), users, found = self.aim(["group"])
        two = [found["id"], self.newest("id", ("group", name))]
        ids = self.pick([[found["id"]]], [two, [], [5] * 31, None, [2**50]], 6)
        return None, users, {"group": name, "ids": ids}

    def getMessageReaders(self):
        (_, name), users, found = self.aim(["group"])
        read, offset = self.pick([None, True, False], [1]), self.pick([None, 0, 1], [-1])
        return None, users, {"group": name, "id": found["id"], "read": read, "offset": offset,
                             "limit": self.pick([None, 1], [0])}  # fmt: skip

    # ---- messages

    def payload(self):
        if self.once_in(12):
            return self.pick(BROKEN)
        if self.once_in(6):
            return "hello"
        fields = {"text": self.pick(["a", "b", '\u00e4\u0000"', LONG, "DARN it", "a badword here"])}
        if self.once_in(5):
            fields = dict(self.pick(OTHER_CONTENTS))
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

    # ---- reviews

    def decide(self):
        """There is a reviewer mostly, who has something to do, and mostly decides the oldest first."""
        judge = self.world.devices[JUDGE]
        waiting = [item for item in self.world.held if item.given]
        if not judge.connected:
            return Wait() if self.once_in(6) else Connect(JUDGE)
        if REVIEWS not in judge.subscriptions:
            return Subscribe(JUDGE, REVIEWS)
        if self.once_in(15):
            return self.pick([Wait(), Disconnect(JUDGE), Unsubscribe(JUDGE, REVIEWS)])
        if len(waiting) < 4 and not self.once_in(4):
            name = self.pick(["publish", "editMessage", "inviteGroupMember", "joinGroup"])
            return self.publish() if name == "publish" else self.command_of(name)
        by = JUDGE if not self.once_in(12) else self.device()
        return Command(by, "reviewed", self.some(**self.reviewed()[2]))

    def reviewed(self):
        waiting = [item for item in self.world.held if item.given]
        number = self.pick([1, 1, self.random.randint(1, len(waiting) or 1)], [len(waiting) + 1], 20)
        action = self.pick(["pass", "pass", "refuse", "drop", "replace"], ["", "keep", None], 20)
        message = self.pick([{"text": "better", "x": 1}], [*OTHER_CONTENTS, {"text": "a", "seq": 1}, "text", None], 5)
        fields = {"review": Review(number), "action": action}
        if action == "refuse":
            fields |= {"code": self.pick([None, 10150, 120500], [7, 20006]), "error": self.pick([None, "no ads"])}
        if action == "replace":
            fields["message"] = message
        if action == "pass" and self.once_in(3):
            fields["refused"] = self.random.sample(USERS, 2)
        return None, (ADMIN,), fields

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
        return self.publish() if self.once_in(2) else self.command(self.pick(["govern", "govern", "change"]))

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
