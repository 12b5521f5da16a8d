# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Users, their devices and their profiles, and what only administrators do."""
import time

from model import changing, sending
from model.reading import SAFE, joined_groups
from model.rules import TEXTS_OF_USERS, end_group, tip
from model.world import ADMIN, NUMBER, PRIVATE, Any, Wrong

NEAR = 20  # messages: in so few a millisecond may not have passed
FOR_EVER = 2**32 - 1


def exists(world, user):
    return user in world.users


# ---- profiles


def setSelfInfo(call):
    changes = {name: call.text(name, limit) for name, limit in TEXTS_OF_USERS.items()}
    call.refuse(10004, not any(changes.values()))
    if call.codes:
        return None
    call.world.profiles[call.me] = profile(call.world, call.me) | {n: v for n, v in changes.items() if v}
    return {}


def profile(world, user):
    return dict.fromkeys(TEXTS_OF_USERS, "") | world.profiles.get(user, {})


def getUsersInfo(call):
    named = call.people("userIDs", least=1)
    if call.codes:
        return None
    there = [user for user in dict.fromkeys(named) if exists(call.world, user)]
    return {"users": [{"userID": user, **profile(call.world, user)} for user in there]}


# ---- the blacklist


def addToBlacklist(call):
    named = call.people("userIDs", least=1)
    call.refuse(20003, any(not exists(call.world, user) for user in named))
    call.refuse(10004, call.me in named)
    if not call.codes:
        call.world.blacklists.setdefault(call.me, set()).update(named)
    return {}


def removeFromBlacklist(call):
    named = call.people("userIDs", least=1)
    if not call.codes:
        call.world.blacklists.get(call.me, set()).difference_update(named)
    return {}


def getBlacklist(call):
    return {"userIDs": sorted(call.world.blacklists.get(call.me, ()), key=str.encode)}


# ---- who is online


def status(world, user):
    if not exists(world, user):
        return "unknown"
    devices = world.connected(user)
    return "offline" if not devices else "background" if all(d.background for d in devices) else "online"


def getStatus(call):
    named = call.people("userIDs", least=1)
    if call.codes:
        return None
    return {"users": [{"userID": user, "status": status(call.world, user)} for user in dict.fromkeys(named)]}


def setBackground(call):
    value = call.fields.get("background")
    call.refuse(10004, not isinstance(value, bool))
    if not call.codes:
        call.device.background = value
    return {}


# ---- devices


def getDevices(call):
    return {"devices": devices_of(call.world, call.me)}


def devices_of(world, user):
    """Those that hold a place, the latest login first. (The player's clerk is none of the world's.)"""
    mine = sorted((d for d in world.devices.values() if d.user == user and d.place), key=lambda d: -d.place)
    wanted = [{"clientID": d.id, "platform": d.platform, "online": d.connected, "lastUsed": NUMBER} for d in mine]
    return Any(wanted, lambda found: [d for d in found if not d["clientID"].endswith(":clerk")] == wanted)


def kickDevice(call):
    name = call.text("clientID", required=True)
    device = call.world.devices.get(name)
    call.refuse(10004, not device or device.user != call.me or device.place is None)
    if call.codes:
        return None
    by = {} if call.acting else {"platform": call.device.platform, "clientID": call.device.id}
    if device.place:
        send_away(call.world, device, {"reason": "kickDevice", **by})
    return {}


def logout(call):
    if call.codes:
        return None
    call.device.place = 0
    call.world.closing.append(call.device)
    return {}


def send_away(world, device, reason):
    """A connected device is told and closed; one that is away is told at its next login."""
    device.place = 0
    device.sent_away = None if device.connected else reason
    if device.connected:
        world.event_to(device, event="forceOffline", **reason)
        world.closing.append(device)


# ---- for administrators


def refuse_others(call):
    call.refuse(60010, call.me != ADMIN)


def named_user(call):
    user = call.user()
    call.refuse(20003, user is not None and not exists(call.world, user))
    return user


def importUsers(call):
    refuse_others(call)
    named = call.people("userIDs", least=1)
    if call.codes:
        return None
    results = []
    for user in named:
        result = 2 if exists(call.world, user) else 1 if call.is_user_id(user) else 0
        results.append({"userID": user, "result": result})
        if result == 1:
            call.world.create(user)
    return {"users": results}


def kickUser(call):
    """Devices that are away are told nothing; their userSigs are refused from now on."""
    refuse_others(call)
    user = named_user(call)
    if not call.codes:
        end_logins(call.world, user, "admin")
        call.world.kicked[user] = time.time()
    return {}


def deleteUser(call):
    """The user is gone; what he wrote stays with those who have it."""
    refuse_others(call)
    user, purge = named_user(call), call.fields.get("purge")
    call.refuse(10004, purge is not None and not isinstance(purge, bool))
    if call.codes:
        return None
    world = call.world
    end_logins(world, user, "deleted")
    world.kicked[user] = time.time()
    forget(world, user)
    for group in [group for group in world.groups.values() if not group.dismissed]:
        leave_for_good(world, group, user)
    if purge:
        changing.purge_everywhere(world, user)
        world.files = {url: file for url, file in world.files.items() if file[0] != user}
    return {}


def forget(world, user):
    """Who comes under this name is somebody else."""
    del world.users[user]
    world.profiles.pop(user, None), world.blacklists.pop(user, None), world.banned.discard(user)
    for muted in world.muted.values():
        muted.discard(user)
    for message in world.log:
        if message.lane == ("deletions", user):
            message.lane = ("deletions", None)
        elif message.lane == ("notices", user):
            world.cleared[user, message.lane] = world.now
    world.absent.update((user, lane) for lane in world.pairs if user in lane)
    for device in world.devices.values():
        if device.user == user:
            device.place, device.sent_away = None, None
            device.cursors.clear()


def leave_for_good(world, group, user):
    """As if he had quit; who cannot has an heir."""
    if group.waiting.pop(user, None):
        group.handled.add(user)
    if user not in group.members:
        return
    if group.live:
        world.tip(group, "dismiss", user)
        end_group(group)
        return
    was_owner = group.owner == user and group.type != PRIVATE
    del group.members[user]
    if was_owner and group.members:
        inherit(world, group, user)
    if not group.members:
        end_group(group)
    else:
        tip(world, "people", group, "quit", user, [user])


def inherit(world, group, user):
    """The admin who has been there longest, or else the member: who came in the same moment, or has a time of before,
    may be it, too."""
    role = "admin" if "admin" in (member.role for member in group.members.values()) else "member"
    able = {name: member for name, member in group.members.items() if member.role == role}
    first = min(member.joined for member in able.values())
    heir = world.player.owner_of(group.id)
    timely = all(not isinstance(member.since, int) for member in able.values())
    if heir not in able or (timely and able[heir].joined > first + NEAR):
        raise Wrong(f"{heir} owns {group.id} after {user}, of {able}")
    group.members[heir].role = "owner"
    tip(world, "owner", group, "transfer", user, [heir])
    world.notice(heir, "ownerGranted", group, user)


def banUser(call):
    refuse_others(call)
    user, seconds = named_user(call), call.number("seconds", 0, FOR_EVER)
    call.refuse(10004, seconds is None)
    call.text("reason", 256)
    call.refuse(10007, user == ADMIN)
    if call.codes:
        return None
    if seconds:
        call.world.banned.add(user)
        end_logins(call.world, user, "banned")
    else:
        call.world.banned.discard(user)
    return {}


def end_logins(world, user, reason):
    for device in world.devices.values():
        if device.user == user and device.connected:
            send_away(world, device, {"reason": reason})
        elif device.user == user and device.place:
            device.place = 0


def muteUser(call):
    refuse_others(call)
    user = named_user(call)
    kinds = {"c2c": call.number("c2cSeconds", 0, FOR_EVER), "group": call.number("groupSeconds", 0, FOR_EVER)}
    call.refuse(10004, not {"c2cSeconds", "groupSeconds"} & call.fields.keys())
    if call.codes:
        return None
    for kind, seconds in kinds.items():
        if seconds is not None:
            (call.world.muted[kind].add if seconds else call.world.muted[kind].discard)(user)
    return {}


def getUser(call):
    refuse_others(call)
    user = named_user(call)
    if call.codes:
        return None
    world, about = call.world, profile(call.world, user)
    more = {"nickname": about["nickname"], "faceURL": about["faceURL"], "status": status(world, user)}
    there = {"devices": devices_of(world, user), "groups": joined_groups(world, user)}
    muted = {f"{kind}MutedUntil": until(user, world.muted[kind]) for kind in world.muted}
    times = {"createTime": NUMBER, "bannedUntil": until(user, world.banned), **muted}
    return {"userID": user, **more, **there, **times}


def until(user, users):
    return Any("a time", lambda value: value > 0) if user in users else 0


def getUsers(call):
    def entry(user):
        about = {"userID": user, "nickname": profile(call.world, user)["nickname"]}
        return about | {"createTime": NUMBER, "bannedUntil": until(user, call.world.banned)}

    return all_of(call, "users", call.world.made, entry)


def getGroups(call):
    def entry(name):
        group = call.world.in_group(name)
        about = {"groupID": name, "groupType": group.type, "groupName": group.info["groupName"]}
        count = NUMBER if group.live else len(group.members)
        return about | {"owner": group.owner, "createTime": NUMBER, "memberCount": count, "lastSeq": group.seq}

    return all_of(call, "groups", list(call.world.groups), entry)


def all_of(call, kind, names, entry):
    """A page of all there ever were, without those that are no more: it may be shorter than asked for, or empty."""
    refuse_others(call)
    after, limit = call.number("after", 0, SAFE, 0), call.number("limit", 1, 500, 100)
    if call.codes:
        return None
    left = names[call.world.pages.get((kind, after), 0) if after else 0 :]
    there = [name for name in left if (name in call.world.users if kind == "users" else call.world.in_group(name))]

    def same(data):
        found, next = data[kind], data["next"]
        if after and (kind, after) not in call.world.pages:
            return True  # a number that was never given as `next`
        if next:
            last = there[len(found) - 1] if found else None
            call.world.pages[kind, next] = names.index(last) + 1 if found else len(names) - len(left)
        right = found == [entry(name) for name in there[: len(found)]] and len(found) <= limit
        return right and (bool(next) or len(found) == len(there)) and data.keys() == {kind, "next"}

    return Any(f"{limit} of {there}", same)


# ---- what administrators say


def broadcast(call):
    """To whoever is connected now; on devices that are away when they return."""
    refuse_others(call)
    text = call.text("text", required=True)
    if not call.codes:
        for user in [user for user in call.world.users if call.world.connected(user)]:
            tell(call, user, text)
    return {}


def sendNotice(call):
    refuse_others(call)
    text, group = call.text("text", required=True), None
    named = call.people("userIDs", least=1) if "userIDs" in call.fields else None
    call.refuse(10004, ("userIDs" in call.fields) == ("group" in call.fields))
    if "group" in call.fields:
        group = call.group(field="group")
    if call.codes:
        return None
    if group and group.live:
        call.world.tip(group, "custom", call.me, text=text)
        return {}
    if group:
        for user in group.members:
            tell(call, user, text, group=group.id)
        return {}
    results = []
    for number, user in enumerate(named):
        result = 0 if not exists(call.world, user) else 2 if user in named[:number] else 1
        results.append({"userID": user, "result": result})
        if result == 1:
            tell(call, user, text)
    return {"users": results}


def tell(call, user, text, **where):
    call.world.write_notice(user, {"type": "custom", **where, "operator": call.me, "text": text})


def broadcastLive(call):
    """Once a second at most: a story does not look at the clock."""
    refuse_others(call)
    world = call.world
    body, codes = sending.checked(world, call.me, {n: v for n, v in call.fields.items() if n not in ("command", "as")})
    call.codes |= codes
    call.perhaps(10023, world.broadcast_live)
    if call.codes:
        return None
    world.broadcast_live = True
    groups = [group for group in world.groups.values() if group.live and not group.dismissed and group.joined]
    for group in groups:
        sending.send(world, call.me, None, "group", group.id, body)
    return {"groups": len(groups)}


COMMANDS = [setSelfInfo, getUsersInfo, addToBlacklist, removeFromBlacklist, getBlacklist, getStatus, setBackground,
            getDevices, kickDevice, logout, importUsers, kickUser, deleteUser, banUser, muteUser, getUser, getUsers,
            getGroups, broadcast, sendNotice, broadcastLive]  # fmt: skip
