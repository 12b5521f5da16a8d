# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Whose a client id is: nobody takes over another user's session by naming it."""
import pytest

from harness import packets
from harness.user import CONTROL, RESPONSE

VERSIONS = pytest.mark.parametrize("version", [4, 5])

OWN = ["alice", "alice:ios", "alice:web:1", "alice:toaster:1", "alice:iot:a.B-9_", "alice:mac:" + "x" * 64]
FOREIGN = [
    "bob:web:1",
    "bob:web",
    "alice:",
    "alice:web:",
    "alice::1",
    "alice:web:" + "x" * 65,
    "alice:web:1:2",
    "alice:web:a b",
    "alice:web:a/b",
    ":web:1",
    ":",
    "Alice:web:1",
]


def connack(broker, user, client_id, version=4):
    client = broker.raw(version)
    return client.connect(client_id, user, broker.sig(user))


@VERSIONS
def test_ids_that_start_with_the_userID_are_the_users_own(broker, version):
    assert {name: connack(broker, "alice", name, version).code for name in OWN} == dict.fromkeys(OWN, 0)


@VERSIONS
def test_ids_of_another_shape_are_refused(broker, version):
    broker.create("bob")
    found = {name: connack(broker, "alice", name, version).code for name in FOREIGN}
    assert found == dict.fromkeys(FOREIGN, broker.refused(version, 0x85))


def test_a_refused_id_is_logged_with_its_code(broker):
    connack(broker, "alice", "bob:web:1")
    line = broker.await_log(r"\b7004\b")
    assert "alice" in line and "bob:web:1" in line


def test_somebody_elses_userID_is_refused_as_client_id(broker):
    broker.create("bob")
    assert connack(broker, "alice", "bob").code == 5


def test_a_made_up_id_belongs_to_the_user_first_seen_with_it(broker):
    assert connack(broker, "alice", "mqttjs_1a2b").code == 0
    assert connack(broker, "bob", "mqttjs_1a2b").code == 5
    assert connack(broker, "alice", "mqttjs_1a2b").code == 0


@pytest.mark.parametrize("restart", [False, True])
def test_a_made_up_id_is_free_after_a_logout(broker, restart):
    alice = broker.user("alice", client_id="mqttjs_1a2b").subscribe("chat/user/alice/#")
    start = len(broker.process.lines)
    alice.command("logout")
    alice.wait_closed()
    broker.await_log("mqttjs_1a2b", start=start)
    if restart:
        broker.restart(kill=True)
    bob = broker.user("bob", client_id="mqttjs_1a2b").subscribe("chat/user/bob/#")
    alice.connect(code=broker.refused(5, 0x85))
    broker.user("carol").send("bob", "hello")
    bob.text("hello")


def test_a_logout_frees_no_id_that_names_its_user(broker):
    alice = broker.user("alice", "web:1")
    alice.command("logout")
    alice.wait_closed()
    assert connack(broker, "bob", "alice:web:1").code == 5


@pytest.mark.parametrize("kill", [False, True])
def test_a_made_up_id_still_belongs_to_its_user_after_a_restart(broker, kill):
    connack(broker, "alice", "mqttjs_1a2b")
    broker.restart(kill=kill)
    assert connack(broker, "bob", "mqttjs_1a2b").code == 5


def test_a_refused_login_takes_no_id(broker):
    broker.raw().connect("mqttjs_1a2b", "alice", broker.sig("alice", created=0, expire=1))
    assert connack(broker, "bob", "mqttjs_1a2b").code == 0


def test_a_made_up_id_falls_to_the_user_of_that_name(broker):
    alice = broker.raw()
    alice.login("alice", "carol")
    assert connack(broker, "carol", "carol").code == 5  # while alice has it; that closes her connection
    alice.wait_closed()
    broker.create("dora")
    assert connack(broker, "carol", "carol").code == 0
    assert connack(broker, "alice", "carol").code == 5


def test_an_id_without_colon_that_is_no_users_is_free(broker):
    assert connack(broker, "alice", "paho/123 x").code == 0


def test_an_assigned_id_works_in_3_1_1(broker):
    assert connack(broker, "alice", "").code == 0


def test_an_assigned_id_belongs_to_its_user(broker):
    assigned = connack(broker, "alice", "", 5).properties[packets.ASSIGNED_CLIENT_ID]
    assert connack(broker, "bob", assigned).code == 5
    assert connack(broker, "alice", assigned).code == 0


def test_a_user_with_many_assigned_ids_can_chat(broker):
    alice = [broker.user("alice", client_id="", version=5).subscribe("chat/user/alice/#") for _ in range(3)]
    broker.user("bob").send("alice", "to all of you")
    for device in alice:
        device.text("to all of you")


def test_an_id_that_falls_to_another_user_brings_nothing_of_its_old_owner(broker):
    alice = broker.user("alice")
    bob, heir = broker.raw(), broker.raw()
    bob.login("bob", "phone1", clean=False)
    bob.subscribe("chat/user/bob/#")
    bob.auto_ack = False
    alice.send("bob", "for bob only")
    bob.next_message()
    bob.abort()
    broker.create("dora")  # in the very turn in which bob goes nobody else is let in
    heir.login("phone1", "phone1", clean=False)
    heir.subscribe("chat/user/phone1")
    alice.send("phone1", "end")
    assert heir.messages_until(lambda m: b'"end"' in m.payload) == []


def test_an_id_that_falls_to_another_user_does_not_hide_what_the_new_owner_has_missed(broker):
    alice = broker.user("alice")
    bob, heir = broker.raw(), broker.raw()
    bob.login("bob", "phone1")
    bob.subscribe("chat/user/bob/#")
    broker.create("phone1")
    alice.send("phone1", "for phone1")
    alice.send("bob", "later")
    bob.next_message()
    bob.disconnect()
    heir.login("phone1", "phone1")
    heir.subscribe("chat/user/phone1/#")
    assert b"for phone1" in heir.next_message().payload


# ---- a client id that changes hands: what is queued for it belongs to the one before


def test_answers_for_one_user_never_reach_the_next_with_the_client_id(broker):
    """bob's userID is the client id alice has made up. bob is let in when nothing of alice's is queued any more."""
    for number in range(20):
        alice, bob = broker.raw(), broker.raw()
        name = f"bob{number}"
        alice.login("alice", name)
        with broker.one_turn():
            for _ in range(3):
                alice.start_publish(CONTROL, {"commands": [{"command": "getJoinedGroups"}]})
            bob.send(packets.connect(4, name, name, broker.sig(name)))
        assert bob.expect(packets.CONNACK).code == 5
        assert alice.next_message().topic == RESPONSE
        alice.wait_closed()
        bob = broker.raw()
        bob.login(name)
        bob.ping()
        assert list(bob._messages) == []
    broker.await_log(r"\b10002\b")


def test_an_end_and_a_beginning_in_one_turn_are_too_near(broker):
    alice, bob = broker.raw(), broker.raw()
    alice.login("alice", "bob")
    with broker.one_turn():
        alice.start_publish(CONTROL, {"commands": [{"command": "getJoinedGroups"}]})
        alice.send(packets.disconnect())
        bob.send(packets.connect(4, "bob", "bob", broker.sig("bob")))
    assert bob.expect(packets.CONNACK).code == 5
    bob = broker.raw()
    bob.login("bob")
    bob.ping()
    assert list(bob._messages) == []


def test_who_is_no_chat_user_gets_no_client_id_a_chat_user_is_connected_with(broker_factory):
    broker = broker_factory(conf=["allow_anonymous true"], other_users="defer")
    alice = broker.raw()
    alice.login("alice", "made-up")
    assert broker.raw().connect("made-up").code == 5
    alice.ping()
    alice.disconnect()
