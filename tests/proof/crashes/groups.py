# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Groups that one commander changes, command by command, and what they must look like afterwards."""
import copy
import itertools

from harness.deeds import DONE, Command

from .people import Person

CROWD = [f"member{number}" for number in range(8)]


def draw_create(group, chance):
    names = chance.sample([name for name in CROWD if name != group.owner], 3)
    after = {"owner": group.owner, "name": group.id, "mute all": False, "members": {group.owner: "owner"},
             "muted": [], "banned": [], "attributes": {}}
    after["members"].update(dict.fromkeys(names, "member"))
    members = [{"userID": name} for name in names]
    return {"command": "createGroup", "groupType": "Public", "inviteOpt": "FreeAccess", "members": members}, after


def draw_invite(group, chance):
    outside = [name for name in CROWD if name not in group.state["members"] and name not in group.state["banned"]]
    if not outside:
        return None
    names = chance.sample(outside, min(2, len(outside)))
    after = copy.deepcopy(group.state)
    after["members"].update(dict.fromkeys(names, "member"))
    return {"command": "inviteGroupMember", "members": names}, after


def draw_kick(group, chance):
    name, after = group.draw_member(chance)
    if not name:
        return None
    del after["members"][name]
    return {"command": "deleteGroupMember", "members": [name]}, after


def draw_mute(group, chance):
    name, after = group.draw_member(chance)
    if not name:
        return None
    is_muted = name in after["muted"]
    after["muted"] = sorted(set(after["muted"]) ^ {name})
    return {"command": "muteGroupMember", "userID": name, "seconds": 0 if is_muted else 1000000}, after


def draw_role(group, chance):
    name, after = group.draw_member(chance)
    if not name:
        return None
    role = "member" if after["members"][name] == "admin" else "admin"
    after["members"][name] = role
    return {"command": "setGroupMemberRole", "userID": name, "role": role}, after


def draw_info(group, chance):
    after = copy.deepcopy(group.state)
    after["name"], after["mute all"] = f"name {chance.randrange(10**9)}", not after["mute all"]
    return {"command": "setGroupInfo", "groupName": after["name"], "allMuted": after["mute all"]}, after


def draw_attributes(group, chance):
    after = copy.deepcopy(group.state)
    given = {f"seat{chance.randrange(5)}": str(chance.randrange(10**9))}
    gone = [key for key in after["attributes"] if key not in given][:1]
    after["attributes"] = {key: text for key, text in (after["attributes"] | given).items() if key not in gone}
    return {"command": "setGroupAttributes", "set": given, **({"delete": gone} if gone else {})}, after


def draw_ban(group, chance):
    name, after = group.draw_member(chance)
    if not name or after["members"][name] == "admin":
        return None
    del after["members"][name]
    after["banned"] = sorted({*after["banned"], name})
    return {"command": "banGroupMember", "userID": name, "seconds": 1000000}, after


def draw_transfer(group, chance):
    name, after = group.draw_member(chance)
    if not name or not group.by_admin:
        return None
    after["members"][after["owner"]], after["members"][name], after["owner"] = "member", "owner", name
    return {"command": "transferGroupOwner", "userID": name}, after


def draw_dismiss(group, chance):
    return ({"command": "dismissGroup"}, None) if chance.random() < 0.1 else None


CHANGES = (draw_invite, draw_invite, draw_kick, draw_mute, draw_role, draw_info, draw_attributes, draw_ban,
           draw_transfer, draw_dismiss)


class Group:
    """`state` is as it must be; None: there is none. `unsure` is what it may be instead: a list, of one or none. `over`: it was
    dismissed; `closed`: and that was looked at."""

    def __init__(self, number, commander, by_admin):
        self.id, self.owner, self.by_admin = f"c-{commander}-{number}", "member0" if by_admin else commander, by_admin
        self.state, self.unsure, self.over, self.closed = None, [], False, False

    def draw_member(self, chance):
        """Somebody of it besides its owner, or None; a copy of the state."""
        names = [name for name in self.state["members"] if name != self.state["owner"]]
        return (chance.choice(names) if names else None), copy.deepcopy(self.state)

    def draw(self, chance):
        """A command that fits, and what becomes of the group."""
        if self.state is None:
            return draw_create(self, chance)
        while not (found := chance.choice(CHANGES)(self, chance)):
            pass
        return found


class Commander(Person):
    """One command after the other; one that was not answered is left as it is, until the group was looked at."""

    def __init__(self, town, journal, name, chance, rate, by_admin=False, **how):
        super().__init__(town, journal, name, chance, rate, window=1, **how)
        self.by_admin = by_admin
        self._numbers, self.groups = itertools.count(1), []

    def _group(self):
        usable = [group for group in self.groups if not group.over and not group.unsure]
        if len(usable) < 3:
            self.groups.append(Group(next(self._numbers), self.name, self.by_admin))
            return self.groups[-1]
        return self.chance.choice(usable)

    def _deed(self, group):
        fields, after = group.draw(self.chance)
        made_by_admin = {"owner": group.owner} if self.by_admin and fields["command"] == "createGroup" else {}
        deed = Command(groupID=group.id, **fields, **made_by_admin)
        deed.group, deed.after = group, after
        group.unsure = [after]
        return deed

    def deeds(self):
        while True:
            yield self.journal.ask(self._deed(self._group()))

    def done(self, deed):
        group = deed.group
        if deed.state == DONE:
            group.state, group.over = deed.after, deed.after is None
        group.unsure = []
        failed = [item for item in deed.response.get("data", {}).get("members", []) if item["result"] != 1]
        if failed:
            self.complaints.append(f"{deed.command}: {failed}")
        super().done(deed)


def look(admin, group_id):
    """What the server has of it; None: there is no such group."""
    commands = [{"command": name, "groupID": group_id} for name in
                ("getGroupInfo", "getGroupMembers", "getGroupAttributes", "getGroupBans")]
    info, members, attributes, bans = admin.batch(commands)
    if info.get("code") == 10010:
        return None
    info, listed = info["data"], members["data"]["members"]
    return {"owner": info["owner"], "name": info["groupName"], "mute all": info["allMuted"],
            "members": {one["userID"]: one["role"] for one in listed},
            "muted": sorted(one["userID"] for one in listed if one["mutedUntil"]),
            "banned": sorted(one["userID"] for one in bans["data"]["bans"]),
            "attributes": attributes["data"]["attributes"]}


def _visible(state):
    """A mute outlasts leaving, but only members are listed."""
    return state and {**state, "muted": [name for name in state["muted"] if name in state["members"]]}


def check(admin, group):
    """None, or what is wrong. What was unsure is known afterwards."""
    now = look(admin, group.id)
    states = [group.state, *group.unsure]
    fitting = [state for state in states if _visible(state) == now]
    group.unsure = []
    if not fitting:
        return f"group {group.id} is {now}, and should be " + ", or ".join(str(_visible(state)) for state in states)
    was, group.state = group.state, fitting[0]
    group.over = group.over or (was is not None and now is None)
    group.closed = group.over
    return None
