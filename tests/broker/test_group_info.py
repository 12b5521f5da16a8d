# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""setGroupInfo and transferGroupOwner."""
import pytest

NEW = {
    "groupName": "Name",
    "introduction": "Intro",
    "notification": "Note",
    "faceURL": "http://f",
    "addOpt": "FreeAccess",
    "inviteOpt": "NeedPermission",
    "allMuted": True,
}
TEXTS = {name: NEW[name] for name in ("groupName", "introduction", "notification", "faceURL")}
PEOPLE = ["owner", "chief", "bob", "outsider"]


class Group:
    def __init__(self, broker, kind):
        self.broker, self.live = broker, kind == "AVChatRoom"
        broker.create(*PEOPLE)
        self.users = {name: broker.user(name).subscribe(f"chat/user/{name}") for name in PEOPLE}
        self.users["admin"] = broker.admin()
        role = "member" if kind == "Private" else "admin"
        members = [{"userID": "bob"}, {"userID": "chief", "role": role}]
        fields = {} if self.live else {"members": members}
        self["owner"].command("createGroup", groupType=kind, groupID="g1", **fields)
        if self.live:
            self["bob"].subscribe("chat/group/g1")

    def __getitem__(self, name):
        return self.users[name]

    def info(self):
        return self["admin"].command("getGroupInfo", groupID="g1")

    def roles(self):
        members = self["admin"].command("getGroupMembers", groupID="g1")["members"]
        return {m["userID"]: m["role"] for m in members}


@pytest.fixture
def group(broker):
    return lambda kind="Public": Group(broker, kind)


# ---- setGroupInfo


def test_all_fields_at_once(group):
    g = group()
    g["owner"].command("setGroupInfo", groupID="g1", **NEW)
    info = g.info()
    assert {name: info[name] for name in NEW} == NEW


def test_it_survives_a_crash(broker, group):
    group()["owner"].command("setGroupInfo", groupID="g1", **NEW)
    broker.restart(kill=True)
    info = broker.admin("web:2").command("getGroupInfo", groupID="g1")
    assert {name: info[name] for name in NEW} == NEW


ALLOWED = [
    # who, type, field, code
    *[(who, "Private", "groupName", code) for who, code in (("bob", 0), ("outsider", 10007), ("admin", 0))],
    *[
        (who, kind, field, code)
        for kind in ("Public", "ChatRoom")
        for field in NEW
        for who, code in (("owner", 0), ("chief", 0), ("bob", 10007), ("outsider", 10007), ("admin", 0))
    ],
    *[(who, "Private", "allMuted", code) for who, code in (("owner", 0), ("bob", 10007), ("admin", 0))],
    *[("admin", kind, field, 10007) for kind in ("Private", "AVChatRoom") for field in ("addOpt", "inviteOpt")],
    *[("owner", kind, field, 10007) for kind in ("Private", "AVChatRoom") for field in ("addOpt", "inviteOpt")],
    *[(who, "AVChatRoom", "groupName", code) for who, code in (("owner", 0), ("bob", 10007), ("admin", 0))],
    *[(who, "AVChatRoom", "allMuted", code) for who, code in (("owner", 0), ("bob", 10007), ("admin", 0))],
]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom"])
def test_who_may_set_what(group, kind):
    g = group(kind)
    wrong = []
    for who, row_kind, field, code in ALLOWED:
        if row_kind != kind:
            continue
        found = g[who].code("setGroupInfo", groupID="g1", **{field: NEW[field]})
        if found != code:
            wrong.append((who, field, found))
    assert wrong == []


REFUSED = [
    ({}, "groupName"),
    ({"groupName": ""}, "groupName"),
    ({"groupName": "x" * 31}, "groupName"),
    ({"introduction": "x" * 241}, "introduction"),
    ({"notification": "x" * 301}, "notification"),
    ({"faceURL": "x" * 101}, "faceURL"),
    ({"groupName": 5}, "groupName"),
    ({"addOpt": "Sometimes"}, "addOpt"),
    ({"inviteOpt": 1}, "inviteOpt"),
    ({"allMuted": "yes"}, "allMuted"),
]


def test_a_wrong_field_is_refused_and_named(group):
    g = group()
    wrong = []
    for fields, word in REFUSED:
        response = g["owner"].request("setGroupInfo", groupID="g1", **fields)
        if response.get("code") != 10004 or word not in response["error"]:
            wrong.append((fields, response))
    assert wrong == []


def test_all_or_nothing(group):
    g = group("Private")
    before = g.info()
    assert g["bob"].code("setGroupInfo", groupID="g1", groupName="new", allMuted=True) == 10007
    assert g["owner"].code("setGroupInfo", groupID="g1", groupName="new", addOpt="FreeAccess") == 10007
    assert g["owner"].code("setGroupInfo", groupID="g1", groupName="new", faceURL="x" * 101) == 10004
    assert g.info() == before


@pytest.mark.parametrize("kind", ["Public", "ChatRoom"])
def test_options_are_an_event_to_connected_members(group, kind):
    g = group(kind)
    fields = {"addOpt": "DisableApply", "inviteOpt": "NeedPermission", "allMuted": True}
    g["owner"].command("setGroupInfo", groupID="g1", groupName="new", **fields)
    for name in ("owner", "chief", "bob"):
        assert g[name].event("info") == {"event": "info", "group": "g1", **fields}
    assert g["outsider"].silent(lambda m: m.get("event") == "info") == []


def test_allMuted_is_an_event_to_the_audience_of_a_live_group(group):
    g = group("AVChatRoom")
    g["owner"].command("setGroupInfo", groupID="g1", allMuted=True)
    for name in ("owner", "bob"):
        assert g[name].event("info") == {"event": "info", "group": "g1", "allMuted": True}


def test_only_what_has_changed_is_told(group):
    g = group()
    g["bob"].subscribe("chat/group/g1")
    same = {"groupName": "g1", "allMuted": False, "addOpt": "NeedPermission"}
    g["owner"].command("setGroupInfo", groupID="g1", faceURL="f", inviteOpt="FreeAccess", **same)
    assert g["bob"].tip("info")["tips"]["info"] == {"faceURL": "f"}
    assert g["bob"].event("info") == {"event": "info", "group": "g1", "inviteOpt": "FreeAccess"}


def test_the_name_alone_is_no_event(group):
    g = group()
    g["owner"].command("setGroupInfo", groupID="g1", **TEXTS)
    assert g["bob"].silent(lambda m: m.get("event") == "info") == []


def test_a_long_and_awkward_text_goes_through(group):
    g = group()
    g["bob"].subscribe("chat/group/g1")
    fields = {"introduction": '"\n\\' * 80, "notification": "\x01" * 300, "faceURL": "\x02" * 100}
    g["owner"].command("setGroupInfo", groupID="g1", **fields)
    assert g["bob"].tip("info")["tips"]["info"] == fields
    info = g.info()
    assert {name: info[name] for name in fields} == fields


def test_a_group_that_is_not_there(group):
    assert group()["owner"].code("setGroupInfo", groupID="g2", groupName="x") == 10010


# ---- transferGroupOwner


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_the_new_owner_owns_and_the_old_one_is_a_member(broker, group, kind):
    g = group(kind)
    g["owner"].command("transferGroupOwner", groupID="g1", userID="bob")
    expected = {"owner": "member", "bob": "owner"}
    assert g.roles().items() >= expected.items()
    assert g.info()["owner"] == "bob"
    broker.restart(kill=True)
    admin = broker.admin("web:2")
    assert admin.command("getGroupInfo", groupID="g1")["owner"] == "bob"
    found = {m["userID"]: m["role"] for m in admin.command("getGroupMembers", groupID="g1")["members"]}
    assert found.items() >= expected.items()


@pytest.mark.parametrize(
    "who,to,code",
    [
        ("bob", "bob", 10007),
        ("chief", "bob", 10007),
        ("outsider", "bob", 10007),
        ("owner", "outsider", 10007),
        ("owner", "nobody", 10007),
        ("owner", "owner", 10007),
        ("owner", "a b", 10004),
        ("owner", "chief", 0),
        ("admin", "bob", 0),
        ("admin", "owner", 10007),
    ],
)
def test_who_may_transfer_to_whom(group, who, to, code):
    g = group()
    before = g.roles()
    assert g[who].code("transferGroupOwner", groupID="g1", userID=to) == code
    assert (g.roles() == before) == (code != 0)


def test_a_live_group_keeps_its_owner(group):
    g = group("AVChatRoom")
    for who in ("owner", "admin"):
        assert g[who].code("transferGroupOwner", groupID="g1", userID="bob") == 10007


def test_a_group_without_an_owner_gets_one_from_an_app_admin(group):
    g = group("Private")
    g["owner"].command("quitGroup", groupID="g1")
    g["admin"].command("transferGroupOwner", groupID="g1", userID="bob")
    assert (g.info()["owner"], g.roles()) == ("bob", {"bob": "owner", "chief": "member"})


def test_the_old_owner_may_quit_then(group):
    g = group()
    g["owner"].command("transferGroupOwner", groupID="g1", userID="bob")
    assert g["owner"].code("setGroupInfo", groupID="g1", groupName="x") == 10007
    g["owner"].command("quitGroup", groupID="g1")
    assert g.roles() == {"bob": "owner", "chief": "admin"}
