# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Database and ring of each released schema, kept in tests/old: all that was there is there, and what only the ring
had comes into the database."""
import contextlib
import lzma
import pathlib
import sqlite3
import time

import pytest

from harness.review import given, reviewer
from harness.settings import PATIENCE
from test_push import job

OLD = pathlib.Path(__file__).resolve().parents[1] / "old"
RELEASES = sorted(path.name.removesuffix(".db.xz") for path in OLD.glob("*.db.xz"))


# What the start and the frames of the ring change of what was there: whole tables, and columns of others.
LIFE = {"state", "clock", "notice_task", "broadcast", "broadcast_part", "purge", "purge_told", "media_purge", "review"}
CHANGED = {
    "user": {"nickname"},
    "device": {"online", "last_used"},
    "conversation": {"last_seq", "last_id", "last_time", "recalled_id"},
    "member": {"sent", "sent_id"},
}


@pytest.fixture(params=RELEASES)
def old(request, broker_factory):
    """A broker that is not started yet, on the files of a release. They are old: nothing may go for its age."""
    broker = broker_factory(start=False, faults=True, retention_days=0, ring_bytes=4194304)
    for suffix, path in (("db", broker.database), ("ring", broker.database.with_suffix(".db.ring"))):
        path.write_bytes(lzma.decompress((OLD / f"{request.param}.{suffix}.xz").read_bytes()))
        path.chmod(0o600)
    return broker


@pytest.fixture
def broker(old):
    return old.start()


def history(user, **conversation):
    """The contents, oldest first."""
    messages = user.command("getHistory", limit=100, **conversation)["messages"]
    return sorted((m for m in messages if "text" in m or "image" in m), key=lambda m: m["id"])


def test_its_private_messages_are_there_and_those_of_its_ring(broker):
    texts = [m["text"] for m in history(broker.user("alice"), to="bob")]
    assert texts[-2:] == ["while away", "in the ring only"]
    assert texts[0] == "to alice 0" and len(texts) == 22 - 2  # one was deleted by alice, one recalled


def test_its_group_messages_are_there_byte_for_byte(broker):
    last = history(broker.user("carol"), group="g1")[-1]
    assert last["image"] == {"url": "http://x/i.png", "width": 3} and last["cloudCustomData"] == "kept"


def test_its_list_is_as_it_was(broker):
    listed = broker.user("alice").command("getConversations")["conversations"]
    bob = next(c for c in listed if c.get("to") == "bob")
    # Of 22 the first five are read, and of the rest one was deleted and one recalled.
    assert (bob["pinned"], bob["unread"]) == (True, 15)


def test_who_was_named_is_still_told(broker):
    listed = broker.user("carol").command("getConversations")["conversations"]
    assert next(c for c in listed if c.get("group") == "g1")["atMe"]


def test_its_groups_members_and_their_rights_are_there(broker):
    alice = broker.user("alice")
    info = alice.command("getGroupInfo", groupID="g1")
    wanted = {"groupName": "First", "addOpt": "NeedPermission", "notification": "read this", "owner": "alice"}
    assert wanted.items() <= info.items()
    members = {m["userID"]: m for m in alice.command("getGroupMembers", groupID="g1")["members"]}
    assert [members[name]["role"] for name in ("alice", "bob", "carol")] == ["owner", "admin", "member"]
    assert members["alice"]["nameCard"] == "the boss"
    assert broker.user("carol").refusal("chat/group/g1", "muted").get("code") == 10017


def test_who_waits_for_a_group_still_waits(broker):
    waiting = broker.user("alice").command("getGroupApplications")["applications"]
    assert [(a["userID"], a["message"]) for a in waiting] == [("dave", "let me in")]


def test_its_users_are_as_they_were_and_as_its_ring_made_them(broker):
    admin = broker.admin()
    found = admin.command("getUsersInfo", userIDs=["alice", "bob", "ringo"])["users"]
    assert [u.get("nickname", "") for u in found] == ["Alice", "Bob of the ring", ""]
    assert broker.user("carol").refusal("chat/user/dave", "hi").get("code") == 20012
    assert broker.user("erin").refusal("chat/user/alice", "hi").get("code") == 20007


def everything(admin, command, name, key):
    found, after = [], 0
    while True:
        page = admin.command(command, after=after, limit=2)
        found += [item[key] for item in page[name]]
        after = page["next"]
        if after == 0:
            return found


def test_its_users_and_groups_are_gone_through_in_the_order_in_which_they_came(broker):
    broker.create("newcomer")
    admin = broker.admin()
    with sqlite3.connect(broker.database) as database:
        rows = database.execute("SELECT user FROM user WHERE deleted = 0 ORDER BY created, user").fetchall()
    users = everything(admin, "getUsers", "users", "userID")
    assert users == [*(name for name, in rows if name != "newcomer"), "newcomer"]  # who may not be committed yet
    assert {"alice", "bob", "ringo"} < set(users)
    assert everything(admin, "getGroups", "groups", "groupID") == ["g1", "live", "gone"]


def test_its_devices_keep_what_they_had(broker):
    alice = broker.user("alice", device="ios:phone")
    alice.subscribe(alice.feed)
    assert [m.data["text"] for m in alice.contents("in the ring only")] == ["while away", "in the ring only"]


def test_what_was_to_be_told_when_it_ended_is_told(broker):
    frank = broker.user("frank")
    frank.subscribe(frank.feed)
    assert frank.notice("custom")["notice"]["text"] == "hi"


# ---- what is there since the second schema


since_0002 = pytest.mark.parametrize("old", [r for r in RELEASES if r >= "0002"], indirect=True)


@since_0002
def test_its_attributes_and_bans_of_groups_and_users_are_there(broker):
    alice = broker.user("alice")
    found = alice.command("getGroupAttributes", groupID="g1")
    assert found == {"attributes": {"seat1": "alice", "seat2": ""}, "version": 1}
    bans = alice.command("getGroupBans", groupID="g1")["bans"]
    assert [(b["userID"], b["operator"], b["reason"]) for b in bans] == [("frank", "alice", "spam")]
    assert broker.user("frank").code("joinGroup", groupID="g1") == 10007
    broker.unconnected("ivan").connect(code=broker.refused(5, why=0x8A))


@since_0002
def test_its_edits_are_there_and_its_quiet_messages_do_not_count(broker):
    henry = broker.user("henry")
    messages = history(henry, to="grace")
    # Without what was recalled: it has lost its text.
    texts = ["to henry 0", "quiet 0", "edited", "quiet 1", "quiet 2", "to henry 3", "quiet 3"]
    assert [m["text"] for m in messages] == texts
    assert [bool(m.get("edited")) for m in messages].index(True) == 2
    assert henry.command("getUnread") == {"totalUnread": 2}
    assert broker.user("grace").command("getConversations")["conversations"] == []


@since_0002
def test_what_was_uploaded_still_counts(broker):
    with broker.uncommitted() as database:
        of_alice = "FROM media{} WHERE user = 'alice'"
        assert database.execute("SELECT size, ext " + of_alice.format("")).fetchall() == [(6, "txt")]
        assert database.execute("SELECT bytes " + of_alice.format("_user")).fetchall() == [(6,)]


since_0005 = pytest.mark.parametrize("old", [r for r in RELEASES if r >= "0005"], indirect=True)


@since_0005
def test_what_was_imported_into_it_is_there(broker):
    messages = history(broker.user("henry"), to="judy")
    assert [m["text"] for m in messages] == [f"long ago {number}" for number in range(3)]


@since_0005
def test_a_purge_that_it_had_begun_is_ended(old):
    old.options["media_dir"] = old.folder / "media"
    old.options["media_dir"].mkdir()
    broker = old.start()
    judy = broker.user("judy")
    judy.subscribe(judy.feed)
    messages = judy.command("getHistory", to="mallory")["messages"]
    assert len(messages) == 3 and not any("text" in m for m in messages)

    def left():
        with contextlib.closing(sqlite3.connect(broker.database)) as database:
            return [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                    for table in ("purge", "purge_told", "media_purge")]

    deadline = time.monotonic() + PATIENCE
    while left() != [0, 0, 0]:
        assert time.monotonic() < deadline, "the purge did not end"
        broker.raw().login("frank")  # a turn of the broker's loop


@since_0005
def test_what_waited_for_a_reviewer_still_waits(broker):
    review = given(reviewer(broker))
    assert (review["userID"], review["group"], review["message"]["text"]) == ("frank", "live", "may I?")


# ---- and it goes on


def rows(path):
    """{table: rows as {column: value}}"""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {table: [dict(row) for row in database.execute(f"SELECT * FROM {table}")] for table in tables}


def test_every_row_of_it_is_there(old):
    before = rows(old.database)
    old.start()
    old.stop()
    after = rows(old.database)
    for table in set(before) - LIFE - {"sqlite_sequence"}:
        kept = set(before[table][0]) - CHANGED.get(table, set())
        assert kept <= set(after[table][0]), f"{table} has lost a column"
        there = [{column: row[column] for column in kept} for row in after[table]]
        for row in before[table]:
            purged = "mallory" in (row.get("sender"), row.get("user_b"))
            assert purged or {column: row[column] for column in kept} in there, f"{table} has lost {row}"


def test_its_devices_get_what_is_new_and_nothing_twice(broker):
    phone = broker.user("alice", device="ios:phone")
    phone.subscribe(phone.feed)
    phone.command("ack", id=phone.contents("in the ring only")[-1].get("id"))
    phone.disconnect()
    broker.user("bob").send("alice", "new")
    again = broker.user("alice", device="ios:phone")
    again.subscribe(again.feed)
    assert [m.data["text"] for m in again.contents("new")] == ["new"]


def test_its_groups_take_members_and_messages(broker):
    alice = broker.user("alice")
    last = history(alice, group="g1")[-1]["seq"]
    alice.command("handleGroupApplication", groupID="g1", userID="dave", accept=True)
    dave = broker.user("dave")
    dave.subscribe(dave.feed)
    alice.send("chat/group/g1", "welcome")
    assert dave.text("welcome").get("seq") > last
    assert "dave" in [m["userID"] for m in alice.command("getGroupMembers", groupID="g1")["members"]]


def test_its_push_jobs_are_handed_out_and_done(old):
    with contextlib.closing(sqlite3.connect(old.database)) as database:
        made = database.execute("SELECT max(created) FROM push_job").fetchone()[0] // 1000
    old.faults.set_clock(wall=made + 60 - time.time())  # a job ends by itself after a day
    worker = old.start().unconnected("admin", sig=old.sig("admin", created=made)).connect().subscribe("chat/push")
    waiting = job(worker, userID="alice", body="in the ring only")
    assert worker.code("pushDone", jobs=[waiting["job"]]) == 0
    worker.fence()
    with old.uncommitted() as database:
        assert not database.execute("SELECT 1 FROM push_job WHERE job = ?", [waiting["job"]]).fetchone()


def test_new_ids_are_above_its_own(broker):
    bob = broker.user("bob")
    before = history(bob, to="alice")[-1]["id"]
    bob.send("alice", "new")
    assert history(bob, to="alice")[-1]["id"] > before


def test_every_table_of_it_has_a_row(broker):
    """Or a migration of that table would be held by nothing."""
    broker.stop()
    for name in RELEASES:
        old = broker.folder / f"{name}.db"
        old.write_bytes(lzma.decompress((OLD / f"{name}.db.xz").read_bytes()))
        with sqlite3.connect(old) as database:
            tables = [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            empty = [t for t in tables if not database.execute(f"SELECT 1 FROM {t}").fetchone()]
        assert set(empty) <= {"sqlite_sequence"}
