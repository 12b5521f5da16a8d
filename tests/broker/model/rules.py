# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The group commands. Each function is given a Call: it says what is wrong with it (`refuse`), or else
changes the world and returns the data of the answer. Where several things are wrong any of the codes will do:
the rules do not say which comes first."""
import re
import time

from model.world import (ADMIN, CHATROOM, LIVE, NUMBER, PRIVATE, PUBLIC, SYSTEM, Any, Device, Group, Member,
                         in_any_order, one_of)

TYPES = {name: name for name in (PRIVATE, PUBLIC, CHATROOM, LIVE)} | {"Work": PRIVATE, "Meeting": CHATROOM}
ADD = ("FreeAccess", "NeedPermission", "DisableApply")
INVITE = ("FreeAccess", "NeedPermission", "DisableInvite")
TEXTS = {"groupName": 30, "introduction": 240, "notification": 300, "faceURL": 100}
TEXTS_OF_USERS = {"nickname": 64, "faceURL": 100, "selfSignature": 500}
FILTERED = {"groupName", "introduction", "notification", "nameCard", "nickname"}  # where the word filter looks
OPTIONS = {"addOpt": ADD, "inviteOpt": INVITE}
RECEIVE = ("AcceptAndNotify", "AcceptNotNotify", "Discard")
SETTINGS = ("allMuted", *OPTIONS)
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*\Z")
DEFAULTS = {
    PRIVATE: ("DisableApply", "FreeAccess"),
    PUBLIC: ("NeedPermission", "DisableInvite"),
    CHATROOM: ("FreeAccess", "DisableInvite"),
    LIVE: ("FreeAccess", "DisableInvite"),
}

RANKS = {None: 0, "member": 1, "admin": 2, "owner": 3, "app": 4}
ANYONE, NEVER = 0, 5
MEMBER, CHIEF, OWNER, APP = 1, 2, 3, 4
# who may, at least:  Private  Public   ChatRoom  live
RIGHTS = {
    "invite":          (MEMBER,  MEMBER,  MEMBER,   NEVER),
    "remove":          (OWNER,   CHIEF,   CHIEF,    NEVER),
    "dismiss":         (APP,     OWNER,   OWNER,    OWNER),
    "transfer":        (OWNER,   OWNER,   OWNER,    NEVER),
    "appoint":         (NEVER,   OWNER,   OWNER,    NEVER),
    "mute":            (APP,     CHIEF,   CHIEF,    OWNER),
    "allMuted":        (OWNER,   CHIEF,   CHIEF,    OWNER),
    "describe":        (MEMBER,  CHIEF,   CHIEF,    OWNER),
    "options":         (NEVER,   CHIEF,   CHIEF,    NEVER),
    "look":            (MEMBER,  ANYONE,  ANYONE,   ANYONE),
    "list":            (MEMBER,  MEMBER,  MEMBER,   OWNER),
    "decide":          (OWNER,   CHIEF,   CHIEF,    OWNER),
    "call all":        (OWNER,   CHIEF,   CHIEF,    OWNER),
    "ban":             (NEVER,   CHIEF,   CHIEF,    OWNER),
    "attach":          (OWNER,   CHIEF,   CHIEF,    OWNER),
    "read attached":   (MEMBER,  MEMBER,  MEMBER,   MEMBER),
}  # fmt: skip
TIPS = {
    "people": (PRIVATE, PUBLIC),  # join, invite, quit, kick; a live group gathers its own
    "texts": (PRIVATE, PUBLIC, CHATROOM, LIVE),
    "owner": (PRIVATE, PUBLIC, CHATROOM),
    "mute": (PUBLIC,),
    "admin": (PUBLIC,),
}
CONFLICT = 10024
OF_A_CONNECTION = {"ack", "setBackground", "setPushToken", "removePushToken", "logout", "renewUserSig", "watchStatus",
                   "unwatchStatus", "createUpload", "finishUpload", "abortUpload"}  # fmt: skip


def rank(group, user):
    return RANKS["app"] if user == ADMIN else RANKS[group.role(user)]


def may(group, user, right):
    return rank(group, user) >= RIGHTS[right][list(DEFAULTS).index(group.type)]


def bytes_of(text):
    return len(text.encode())


class Unforeseen(Exception):
    """The rules leave open what happened, and nobody was told: what comes then cannot be foreseen."""


class Call:
    """One command: its fields, and the codes it may be refused with. `perhaps`: the rules are silent, so the
    answer decides (and then everything else must be as after that answer)."""

    def __init__(self, world, device, name, fields, answer):
        self.world, self.device, self.me = world, device, device.user
        self.fields, self.answer, self.codes = fields, answer, set()
        self.refused = ()  # whom a reviewer has not let be invited
        self.acting = bool(fields.get("as"))
        if self.acting:
            self.act(name, fields["as"])

    def act(self, name, user):
        """An app admin does it as this user, from no device."""
        self.refuse(60010, self.me != ADMIN)
        self.refuse(10004, not isinstance(user, str) or not self.is_user_id(user) or name in OF_A_CONNECTION)
        self.refuse(20003, user not in self.world.users)
        if not self.codes:
            self.me, self.device = user, Device(f"{user}:none", 5)

    def has_joined(self, group):
        """Whether the caller is in a live group: by this connection, or for who has none by any."""
        return self.device in group.joined or (self.acting and any(d.user == self.me for d in group.joined))

    def refuse(self, code, when=True):
        if when:
            self.codes.add(code)

    def perhaps(self, code, when=True):
        if when and self.answer is None:
            raise Unforeseen
        self.refuse(code, when and self.answer.get("code") == code)

    def text(self, name, limit=None, required=False):
        value = self.fields.get(name)
        if value is None or value == "":
            self.refuse(10004, required)
            return None
        if not isinstance(value, str) or (limit and bytes_of(value) > limit):
            self.refuse(10004)
            return None
        return self.filter(value, limit) if name in FILTERED else value

    def filter(self, value, limit):
        """A text with a word that is not allowed, or that a replacement makes too long, is refused."""
        text = self.world.filtered(self.me, value)
        self.refuse(80001, text is None or bytes_of(text) > limit)
        return text

    def number(self, name, least, most, default=None):
        value = self.fields.get(name, default)
        right = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        self.refuse(10004, not right if name in self.fields else False)
        return value if right else default

    def choice(self, name, values):
        value = self.text(name)
        self.refuse(10004, value is not None and value not in values)
        return value

    def user(self, name="userID"):
        value = self.text(name, required=True)
        self.refuse(10004, value is not None and not self.is_user_id(value))
        return value

    @staticmethod
    def is_user_id(value):
        return bool(NAME.match(value)) and bytes_of(value) <= 32

    def address(self, system=False):
        """One of to and group: which, and its value."""
        named = [name for name in ("to", "group") if name in self.fields]
        self.refuse(10004, len(named) != 1)
        kind = named[0] if len(named) == 1 else None
        if kind == "to" and not (system and self.fields["to"] == SYSTEM):
            return kind, self.user("to")
        return kind, self.text(kind, required=True) if kind else None

    def group(self, right=None, field="groupID"):
        """The group that is named and there; the caller must have the right."""
        name = self.text(field, required=True)
        group = self.world.in_group(name) if name else None
        self.refuse(10010, name is not None and group is None)
        if group and right:
            self.refuse(10007, not may(group, self.me, right))
        return group

    def silent(self):
        """Only an app admin may say so: no tip, no notice."""
        value = self.fields.get("silent")
        self.refuse(10004, value is not None and not isinstance(value, bool))
        self.refuse(60010, value is not None and self.me != ADMIN)
        return bool(value)

    def time(self, name, fields=None):
        """Of a group that was made elsewhere, for app admins: not in the future."""
        value = (self.fields if fields is None else fields).get(name)
        if value is not None:
            right = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            self.refuse(10004, not right or value > (time.time() + 300) * 1000)
            self.refuse(60010, self.me != ADMIN)
        return value

    def candidates(self, names=False):
        """Who is to become a member: objects, or (`names`) userIDs as well; objects are then for app admins."""
        value = self.fields.get("members")
        if not isinstance(value, list) or not all(isinstance(item, (dict, str) if names else dict) for item in value):
            self.refuse(10004)
            return []
        self.refuse(10005, len(value) > 100)
        self.refuse(60010, names and self.me != ADMIN and any(isinstance(item, dict) for item in value))
        out = [{"userID": item} if isinstance(item, str) else item for item in value]
        for item in out:
            self.refuse(10004, item.get("role", "member") not in ("admin", "member"))
            self.time("joinTime", item)
        return out

    def people(self, name="members", least=0):
        value = self.fields.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(10004)
            return []
        self.refuse(10004, len(value) < least)
        self.refuse(10005, len(value) > 100)
        return value


def is_full(world, group):
    return not group.live and len(group.members) >= world.limits[group.type]


def add(world, group, user, role="member", since=None):
    """Whoever is in has been decided about."""
    member = group.members[user] = Member(role, world.now, since or NUMBER)
    there = [m for m in world.log if m.lane == group.lane and m.is_content and since and (m.time or since) >= since]
    if any(message.imported for message in there):
        member.begin = there[0].position - 1
        world.read[user, group.lane] = world.now  # nothing of it is unread
    if group.waiting.pop(user, None):
        group.handled.add(user)


def tip(world, what, group, *args, **more):
    if group.type in TIPS[what]:
        world.tip(group, *args, **more)


def chiefs(group):
    return [user for user, member in group.members.items() if member.role in ("owner", "admin")]


# ---- groups


def createGroup(call):
    world, fields = call.world, call.fields
    kind = TYPES.get(call.choice("groupType", TYPES))
    call.refuse(10004, not kind)
    name = call.text("groupID")
    call.refuse(10015, bool(name) and (not NAME.match(name) or bytes_of(name) > 48))
    taken = world.groups.get(name)
    if taken:
        mine = taken.role(call.me) == "owner"
        call.refuse(10025 if mine and not taken.dismissed else 10021)
        call.perhaps(10025, mine)
    info = {field: call.text(field, limit) or "" for field, limit in TEXTS.items()}
    options = {field: call.choice(field, values) for field, values in OPTIONS.items()}
    for given, fixed in zip(options.values(), DEFAULTS[kind] if kind in (PRIVATE, LIVE) else ()):
        call.refuse(10007, given not in (None, fixed))
        call.perhaps(10007, given == fixed)
    named = call.candidates() if fields.get("members") else []
    call.refuse(10007, kind == LIVE and bool(named))
    owner, created = owner_of_new(call), call.time("createTime")
    silent = call.silent() or created
    if call.codes:
        return None
    name = name or call.answer["data"]["groupID"]
    for (field, given), default in zip(options.items(), DEFAULTS[kind]):
        info[field] = given or default
    info["groupName"] = info["groupName"] or name[: TEXTS["groupName"]]
    group = world.groups[name] = Group(name, kind, {**info, "allMuted": False}, created=created or NUMBER)
    if owner:
        add(world, group, owner, "owner", created)
    results, added = [], []
    for member in named:
        user = member["userID"]
        result = result_of_adding(world, group, user, call.me)
        results.append({"userID": user, "result": result})
        if result == 1:
            add(world, group, user, member.get("role", "member"), member.get("joinTime", created))
            added.append(user)
    if owner and not group.live:
        tell_membership(call, owner, group, True)
    tell_of_invited(world, group, call.me, () if silent else added)
    tell_silently(call, group, added if silent else (), True)
    return {"groupID": name, "members": results}


def tell_membership(call, user, group, member):
    """To all their devices but the one that has done it."""
    call.world.event(user, but=call.device, event="conversation", group=group.id, member=member)


def tell_silently(call, group, users, member):
    for user in users:
        tell_membership(call, user, group, member)


def owner_of_new(call):
    """An app admin may name somebody, or ("") nobody."""
    owner = call.fields.get("owner")
    if owner is None or (owner == "" and call.me != ADMIN):
        return call.me  # what is empty counts as absent
    call.refuse(60010, call.me != ADMIN)
    call.refuse(10004, not isinstance(owner, str) or (owner and not call.is_user_id(owner)))
    call.refuse(20003, bool(owner) and owner not in call.world.users)
    return owner


def result_of_adding(world, group, user, by):
    if user not in world.users:
        return 0
    if user in group.members:
        return 2
    if by in world.blacklists.get(user, ()) and by != ADMIN:
        return 0
    return 4 if is_full(world, group) else 1


def tell_of_invited(world, group, operator, added):
    if added:
        tip(world, "people", group, "invite", operator, added)
    for user in added:
        world.notice(user, "invited", group, operator)


def end_group(group):
    group.dismissed = True
    group.waiting.clear()


def dismissGroup(call):
    group = call.group("dismiss")
    if call.codes:
        return None
    if group.live:
        call.world.tip(group, "dismiss", call.me)
    members = list(group.members)
    end_group(group)
    for user in members if not group.live else ():
        call.world.notice_later(user, "dismissed", group, call.me)
    return {}


def setGroupInfo(call):
    group = call.group()
    changes = {field: call.text(field, limit) for field, limit in TEXTS.items()}
    changes.update({field: call.choice(field, values) for field, values in OPTIONS.items()})
    muted = call.fields.get("allMuted")
    call.refuse(10004, muted is not None and not isinstance(muted, bool))
    changes["allMuted"] = muted
    changes = {field: value for field, value in changes.items() if value is not None}
    call.refuse(10004, not changes)
    if not group:
        return None
    for field in changes:
        right = "describe" if field in TEXTS else "options" if field in OPTIONS else "allMuted"
        call.refuse(10007, not may(group, call.me, right))
    call.refuse(10007, rank(group, call.me) == 0)
    if call.codes:
        return None
    changed = {field: value for field, value in changes.items() if group.info[field] != value}
    group.info.update(changed)
    told = {field: value for field, value in changed.items() if field in TEXTS}
    if told:
        tip(call.world, "texts", group, "info", call.me, info=told)
    settings = {field: value for field, value in changed.items() if field in SETTINGS}
    if settings:
        for user in group.people():
            tell_settings(call.world, group, user, settings)
    return {}


def tell_settings(world, group, user, settings):
    """To every connected device of a member; in a live group to those that have joined, and the owner's."""
    for device in world.connected(user):
        if not group.live or user in group.members or device in group.joined:
            world.event_to(device, event="info", group=group.id, **settings)


def setGroupAttributes(call):
    group = call.group("attach")
    set_, delete, version = (call.fields.get(name) for name in ("set", "delete", "ifVersion"))
    call.refuse(10004, set_ is None and delete is None)
    if not group or call.codes:
        return None
    call.refuse(10056, version is not None and version != group.attributes_version)
    call.refuse(10004, bool(set(set_ or ()) & set(delete or ())))
    after = {key: value for key, value in group.attributes.items() if key not in (delete or ())} | (set_ or {})
    call.refuse(10045, len(after) > 16)
    call.refuse(10046, any(bytes_of(key) > 32 for key in set_ or ()))
    call.refuse(10047, any(bytes_of(value) > 4000 for value in (set_ or {}).values()))
    call.refuse(10048, sum(bytes_of(key) + bytes_of(value) for key, value in after.items()) > 16000)
    if call.codes:
        return None
    changed = {key: value for key, value in (set_ or {}).items() if group.attributes.get(key) != value}
    gone = [key for key in delete or () if key in group.attributes]
    if changed or gone:
        group.attributes, group.attributes_version = after, group.attributes_version + 1
        event = {"event": "attributes", "group": group.id, "set": changed, "delete": gone}
        call.world.tell_group(group, call.device, {**event, "version": group.attributes_version})
    return {"version": group.attributes_version}


def getGroupAttributes(call):
    group = call.group("read attached")
    if group and group.live and rank(group, call.me) < OWNER:
        call.refuse(10007, not call.has_joined(group))
    if call.codes:
        return None
    keys = call.fields.get("keys")
    wanted = {key: value for key, value in group.attributes.items() if keys is None or key in keys}
    return {"attributes": wanted, "version": group.attributes_version}


def getGroupInfo(call):
    group = call.group("look")
    if call.codes:
        return None
    online = sum(1 for user in group.members if call.world.connected(user))
    counts = {"memberCount": len(group.members), "onlineCount": online}
    if group.live:
        counts = {"memberCount": NUMBER, "onlineCount": NUMBER}
    more = {"groupID": group.id, "groupType": group.type, "owner": group.owner, "lastSeq": group.seq}
    more["lastID"] = NUMBER
    most = {"maxMembers": call.world.limits.get(group.type, 0)}
    return {**group.info, **more, **counts, **most, "createTime": group.created}


def listed(group, user):
    member = group.members.get(user)
    return {
        "userID": user,
        "role": member.role if member else "member",
        "nameCard": member.nameCard if member else "",
        "joinTime": member.since if member else NUMBER,
        "mutedUntil": group.muted.get(user, 0),
    }


def getGroupMembers(call):
    group = call.group("list")
    named, muted = call.fields.get("userIDs"), call.fields.get("muted")
    call.refuse(10004, named is not None and muted is not None)
    if call.codes:
        return None
    people = group.people()
    if named is not None:
        return {"members": [listed(group, user) for user in dict.fromkeys(named) if user in people]}
    if muted:
        there = [user for user in group.muted if group.live or user in people]
        return {"members": in_any_order([listed(group, user) for user in there])}
    if group.live:
        owner = {group.owner} - {"", *(device.user for device in group.joined)}

        def same(data):
            names = {member["userID"] for member in data["members"]}
            right = all(member == listed(group, member["userID"]) for member in data["members"])
            return names | {*owner} == {*people} and right

        return Any(f"{people}, {owner} perhaps", same)
    return {"members": in_any_order([listed(group, user) for user in people])}


# ---- members


def joinGroup(call):
    group, message = call.group(), call.text("message", 256)
    if not group:
        return None
    world, me = call.world, call.me
    call.refuse(10007, me in group.banned and me != ADMIN)
    if group.live:
        call.refuse(10004, not call.device.connected)
        call.refuse(10013, call.device in group.joined)
        call.perhaps(10013, any(device.user == me for device in group.joined))
        if not call.codes:
            group.joined.append(call.device)
        return {"status": "joined"}
    call.refuse(10013, me in group.members)
    if me != ADMIN:
        call.refuse(10007, group.type == PRIVATE or group.info["addOpt"] == "DisableApply")
        if group.info["addOpt"] == "NeedPermission":
            call.perhaps(10014, is_full(world, group))
            return apply(call, group, message)
    call.refuse(10014, is_full(world, group))
    if call.codes:
        return None
    add(world, group, me)
    tip(world, "people", group, "join", me, [me])
    tell_membership(call, me, group, True)
    return {"status": "joined"}


def apply(call, group, message):
    if call.codes:
        return None
    for user in chiefs(group) if ask(group, call.me, {"kind": "join", "message": message or ""}) else ():
        call.world.notice(user, "joinRequest", group, call.me, message)
    return {"status": "pending"}


def ask(group, user, application):
    """Asking again replaces what waits; an invitation replaces nothing, but the first inviter is kept. Is it something
    new to owner and admins?"""
    known = group.waiting.get(user)
    inviter = (known or {}).get("inviter") or application.get("inviter")
    if not known or application["kind"] == "join":
        group.waiting[user] = {"groupID": group.id, "userID": user, "time": NUMBER, **application}
    if inviter:
        group.waiting[user]["inviter"] = inviter
    return not known


def quitGroup(call):
    group = call.group()
    if not group:
        return None
    world, me = call.world, call.me
    call.refuse(10004, group.live and call.acting)
    call.refuse(10007, call.device not in group.joined if group.live else group.role(me) is None)
    call.refuse(10009, group.owner == me and group.type != PRIVATE)
    if call.codes:
        return None
    if group.live:
        world.leave_live(group, call.device)
        return {}
    del group.members[me]
    if not group.members:
        end_group(group)
    else:
        tip(world, "people", group, "quit", me, [me])
    tell_membership(call, me, group, False)
    return {}


def inviteGroupMember(call):
    group, named, silent = call.group("invite"), call.candidates(names=True), call.silent()
    if not group:
        return None
    option = group.info["inviteOpt"]
    call.refuse(10007, option == "DisableInvite" and call.me != ADMIN)
    if call.codes:
        return None
    waits = option == "NeedPermission" and rank(group, call.me) < CHIEF
    results, added, asked = [], [], []
    full = {m["userID"] for m in (call.answer or {}).get("data", {}).get("members", []) if m["result"] == 4}
    for candidate in named:
        user = candidate["userID"]
        result = result_of_adding(call.world, group, user, call.me)
        if user in group.banned and user not in group.members:
            result = 0
        result = 0 if user in call.refused else result
        call.perhaps(0, waits and result == 4 and call.answer is None)
        if waits and (result == 1 or (result == 4 and user not in full)):
            result = 3
            if ask(group, user, {"kind": "invite", "inviter": call.me, "message": ""}):
                asked.append(user)
        elif result == 1:
            add(call.world, group, user, candidate.get("role", "member"), candidate.get("joinTime"))
            added.append(user)
        results.append({"userID": user, "result": result})
    tell_of_invited(call.world, group, call.me, () if silent else added)
    tell_silently(call, group, added if silent else (), True)
    for user in chiefs(group) if asked else ():
        call.world.notice(user, "joinRequest", group, call.me)
    return {"members": results}


def deleteGroupMember(call):
    group, named, reason = call.group(), call.people(), call.text("reason", 256)
    silent = call.silent()
    if not group:
        return None
    if group.live:
        call.refuse(10004)
        call.perhaps(10007, group.role(call.me) is None)
        return None
    call.refuse(10007, not may(group, call.me, "remove"))
    if call.codes:
        return None
    results, removed = [], []
    for user in named:
        result = result_of_removing(call, group, user)
        results.append({"userID": user, "result": result})
        if result == 1:
            del group.members[user]
            removed.append(user)
    if removed and not silent:
        more = {"reason": reason} if reason else {}
        tip(call.world, "people", group, "kick", call.me, removed, **more)
    if removed and not group.members:
        end_group(group)
    for user in () if silent else removed:
        call.world.notice(user, "kicked", group, call.me, reason)
    tell_silently(call, group, removed if silent else (), False)
    return {"members": results}


def result_of_removing(call, group, user):
    if user not in call.world.users:
        return 0
    if user not in group.members:
        return one_of(0, 2) if user == call.me else 2
    return 1 if above(group, call.me, user) and user != call.me else 0


def above(group, me, user):
    """Nobody does anything to the owner, and an admin nothing to another admin."""
    role = group.role(user)
    return role != "owner" and (me == ADMIN or rank(group, me) > RANKS[role])


def setGroupMemberRole(call):
    group, user, role = call.group("appoint"), call.user(), call.text("role", required=True)
    call.refuse(10004, role not in ("admin", "member"))
    if not group:
        return None
    call.refuse(10007, user not in group.members or group.owner == user)
    if call.codes or group.members[user].role == role:
        return {}
    group.members[user].role = role
    kind, notice = ("setAdmin", "adminGranted") if role == "admin" else ("cancelAdmin", "adminRevoked")
    tip(call.world, "admin", group, kind, call.me, [user])
    call.world.notice(user, notice, group, call.me)
    return {}


def transferGroupOwner(call):
    group, user = call.group("transfer"), call.user()
    if not group:
        return None
    call.refuse(10007, user not in group.members or group.owner == user)
    if call.codes:
        return None
    if group.owner:
        group.members[group.owner].role = "member"
    group.members[user].role = "owner"
    tip(call.world, "owner", group, "transfer", call.me, [user])
    call.world.notice(user, "ownerGranted", group, call.me)
    return {}


def muteGroupMember(call):
    group, user, seconds = call.group("mute"), call.user(), call.fields.get("seconds")
    valid = isinstance(seconds, int) and not isinstance(seconds, bool) and 0 <= seconds < 2**32
    call.refuse(10004, not valid)
    if not group:
        return None
    there = group.role(user) is not None or (group.live and user in group.muted and seconds == 0)
    call.refuse(10007, not there or not above(group, call.me, user))
    if call.codes:
        return None
    if seconds == 0 and user not in group.muted:
        return {}
    end = time.time() + seconds
    until = Any(f"about {end:.0f} s", lambda ms: isinstance(ms, int) and abs(ms / 1000 - end) < 60)
    until = until if seconds else 0
    group.muted[user] = until
    if not seconds:
        del group.muted[user]
    tip(call.world, "mute", group, "mute", call.me, [user], info={"mutedUntil": until})
    call.world.event(user, event="info", group=group.id, mutedUntil=until)
    return {}


def banGroupMember(call):
    group, user, seconds = call.group("ban"), call.user(), call.fields.get("seconds")
    reason = call.text("reason", 256)
    call.refuse(10004, not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 <= seconds < 2**32)
    call.refuse(20003, isinstance(user, str) and user not in call.world.users)
    if not group or call.codes:
        return None
    call.refuse(10007, user in (call.me, ADMIN) or (group.role(user) and not above(group, call.me, user)))
    if call.codes:
        return None
    if not seconds:
        if user in group.banned:
            lift(call.world, group, user)
        return {}
    group.banned.add(user)
    remove_banned(call, group, user, {"reason": reason} if reason else {})
    return {}


def lift(world, group, user):
    group.banned.remove(user)
    if group.live:
        world.event(user, event="info", group=group.id, bannedUntil=0)


def remove_banned(call, group, user, why):
    there = group.role(user) is not None
    if group.live:
        for device in [device for device in group.joined if device.user == user]:
            call.world.leave_live(group, device)
        if there:
            call.world.tip(group, "kick", call.me, [user], **why)
        call.world.event(user, event="info", group=group.id, bannedUntil=NUMBER)
    elif there:
        del group.members[user]
        tip(call.world, "people", group, "kick", call.me, [user], **why)
        call.world.notice(user, "kicked", group, call.me, why.get("reason"))


def getGroupBans(call):
    group = call.group("ban")
    if call.codes:
        return None
    answered = {ban["userID"] for ban in call.answer.get("data", {}).get("bans", [])}
    if answered != group.banned:
        return {"bans": sorted(group.banned)}  # the names say what is wrong
    return call.answer["data"]


def setGroupMemberInfo(call):
    group, card, option = call.group(), call.text("nameCard", 50), call.choice("receiveOption", RECEIVE)
    user = call.user() if "userID" in call.fields else call.me
    call.refuse(10004, card is None and option is None)
    if not group:
        return None
    call.refuse(10007, rank(group, call.me) == 0 or user not in group.members)
    call.refuse(10007, option is not None and (user != call.me or group.live))
    if user != call.me and user in group.members:
        call.refuse(10007, not may(group, call.me, "remove") or not above(group, call.me, user))
    if call.codes:
        return None
    member = group.members[user]
    member.nameCard = card or member.nameCard
    if option not in (None, member.receiveOption):
        call.world.event(user, but=call.device, event="conversation", group=group.id, receiveOption=option)
    member.receiveOption = option or member.receiveOption
    return {}


# ---- applications


def getGroupApplications(call):
    if call.fields.get("groupID"):
        groups = [call.group("decide")]
    else:
        groups = [g for g in call.world.groups.values() if not g.dismissed and call.me in chiefs(g)]
    if call.codes:
        return None
    return {"applications": in_any_order([a for group in groups for a in group.waiting.values()])}


def handleGroupApplication(call):
    group, user, reason = call.group("decide"), call.user(), call.text("reason", 256)
    accept = call.fields.get("accept")
    call.refuse(10004, not isinstance(accept, bool))
    if not group:
        return None
    application = group.waiting.get(user)
    if not application:
        call.refuse(CONFLICT if user in group.handled else 10004)
        call.perhaps(CONFLICT, user in group.members)
    if application and accept is True:
        call.refuse(10007, user in group.banned)
        call.refuse(10014, is_full(call.world, group))
        blacklist, by = call.world.blacklists.get(user, ()), application.get("inviter")
        call.refuse(20007, application["kind"] == "invite" and by in blacklist)
    if call.codes:
        return None
    if accept:
        invited = application["kind"] == "invite"
        by = application["inviter"] if invited else user
        add(call.world, group, user)
        tip(call.world, "people", group, "invite" if invited else "join", by, [user])
    del_application(group, user)
    tell_decision(call, group, application, reason)
    return {}


def del_application(group, user):
    group.waiting.pop(user, None)
    group.handled.add(user)


def tell_decision(call, group, application, reason):
    user, inviter = application["userID"], application.get("inviter")
    invited = application["kind"] == "invite"
    if call.fields["accept"] and invited:
        call.world.notice(user, "invited", group, inviter, reason)
    elif call.fields["accept"]:
        call.world.notice(user, "joinAccepted", group, call.me, reason)
    else:
        if not invited:
            call.world.notice(user, "joinRefused", group, call.me, reason)
        if inviter:
            call.world.notice(inviter, "inviteRefused", group, call.me, reason)


COMMANDS = [createGroup, dismissGroup, setGroupInfo, getGroupInfo, getGroupMembers, joinGroup, quitGroup,
            inviteGroupMember, deleteGroupMember, setGroupMemberRole, transferGroupOwner, muteGroupMember,
            setGroupMemberInfo, getGroupApplications, handleGroupApplication, setGroupAttributes,
            getGroupAttributes, banGroupMember, getGroupBans]  # fmt: skip
