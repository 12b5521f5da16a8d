# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""exportUser: all that is stored about a user, page by page."""
import contextlib
import sqlite3

import pytest

from harness.media import png, upload
from test_push import with_token


@pytest.fixture
def admin(broker):
    return broker.admin()


def refusal(response, code, *words):
    assert response.get("code") == code, response
    assert all(word in response["error"] for word in words), response


def pages(admin, user, limit=500, between=lambda: None):
    """As long as there are any, with something in between, ten times at most."""
    after, left = {}, 10
    while True:
        page = admin.command("exportUser", userID=user, limit=limit, **after)
        assert len(page["items"]) <= limit
        yield page["items"]
        if "next" not in page:
            return
        assert page["next"] != after.get("after"), "a page that leads nowhere"
        after = {"after": page["next"]}
        if left > 0:
            between()
        left -= 1


def export(admin, user, limit=500, **how):
    return [item for page in pages(admin, user, limit, **how) for item in page]


def of_kind(items, kind):
    return [{name: value for name, value in item.items() if name != "kind"} for item in items if item["kind"] == kind]


def messages(items):
    return [item["message"] for item in of_kind(items, "message")]


# ---- everything


# Where the database has what is a user's own: kind, the rows, and the columns of them that the item has by these names.
STORED = {
    "profile": (
        "SELECT * FROM user WHERE user = 'alice'",
        {
            "userID": "user",
            "nickname": "nickname",
            "faceURL": "face_url",
            "selfSignature": "self_signature",
            "createTime": "created",
            "c2cMutedUntil": "c2c_muted_until",
            "groupMutedUntil": "group_muted_until",
            "bannedUntil": "banned_until",
            "kickedSeconds": "kicked",
        },
    ),
    "device": (
        "SELECT * FROM device WHERE user = 'alice' ORDER BY client",
        {
            "clientID": "client",
            "lastUsed": "last_used",
            "online": "online",
            "background": "background",
            "provider": "provider",
            "businessID": "business",
            "token": "token",
            "tokenTime": "token_time",
        },
    ),
    "subscription": (
        "SELECT s.* FROM subscription AS s JOIN device AS d USING (client) WHERE d.user = 'alice' ORDER BY client, topic",
        {"clientID": "client", "topic": "topic", "qos": "qos", "active": "active", "id": "cursor"},
    ),
    "blacklist": ("SELECT * FROM blacklist WHERE user = 'alice' ORDER BY blocked", {"userID": "blocked"}),
    "conversation": (
        "SELECT * FROM member LEFT JOIN chat_group USING (conversation) WHERE user = 'alice' ORDER BY conversation",
        {
            "group": "group_id",
            "joinTime": "joined",
            "mutedUntil": "muted_until",
            "nameCard": "name_card",
            "pinned": "pinned",
            "readID": "read_id",
            "clearedID": "cleared_id",
        },
    ),
    "application": (
        "SELECT * FROM application JOIN chat_group USING (conversation) WHERE user = 'alice' ORDER BY conversation",
        {"group": "group_id", "inviter": "inviter", "message": "message", "time": "time", "handled": "handled"},
    ),
    "ban": (
        "SELECT * FROM group_ban JOIN chat_group USING (conversation) WHERE user = 'alice' ORDER BY conversation",
        {"group": "group_id", "until": "until", "operator": "operator", "reason": "reason"},
    ),
    "deleted": ("SELECT * FROM deleted WHERE user = 'alice' ORDER BY conversation, id", {"id": "id"}),
    "pushJob": (
        "SELECT * FROM push_job WHERE user = 'alice' ORDER BY client, job",
        {"job": "job", "clientID": "client", "id": "message", "time": "created"},
    ),
    "media": ("SELECT * FROM media WHERE user = 'alice' ORDER BY file", {"size": "size", "time": "time"}),
}
# Columns that name users, of tables that have no kind of their own or in rows that are another's.
ELSEWHERE = {
    "media_user.user": "mediaBytes of the profile",
    "message.sender": "message",
    "message.client": "the device that sent it",
    "conversation.user_a": "conversation",
    "conversation.user_b": "conversation",
    "chat_group.owner": "the role of the conversation",
    "blacklist.blocked": "another's blacklist",
    "application.inviter": "another's application",
    "group_ban.operator": "another's ban",
    "device.displaced_by": "another device of the user's",
    "subscription.client": "subscription",
    "notice_task.operator": "dismissed the group, whose members are being told",
    "broadcast_part.users": "are being told something",
    "purge.user": "is being purged",
    "purge_told.user": "is being purged",
    "media_purge.user": "is being purged",
    "review.sender": "waits for a reviewer, for seconds",
    "review.client": "waits for a reviewer, for seconds",
}
NAMES = ("user", "users", "user_a", "user_b", "client", "sender", "owner", "operator", "inviter", "blocked", "displaced_by")


@pytest.fixture
def eventful(broker_factory, tmp_path):
    """A broker in whose database alice has something of every kind; and its administrator."""
    broker = broker_factory(media_dir=tmp_path)
    admin = broker.admin()
    broker.create("carol", "dave")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    with_token(broker, "alice", "ios:1")
    alice = broker.user("alice", "linux:1").subscribe("chat/user/alice/#", "chat/user/alice")
    alice.command("setSelfInfo", nickname='Al "x" \u00e9', faceURL="u", selfSignature="s")
    alice.command("addToBlacklist", userIDs=["carol", "dave"])
    alice.group("Public", "hers", ["bob"])
    bob.group("Public", "bobs", ["alice"])
    bob.group("Private", "left", ["alice"])
    bob.group("Public", "asked")
    bob.group("ChatRoom", "banned", ["alice"])
    alice.command("quitGroup", groupID="left")
    alice.command("joinGroup", groupID="asked", message="please")
    bob.command("banGroupMember", groupID="banned", userID="alice", seconds=600, reason="loud")
    alice.command("setGroupMemberInfo", groupID="bobs", nameCard="Al", receiveOption="AcceptNotNotify")
    admin.command("muteUser", userID="alice", c2cSeconds=600)
    admin.command("sendMessage", sender="alice", group="banned", text="not in it")
    alice.send("chat/group/hers", "m1")
    bob.send("alice", "m2")
    first = alice.text("m2").data["id"]
    bob.send("alice", "m3")
    alice.command("deleteMessages", ids=[first])
    alice.command("setConversation", to="bob", pinned=True)
    alice.command("markRead", to="bob")
    bob.send("chat/group/bobs", "of bob alone")
    bob.send("carol", "of others")
    upload(alice, png(), name="cat.png")
    bob.send("alice", "m4")
    alice.text("m4")
    return broker, admin


def test_everything_that_the_database_has_of_a_user_is_in_it(eventful):
    broker, admin = eventful
    items = export(admin, "alice")
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        database.row_factory = sqlite3.Row
        for kind, (query, names) in STORED.items():
            rows, found = database.execute(query).fetchall(), of_kind(items, kind)
            assert rows, f"the test has no {kind}"
            want = [{n: row[c] for n, c in names.items() if row[c] is not None} for row in rows]
            assert [{n: item[n] for n in names if n in item} for item in found] == want
    assert set(STORED) | {"message"} == {item["kind"] for item in items}


def test_no_table_has_anything_about_users_that_is_not_in_it(broker):
    known = {query.split(" FROM ")[1].split()[0] for query, _ in STORED.values()}
    unknown = []
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            for column in [row[1] for row in database.execute(f"PRAGMA table_info({table})")]:
                own = table in known and column in ("user", "client")
                if column in NAMES and not own and f"{table}.{column}" not in ELSEWHERE:
                    unknown.append(f"{table}.{column}")
    assert unknown == []


def test_it_has_what_the_user_has_sent_and_what_was_sent_to_the_user_privately(eventful):
    _, admin = eventful
    found = messages(export(admin, "alice"))
    assert [m["text"] for m in found if "text" in m] == ["not in it", "m1", "m2", "m3", "m4"]
    assert all(m["sender"] == "alice" or m.get("to") == "alice" for m in found)
    assert {(m.get("tips") or m.get("notice") or {}).get("type") for m in found} >= {"invite", "quit", "invited"}
    assert [m["id"] for m in found] == sorted(m["id"] for m in found)


def test_enumerations_have_the_names_that_other_commands_give_them(eventful):
    _, admin = eventful
    items = export(admin, "alice")
    groups = {c["group"]: c for c in of_kind(items, "conversation") if "group" in c}
    assert {name: c["role"] for name, c in groups.items()} == {
        "hers": "owner",
        "bobs": "member",
        "left": "none",
        "banned": "none",
    }
    assert (groups["bobs"]["receiveOption"], groups["left"]["groupType"]) == ("AcceptNotNotify", "Private")
    assert [d["platform"] for d in of_kind(items, "device")] == ["ios", "linux"]
    assert [a["type"] for a in of_kind(items, "application")] == ["join"]
    assert [c["to"] for c in of_kind(items, "conversation") if "to" in c and c["to"] != "@system"] == ["bob"]
    assert of_kind(items, "profile")[0]["mediaBytes"] == of_kind(items, "media")[0]["size"]


# ---- pages


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
def test_pages_of_any_size_have_the_same(eventful, limit):
    _, admin = eventful
    assert export(admin, "alice", limit) == export(admin, "alice")


def test_pages_stand_while_things_change(eventful):
    """What was there and does not change is in them once, and what is new is behind it."""
    broker, admin = eventful
    bob = broker.user("bob", "mac:1")
    before = export(admin, "alice")
    numbers = iter(range(100))

    def change():
        bob.send("alice", f"new {next(numbers)}")
        bob.command("createGroup", groupType="Private", members=[{"userID": "alice"}])

    items = export(admin, "alice", limit=5, between=change)
    changing = ("device", "subscription", "conversation", "pushJob")
    assert [items.count(item) for item in before if item["kind"] not in changing] == [
        1 for item in before if item["kind"] not in changing
    ]
    told = [m["text"] for m in messages(items) if m.get("text", "").startswith("new")]
    assert told and told == [f"new {n}" for n in range(len(told))]


def test_pages_go_on_after_a_restart(eventful):
    broker, admin = eventful
    whole = export(admin, "alice")
    first = admin.command("exportUser", userID="alice", limit=9)
    broker.restart(kill=True)
    rest, after = [], first["next"]
    admin = broker.admin("web:2")
    while after:
        page = admin.command("exportUser", userID="alice", limit=9, after=after)
        rest, after = rest + page["items"], page.get("next")
    assert [i for i in first["items"] + rest if i["kind"] == "message"] == [i for i in whole if i["kind"] == "message"]


def test_a_page_ends_at_256_KiB(broker, admin):
    broker.create("bob")
    alice = broker.user("alice")
    for number in range(40):
        alice.send("bob", f"{number} " + "x" * 12000)
    found = list(pages(admin, "alice"))
    assert len(found) >= 2 and len(messages(found[-1])) >= 1
    assert [m["text"].split()[0] for page in found for m in messages(page)] == [str(n) for n in range(40)]


def test_what_was_done_just_before_is_in_it(broker, admin):
    broker.create("bob")
    alice = broker.user("alice")
    with broker.uncommitted():
        alice.send("bob", "hello")
        admin.start_publish(
            "$CONTROL/chat/v1",
            {"commands": [{"command": "exportUser", "userID": "alice"}, {"command": "getStats"}]},
        )
        admin.wait(lambda m: [r["command"] for r in m.get("responses") or []] == ["getStats"])
    found = admin.wait(lambda m: m.get("responses")).data["responses"]
    assert [m["text"] for m in messages(found[0]["data"]["items"])] == ["hello"]


def test_what_the_database_does_not_get_is_not_waited_for_without_end(broker_factory):
    broker = broker_factory(faults=True)
    alice, admin = broker.user("alice"), broker.admin()
    broker.create("bob")
    with broker.uncommitted():
        alice.send("bob", "hello")
        admin.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "exportUser", "userID": "alice"}]})
        admin.fence()
        broker.faults.set_clock(steady=11)
        refused = admin.wait(lambda m: (m.get("responses") or [{}])[0].get("command") == "exportUser")
        assert refused.data["responses"][0]["code"] == 10002
    assert [m["text"] for m in messages(export(admin, "alice"))] == ["hello"]


def test_many_messages_of_others_in_between_take_pages_of_their_own(broker, admin):
    """The user's are found among all: a page that has looked at enough of these may be empty."""
    alice = broker.user("alice")
    bob = broker.user("bob")
    broker.create("carol")
    alice.send("bob", "first")
    for _ in range(5):
        bob.send_many("carol", [f"m{n}" for n in range(500)])
    alice.send("bob", "last")
    found = list(pages(admin, "alice"))
    assert len(found) == 3 and [m["text"] for m in messages(sum(found, []))] == ["first", "last"]


# ---- what is not given


def test_a_recalled_message_has_no_content_and_an_edited_one_its_last(broker, admin):
    bob = broker.user("bob").subscribe("chat/user/bob")
    alice = broker.user("alice")
    for text in ("m1", "m2"):
        alice.send("bob", text)
    ids = [bob.text(text).data["id"] for text in ("m1", "m2")]
    alice.command("recallMessage", id=ids[0])
    alice.command("editMessage", id=ids[1], text="m3")
    found = {m["id"]: m for m in messages(export(admin, "alice"))}
    assert found[ids[0]]["recalled"] is True and "text" not in found[ids[0]]
    assert found[ids[1]]["text"] == "m3"


@pytest.mark.parametrize(
    "fields, code, word",
    [
        ({}, 10004, "userID"),
        ({"userID": ""}, 10004, "userID"),
        ({"userID": 5}, 10004, "userID"),
        ({"userID": "a b"}, 10004, "userID"),
        ({"userID": "nobody"}, 20003, ""),
        ({"userID": "gone"}, 20003, ""),
        ({"userID": "alice", "limit": 0}, 10004, "limit"),
        ({"userID": "alice", "limit": 501}, 10004, "limit"),
        ({"userID": "alice", "limit": "5"}, 10004, "limit"),
        ({"userID": "alice", "after": 5}, 10004, "after"),
        ({"userID": "alice", "after": "x"}, 10004, "after"),
        ({"userID": "alice", "after": "device"}, 10004, "after"),
        ({"userID": "alice", "after": "device "}, 10004, "after"),
        ({"userID": "alice", "after": "nothing - x"}, 10004, "after"),
        ({"userID": "alice", "after": "device  " + "x" * 192}, 10004, "after"),
        ({"userID": "alice", "after": "device " + "x" * 192 + " "}, 10004, "after"),
    ],
)
def test_a_wrong_field_is_refused_and_named(broker, admin, fields, code, word):
    broker.create("alice", "gone")
    admin.command("deleteUser", userID="gone")
    refusal(admin.request("exportUser", **fields), code, word)


def test_it_is_for_administrators_only(broker, admin):
    alice = broker.user("alice")
    assert alice.code("exportUser", userID="alice") == 60010
    assert admin.code("exportUser", userID="alice", **{"as": "alice"}) == 60010
