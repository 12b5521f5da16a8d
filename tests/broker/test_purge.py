# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""purgeMessages, and deleteUser with `purge`: what somebody has written loses its content, for everybody."""
import contextlib
import json
import sqlite3
import time

import pytest

from harness.media import files, upload
from harness.settings import PATIENCE
from harness.views import conversations, history, stalled_store, sync_all, texts
from test_delete_user import again
from test_push import job, with_token, worker

KINDS = ["Private", "Public", "ChatRoom"]
SECRET = "correct horse battery staple"


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "mallory", "admin")
    return broker.user("alice")


@pytest.fixture
def mallory(broker, alice):
    return broker.user("mallory")


def group_of(owner, kind="Public", *members, **options):
    free = {} if kind == "Private" else {"addOpt": "FreeAccess", "inviteOpt": "FreeAccess"}
    return owner.group(kind, "g1", members or ("bob", "mallory"), **free, **options)


def send(user, to, text=SECRET, **more):
    """Sends a message and returns its stamp, from the receipt."""
    random = time.monotonic_ns() % 2**52 + 1
    user.send(to, {"text": text, "random": random, **more})
    return user.event("sent", random=random)


def purge(user, name="mallory", group="g1"):
    assert user.command("purgeMessages", group=group, userID=name) == {}


def delete(broker, name="mallory", **fields):
    assert broker.admin("iot:deleter").command("deleteUser", userID=name, **fields) == {}


def is_purge(message):
    return bool(message.get("purge"))


def purge_of(user):
    """Takes the next purge that arrives: the whole message."""
    return user.wait(is_purge, "no purge came").data


def recalled_form(message, sender="mallory"):
    """What is left of a message."""
    left = ("id", "seq", "to", "group", "time")
    return {**{name: message[name] for name in left if name in message}, "sender": sender, "recalled": True}


def left_of(messages, sender="mallory"):
    """What there is of this sender's content: texts, and None for what has none."""
    wanted = [m for m in messages if m["sender"] == sender and not {"tips", "purge", "edit", "recall"} & m.keys()]
    return [m.get("text") for m in wanted]


def until(true, what="it did not come to that"):
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
    return found


def rows(broker, question, *values):
    with contextlib.closing(sqlite3.connect(f"file:{broker.database}?mode=ro", uri=True)) as database:
        return database.execute(question, values).fetchall()


def await_end(broker):
    """When this returns, the database has everything, and no purge is under way."""
    left = "SELECT (SELECT count(*) FROM purge) + (SELECT count(*) FROM purge_told) + (SELECT count(*) FROM media_purge)"
    admin = broker.admin("iot:watcher")
    until(lambda: admin.command("getStats")["ringBytes"] == 0 and rows(broker, left) == [(0,)], "it does not end")


def fill(broker, count, senders, group="g1"):
    """Messages of a group, put into the database of a broker that does not run: the number of the first."""
    with contextlib.closing(sqlite3.connect(broker.database, isolation_level=None)) as database:
        conversation, last = database.execute(
            "SELECT c.id, max(c.last_id, (SELECT max(id) FROM message)) FROM conversation AS c "
            "JOIN chat_group AS g ON g.conversation = c.id WHERE group_id = ?", (group,)).fetchone()  # fmt: skip
        now = int(time.time() * 1000)
        database.execute("BEGIN")
        database.executemany(
            "INSERT INTO message (id, conversation, seq, sender, client, time, kind, random, push, body) "
            "VALUES (?, ?, ?, ?, '', ?, 0, 0, 1, ?)",
            ((last + n, conversation, n, senders(n), now, f'"text":"{SECRET} {n}"}}') for n in range(1, count + 1)))
        database.execute("UPDATE conversation SET last_seq = ?, last_id = ?, last_time = ? WHERE id = ?",
                         (count, last + count, now, conversation))  # fmt: skip
        database.execute("UPDATE state SET id_mark = max(id_mark, ?)", (last + count + 100000,))
        database.execute("COMMIT")
    return last + 1


# ---- what it does


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stalled", [False, True])
def test_all_that_somebody_has_written_in_a_group_loses_its_content(broker, alice, mallory, kind, stalled):
    topic = group_of(alice, kind)
    sent = [send(mallory, topic), send(mallory, topic, noUnread=True)]
    others = send(alice, topic, "mine")
    with stalled_store(broker) if stalled else contextlib.nullcontext():
        purge(alice)
        for user in (alice, mallory, broker.user("bob"), broker.admin()):
            found = [m for m in history(user, group="g1") if "tips" not in m]
            assert found[:2] == [recalled_form(message) for message in sent]
            assert found[2]["text"] == "mine" and found[2]["id"] == others["id"]
            assert found[3]["purge"]["sender"] == "mallory"


def test_what_is_written_later_and_elsewhere_stays(broker, alice, mallory):
    topic = group_of(alice)
    other = alice.group("Public", "g2", ["mallory"])
    send(mallory, other), send(mallory, "bob"), send(mallory, topic)
    purge(alice)
    send(mallory, topic, "later")
    await_end(broker)
    assert left_of(history(alice, group="g1")) == [None, "later"]
    assert left_of(history(alice, group="g2")) == left_of(history(mallory, to="bob")) == [SECRET]


def test_it_goes_for_who_has_left_or_was_deleted(broker, alice, mallory):
    topic = group_of(alice)
    send(mallory, topic)
    bob = broker.user("bob")
    send(bob, topic)
    mallory.command("quitGroup", groupID="g1")
    delete(broker, "bob")
    purge(alice, "mallory"), purge(alice, "bob")
    found = history(alice, group="g1")
    assert left_of(found) == left_of(found, "bob") == [None]


def test_edits_lose_their_content_whoever_made_them(broker, alice, mallory):
    sent = send(mallory, group_of(alice))
    mallory.command("editMessage", id=sent["id"], text=SECRET + " 1")
    broker.admin().command("editMessage", id=sent["id"], text=SECRET + " 2")
    with stalled_store(broker):
        purge(alice)
        young = history(alice, group="g1")
    await_end(broker)
    broker.restart()
    alice.connect()
    found = history(alice, group="g1")
    assert found == young and SECRET not in json.dumps(found)
    assert [m["edit"] for m in found if "edit" in m] == [
        {"id": sent["id"], "operator": name} for name in ("mallory", "admin")]  # fmt: skip


def test_it_is_gone_from_the_database_too(broker, alice, mallory):
    topic = group_of(alice)
    for _ in range(3):
        send(mallory, topic, at=["bob"])
    purge(alice)
    await_end(broker)
    assert rows(broker, "SELECT count(*) FROM message WHERE body LIKE ? OR mentions LIKE '%bob%'", f"%{SECRET}%") == [(0,)]


def test_what_was_purged_is_neither_recalled_nor_edited(broker, alice, mallory):
    sent = send(mallory, group_of(alice))
    with stalled_store(broker):
        purge(alice)
        assert mallory.code("editMessage", id=sent["id"], text="new") == 20023
        assert mallory.code("recallMessage", id=sent["id"]) == 20023
    await_end(broker)
    assert mallory.code("editMessage", id=sent["id"], text="new") == 20023


def test_a_recalled_message_stays_as_it_is(broker, alice, mallory):
    topic = group_of(alice)
    first, second = send(mallory, topic), send(mallory, topic)
    mallory.command("recallMessage", id=first["id"])
    purge(alice), purge(alice)
    await_end(broker)
    found = [m for m in history(alice, group="g1") if m.get("recalled")]
    assert found == [recalled_form(first), recalled_form(second)]


def test_seqs_and_positions_are_as_before(broker, alice, mallory):
    topic = group_of(alice)
    sent = [send(user, topic, str(n)) for n, user in enumerate((mallory, alice, mallory, alice))]
    purge(alice)
    await_end(broker)
    found = [m for m in history(alice, group="g1") if "tips" not in m]
    assert [m["seq"] for m in found] == [1, 2, 3, 4, 4]
    page = alice.command("getHistory", group="g1", seq=3, limit=2)["messages"]
    assert [m["id"] for m in page] == [sent[1]["id"], sent[2]["id"]]
    bob = broker.user("bob")
    bob.command("markRead", group="g1", seq=3)
    assert conversations(bob)["group:g1"]["unread"] == 1


# ---- counts


@pytest.mark.parametrize("kill", [None, True])
def test_what_was_purged_does_not_count_as_unread(broker, alice, mallory, kill):
    topic = group_of(alice)
    bob = broker.user("bob")
    send(mallory, topic), send(alice, topic, "mine"), send(mallory, topic, at=["bob"])
    assert bob.command("getUnread") == {"totalUnread": 3}
    assert conversations(bob)["group:g1"]["atMe"] is True
    purge(alice)
    if kill:
        broker.restart(kill=True)
        bob.connect()
    until(lambda: bob.command("getUnread") == {"totalUnread": 1})
    entry = conversations(bob)["group:g1"]
    assert (entry["unread"], entry["atMe"]) == (1, False)


def test_the_list_shows_the_purge_and_nothing_of_what_was_written(broker, alice, mallory):
    topic = group_of(alice)
    send(mallory, topic)
    purge(alice)
    last = conversations(broker.user("bob"))["group:g1"]["lastMessage"]
    assert last["purge"] == {"sender": "mallory", "id": last["id"] - 1, "operator": "alice"} and last["seq"] == 1


def test_the_badge_of_a_phone_falls_with_what_was_purged(broker, alice, mallory):
    topic = group_of(alice)
    with_token(broker, "bob")
    office = worker(broker)
    send(alice, topic, "mine"), send(mallory, topic)
    until(lambda: job(office)["badge"] == 2)
    purge(alice)
    assert job(office, silent=True)["badge"] == 1


def test_a_push_that_waits_goes_with_its_message(broker, alice, mallory):
    topic = group_of(alice)
    with_token(broker, "bob")
    send(mallory, topic)
    purge(alice)
    send(alice, "bob", "other")
    office = worker(broker)
    assert job(office)["body"] == "other"
    assert office.silent(lambda m: m.topic == "chat/push") == []


def test_a_push_of_an_older_message_of_somebody_else_stays(broker, alice, mallory):
    topic = group_of(alice)
    with_token(broker, "bob")
    send(alice, topic, "mine"), send(mallory, topic)
    purge(alice)
    assert (found := job(worker(broker)))["body"] == "mine" and found["title"].startswith("alice")


# ---- who learns of it


def test_connected_members_get_the_event_and_the_purge_in_the_conversation(broker, alice, mallory):
    topic = group_of(alice)
    bob, silent = broker.user("bob").subscribe("chat/user/bob/#"), broker.user("bob", "web:1")
    stranger = broker.user("carol").subscribe("chat/user/carol/#")
    sent = send(mallory, topic)
    purge(alice)
    event = {"event": "purged", "group": "g1", "sender": "mallory", "id": sent["id"]}
    for user in (bob, silent, alice, mallory):
        assert user.event("purged") == event
    found = purge_of(bob)
    assert found["purge"] == {"sender": "mallory", "id": sent["id"], "operator": "alice"}
    assert (found["sender"], found["group"], found["seq"]) == ("alice", "g1", 1)
    assert silent.silent(is_purge) == stranger.silent(lambda m: is_purge(m) or m.get("event") == "purged") == []


@pytest.mark.parametrize("topic", ["chat/user/bob/#", "chat/group/g1"])
def test_who_was_away_gets_messages_without_content_and_the_purge(broker, alice, mallory, topic):
    group = group_of(alice)
    bob = broker.user("bob", "ios:1").subscribe(topic)
    bob.disconnect()
    sent = send(mallory, group)
    purge(alice)
    bob.connect().subscribe(topic)
    assert purge_of(bob)["purge"]["id"] == sent["id"]
    (message,) = bob.take_all()
    assert message.data == recalled_form(sent)


def test_sync_tells_who_had_the_messages_before(broker, alice, mallory):
    topic = group_of(alice)
    sent = send(mallory, topic)
    bob = broker.user("bob")
    after = sync_all(bob)[-1]["id"]
    assert after == sent["id"]
    purge(alice)
    (found,) = sync_all(bob, after)
    assert found["purge"] == {"sender": "mallory", "id": sent["id"], "operator": "alice"}


@pytest.mark.parametrize("everywhere", [False, True])
def test_what_the_broker_holds_of_it_for_a_kept_session_is_not_sent_again(broker, alice, mallory, everywhere):
    topic = group_of(alice)
    bob = broker.raw()
    bob.login("bob", "bob:ios:1", clean=False)
    bob.subscribe("chat/user/bob/#")
    alice.publish(topic, "ready")
    bob.messages_until(lambda m: json.loads(m.payload).get("text") == "ready")
    bob.auto_ack = False
    alice.publish(topic, "mine"), mallory.publish(topic, SECRET)
    for _ in range(2):
        bob.next_message()
    bob.abort()
    with stalled_store(broker):
        delete(broker, purge=True) if everywhere else purge(alice)
        bob = broker.raw()
        bob.login("bob", "bob:ios:1", clean=False)
        alice.publish(topic, "end")
        found = bob.messages_until(lambda m: json.loads(m.payload).get("text") == "end")
    assert [text for text in (json.loads(m.payload).get("text") for m in found) if text] == ["mine"]


def test_a_replay_under_way_brings_no_content_any_more(broker, alice, mallory):
    topic = group_of(alice)
    for number in range(250):
        mallory.start_publish(topic, f"{SECRET} {number}")
        if number % 40 == 39:
            mallory.command("getUnread")
    until(lambda: len(history(alice, group="g1")) > 200)
    purge(alice)
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    purge_of(bob)
    assert not any(SECRET in m.payload.decode() for m in bob.take_all())


# ---- who may


def test_who_may_not_purge_changes_nothing(broker, alice, mallory):
    topic = group_of(alice)
    send(mallory, topic)
    assert mallory.code("purgeMessages", group="g1", userID="mallory") == 10007
    assert broker.user("bob").code("purgeMessages", group="g1", userID="mallory") == 10007
    assert broker.user("carol").code("purgeMessages", group="g1", userID="mallory") == 10007
    assert left_of(history(alice, group="g1")) == [SECRET]


def test_in_a_live_group_nothing_is_purged(broker, alice):
    alice.send(alice.group("AVChatRoom", "live"), SECRET)
    for user in (alice, broker.admin()):
        assert user.code("purgeMessages", group="live", userID="alice") == 10033
    assert texts(alice.command("getHistory", group="live")["messages"]) == [SECRET]


@pytest.mark.parametrize(
    "fields,code,name",
    [
        *(({"group": "g1", "userID": value}, 10004, "userID") for value in (5, None, ["bob"], True, "", "b/b", "x" * 33)),
        ({"group": "g1"}, 10004, "userID"),
        ({"userID": "mallory"}, 10004, "group"),
        *(({"group": value, "userID": "mallory"}, 10004, "group") for value in (5, None, ["g1"])),
        ({"group": "g/1", "userID": "mallory"}, 10015, ""),
        ({"group": "nowhere", "userID": "mallory"}, 10010, ""),
        ({"group": "g1", "userID": "nobody"}, 20003, ""),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(broker, alice, mallory, fields, code, name):
    send(mallory, group_of(alice))
    response = alice.request("purgeMessages", **fields)
    assert response.get("code") == code and name in response["error"]
    assert left_of(history(alice, group="g1")) == [SECRET]


@pytest.mark.options(group_rate=3)
def test_a_group_is_told_of_no_more_purges_than_group_rate(broker, alice, mallory):
    group_of(alice)
    codes = [alice.code("purgeMessages", group="g1", userID="mallory") for _ in range(8)]
    assert codes[0] == 0 and 10023 in codes
    assert broker.admin().code("purgeMessages", group="g1", userID="mallory") == 0


@pytest.mark.parametrize("value", [1, "true", None, []])
def test_purge_of_a_wrong_type_deletes_nobody(broker, alice, value):
    response = broker.admin().request("deleteUser", userID="mallory", purge=value)
    assert response.get("code") == 10004 and "purge" in response["error"]
    alice.send("mallory", "still there")


# ---- deleteUser


def test_without_purge_what_a_deleted_user_has_written_stays(broker, alice, mallory):
    send(mallory, "alice")
    delete(broker), delete(broker, "bob", purge=False)
    assert left_of(history(alice, to="mallory")) == [SECRET]


def test_what_a_purged_user_has_written_is_gone_everywhere(broker, alice, mallory):
    topic, other = group_of(alice), alice.group("Public", "g2", ["mallory"])
    sent = [send(mallory, to) for to in ("alice", "bob", topic, other)]
    answer = send(alice, "mallory", "hello")
    mallory.command("quitGroup", groupID="g2")
    mallory.command("setSelfInfo", nickname=SECRET)
    with stalled_store(broker):
        delete(broker, purge=True)
        found = [history(alice, to="mallory"), history(broker.user("bob"), to="mallory"),
                 history(alice, group="g1"), history(alice, group="g2")]  # fmt: skip
        assert [left_of(messages) for messages in found] == [[None]] * 4
    assert recalled_form({**sent[0], "to": "alice"}) in found[0]
    assert [m["id"] for m in found[0] if m.get("text") == "hello"] == [answer["id"]]
    await_end(broker)
    assert rows(broker, "SELECT count(*) FROM message WHERE body LIKE ?", f"%{SECRET}%") == [(0,)]
    assert rows(broker, "SELECT nickname FROM user WHERE user = 'mallory'") == [("",)]


def test_each_conversation_is_told_once_and_only_where_there_was_something(broker, alice, mallory):
    topic = group_of(alice)
    alice.group("Public", "g2", ["mallory"])
    alice.subscribe(alice.feed)
    last = [send(mallory, to) for to in ("alice", "alice", topic, topic)][-1]
    send(alice, "mallory", "hello")
    delete(broker, purge=True)
    await_end(broker)
    found = [m for m in sync_all(alice) if "purge" in m]
    assert sorted(m.get("to", m.get("group")) for m in found) == ["alice", "g1"]
    for message in found:
        assert message["sender"] == message["purge"]["sender"] == message["purge"]["operator"] == "mallory"
        assert last["id"] <= message["purge"]["id"] < message["id"]
    number = found[0]["purge"]["id"]
    events = [alice.event("purged"), alice.event("purged")]
    assert {"event": "purged", "to": "mallory", "sender": "mallory", "id": number} in events
    assert {"event": "purged", "group": "g1", "sender": "mallory", "id": number} in events
    assert [purge_of(alice)["purge"], purge_of(alice)["purge"]] == [found[0]["purge"]] * 2


def test_counts_fall_for_everybody_who_had_something_unread_of_a_purged_user(broker, alice, mallory):
    topic = group_of(alice)
    send(mallory, "alice"), send(mallory, "alice"), send(mallory, topic), send(alice, topic, "mine")
    bob = broker.user("bob")
    assert (alice.command("getUnread"), bob.command("getUnread")) == ({"totalUnread": 3}, {"totalUnread": 2})
    delete(broker, purge=True)
    until(lambda: alice.command("getUnread") == {"totalUnread": 0})
    until(lambda: bob.command("getUnread") == {"totalUnread": 1})
    assert conversations(alice)["mallory"]["unread"] == 0


def test_what_comes_later_under_the_name_stays(broker, alice, mallory):
    send(mallory, "alice")
    with stalled_store(broker):
        delete(broker, purge=True)
        send(again(broker, name="mallory"), "alice", "new")
        assert left_of(history(alice, to="mallory")) == [None, "new"]
    await_end(broker)
    assert left_of(history(alice, to="mallory")) == [None, "new"]


def test_who_comes_again_under_a_name_hears_nothing_of_the_purge_of_it(broker, alice, mallory):
    send(mallory, "alice"), send(mallory, "bob")
    alice.subscribe(alice.inbox)
    with broker.uncommitted():
        delete(broker, purge=True), delete(broker, "bob")
        new = [again(broker, name=name).subscribe(f"chat/user/{name}/#") for name in ("mallory", "bob")]
    await_end(broker)
    assert purge_of(alice)["purge"]["sender"] == "mallory"
    for user in new:
        assert user.silent(lambda m: is_purge(m) or m.get("event") == "purged") == []
        assert [m for m in sync_all(user) if "purge" in m] == []


def test_who_was_deleted_without_it_is_imported_and_deleted_again(broker, alice, mallory):
    send(mallory, "alice")
    delete(broker)
    broker.admin("iot:importer").command("importUsers", userIDs=["mallory"])
    delete(broker, purge=True)
    assert left_of(history(alice, to="mallory")) == [None]


def test_what_was_sent_in_a_name_in_a_group_of_others_goes_too(broker, alice):
    topic = group_of(alice, "Public", "bob")
    broker.admin().command("sendMessage", sender="mallory", group="g1", text=SECRET)
    delete(broker, purge=True)
    await_end(broker)
    assert left_of(history(alice, group="g1")) == [None]
    assert rows(broker, "SELECT count(*) FROM message WHERE body LIKE ?", f"%{SECRET}%") == [(0,)]


# ---- uploads


@pytest.mark.parametrize("purged", [False, True])
def test_uploads_of_a_purged_user_go_and_those_of_others_stay(broker_factory, tmp_path, purged):
    folder = tmp_path / "media"
    folder.mkdir()
    tmp_path.chmod(0o755)
    broker = broker_factory(media_dir=folder)
    alice, mallory = broker.user("alice", "ios:1"), broker.user("mallory", "ios:1")
    kept = upload(alice, b"alice's own" * 100)["url"]
    gone = [upload(mallory, bytes([n]) * 1000)["url"] for n in range(3)]
    delete(broker, purge=purged)
    expected = {kept} if purged else {kept, *gone}
    if purged:
        await_end(broker)
        assert rows(broker, "SELECT bytes FROM media_user WHERE user = 'mallory'") == [(0,)]
    assert {f"/media/{path}" for path in files(folder)} == expected


# ---- whatever happens


def test_a_kill_in_the_middle_loses_nothing_of_a_purge(broker_factory):
    broker = broker_factory()
    alice = broker.user("alice")
    broker.create("bob", "mallory")
    group_of(alice)
    broker.stop()
    fill(broker, 20000, lambda n: "mallory" if n % 4 == 0 else "bob")
    broker.start()
    alice.connect()
    purge(alice)
    for _ in range(3):
        until(lambda: rows(broker, "SELECT count(*) FROM message WHERE recalled = 1") > [(0,)])
        broker.restart(kill=True)
    alice.connect()
    assert set(left_of(alice.command("getHistory", group="g1", limit=100)["messages"])) == {None}
    await_end(broker)
    assert rows(broker, "SELECT recalled, sender, count(*) FROM message WHERE kind = 0 GROUP BY 1, 2") == [
        (0, "bob", 15000), (1, "mallory", 5000)]  # fmt: skip
    assert sum("purge" in m for m in history(alice, group="g1")) == 1


def test_a_kill_in_the_middle_tells_nobody_twice(broker_factory):
    broker = broker_factory()
    names = [f"user{n}" for n in range(20)]
    broker.create("bob", *names)
    mallory, alice = broker.user("mallory"), broker.user("alice")
    alice.group("Public", "g1", ["bob"])
    for name in names:
        send(mallory, name)
    broker.stop()
    fill(broker, 60000, lambda n: "bob")  # the walk takes a while from the last messages to the first
    broker.start()
    mallory.connect()
    for name in names:
        send(mallory, name)
    delete(broker, purge=True)
    until(lambda: rows(broker, "SELECT count(*) FROM purge_told") == [(len(names),)])
    broker.restart(kill=True)
    await_end(broker)
    assert rows(broker, "SELECT recalled, count(*) FROM message WHERE sender = 'mallory' AND kind = 0") == [(1, 2 * len(names))]
    assert rows(broker, "SELECT count(*) FROM message WHERE kind = 6 GROUP BY conversation") == [(1,)] * len(names)


def test_many_purges_of_one_group_take_one_walk_and_all_are_done(broker, alice):
    names = [f"troll{n}" for n in range(30)]
    broker.create(*names)
    topic = group_of(alice, "Public", *names)
    for name in names:
        send(broker.user(name), topic)
    admin = broker.admin()
    with stalled_store(broker):
        for name in names:
            purge(admin, name)
    await_end(broker)
    assert rows(broker, "SELECT count(*) FROM message WHERE kind = 0 AND recalled = 0") == [(0,)]


def test_a_group_that_is_dismissed_meanwhile_is_purged_all_the_same(broker, alice, mallory):
    topic = group_of(alice)
    send(mallory, topic)
    with stalled_store(broker):
        purge(alice)
        alice.command("dismissGroup", groupID="g1")
    await_end(broker)
    assert rows(broker, "SELECT count(*) FROM message WHERE body LIKE ?", f"%{SECRET}%") == [(0,)]
