# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What becomes of a message afterwards: it is recalled or edited for everybody, or deleted for oneself."""
import time

from model import sending
from model.reading import SAFE, Place, bearer, history_of, may_find, newest
from model.rules import CHIEF, OWNER, RANKS, rank
from model.world import ADMIN, NUMBER, PRIVATE, Known, Message

IN_TIME = 3600  # seconds
BESIDE = {"command", "as", "correlationData", "id", "seq", "to", "group"}


def recallMessage(call):
    reason, message = call.text("reason", 256), named(call)
    if message:
        refuse_others(call, message, CHIEF)
        call.refuse(20016 if message.lane[0] == "pair" else 10031, is_too_late(call, message, "recall"))
        call.refuse(20023, message.is_recalled)
    if call.codes:
        return None
    take_content(message)
    told = {"id": message.id, "operator": call.me}
    write(call, message, recall=told | ({"reason": reason} if reason else {}))
    return {}


def take_content(message):
    message.body = message.stamp | {"recalled": True}
    for edit in message.edits:
        edit.body = edit.stamp | {"edit": {n: edit.body["edit"][n] for n in ("id", "operator")}}


def purgeMessages(call):
    """As if each message of that user in the group had been recalled. The owner and admins may name themselves."""
    world, group, user = call.world, call.group(field="group"), call.user()
    call.refuse(20003, user is not None and user not in world.users)
    if not group:
        return None
    call.refuse(10033, group.live)
    call.refuse(10007, rank(group, call.me) < (OWNER if group.type == PRIVATE else CHIEF))
    call.refuse(10007, group.role(user) is not None and user != call.me and not may_purge(group, call.me, user))
    if call.codes:
        return None
    for message in world.log:
        if message.lane == group.lane and message.is_content and message.body["sender"] == user:
            take_content(message)
    stamp = {"seq": group.seq, "sender": call.me, "group": group.id}
    purge = {"sender": user, "id": NUMBER, "operator": call.me}
    world.post_group(group, Message(group.lane, {**stamp, "purge": purge}))
    for member in group.members:
        world.event(member, event="purged", group=group.id, sender=user, id=NUMBER)
    world.counting = True
    return {}


def purge_everywhere(world, user):
    """Of who was deleted: each conversation is told that has had anything of theirs, and who is in it still."""
    wrote = [m for m in world.log if m.is_content and m.body["sender"] == user and not m.is_recalled]
    for message in wrote:
        take_content(message)
    for lane in dict.fromkeys(message.lane for message in reversed(wrote)):
        tell_purged(world, user, lane)
    world.counting = True


def tell_purged(world, user, lane):
    purge = {"sender": user, "id": NUMBER, "operator": user}
    if lane[0] == "group" and (group := world.in_group(lane[1])):
        world.post_group(group, Message(lane, {"seq": group.seq, "sender": user, "group": group.id, "purge": purge}))
        for member in group.members:
            world.event(member, event="purged", group=group.id, sender=user, id=NUMBER)
        world.purging.append((user, lane, ADMIN))
    elif lane[0] == "pair":
        (peer,) = [name for name in lane[1:] if name != user]
        if (peer, lane) not in world.absent:
            body = {"seq": world.seqs[lane], "sender": user, "to": peer, "purge": purge}
            world.post(world.store(Message(lane, body)), [peer])
            world.event(peer, event="purged", to=user, sender=user, id=NUMBER)
            world.purging.append((user, lane, peer))


def may_purge(group, me, user):
    return me == ADMIN or rank(group, me) > RANKS[group.role(user)]


def editMessage(call):
    """Checked as if it were published now, but for what makes no sense then."""
    message, world = named(call), call.world
    body, codes = sending.checked(world, call.me, {n: v for n, v in call.fields.items() if n not in BESIDE})
    call.codes |= codes | ({90002} if body.get("onlineOnly") else set())
    if message:
        refuse_others(call, message, RANKS["app"])
        call.refuse(20016 if message.lane[0] == "pair" else 10031, is_too_late(call, message, "edit"))
        call.refuse(20023, message.is_recalled)
        kind = "group" if "group" in message.body else "user"
        call.codes |= sending.refusals(world, call.device, kind, message.body.get("group") or message.body["to"], body)
    if call.codes:
        return None
    edit = write(call, message, edit={"id": message.id, "operator": call.me, "message": body})
    message.edits.append(edit)
    message.body = message.stamp | {"edited": Known(edit, "time"), **body}
    return {}


def named(call):
    """The message by its id or, in a conversation, its seq; None where it is not there or not for the caller."""
    fields, world = call.fields, call.world
    id, seq = call.number("id", 1, SAFE), call.number("seq", 1, SAFE)
    place = Place(call, own=False) if {"to", "group"} & fields.keys() else None
    if place and place.live:
        call.refuse(10033)
        return None
    call.refuse(10004, ("id" in fields) == ("seq" in fields) or ("seq" in fields and not place))
    if call.codes:
        return None
    if seq:
        position = bearer(world, place.lane, seq)
        found = world.log[position - 1] if position else None
    else:
        found = next((m for m in world.log if m.id == id), None)
    there = found and may_name(world, call.me, found) and (not place or found.lane == place.lane)
    of_group = (place.kind if place else there and found.lane[0]) == "group"
    call.refuse(10030 if of_group else 20022, not there or not found.is_content)
    return found if there and found.is_content else None


def may_name(world, me, message):
    """What an app admin has deleted of a group for himself, he may still recall for all."""
    there = message.lane[0] == "group" and world.in_group(message.lane[1])
    return may_find(world, me, message) or (bool(there) and me == ADMIN)


def refuse_others(call, message, least):
    """Another's message: in a group from this rank on, of a pair never."""
    if message.body["sender"] == call.me:
        return
    group = call.world.in_group(message.body.get("group"))
    call.refuse(10007 if group else 20022, not group or rank(group, call.me) < least)


def is_too_late(call, message, what):
    """In stories there is time enough, or none at all. App admins are always in time, but for a recall of a pair's."""
    excused = call.me == ADMIN and (what == "edit" or message.lane[0] == "group")
    long_ago = message.imported and message.time < (time.time() - IN_TIME) * 1000
    return (what in call.world.too_late or long_ago) and not excused


def write(call, message, **what):
    """Into the conversation of the message, to everybody."""
    world, place = call.world, {n: message.body[n] for n in ("to", "group") if n in message.body}
    if "group" in place:
        group = world.groups[place["group"]]
        written = Message(group.lane, {"seq": group.seq, "sender": call.me, **place, **what})
        world.post_group(group, written)
    else:
        written = Message(message.lane, {"seq": world.seqs[message.lane], "sender": call.me, **place, **what})
        there = [user for user in message.lane[1:] if (user, message.lane) not in world.absent]
        world.post(world.store(written), there)
    return written


# ---- deleting


def deleteMessages(call):
    ids, world, me = call.fields.get("ids"), call.world, call.me
    right = isinstance(ids, list) and 1 <= len(ids) <= 100 and all(isinstance(id, int) and id > 0 for id in ids)
    call.refuse(10004, not right)
    if call.codes:
        return None
    gone = world.deleted.setdefault(me, set())
    found = {m.id: m for m in world.log if m.id in ids}
    mine = [m for m in found.values() if m.position in gone or is_ones_own(world, me, m)]
    call.refuse(20022, len(mine) < len(set(ids)))
    call.perhaps(20022, any(world.has_cleared(me, m) or not is_ones_own(world, me, m) for m in mine))
    if call.codes:
        return None
    new = [message for message in mine if message.position not in gone]
    gone.update(message.position for message in mine)
    for message in new:
        note(call, ("deleted", message.id), certain=not world.has_cleared(me, message))
    tell(call, not new, ids=ids)
    return {}


def is_ones_own(world, me, message):
    """An app admin who is no member finds a message of a group, but has nothing to delete."""
    kind, *names = message.lane
    group = world.in_group(names[0]) if kind == "group" else None
    if kind == "group" and (not group or me not in group.members):
        return False
    return may_find(world, me, message) or world.has_cleared(me, message)


def note(call, what, certain):
    """For the devices that are away. It is not certain that they are told of what was gone before."""
    body = {"deletion": what, "certain": certain}
    call.world.store(Message(("deletions", call.me), body, call.device))


def deleteConversation(call):
    keep, place = call.fields.get("keepMessages"), Place(call, own=True)
    call.refuse(10004, keep is not None and not isinstance(keep, bool))
    if call.codes:
        return None
    world, me, lane = call.world, call.me, place.lane
    there = history_of(world, me, lane)
    world.pinned.discard((me, lane))
    last = newest(world, lane, None)
    if last > world.read.get((me, lane), 0):
        world.read[me, lane] = last
        for device in world.connected(place.name) if place.kind == "to" else ():
            world.event_to(device, optional=True, event="read", user=me, id=NUMBER, time=NUMBER)
    if keep:
        world.hidden[me, lane] = world.now
    elif not place.live:
        world.cleared[me, lane] = newest(world, lane, None)
        note(call, (place.kind, place.name), certain=bool(there))
    tell(call, not there, **place.fields, **({"keepMessages": True} if keep else {}))
    return {}


def tell(call, optional, **what):
    """The user's other devices, of what really has gone."""
    for device in call.world.others(call.device):
        call.world.event_to(device, optional, event="deleted", **what)


COMMANDS = [purgeMessages, recallMessage, editMessage, deleteMessages, deleteConversation]
