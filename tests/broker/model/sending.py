# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a publish does, and sendMessage, which is one in somebody's name."""
import json

from model import review
from model.rules import Call, may
from model.world import ADMIN, TEXT, Known, Message, one_of

RESERVED = {"id", "seq", "sender", "to", "group", "time", "tips", "notice", "recall", "recalled", "edit", "edited",
            "purge"}  # fmt: skip
LONGEST = 12288
FILES = {"image", "sound", "video", "file"}
CONTENTS = FILES | {"text", "face", "location", "custom", "merger", "elements"}
# where the word filter looks: the texts of a message, and of each of its elements
FILTERED = {"custom": ["desc"], "file": ["name"], "location": ["desc"], "push": ["title", "body"]}


# ---- what is a message


def code_of(payload):
    """0, or why this is no message: broken ones are drawn as text, so that a dict is JSON at least."""
    if isinstance(payload, str):
        too_long = len(payload.encode()) > LONGEST
        return 93000 if too_long else 90002 if payload == "" or payload.lstrip()[:1] == "{" else 0
    if RESERVED & payload.keys():
        return 90010
    if len(json.dumps(payload)) > LONGEST:
        return 93000
    if not is_content(payload, CONTENTS):
        return 90002
    at = payload.get("at")
    return 10053 if isinstance(at, list) and len(at) > 30 else 0


def is_content(members, allowed):
    """Exactly one content, and that of its type."""
    found = CONTENTS & members.keys()
    if len(found) != 1 or not found <= allowed:
        return False
    (name,) = found
    value = members[name]
    if name == "elements":
        each = CONTENTS - {"elements", "merger"}
        return isinstance(value, list) and 2 <= len(value) <= 10 and all(is_content(e, each) for e in value)
    if name in FILES:
        return isinstance(value, dict) and bool({"url", "data"} & value.keys())
    return isinstance(value, str if name == "text" else dict)


def members_of(payload):
    return {"text": payload} if isinstance(payload, str) else payload


def filtered_members(world, user, members):
    """A message with other words in the place of some, or None where one of them is refused."""
    out = dict(members)
    if isinstance(members.get("text"), str):
        out["text"] = world.filtered(user, members["text"])
    for name, texts in FILTERED.items():
        inside = members.get(name)
        if isinstance(inside, dict):
            out[name] = inside | {t: world.filtered(user, inside[t]) for t in texts if t in inside}
    if "elements" in members:
        out["elements"] = [filtered_members(world, user, element) for element in members["elements"]]
    refused = None in out.values() or any(None in v.values() for v in out.values() if isinstance(v, dict))
    return None if refused or None in out.get("elements", ()) else out


def checked(world, user, payload):
    """What is stored of it, and the codes that it may be refused with."""
    code = code_of(payload)
    if code:
        return {}, {code}
    members = filtered_members(world, user, members_of(payload))
    return (members, set()) if members else (members_of(payload), {80001})


# ---- who may


def publish(world, device, topic, payload):
    """Returns whether it is accepted; what follows is due."""
    kind, name = topic.split("/")[1:]
    if not code_of(payload) and review.is_waiting(world, device.user, topic, random_of(payload)):
        return True
    body, codes = checked(world, device.user, payload)
    known = body and world.randoms.get((device.user, conversation_of(world, kind, name), body.get("random")))
    if known and not codes - {80001}:  # what was sent before is the same, whatever its words are now
        receipt(world, device, known)
        return True
    codes |= refusals(world, device, kind, name, body)
    how = "pass" if codes else review.look(world, device.user, review.kind_of(world, kind, name))
    codes |= {review.default_code(topic)} if how == "refuse" else set()
    if codes:
        refuse(world, device, topic, codes, random_of(payload))
        return False
    if how == "wait":
        lane = ("group", name) if kind == "group" else ("pair", *sorted((device.user, name)))
        review.hold_message(world, device, topic, lane, body)
        return True
    message = send(world, device.user, device, kind, name, body)
    if message.position and body.get("random"):
        receipt(world, device, message)
    return True


def refusals(world, device, kind, name, body, passing=False):
    """`passing`: after a review, when who was in a live group may have left it."""
    if kind == "group":
        return refusals_of_group(world, world.in_group(name), device, body, passing)
    nobody_is_owner = {10007} if body.get("at") == "@all" else set()
    return nobody_is_owner | refusals_of_user(world, device.user, name)


def conversation_of(world, kind, name):
    """A dismissed group is still the one it was; a group that has its id later is another conversation."""
    return (kind, world.groups.get(name)) if kind == "group" else (kind, name)


def random_of(payload):
    return payload.get("random") if isinstance(payload, dict) else None


def refuse(world, device, topic, codes, random):
    event = {"event": "rejected", "topic": topic, "code": one_of(*codes), "error": TEXT}
    world.event_to(device, **event, **({"random": random} if random else {}))


def refusals_of_user(world, me, name):
    if name not in world.users or name == me:
        return {20003}
    codes = {20007} if me in world.blacklists.get(name, ()) else set()
    return codes | ({20012} if me in world.muted["c2c"] and me != ADMIN else set())


def refusals_of_group(world, group, device, body, passing):
    if not group:
        return {10010}
    me, codes = device.user, set()
    inside = device in group.joined or me in group.members if group.live else me in group.members
    if passing and group.live:
        inside = me not in group.banned
    if not inside and me != ADMIN:
        codes.add(10007)
    silenced = group.info["allMuted"] and group.role(me) not in ("owner", "admin")
    muted = me in group.muted or me in world.muted["group"]
    if inside and me != ADMIN and (muted or silenced):
        codes.add(10017)
    if body.get("at") == "@all" and not may(group, me, "call all"):
        codes.add(10007)
    return codes


# ---- and then


def send(world, sender, device, kind, name, body):
    """To all who shall have it but the device, if it was sent by one. The message."""
    if kind == "group":
        message = send_to_group(world, world.groups[name], sender, device, body)
    else:
        message = send_to_user(world, name, sender, device, body)
    if message.position and body.get("random"):
        world.randoms[sender, conversation_of(world, kind, name), body["random"]] = message
    return message


def receipt(world, device, message):
    """To the client that has sent it (again)."""
    stamp = message.stamp
    where = "to" if "to" in stamp else "group"
    random = message.random
    expected = {"event": "sent", where: stamp[where], "seq": stamp["seq"], "random": random}
    world.event_to(device, **expected, **{name: Known(message, name) for name in ("id", "time")})


def send_to_user(world, name, sender, device, body):
    lane = ("pair", *sorted((sender, name)))
    stamp = {"sender": sender, "to": name}
    world.meet(lane)
    if body.get("onlineOnly"):
        message = Message(lane, {**stamp, **body}, device)
    else:
        world.seqs[lane] = world.seqs.get(lane, 0) + 1
        message = world.store(Message(lane, {"seq": world.seqs[lane], **stamp, **body}, device))
    world.post(message, [name, sender])
    return message


def send_to_group(world, group, sender, device, body):
    stamp = {"sender": sender, "group": group.id}
    if body.get("onlineOnly"):
        message = Message(group.lane, {**stamp, **body}, device)
        world.post_group(group, message, stored=False)
        return message
    group.seq += 1
    message = Message(group.lane, {"seq": group.seq, **stamp, **body}, device)
    world.post_group(group, message)
    if group.live:
        group.history = [*group.history, message][-world.live_history or len(group.history) + 1 :]
    return message


def sendMessage(call):
    """As if the sender had published it from one more device; but neither mutes nor blacklists hold it up."""
    world, fields = call.world, call.fields
    call.refuse(60010, call.me != ADMIN)
    sender = call.user("sender")
    call.refuse(20003, sender is not None and sender not in world.users)
    kind, name = call.address()
    group = world.in_group(name) if kind == "group" else None
    call.refuse(20003, kind == "to" and (name not in world.users or name == sender))
    call.refuse(10010, kind == "group" and not group)
    beside = {"command", "as", "sender", "to", "group", "correlationData"}
    body, codes = checked(world, call.me, {n: v for n, v in fields.items() if n not in beside})
    call.codes |= codes
    call.refuse(10007, kind == "to" and body.get("at") == "@all")
    if call.codes:
        return None
    kind = "group" if group else "user"
    known = world.randoms.get((sender, conversation_of(world, kind, name), body.get("random")))
    message = known or send(world, sender, None, kind, name, body)
    stamp = {"seq": message.body["seq"]} if "seq" in message.body else {}
    if message.position:
        stamp["id"] = Known(message, "id")
    return {**stamp, "time": Known(message, "time")}


# ---- importing


def importMessages(call):
    """One after the other: the first that is refused ends it, and those before it are done."""
    call.refuse(60010, call.me != ADMIN)
    messages, unread = call.fields.get("messages"), call.fields.get("unread", False)
    call.refuse(10004, not isinstance(unread, bool))
    call.refuse(10004, not isinstance(messages, list) or not 1 <= len(messages) <= 100)
    if call.codes:
        return None
    places = []
    for number, item in enumerate(messages):
        part = Call(call.world, call.device, "importMessages", item, call.answer)
        message = import_one(part, unread)
        if part.codes:
            call.codes = part.codes if call.answer.get("index") == number else {f"at index {number}"}
            return None
        places.append({"id": Known(message, "id"), "seq": message.stamp["seq"]})
    return {"messages": places}


def import_one(call, unread):
    world, sender = call.world, call.user("sender")
    kind, name = call.address()
    group = world.in_group(name) if kind == "group" else None
    call.refuse(20003, sender is not None and sender not in world.users)
    call.refuse(20003, kind == "to" and (name not in world.users or name == sender))
    call.refuse(10010, kind == "group" and not group)
    call.refuse(10033, bool(group) and group.live)
    moment = call.time("time")
    call.refuse(10004, moment is None)
    stamp = ("sender", "to", "group", "time")
    body, codes = checked(world, ADMIN, {n: v for n, v in call.fields.items() if n not in stamp})
    call.codes |= codes | ({90002} if body.get("onlineOnly") else set())
    if call.codes:
        return None
    place = conversation_of(world, "group" if group else "user", name)
    known = world.randoms.get((sender, place, body.get("random")))
    lane = group.lane if group else ("pair", *sorted((sender, name)))
    last = next((m for m in reversed(world.log) if m.lane == lane and m.is_content), None)
    if last and not known:
        call.refuse(10004, last.time is not None and last.time // 1000 > moment // 1000)
        call.perhaps(10004, last.time is None)  # nobody has seen it yet
    if call.codes or known:
        return known
    if group:
        group.seq += 1
        stamp = {"seq": group.seq, "sender": sender, "group": name}
    else:
        world.meet(lane)
        world.seqs[lane] = world.seqs.get(lane, 0) + 1
        stamp = {"seq": world.seqs[lane], "sender": sender, "to": name}
    message = world.store(Message(lane, {**stamp, **body}, time=moment))
    message.imported, message.read_by_all = True, not unread
    if body.get("random"):
        world.randoms[sender, place, body["random"]] = message
    return message


COMMANDS = [sendMessage, importMessages]
