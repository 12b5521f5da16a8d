# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a user sees, and how far: sync, history, the list, what is unread, who has read what."""
from model.rules import RANKS, rank
from model.world import ADMIN, CHATROOM, LIVE, NUMBER, PRIVATE, PUBLIC, Any

SAFE = 2**53 - 1
SYSTEM_NAME = "@system"


# ---- conversations


class Place:
    """A conversation that a command names: what it is called, and (a stored one) where its messages are."""

    def __init__(self, call, own):
        self.kind, self.name = call.address(system=True)
        self.group, self.lane = None, None
        world, me = call.world, call.me
        if self.kind == "to" and self.name == SYSTEM_NAME:
            self.lane = ("notices", me)
        elif self.kind == "to":
            self.lane = ("pair", *sorted((me, self.name or "")))
            call.refuse(20003, self.name == me or not (self.name in world.users or world.is_in_pair(me, self.lane)))
        elif self.kind == "group":
            self.group, self.lane = world.in_group(self.name), ("group", self.name)
            call.refuse(10010, not self.group)
            if self.group:
                self.refuse_strangers(call, own)

    def refuse_strangers(self, call, own):
        """To have joined a live group is the connection's."""
        group, me = self.group, call.me
        call.refuse(10007, group.role(me) is None and (own or me != ADMIN))
        if group.live and group.owner != me and (own or me != ADMIN):
            call.perhaps(10007, not call.has_joined(group))

    @property
    def live(self):
        return bool(self.group and self.group.live)

    @property
    def fields(self):
        return {self.kind: self.name}


def may_find(world, user, message):
    """A ChatRoom shows what was before joining, and an app admin reads any group. One's own deletions of single
    messages do not count."""
    kind, *names = message.lane
    if kind != "group":
        return user in names and not world.has_cleared(user, message)
    group = world.in_group(names[0])
    member = group and group.members.get(user)
    if not member:
        return bool(group) and user == ADMIN
    all_of_it = group.type == CHATROOM or user == ADMIN
    return (all_of_it or member.has(message)) and not world.has_cleared(user, message)


def is_shown(world, user, message):
    """In the history, and in the list. Who is no member has deleted nothing."""
    kind, *names = message.lane
    visitor = kind == "group" and user not in world.groups[names[0]].members
    return may_find(world, user, message) and (visitor or not world.has_deleted(user, message))


def history_of(world, user, lane):
    return [message for message in world.log if message.lane == lane and is_shown(world, user, message)]


def getHistory(call):
    fields, place = call.fields, Place(call, own=False)
    ends = {"newest": ("before", "beforeTime", "seq"), "oldest": ("after", "afterTime")}
    for names in ends.values():
        for name in names:
            call.number(name, 1 if name == "seq" else 0, SAFE)
        call.perhaps(10004, place.live and len([name for name in names if name in fields]) > 1)
        call.refuse(10004, not place.live and len([name for name in names if name in fields]) > 1)
    limit = call.number("limit", 1, 100, 20)
    if call.codes:
        return None
    if place.live:
        return page(place.group.history, limit, newest=True)
    found = history_of(call.world, call.me, place.lane)
    by_time = {"beforeTime", "afterTime"} & fields.keys()
    if by_time and any(message.imported for message in found):
        return Any("a page somewhere in times that go back")
    known = {message.id for message in found} if by_time else {fields.get("before"), fields.get("after"), None}
    if (by_time and None in known) or not known <= {None, *(m.id for m in call.world.log if m.lane == place.lane)}:
        return Any("a page from somewhere")  # nobody has seen all of these yet, or an id is of somewhere else
    newest = any(name in fields for name in ends["newest"]) or not any(name in fields for name in ends["oldest"])
    rest = any(m.lane == place.lane and call.world.has_deleted(call.me, m) for m in call.world.log)
    return page([m for m in found if is_between(call.world, m, fields)], limit, newest, rest)


def is_between(world, message, fields):
    """Ids and times are exclusive, a seq is not."""
    position = lambda name: find(world, message.lane, fields[name]).position  # noqa: E731
    return (
        ("before" not in fields or message.position < position("before"))
        and ("after" not in fields or message.position > position("after"))
        and ("beforeTime" not in fields or message.time < fields["beforeTime"])
        and ("afterTime" not in fields or message.time > fields["afterTime"])
        and ("seq" not in fields or message.position <= bearer(world, message.lane, fields["seq"]))
    )


def page(messages, limit, newest, rest=False):
    """The newest or the oldest of them, by rising id. That only deleted ones are left (`rest`) may be known, or not."""
    wanted = messages[::-1] if newest else messages

    def same(data):
        found = data["messages"][::-1] if newest else data["messages"]
        right = len(found) == min(limit, len(wanted)) and by_action(wanted, found)
        return right and (data["complete"] == (len(wanted) <= limit) or (rest and len(wanted) == limit))

    return Any(f"{'newest' if newest else 'oldest'} {limit} of {messages}", same)


def by_action(wanted, found):
    """In order, but for those of one action."""
    left = list(wanted)
    for data in found:
        ready = [message for message in left if message.action == left[0].action]
        match = next((message for message in ready if message.seen(data)), None)
        if not match:
            return False
        left.remove(match)
    return True


# ---- sync


def sync(call):
    after, limit = call.number("after", 0, SAFE), call.number("limit", 1, 500, 100)
    call.refuse(10004, after is None)
    if call.codes:
        return None
    world = call.world
    last = max((m for m in world.log if m.id and m.id <= after), key=lambda m: m.position, default=None)
    mine = [m for m in world.log[last.position if last else 0 :] if world.may_have(call.me, m)]

    def same(data):
        found, complete = data["messages"], len(mine) <= limit
        right = len(found) == min(limit, len(mine)) and by_action(mine, found) and data["complete"] == complete
        until = next(m.position for m in mine if m.id == found[-1]["id"]) if right and not complete else world.now
        deletions = world.log[last.position : until] if after and last else []
        return right and has_deletions(world, data, [m for m in deletions if m.lane == ("deletions", call.me)])

    return Any(f"{limit} of {mine}, and what was deleted since", same)


def has_deletions(world, data, deletions):
    """Those since then, as far as the page goes."""
    wanted = {m.body["deletion"] for m in deletions if world.is_certain(m)}
    allowed = {m.body["deletion"] for m in deletions}
    gone = {("deleted", id) for id in data.get("deleted", [])}
    cleared = {tuple(item.items())[0] for item in data.get("cleared", [])}
    others = data.keys() - {"deleted", "cleared", "after"}
    return wanted <= gone | cleared <= allowed and others == {"messages", "complete"}


# ---- unread


def is_unread(world, user, message):
    """Others' messages with content, after the read position and joining; not in a ChatRoom, nor for who discards."""
    if not counts_for(world, user, message):
        return False
    if message.lane[0] == "group":
        group = world.groups[message.lane[1]]
        if group.type == CHATROOM or group.members[user].receiveOption == "Discard":
            return False
    return True


def counts_for(world, user, message):
    of_others = message.is_content and not message.is_recalled and message.body["sender"] != user
    if not of_others or message.silent or message.read_by_all or not world.may_have(user, message):
        return False
    return message.position > world.read.get((user, message.lane), 0)


def unread(world, user, lane=None):
    return sum(1 for m in world.log if (lane is None or m.lane == lane) and is_unread(world, user, m))


def getUnread(call):
    return {"totalUnread": unread(call.world, call.me)}


def markRead(call):
    world, me, fields, place = call.world, call.me, call.fields, Place(call, own=True)
    call.number("id", 0, SAFE), call.number("seq", 1, SAFE)
    call.refuse(10004, "id" in fields and "seq" in fields)
    if call.codes or place.live:
        return None if call.codes else {}
    up_to = bearer(world, place.lane, fields["seq"]) if "seq" in fields else newest(world, place.lane, fields.get("id"))
    before = world.read.get((me, place.lane), 0)
    if up_to <= before:
        return {}
    freed = unread(world, me, place.lane)
    world.read[me, place.lane] = up_to
    tell_read(call, place, optional=freed == unread(world, me, place.lane))
    return {}


def newest(world, lane, id):
    """The position of the newest message of a conversation, or of the newest up to this id."""
    found = [m for m in world.log if m.lane == lane and (not id or (m.id and m.id <= id))]
    return found[-1].position if found else 0


def bearer(world, lane, seq):
    """The position of the message with this seq."""
    found = [m.position for m in world.log if m.lane == lane and m.is_content and m.body["seq"] == seq]
    return found[-1] if found else 0


def tell_read(call, place, optional):
    """Moving over what does not count (one's own, tips) may be told or not."""
    world, me = call.world, call.me
    for device in world.others(call.device):
        counts = {"unread": unread(world, me, place.lane), "totalUnread": unread(world, me), "readID": NUMBER}
        world.event_to(device, optional, event="unread", **place.fields, **counts)
    for device in world.connected(place.name) if place.kind == "to" else ():
        world.event_to(device, optional, event="read", user=me, id=NUMBER, time=NUMBER)


# ---- lists


def getConversations(call):
    world, me = call.world, call.me
    before, limit = call.number("before", 1, SAFE), call.number("limit", 1, 500, 100)
    place = Place(call, own=True) if {"to", "group"} & call.fields.keys() else None
    if call.codes:
        return None
    found = listed_conversations(world, me)
    if place:
        page = [conversation_entry(world, me, *item) for item in found if item[0] == place.lane]
        return {"conversations": page, "complete": True, "totalUnread": unread(world, me)}
    last = [message for _, message in found]
    if before and not any(message.id and message.id >= before for message in world.log):
        before = None
    if before:
        at = next((n for n, message in enumerate(last) if message.id == before), None)
        if at is None:
            return Any("a page from somewhere")
        found = found[at + 1 :]
    page = [conversation_entry(world, me, *item) for item in found[:limit]]
    return {"conversations": page, "complete": len(found) <= limit, "totalUnread": unread(world, me)}


def listed_conversations(world, me):
    """Each with its last message: pinned ones first, then the newest. An app admin has here what any member has."""
    last = {}
    for message in world.log:
        mine = message.lane[0] == "pair" and me in message.lane
        group = world.in_group(message.lane[1]) if message.lane[0] == "group" else None
        from_before = group and group.type == CHATROOM and me in group.members and is_shown(world, me, message)
        if (mine or group) and (from_before or world.may_have(me, message)):
            last[message.lane] = message
    shown = [(lane, m) for lane, m in last.items() if m.position > world.hidden.get((me, lane), 0)]
    return sorted(shown, key=lambda item: ((me, item[0]) not in world.pinned, -item[1].position))


def conversation_entry(world, me, lane, last):
    kind, *names = lane
    if kind == "group":
        group = world.groups[names[0]]
        where = {"group": group.id, "groupType": group.type, "receiveOption": group.members[me].receiveOption}
    else:
        where = {"to": names[1] if names[0] == me else names[0], "peerReadID": NUMBER}
    read = {"unread": unread(world, me, lane), "atMe": is_named(world, me, lane), "readID": NUMBER}
    is_last = Any(last, last.seen)
    return {**where, **read, "pinned": (me, lane) in world.pinned, "lastMessage": is_last}


def is_named(world, me, lane):
    named = lambda at: at == "@all" or (isinstance(at, list) and me in at)  # noqa: E731
    return any(m.lane == lane and counts_for(world, me, m) and named(m.body.get("at")) for m in world.log)


def setConversation(call):
    world, me, place = call.world, call.me, Place(call, own=True)
    pinned = call.fields.get("pinned")
    call.refuse(10004, pinned is not None and not isinstance(pinned, bool))
    call.refuse(10004, place.live or place.name == SYSTEM_NAME)
    call.perhaps(10004, place.kind == "to" and not world.is_in_pair(me, place.lane))
    if call.codes:
        return None
    if pinned is not None and pinned != ((me, place.lane) in world.pinned):
        for device in world.others(call.device):
            world.event_to(device, event="conversation", **place.fields, pinned=pinned)
        (world.pinned.add if pinned else world.pinned.discard)((me, place.lane))
    return {}


def getJoinedGroups(call):
    return {"groups": joined_groups(call.world, call.me)}


def joined_groups(world, user):
    """A live group of one's own may be in it."""
    groups = {g.id: g for g in world.groups.values() if not g.dismissed and user in g.members}

    def same(entries):
        found = {entry["groupID"]: entry for entry in entries}
        mine = {name for name, group in groups.items() if group.type != LIVE}
        return mine <= found.keys() <= groups.keys() and all(
            entry == joined_entry(world, user, groups[name]) for name, entry in found.items()
        )

    return Any(f"{[joined_entry(world, user, group) for group in groups.values()]}", same)


def joined_entry(world, user, group):
    member = group.members[user]
    return {
        "groupID": group.id,
        "groupName": group.info["groupName"],
        "groupType": group.type,
        "faceURL": group.info["faceURL"],
        "owner": group.owner,
        "memberCount": NUMBER if group.live else len(group.members),
        "allMuted": group.info["allMuted"],
        "role": member.role,
        "nameCard": member.nameCard,
        "joinTime": member.since,
        "mutedUntil": group.muted.get(user, 0),
        "receiveOption": member.receiveOption,
        "lastSeq": group.seq,
        "lastID": NUMBER,
        "unread": unread(world, user, group.lane),
    }


# ---- receipts


def getReadReceipts(call):
    group, ids = group_of_receipts(call), call.fields.get("ids")
    numbers = isinstance(ids, list) and bool(ids) and all(isinstance(id, int) and id > 0 for id in ids)
    call.refuse(10004, not numbers)
    call.refuse(10005, numbers and len(ids) > 30)
    if not group or call.codes:
        return None
    asked = [message_for_receipts(call, group, id) for id in ids]
    if call.codes:
        return None
    counted = [message for message in asked if not message.is_recalled and has_receipts(message)]
    return {"receipts": [receipt(call.world, group, message) for message in counted]}


def receipt(world, group, message):
    return {"id": message.id, **{name: len(users) for name, users in readers_of(world, group, message).items()}}


def getMessageReaders(call):
    group, id, read = group_of_receipts(call), call.fields.get("id"), call.fields.get("read", True)
    call.refuse(10004, not isinstance(id, int) or id < 1 or not isinstance(read, bool))
    offset, limit = call.number("offset", 0, 2**31 - 1, 0), call.number("limit", 1, 500, 100)
    if not group or call.codes:
        return None
    message = message_for_receipts(call, group, id)
    if message:
        call.refuse(20023, message.is_recalled)
        call.refuse(10030, not has_receipts(message))
    if call.codes:
        return None
    users = sorted(readers_of(call.world, group, message)["read" if read else "unread"], key=str.encode)
    data = {"users": users[offset : offset + limit]}
    return data | ({"next": offset + limit} if offset + limit < len(users) else {})


def group_of_receipts(call):
    group = call.group(field="group")
    if group:
        call.refuse(10060, group.type not in (PRIVATE, PUBLIC))
        call.refuse(10007, rank(group, call.me) == 0)
    return group


def find(world, lane, id):
    return next((m for m in world.log if m.lane == lane and m.id == id), None)


def message_for_receipts(call, group, id):
    message = find(call.world, group.lane, id)
    there = message and message.is_content and may_find(call.world, call.me, message)
    call.refuse(10030, not there)
    call.refuse(10007, bool(there) and message.body["sender"] != call.me and rank(group, call.me) < RANKS["app"])
    return message if there else None


def has_receipts(message):
    """What was imported has, with noUnread too: it counts as read by all."""
    return message.imported or not message.silent


def readers_of(world, group, message):
    """The members of now who had joined by then, without the sender."""
    people = [user for user, member in group.members.items()
              if member.has(message) and user != message.body["sender"]]  # fmt: skip
    have = lambda user: world.read.get((user, group.lane), 0) >= message.position  # noqa: E731
    read = [user for user in people if message.read_by_all or message.silent or have(user)]
    return {"read": read, "unread": [user for user in people if user not in read]}


COMMANDS = [getHistory, sync, getUnread, markRead, getConversations, setConversation, getJoinedGroups,
            getReadReceipts, getMessageReaders]  # fmt: skip
