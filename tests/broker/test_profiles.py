# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What users say about themselves: nickname, faceURL, selfSignature."""
import pytest

EMPTY = {"nickname": "", "faceURL": "", "selfSignature": ""}
FULL = {"nickname": "Älice", "faceURL": "https://example.org/a.png", "selfSignature": "be kind 🙂"}


@pytest.fixture
def alice(broker):
    broker.create("bob")
    return broker.user("alice")


def info(user, *names):
    return user.command("getUsersInfo", userIDs=list(names))["users"]


def profile(user, name):
    (found,) = info(user, name)
    assert found.pop("userID") == name
    return found


def test_who_has_set_nothing_has_empty_texts(alice):
    assert profile(alice, "bob") == EMPTY


def test_everybody_sees_what_a_user_has_set(broker, alice):
    assert alice.command("setSelfInfo", **FULL) == {}
    assert profile(alice, "alice") == FULL
    assert profile(broker.user("bob"), "alice") == FULL


def test_it_is_seen_at_once_in_the_same_request(broker, alice):
    """Before any commit: memory answers."""
    raw = broker.raw()
    raw.login("alice", "alice:web")
    commands = [
        {"command": "setSelfInfo", "nickname": "A"},
        {"command": "getUsersInfo", "userIDs": ["alice"]},
    ]
    raw.publish("$CONTROL/chat/v1", {"commands": commands}, 1)
    assert b'"nickname":"A"' in raw.next_message().payload


@pytest.mark.parametrize("name", FULL)
def test_a_field_that_is_not_given_stays(alice, name):
    alice.command("setSelfInfo", **FULL)
    alice.command("setSelfInfo", **{name: "new"})
    assert profile(alice, "alice") == {**FULL, name: "new"}


def test_an_empty_field_is_one_that_is_not_given(alice):
    alice.command("setSelfInfo", **FULL)
    alice.command("setSelfInfo", nickname="new", faceURL="")
    assert profile(alice, "alice") == {**FULL, "nickname": "new"}


@pytest.mark.parametrize("fields", [{}, {"nickname": ""}, dict.fromkeys(FULL, ""), {"nick": "x"}])
def test_nothing_to_set_is_10004(alice, fields):
    assert alice.code("setSelfInfo", **fields) == 10004


@pytest.mark.parametrize("kill", [False, True])
def test_it_survives_a_restart(broker, alice, kill):
    alice.command("setSelfInfo", nickname="old")
    alice.command("setSelfInfo", **FULL)
    broker.restart(kill=kill)
    assert profile(broker.user("bob"), "alice") == FULL


LIMITS = [("nickname", 64), ("faceURL", 100), ("selfSignature", 500)]


@pytest.mark.parametrize("name,limit", LIMITS)
def test_the_limit_counts_bytes(alice, name, limit):
    for text in ("x" * limit, "ä" * (limit // 2)):
        alice.command("setSelfInfo", **{name: text})
        assert profile(alice, "alice")[name] == text
    for text in ("x" * (limit + 1), "ä" * (limit // 2) + "x"):
        response = alice.request("setSelfInfo", **{name: text})
        assert (response.get("code"), response.get("error")) == (10004, f"{name}: at most {limit} bytes")


@pytest.mark.parametrize("name", FULL)
def test_what_is_not_text_is_named_and_nothing_changes(alice, name):
    alice.command("setSelfInfo", **FULL)
    response = alice.request("setSelfInfo", **{**dict.fromkeys(FULL, "new"), name: 5})
    assert response.get("code") == 10004 and name in response["error"]
    assert profile(alice, "alice") == FULL


# ---- getUsersInfo


def test_users_come_in_the_order_asked(broker, alice):
    broker.create("carol", "dave")
    alice.command("setSelfInfo", nickname="A")
    found = info(alice, "dave", "alice", "bob", "carol")
    assert [user["userID"] for user in found] == ["dave", "alice", "bob", "carol"]
    assert [user["nickname"] for user in found] == ["", "A", "", ""]


def test_users_who_are_not_there_are_left_out(alice):
    assert [user["userID"] for user in info(alice, "nobody", "bob", "no.one")] == ["bob"]
    assert info(alice, "nobody") == []


def test_what_is_no_userID_is_nobody_and_who_is_named_twice_is_answered_once(alice):
    named = ["a b", "bob", "", "@system", "x" * 33, "bob", "alice"]
    assert [user["userID"] for user in info(alice, *named)] == ["bob", "alice"]


@pytest.mark.parametrize(
    "userIDs", [None, [], "bob", {"bob": 1}, [5], ["bob", None]]
)
@pytest.mark.parametrize("command", ["getUsersInfo", "addToBlacklist", "removeFromBlacklist"])
def test_a_wrong_list_is_10004_and_named(alice, command, userIDs):
    response = alice.request(command, **({"userIDs": userIDs} if userIDs is not None else {}))
    assert response.get("code") == 10004 and "userIDs" in response["error"]


@pytest.mark.parametrize("command", ["getUsersInfo", "addToBlacklist", "removeFromBlacklist"])
def test_a_hundred_users_at_once_and_no_more(broker, alice, command):
    names = [f"u{n}" for n in range(100)]
    broker.create(*names)
    assert alice.code(command, userIDs=names) == 0
    response = alice.request(command, userIDs=names + ["bob"])
    assert (response.get("code"), response.get("error")) == (10005, "userIDs: at most 100")


def test_a_hundred_awkward_profiles_fit_into_an_answer(broker, alice):
    names = [f"{n:032}" for n in range(100)]
    awkward = {name: "\x01" * limit for name, limit in LIMITS}
    for name in names:
        client = broker.raw()
        client.login(name)
        command = {"command": "setSelfInfo", **awkward}
        client.publish("$CONTROL/chat/v1", {"commands": [command]}, 1)
        client.disconnect()
    assert info(alice, *names) == [{"userID": name, **awkward} for name in names]
