# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a publish does, and the commands about messages: sync, markRead, getUnread, getJoinedGroups."""
from model.rules import may
from model.world import ADMIN, CHATROOM, LIVE, NUMBER, TEXT, Any, Message, one_of

RESERVED = {"id", "seq", "sender", "to", "group", "time", "tips", "notice", "recall", "recalled", "edit", "edited"}
LONGEST = 12288


# ---- sending


def code_of_payload(payload):
    """0, or why this is no message: broken ones are drawn as text, so that a dict is JSON at least."""
    if isinstance(payload, str):
        too_long = len(payload.encode()) > LONGEST
        return 93000 if too_long else 90002 if payload == "" or payload.lstrip()[:1] == "{" else 0
    if RESERVED & payload.keys():
        return 90010
    at = payload.get("at")
    return 10053 if isinstance(at, list) and len(at) > 30 else 0


def members_of(payload):
    return {"text": payload} if isinstance(payload, str) else payload


def publish(world, device, topic, payload):
    """Returns whether it is accepted; what follows is due."""
    code = code_of_payload(payload)
    body = {} if code else members_of(payload)
    known = world.randoms.get((device.user, conversation_of(world, *topic.split("/")[1:]), body.get("random")))
    if known:
        receipt(world, device, known)
        return True
    codes = refusals(world, device, topic, body) | ({code} if code else set())
    if codes:
        refuse(world, device, topic, codes, random_of(payload))
        return False
    kind, name = topic.split("/")[1:]
    if kind == "group":
        send_to_group(world, world.groups[name], device, body)
    else:
        send_to_user(world, name, device, body)
    return True


def refusals(world, device, topic, body):
    kind, name = topic.split("/")[1:]
    if kind == "group":
        return refusals_of_group(world, world.in_group(name), device, body)
    nobody_is_owner = {10007} if body.get("at") == "@all" else set()
    return nobody_is_owner | refusals_of_user(world, device, name)


def conversation_of(world, kind, name):
    """A dismissed group is still the one it was; a group that has its id later is another conversation."""
    return (kind, world.groups.get(name)) if kind == "group" else (kind, name)


def random_of(payload):
    return payload.get("random") if isinstance(payload, dict) else None


def refuse(world, device, topic, codes, random):
    event = {"event": "rejected", "topic": topic, "code": one_of(*codes), "error": TEXT}
    world.event_to(device, **event, **({"random": random} if random else {}))


def refusals_of_user(world, device, name):
    return {20003} if name not in world.users or name == device.user else set()


def refusals_of_group(world, group, device, body):
    if not group:
        return {10010}
    me, codes = device.user, set()
    inside = device in group.joined or me in group.members if group.live else me in group.members
    if not inside and me != ADMIN:
        codes.add(10007)
    silenced = group.info["allMuted"] and group.role(me) not in ("owner", "admin")
    if inside and me != ADMIN and (me in group.muted or silenced):
        codes.add(10017)
    if body.get("at") == "@all" and not may(group, me, "call all"):
        codes.add(10007)
    return codes


def remember(world, message, body):
    if body.get("random"):
        kind = "group" if "group" in message.body else "user"
        conversation = conversation_of(world, kind, message.body.get("group") or message.body["to"])
        world.randoms[message.body["sender"], conversation, body["random"]] = message
        receipt(world, message.device, message)


def receipt(world, device, message):
    """To the client that has sent it (again)."""
    stamp = message.body
    where = "to" if "to" in stamp else "group"
    expected = {"event": "sent", where: stamp[where], "seq": stamp["seq"], "random": stamp["random"]}
    world.event_to(device, **expected, **{name: Known(message, name) for name in ("id", "time")})


class Known:
    """An id or time of a message, learnt here if it was not known before."""

    def __init__(self, message, name):
        self._message, self._name = message, name

    def __eq__(self, other):
        if getattr(self._message, self._name) is None and isinstance(other, int):
            setattr(self._message, self._name, other)
        return getattr(self._message, self._name) == other

    def __repr__(self):
        return f"{self._name} of {self._message}"


def send_to_user(world, name, device, body):
    lane = ("pair", *sorted((device.user, name)))
    people = [name, device.user]
    stamp = {"sender": device.user, "to": name}
    if body.get("onlineOnly"):
        world.post(Message(lane, {**stamp, **body}, device), people)
        return
    world.seqs[lane] = world.seqs.get(lane, 0) + 1
    message = world.store(Message(lane, {"seq": world.seqs[lane], **stamp, **body}, device))
    world.post(message, people)
    remember(world, message, body)


def send_to_group(world, group, device, body):
    stamp = {"sender": device.user, "group": group.id}
    if body.get("onlineOnly"):
        world.post_group(group, Message(group.lane, {**stamp, **body}, device), stored=False)
        return
    group.seq += 1
    message = Message(group.lane, {"seq": group.seq, **stamp, **body}, device)
    world.post_group(group, message)
    if group.live:
        group.history = [*group.history, message][-world.live_history or len(group.history) + 1 :]
    else:
        remember(world, message, body)


# ---- unread


def is_unread(world, user, message):
    """Others' messages with content, after the read position and joining; not in a ChatRoom, nor for who discards."""
    if not message.is_content or message.body.get("noUnread") or message.body["sender"] == user or not world.may_have(user, message):
        return False
    if message.lane[0] == "group":
        group = world.groups[message.lane[1]]
        if group.type == CHATROOM or group.members[user].receiveOption == "Discard":
            return False
    return message.position > world.read.get((user, message.lane), 0)


def unread(world, user, lane=None):
    return sum(1 for m in world.log if (lane is None or m.lane == lane) and is_unread(world, user, m))


def getUnread(call):
    return {"totalUnread": unread(call.world, call.me)}


def markRead(call):
    world, me, fields = call.world, call.me, call.fields
    call.refuse(10004, ("to" in fields) == ("group" in fields))
    if "to" in fields:
        other = call.user("to")
        call.refuse(20003, other not in world.users or other == me)
        lane = ("pair", *sorted((me, other or "")))
    else:
        group = world.in_group(fields.get("group"))
        call.refuse(10010, not group)
        call.refuse(10007, bool(group) and group.role(me) is None)
        call.perhaps(10007, bool(group) and group.live)
        lane = ("group", fields.get("group"))
    call.refuse(10004, not isinstance(fields.get("id", 0), int))
    if call.codes or (lane[0] == "group" and (group.live or me not in group.members)):
        return None if call.codes else {}
    up_to = bearer(world, lane, fields["seq"]) if "seq" in fields else newest(world, lane, fields.get("id"))
    before = world.read.get((me, lane), 0)
    if up_to <= before:
        return {}
    freed = unread(world, me, lane)
    world.read[me, lane] = up_to
    tell_read(call, lane, optional=freed == unread(world, me, lane))
    return {}


def newest(world, lane, id):
    """The position of the newest message of a conversation, or of the newest up to this id."""
    found = [m for m in world.log if m.lane == lane and (not id or (m.id and m.id <= id))]
    return found[-1].position if found else 0


def bearer(world, lane, seq):
    """The position of the message with this seq."""
    return [m.position for m in world.log if m.lane == lane and m.is_content and m.body["seq"] == seq][-1]


def tell_read(call, lane, optional):
    """Moving over what does not count (one's own, tips) may be told or not."""
    world, me = call.world, call.me
    for device in world.others(call.device):
        where = {"to": call.fields["to"]} if "to" in call.fields else {"group": lane[1]}
        counts = {"unread": unread(world, me, lane), "totalUnread": unread(world, me), "readID": NUMBER}
        world.event_to(device, optional, event="unread", **where, **counts)
    for device in world.connected(call.fields["to"]) if "to" in call.fields else ():
        world.event_to(device, optional, event="read", user=me, id=NUMBER, time=NUMBER)


# ---- lists


def sync(call):
    after, limit = call.fields.get("after"), call.fields.get("limit", 100)
    for value, least, most in ((after, 0, 2**53 - 1), (limit, 1, 500)):
        call.refuse(10004, not isinstance(value, int) or not least <= value <= most)
    if call.codes:
        return None
    start = max((m.position for m in call.world.log if m.id and m.id <= after), default=0)
    mine = [m for m in call.world.log[start:] if call.world.may_have(call.me, m)]

    def same(data):
        found, complete = data["messages"], len(mine) <= limit
        return len(found) == min(limit, len(mine)) and by_action(mine, found) and data["complete"] == complete

    return Any(f"{limit} of {mine}", same)


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


def getJoinedGroups(call):
    groups = {g.id: g for g in call.world.groups.values() if not g.dismissed and call.me in g.members}

    def same(data):
        found = {entry["groupID"]: entry for entry in data["groups"]}
        mine = {name for name, group in groups.items() if group.type != LIVE}
        return mine <= found.keys() <= groups.keys() and all(
            entry == joined_entry(call, groups[name]) for name, entry in found.items()
        )

    return Any(f"{[joined_entry(call, group) for group in groups.values()]}", same)


def joined_entry(call, group):
    return {
        "groupID": group.id,
        "groupName": group.info["groupName"],
        "groupType": group.type,
        "role": group.members[call.me].role,
        "lastSeq": group.seq,
        "lastID": NUMBER,
        "unread": unread(call.world, call.me, group.lane),
    }


COMMANDS = [getUnread, markRead, sync, getJoinedGroups]
