# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Every cell of the table of rights, from outside: a group for each line of matrix.txt. What is refused
changes nothing."""
import contextlib
import itertools
import pathlib

import pytest
from harness.broker import Broker
from harness.settings import PLUGIN

MATRIX = pathlib.Path(__file__).with_name("matrix.txt")
COLUMNS = ("kind", "caller", "command", "case", "target", "expected")
RESULTS = ["failed", "done", "nothing", "waits", "limit"]
CALLERS = {"none": "outsider", "member": "bob", "admin": "chief", "owner": "owner", "app": "admin"}
TARGETS = {"none": "stranger", "member": "carol", "admin": "deputy", "owner": "owner"}
NEW_VALUES = {
    "groupName": "renamed",
    "introduction": "new",
    "notification": "new",
    "faceURL": "http://new",
    "allMuted": True,
    "addOpt": {"Private": "FreeAccess", "Public": "FreeAccess"},
    "inviteOpt": {"Private": "NeedPermission"},
}
LOOK = (("getGroupInfo", {}), ("getGroupMembers", {}), ("getGroupAttributes", {}))
CELLS_A_BROKER = 90
_numbers = itertools.count(1)


class Cell:
    def __init__(self, number, line):
        fields = line.split()
        assert len(fields) == len(COLUMNS), f"{MATRIX.name}:{number}: {len(fields)} columns"
        self.__dict__.update(zip(COLUMNS, fields))
        self.id = f"{number}: {' '.join(fields)}"

    @property
    def who(self):
        return CALLERS[self.caller]

    @property
    def whom(self):
        return self.who if self.target == "self" else TARGETS[self.target]


def cells():
    lines = enumerate(MATRIX.read_text().splitlines(), 1)
    return [Cell(number, line) for number, line in lines if line and not line.startswith("#")]


def casts():
    """The users on a broker, for each cell. A new broker after some of them: nobody makes more groups a day than 100."""
    while True:
        broker = Broker().start()
        try:
            users = {name: broker.user(name) for name in {*CALLERS.values(), *TARGETS.values()}}
            for _ in range(CELLS_A_BROKER):
                yield users
        finally:
            broker.close()


@pytest.fixture(scope="module")
def all_casts():
    if not PLUGIN.exists():
        pytest.fail(f"{PLUGIN} is not there: build it, or set BUILD_DIR", pytrace=False)
    with contextlib.closing(casts()) as found:
        yield found


@pytest.fixture
def users(all_casts):
    return next(all_casts)


class Group:
    """A group of the cell's type with somebody in every role the type has."""

    def __init__(self, users, cell):
        self.users, self.cell, self.id = users, cell, f"g{next(_numbers)}"
        self.topic = f"chat/group/{self.id}"
        if cell.command == "createGroup":
            return
        fields = {"groupType": cell.kind}
        option = {"joinGroup": "addOpt", "inviteGroupMember": "inviteOpt"}.get(cell.command)
        if option and cell.case != "-":
            fields[option] = cell.case
        if self.has_applicant():
            fields["addOpt"] = "NeedPermission"
        if cell.kind != "AVChatRoom":
            fields["members"] = self.members()
        self.granted("owner", ("createGroup", fields))
        if cell.kind == "AVChatRoom":
            for name in ("bob", "carol"):
                self.granted(name, ("joinGroup", {}))
        if self.has_applicant():
            self.granted(cell.whom, ("joinGroup", {}))

    def has_applicant(self):
        return self.cell.command == "handleGroupApplication" and self.cell.kind in ("Public", "ChatRoom")

    def members(self):
        admins = [] if self.cell.kind == "Private" else ["chief", "deputy"]
        return [{"userID": name, "role": "admin"} for name in admins] + [
            {"userID": name} for name in ("bob", "carol")
        ]

    def batch(self, who, *commands):
        """Several commands about the group in one request: each one's response."""
        mark = f"m{next(_numbers)}"
        listed = [
            {"command": name, "groupID": self.id, "correlationData": mark, **fields}
            for name, fields in commands
        ]
        user = self.users[who]
        user.start_publish("$CONTROL/chat/v1", {"commands": listed})
        found = user.wait(lambda m: (m.get("responses") or [{}])[0].get("correlationData") == mark)
        return found.data["responses"]

    def granted(self, who, *commands):
        responses = self.batch(who, *commands)
        assert not [r for r in responses if r.get("code")], responses
        return responses

    def before(self):
        """What can be seen of the group when all is ready for the command."""
        first = []
        if self.cell.command == "publish" and self.cell.case == "allMuted":
            first = [("setGroupInfo", {"allMuted": True})]
        elif self.cell.command == "publish" and self.cell.case == "muted":
            first = [("muteGroupMember", {"userID": self.cell.who, "seconds": 600})]
        if self.cell.command == "createGroup":
            return self.seen(self.batch("admin", *LOOK))
        return self.seen(self.granted("admin", *first, *LOOK)[-len(LOOK):])

    def after(self):
        """The same afterwards; then the group ends."""
        return self.seen(self.batch("admin", *LOOK, ("dismissGroup", {}))[:-1])

    @staticmethod
    def seen(responses):
        """None: the group is not there."""
        if 10010 in [r.get("code") for r in responses]:
            return None
        info, members, attributes = (r["data"] for r in responses)
        del info["lastID"]  # that of a line about a purge, too
        return info, sorted(members["members"], key=lambda m: m["userID"]), attributes

    # ---- the commands: each answers what the column `expected` may say

    def run(self):
        caller, command = self.users[self.cell.who], self.cell.command
        special = {"createGroup": self.create, "publish": self.publish, "setGroupInfo": self.set_info}
        if command in special:
            return special[command](caller)
        response = caller.request(command, groupID=self.id, **self.fields(command))
        return outcome(response)

    def fields(self, command):
        whom = None if self.cell.target == "-" else self.cell.whom
        return {
            "inviteGroupMember": {"members": [whom]},
            "deleteGroupMember": {"members": [whom]},
            "transferGroupOwner": {"userID": whom},
            "setGroupMemberRole": {"userID": whom, "role": self.cell.case},
            "muteGroupMember": {"userID": whom, "seconds": 600},
            "setGroupMemberInfo": {"userID": whom, self.cell.case: "new"},
            "handleGroupApplication": {"userID": whom, "accept": True},
            "setGroupAttributes": {"set": {"seat": "alice"}},
            "getReadReceipts": {"group": self.id, "ids": [2**52]},
            "getMessageReaders": {"group": self.id, "id": 2**52},
            "banGroupMember": {"userID": whom, "seconds": 600},
            "purgeMessages": {"group": self.id, "userID": whom},
        }.get(command, {})

    def create(self, caller):
        fields = {"groupType": self.cell.kind, "groupID": self.id, "members": [{"userID": self.cell.whom}]}
        return outcome(caller.request("createGroup", **fields))

    def set_info(self, caller):
        value = NEW_VALUES[self.cell.case]
        if isinstance(value, dict):
            value = value.get(self.cell.kind, "NeedPermission")
        return outcome(caller.request("setGroupInfo", groupID=self.id, **{self.cell.case: value}))

    def publish(self, caller):
        payload = {"text": "hello", "at": "@all"} if self.cell.case == "@all" else "hello"
        if caller.publish(self.topic, payload) in (0, 0x10):
            return "0"
        return str(caller.event("rejected", topic=self.topic)["code"])


def outcome(response):
    data = response.get("data") or {}
    if response.get("code"):
        return str(response["code"])
    if "status" in data:
        return data["status"]
    if response["command"] in ("createGroup", "inviteGroupMember", "deleteGroupMember"):
        return RESULTS[data["members"][0]["result"]]
    return "0"


def changes(cell):
    """Does what was asked for leave a trace when it is granted?"""
    if cell.command.startswith(("get", "purge")) or (cell.command, cell.target) == ("banGroupMember", "none"):
        return False
    if cell.command == "setGroupMemberRole" and cell.case == cell.target:
        return False
    return cell.expected in ("0", "done", "joined")


@pytest.mark.parametrize("cell", cells(), ids=lambda cell: cell.id)
def test_cell(users, cell):
    group = Group(users, cell)
    before = group.before()
    answered = group.run()
    after = group.after()
    assert answered == cell.expected
    if changes(cell):
        assert after != before, "granted, but nothing has changed"
    else:
        assert after == before, "nothing was to change, but something has"
