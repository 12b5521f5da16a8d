# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""$SYS/broker/chat/...: counters for admins, and what they count."""
import os
import pathlib
import re
import socket
import time

import pytest

from harness import settings
from harness.media import Upload, png
from harness.review import decide, reviewer
from harness.settings import PATIENCE

PREFIX = "$SYS/broker/chat/"


def is_counter(message):
    return message.topic.startswith(PREFIX)


@pytest.mark.options(other_topics="allow")
def test_counters_are_retained_numbers_for_admins_only(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    alice = broker.user("alice")
    assert alice.try_subscribe("$SYS/broker/chat/#") == 0x87
    assert alice.try_subscribe("$SYS/broker/chat/messages") == 0x87
    alice.subscribe("$SYS/#", "#")
    alice.send("bob", "hello")
    bob.text("hello")
    admin = broker.admin().subscribe("$SYS/broker/chat/#")
    first = admin.wait(is_counter, "no counter came", PATIENCE + 10)
    later = broker.admin("web:2").subscribe("$SYS/broker/chat/#")
    assert later.wait(is_counter).retain, "a counter is retained"
    later.fence()
    found = {m.topic: m.payload for m in [first, *later.pending(is_counter)]}
    assert len(found) >= 8
    assert all(float(value) >= 0 for value in found.values())
    assert alice.silent(is_counter) == [], "seen through a wider filter"


ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = re.search(r"\| below `\$SYS/broker/chat/` \|.*?\n\n", (ROOT / "docs/protocol.md").read_text(), re.S).group(0).strip()


def documented(column):
    return {name for line in TABLE.splitlines()[2:] for name in re.findall(r"`([\w/]+)`", line.split("|")[column])}


def test_the_broker_tells_the_counters_that_are_documented(broker):
    admin = broker.admin().subscribe("$SYS/broker/chat/#")
    assert set(admin.command("getStats")) - {"dead"} == documented(2)
    admin.wait(lambda m: m.topic == PREFIX + "turn/longest", "no counter came", PATIENCE + 10)
    later = broker.admin("web:2").subscribe("$SYS/broker/chat/#")
    later.fence()
    assert {m.topic.removeprefix(PREFIX) for m in later.pending(is_counter)} == documented(1)


class Counted:
    """What has been added to the counters since `admin` was asked last; what is not named has not changed."""

    def __init__(self, admin):
        self.admin, self.before = admin, admin.command("getStats")

    def added(self, *begins):
        now = self.admin.command("getStats")
        names = [name for name in now if name.startswith(begins) and now[name] != self.before[name]]
        found = {name: now[name] - self.before[name] for name in names}
        self.before = now
        return found

    def await_added(self, name):
        deadline = time.monotonic() + PATIENCE
        while self.admin.command("getStats")[name] == self.before[name]:
            assert time.monotonic() < deadline, f"{name} stays as it is"
            time.sleep(0.01)


@pytest.fixture
def counted(broker):
    return Counted(broker.admin())


# ---- by what they are said in


def test_messages_between_two_users_are_counted_and_what_each_device_is_given(broker, counted):
    bob = [broker.user("bob", device).subscribe("chat/user/bob/#") for device in ("ios:1", "web:1")]
    alice, tablet = broker.user("alice"), broker.user("alice", "ipad:1").subscribe("chat/user/alice/#")
    counted.added()
    alice.send("bob", "stored")
    alice.send("bob", {"text": "passing", "onlineOnly": True})
    for device in (*bob, tablet):
        device.text("passing")
    assert counted.added("messages", "deliveries") == {"messagesStored": 1, "messagesC2C": 2, "deliveriesC2C": 6}


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_messages_in_a_group_are_counted_by_its_type(broker, counted, kind):
    broker.create("bob", "carol")
    alice = broker.user("alice")
    alice.group(kind, "g1", ["bob", "carol"])
    bob = broker.user("bob").subscribe("chat/group/g1")  # natively
    carol = broker.user("carol").subscribe("chat/user/carol/#")  # as a copy
    counted.added()
    alice.send("chat/group/g1", "hello")
    for user in (bob, carol):
        user.text("hello")
    assert counted.added("messages", "deliveries") == {
        "messagesStored": 1, f"messages{kind}": 1, f"deliveries{kind}": 2}


@pytest.mark.parametrize("qos", [1, 2])  # natively; and published by the plugin
def test_messages_in_a_live_group_are_counted_by_its_type(broker, counted, qos):
    owner = broker.user("owner")
    owner.group("AVChatRoom", "show")
    viewers = [broker.user(name).subscribe("chat/group/show") for name in ("bob", "carol", "dave")]
    for viewer in viewers:
        viewer.fence()
    counted.added()
    owner.send("chat/group/show", "hello", qos=qos)
    for viewer in viewers:
        viewer.text("hello")
    assert counted.added("messages", "deliveries") == {"messagesAVChatRoom": 1, "deliveriesAVChatRoom": 3}


def test_what_comes_to_a_device_that_was_away_is_a_replay_and_no_delivery(broker, counted):
    broker.create("bob")
    broker.user("alice").send("bob", "hello")
    counted.added()
    broker.user("bob").subscribe("chat/user/bob/#").text("hello")
    assert counted.added("messages", "deliveries") == {"messagesReplayed": 1}


def test_what_is_refused_is_no_message_of_its_type(broker, counted):
    broker.user("alice").refusal("chat/user/nobody", "hello")
    assert counted.added("messages", "deliveries") == {"messagesRejected": 1}


# ---- reviews


@pytest.mark.options(review="c2c", review_seconds=30)
def test_what_is_held_is_counted_with_what_becomes_of_it(broker, counted):
    broker.create("bob")
    alice, judge = broker.user("alice"), reviewer(broker)
    replaced = {"message": {"text": "better"}}
    for action, more in (("pass", {}), ("replace", replaced), ("refuse", {}), ("drop", {})):
        alice.send("bob", action)
        decide(judge, action, **more)
    assert counted.added("reviews") == {
        "reviewsHeld": 4, "reviewsPassed": 2, "reviewsRefused": 1, "reviewsDropped": 1}


@pytest.mark.options(review="c2c", review_seconds=1)
def test_what_nobody_decides_in_time_is_counted_as_overdue(broker, counted):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    broker.user("alice").send("bob", "hello")
    bob.text("hello")
    assert counted.added("reviews") == {"reviewsHeld": 1, "reviewsPassed": 1, "reviewsOverdue": 1}


# ---- uploads


def test_uploads_are_counted_with_what_becomes_of_them(broker_factory, tmp_path):
    (tmp_path / "media").mkdir()
    broker = broker_factory(media_dir=tmp_path / "media", max_media_bytes=100000)
    alice, counted, content = broker.user("alice"), Counted(broker.admin()), png()
    Upload(alice, content).send().finish()
    assert counted.added("uploads") == {"uploadsBegun": 1, "uploadsFinished": 1, "uploadsBytes": len(content)}
    assert Upload(alice, content, sha256="0" * 64).send().finish_code() == 10004
    assert Upload(alice, content).finish_code() == 10004  # nothing has come
    assert alice.code("createUpload", name="a", contentType="a/b", size=200000) == 93000
    assert Upload(alice, content).abort_code() == 0
    assert counted.added("uploads") == {"uploadsBegun": 3, "uploadsRefused": 3, "uploadsEnded": 1}


# ---- logins and memory


def test_logins_that_are_let_in_are_counted(broker, counted):
    broker.create("alice", "bob")
    counted.admin.command("banUser", userID="bob", seconds=60)
    counted.added("logins")
    broker.user("alice")
    broker.unconnected("bob").connect(code=broker.refused(5, 0x8A))
    assert counted.added("logins") == {"logins": 1}


def test_the_memory_of_the_broker_is_told(broker, counted):
    with open(f"/proc/{broker.process.pid}/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    assert resident / 2 < counted.admin.command("getStats")["memoryBytes"] < resident * 2


# ---- bans


def test_bans_are_counted_and_what_they_refuse(broker, counted):
    broker.create("bob")
    owner, bob = broker.user("owner"), broker.user("bob")
    owner.group("Public", "g1", [], addOpt="FreeAccess")
    owner.command("banGroupMember", groupID="g1", userID="bob", seconds=60)
    assert bob.code("joinGroup", groupID="g1") == 10007
    owner.command("banGroupMember", groupID="g1", userID="bob", seconds=0)
    assert counted.added("bans") == {"bansMade": 1, "bansLifted": 1, "bansRefused": 1}
    counted.admin.command("banUser", userID="bob", seconds=60)
    bob.wait_closed()
    broker.unconnected("bob").connect(code=broker.refused(5, 0x8A))
    counted.admin.command("banUser", userID="bob", seconds=0)
    assert counted.added("bans") == {"bansMade": 1, "bansLifted": 1, "bansRefused": 1}


# ---- what is dropped under load


@pytest.mark.options(group_rate=8)
def test_messages_that_a_live_group_is_sent_too_many_are_counted_as_shed(broker, counted):
    owner = broker.user("owner")
    topic = owner.group("AVChatRoom", "show")
    counted.added()
    owner.send_many(topic, [{"text": f"m{n}", "priority": "low"} for n in range(50)])
    found = counted.added("messages", "shed")
    assert set(found) == {"messagesAVChatRoom", "shedRate"} and sum(found.values()) == 50


BIG = "x" * 9000


@pytest.fixture
def deaf(broker_factory):
    """deaf(filter): a phone of bob's that is subscribed to it and reads nothing from then on; alice."""
    broker = broker_factory(conf=["max_queued_bytes 500000"], user_rate=100000, group_rate=100000)

    def make(name, client_id, topic):
        client = broker.raw()
        client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.login(name, client_id, keepalive=60)
        client.start_subscribe(topic, qos=0)
        return client

    broker.deaf = make
    return broker


def send_until(counted, name, send):
    deadline = time.monotonic() + PATIENCE
    while counted.admin.command("getStats")[name] == counted.before[name]:
        assert time.monotonic() < deadline, f"{name} stays as it is"
        send()


def test_what_is_not_stored_is_shed_for_who_does_not_read(deaf):
    counted, alice = Counted(deaf.admin()), deaf.user("alice")
    deaf.deaf("bob", "bob:iot:1", "chat/user/bob")
    message = {"text": BIG, "onlineOnly": True}
    send_until(counted, "shedReaders", lambda: alice.send_many("bob", [message] * 50))
    found = counted.added("messages", "deliveries", "shed")
    assert set(found) == {"messagesC2C", "deliveriesC2C", "shedReaders"}
    assert found["deliveriesC2C"] + found["shedReaders"] == found["messagesC2C"]


def test_events_are_shed_for_who_does_not_read(deaf):
    counted, alice = Counted(deaf.admin()), deaf.user("alice")
    deaf.deaf("bob", "bob:iot:1", "chat/user/bob")
    deaf.user("bob", "web:1").send("alice", "hello")
    send_until(counted, "shedReaders", lambda: alice.send_many("bob", [{"text": BIG, "onlineOnly": True}] * 50))
    alice.command("markRead", to="bob")
    assert counted.added("shedEvents") == {"shedEvents": 1}


def test_items_of_the_feed_are_shed_for_who_does_not_read(deaf):
    counted, alice = Counted(deaf.admin("web:1")), deaf.user("alice")
    deaf.create("bob")
    deaf.deaf(settings.ADMIN, f"{settings.ADMIN}:iot:1", "chat/feed")
    send_until(counted, "shedFeed", lambda: alice.send_many("bob", [{"text": BIG, "onlineOnly": True}] * 50))


# ---- the database


def test_commits_are_counted_and_nothing_waits_when_all_is_in_the_database(broker, counted):
    broker.create("bob")
    broker.user("alice").send_many("bob", [f"m{n}" for n in range(100)])
    deadline = time.monotonic() + PATIENCE
    while (now := counted.admin.command("getStats"))["ringBytes"] > 0:
        assert time.monotonic() < deadline
    assert now["ringFrames"] == 0 and now["commits"] > counted.before["commits"]
    assert now["commitLongest"] >= now["commitMilliseconds"] > 0


@pytest.mark.options(ring_bytes=4 << 20)
def test_what_waits_for_the_database_is_counted_in_frames_and_bytes(broker, counted):
    broker.create("bob")
    alice = broker.user("alice")
    with broker.uncommitted() as database:
        before = counted.admin.command("getStats")
        alice.send_many("bob", [f"m{n}" for n in range(100)])
        now = counted.admin.command("getStats")
        assert 100 <= now["ringFrames"] - before["ringFrames"] < 110  # cursors are written, too
        assert 100 * 50 < now["ringBytes"] < now["ringSize"] == 4 << 20
        database.execute("COMMIT")


# ---- turns


def test_a_turn_in_which_everybody_waits_is_counted_as_long(broker_factory):
    broker = broker_factory(faults=True)
    broker.create("bob")
    broker.user("alice").send("bob", "hello")
    broker.restart()  # what is read comes from the disk
    admin, bob = broker.admin(), broker.user("bob")
    before = admin.command("getStats")
    with broker.faults.rule("read", "chat.db", error=None, delay=0.12):
        bob.command("getHistory", to="alice")
    after = admin.command("getStats")
    for bound in ("turnsOver1", "turnsOver5", "turnsOver20", "turnsOver100"):
        assert after[bound] > before[bound]
    assert after["turnLongest"] > 120
    assert after["turnsMilliseconds"] > before["turnsMilliseconds"] + 120


def test_waiting_for_the_network_makes_no_turn_long(broker, counted):
    time.sleep(0.5)  # the broker waits up to 100 ms, again and again
    found = counted.added("turns")
    assert found["turns"] >= 3 and found["turnsMilliseconds"] < 100
