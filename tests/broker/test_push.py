# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The push queue: jobs for devices that are away, handed to workers."""
import time

import pytest

from harness.settings import PATIENCE

from test_offline import await_cursor

PHONE = "ios:1"


def token_of(name):
    """Apple's are hex."""
    return name.encode().hex()


TOKEN = token_of("bob")


@pytest.fixture
def alice(broker):
    with_token(broker, "bob")
    with_token(broker, "carol")
    return broker.user("alice")


def with_token(broker, name, device=PHONE, token=None, **fields):
    """A device with a push token, away."""
    user = broker.user(name, device)
    user.command(
        "setPushToken", provider="apns", token=token or token_of(name), businessID="b1", **fields
    )
    user.disconnect()
    return user


def worker(broker, number=1):
    return broker.admin(f"web:{number}").subscribe("chat/push")


def is_job(message):
    return message.topic == "chat/push"


def job(user, **fields):
    """Takes the first job with these members."""

    def wanted(message):
        return is_job(message) and all(message.get(name) == value for name, value in fields.items())

    return user.wait(wanted, f"no job {fields}").data


def jobs_before_carols(alice, user):
    """What the worker gets of other users until a message to carol, sent now, has become a job."""
    alice.send("carol", "sentinel")
    job(user, userID="carol", body="sentinel")
    return [message.data for message in user.pending(is_job)]


def test_a_job_has_all_fields(broker, alice):
    before = int(time.time() * 1000)
    alice.send("bob", "hello")
    found = job(worker(broker))
    (message,) = alice.synced()
    assert isinstance(found.pop("job"), int)
    assert found.pop("message") == {"id": message["id"], "sender": "alice", "to": "bob"}
    made, expire = found.pop("time"), found.pop("expire")
    assert before - 1000 <= made <= time.time() * 1000 + 1000 and expire - made == 86400 * 1000
    assert before - 10000 <= found.pop("tokenTime") <= made
    found = {name: value for name, value in found.items() if value not in (None, "")}
    assert found == {
        "attempt": 1,
        "provider": "apns",
        "businessID": "b1",
        "token": TOKEN,
        "userID": "bob",
        "clientID": "bob:ios:1",
        "title": "alice",
        "body": "hello",
        "badge": 1,
        "collapse": "user/alice",
    }


def test_a_group_message_names_its_group(broker, alice):
    topic = alice.group("Public", "g1", ["bob"], groupName="Friends")
    alice.send(topic, "hello")
    found = job(worker(broker), collapse="group/g1")
    assert (found["title"], found["body"]) == ("alice(Friends)", "hello")
    assert (found["message"]["group"], found["message"]["sender"]) == ("g1", "alice")


@pytest.mark.parametrize("kind,title", [(None, "Älice"), ("Public", "Älice(Friends)")])
def test_the_title_has_the_nickname_of_the_sender(broker, alice, kind, title):
    topic = alice.group(kind, "g1", ["bob"], groupName="Friends") if kind else "bob"
    alice.command("setSelfInfo", nickname="Älice")
    alice.send(topic, "hello")
    assert job(worker(broker), body="hello")["title"] == title


def test_the_title_has_the_nickname_of_a_sender_who_is_away_since_a_crash(broker, alice):
    alice.command("setSelfInfo", nickname="Älice")
    alice.send("bob", "hello")
    broker.restart(kill=True)
    assert job(worker(broker), body="hello")["title"] == "Älice"


def test_the_longest_title_is_whole(broker, alice):
    nickname, name = "ä" * 32, "ö" * 15
    topic = alice.group("Public", "g1", ["bob"], groupName=name)
    alice.command("setSelfInfo", nickname=nickname)
    alice.send(topic, "hello")
    assert job(worker(broker), body="hello")["title"] == f"{nickname}({name})"


BODIES = [
    ("x" * 150, "x" * 100),
    ("ä" * 150, "ä" * 100),
    ({"image": {"url": "u"}}, "[Image]"),
    ({"sound": {"url": "u"}}, "[Voice]"),
    ({"video": {"url": "u"}}, "[Video]"),
    ({"file": {"url": "u"}}, "[File]"),
    ({"face": {"index": 1, "data": ""}}, "[Sticker]"),
    ({"location": {"desc": "", "latitude": 1, "longitude": 1}}, "[Location]"),
    ({"custom": {"data": "x"}}, "[Message]"),
    ({"merger": {"title": "t", "abstracts": [], "messages": []}}, "[Message]"),
    ({"elements": [{"text": "look: "}, {"image": {"url": "u"}}, {"text": "nice"}]}, "look: [Image]nice"),
    ({"elements": [{"text": "ä" * 99}, {"text": "öö"}]}, "ä" * 99 + "ö"),
]


def test_the_body_is_a_short_text_for_every_kind_of_content(broker, alice):
    user = worker(broker)
    found = []
    for payload, _ in BODIES:
        alice.send("bob", payload)
        data = job(user, userID="bob")
        user.command("pushDone", jobs=[data["job"]])
        found.append(data["body"])
    assert found == [body for _, body in BODIES]


def test_the_message_can_say_what_the_phone_shows(broker, alice):
    push = {"title": "T", "body": "B", "ext": "E", "sound": "S"}
    alice.send("bob", {"text": "hello", "push": push})
    found = job(worker(broker))
    assert {name: found[name] for name in push} == push


def test_a_disabled_push_makes_no_job(broker, alice):
    user = worker(broker)
    alice.send("bob", {"text": "hello", "push": {"disabled": True}})
    assert jobs_before_carols(alice, user) == []


def test_onlineOnly_messages_make_no_job(broker, alice):
    user = worker(broker)
    alice.send("bob", {"text": "hello", "onlineOnly": True})
    assert jobs_before_carols(alice, user) == []


def test_a_job_comes_at_once_to_a_worker_that_waits(broker, alice):
    user = worker(broker)
    alice.send("bob", "hello")
    assert job(user)["body"] == "hello"


def test_one_job_waits_per_device_and_conversation_the_newest(broker, alice):
    for number in range(5):
        alice.send("bob", f"m{number}")
    dave = broker.user("dave")
    dave.send("bob", "from dave")
    user = worker(broker)
    found = jobs_before_carols(alice, user)
    assert sorted((j["title"], j["body"]) for j in found) == [("alice", "m4"), ("dave", "from dave")]
    assert {j["title"]: j["badge"] for j in found}["alice"] in (5, 6)


def test_each_device_away_has_its_own_job(broker, alice):
    with_token(broker, "bob", "android:1", token="07")
    alice.send("bob", "hello")
    user = worker(broker)
    assert {job(user)["token"] for _ in range(2)} == {TOKEN, "07"}


def test_connected_devices_and_devices_without_token_get_no_job(broker, alice):
    with_token(broker, "bob", "android:1", token="07")
    broker.user("bob", "mac:1").disconnect()
    broker.user("bob", PHONE)
    alice.send("bob", "hello")
    user = worker(broker)
    assert job(user)["token"] == "07"
    assert jobs_before_carols(alice, user) == []


def test_the_sender_is_not_pushed_to(broker, alice):
    with_token(broker, "alice", "ipad:1")
    user = worker(broker)
    alice.send("bob", "hello")
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "hello")
    assert {j["userID"] for j in jobs_before_carols(alice, user)} == {"bob"}


def test_a_chatroom_is_not_pushed(broker, alice):
    user = worker(broker)
    alice.send(alice.group("ChatRoom", "g1", ["bob"]), "hello")
    assert [j for j in jobs_before_carols(alice, user) if j["collapse"] == "group/g1"] == []


# ---- answers


def test_a_job_that_is_done_does_not_come_again(broker, alice):
    alice.send("bob", "hello")
    first = worker(broker)
    first.command("pushDone", jobs=[job(first)["job"]])
    first.disconnect()
    assert jobs_before_carols(alice, worker(broker, 2)) == []


def test_a_job_that_is_done_stays_done_after_a_crash(broker, alice):
    alice.send("bob", "hello")
    first = worker(broker)
    first.command("pushDone", jobs=[job(first)["job"]])
    broker.restart(kill=True)
    alice.connect()
    assert jobs_before_carols(alice, worker(broker, 2)) == []


def test_a_message_after_a_done_job_makes_a_new_one(broker, alice):
    user = worker(broker)
    alice.send("bob", "one")
    first = job(user)
    user.command("pushDone", jobs=[first["job"]])
    alice.send("bob", "two")
    second = job(user)
    assert (second["body"], second["attempt"]) == ("two", 1) and second["job"] != first["job"]


def test_a_message_while_a_job_is_out_makes_a_new_one(broker, alice):
    user = worker(broker)
    alice.send("bob", "one")
    first = job(user)
    alice.send("bob", "two")
    user.command("pushDone", jobs=[first["job"]])
    assert job(user)["body"] == "two"


def test_a_failed_job_comes_again_when_the_worker_says_so(broker, alice):
    user = worker(broker)
    alice.send("bob", "hello")
    first = job(user)
    started = time.monotonic()
    user.command("pushFailed", job=first["job"], retryAfterSeconds=1, error="try later")
    second = job(user)
    assert (second["job"], second["attempt"], second["body"]) == (first["job"], 2, "hello")
    assert time.monotonic() - started >= 0.9


def test_a_failed_job_without_a_time_waits_for_ten_seconds(broker, alice):
    user = worker(broker)
    alice.send("bob", "hello")
    user.command("pushFailed", job=job(user)["job"], error="try later")
    assert jobs_before_carols(alice, user) == []


def test_a_job_that_is_dead_does_not_come_again_and_the_token_stays(broker, alice):
    user = worker(broker)
    alice.send("bob", "hello")
    user.command("pushFailed", job=job(user)["job"], retryAfterSeconds=0, error="BadTopic", dead=True)
    assert jobs_before_carols(alice, user) == []
    alice.send("bob", "again")
    assert job(user)["body"] == "again"


def test_an_invalid_token_is_dropped_with_its_jobs(broker, alice):
    dave = broker.user("dave")
    dave.send("bob", "from dave")
    alice.send("bob", "hello")
    user = worker(broker)
    jobs = [job(user, userID="bob") for _ in range(2)]
    user.command("pushFailed", job=jobs[0]["job"], invalidToken=True, error="gone")
    alice.send("bob", "again")
    assert jobs_before_carols(alice, user) == []
    user.disconnect()
    assert jobs_before_carols(alice, worker(broker, 2)) == []


@pytest.mark.options(push_lease_seconds=1)
def test_a_job_that_is_not_answered_goes_out_again(broker, alice):
    user = worker(broker)
    alice.send("bob", "hello")
    first = job(user)
    second = job(user)
    assert (second["job"], second["attempt"]) == (first["job"], 2)


def test_the_jobs_of_a_worker_that_disconnects_go_to_another_at_once(broker, alice):
    first = worker(broker)
    alice.send("bob", "hello")
    taken = job(first)
    second = worker(broker, 2)
    first.drop()
    again = job(second)
    assert (again["job"], again["attempt"]) == (taken["job"], 2)


def test_the_jobs_of_a_worker_that_unsubscribes_go_to_another_worker_later_or_at_once(broker, alice):
    first = worker(broker)
    first.unsubscribe("chat/push")
    second = worker(broker, 2)
    alice.send("bob", "hello")
    assert job(second)["body"] == "hello"
    assert first.silent(is_job) == []


def test_a_job_goes_to_one_worker_only(broker, alice):
    workers = [worker(broker, number) for number in (1, 2)]
    names = [f"dave{n}" for n in range(20)]
    for name in names:
        broker.user(name).send("bob", "x")
    alice.send("carol", "sentinel")
    collected = []
    deadline = time.monotonic() + PATIENCE
    while len(collected) < 21 and time.monotonic() < deadline:
        for user in workers:
            user.fence()
            collected += [message.data for message in user.take_all(is_job)]
    assert sorted(j["title"] for j in collected) == sorted(names + ["alice"])


def test_an_answer_to_an_unknown_job_changes_nothing(broker, alice):
    user = worker(broker)
    user.command("pushDone", jobs=[999999])
    alice.send("bob", "hello")
    assert job(user)["body"] == "hello"


@pytest.mark.parametrize("kill", [False, True])
def test_jobs_survive_a_restart(broker, alice, kill):
    alice.send("bob", "hello")
    broker.restart(kill=kill)
    found = job(worker(broker))
    assert (found["body"], found["token"]) == ("hello", TOKEN)


# ---- dropped jobs


def test_a_job_is_dropped_when_its_user_has_read_the_message(broker, alice):
    alice.send("bob", "hello")
    broker.user("bob", "mac:1").command("markRead", to="alice")
    assert jobs_before_carols(alice, worker(broker)) == []


def test_a_job_is_dropped_when_its_device_has_got_the_message(broker, alice):
    alice.send("bob", "hello")
    phone = broker.user("bob", PHONE).subscribe("chat/user/bob/#")
    phone.text("hello")
    phone.fence()
    assert jobs_before_carols(alice, worker(broker)) == []


def test_what_a_session_got_just_before_its_end_is_pushed(broker, alice):
    phone = broker.user("bob", PHONE).subscribe("chat/user/bob/#")
    alice.send("bob", "hello")
    phone.text("hello")
    user = worker(broker)
    phone.drop()
    found = job(user)
    assert (found["userID"], found["body"]) == ("bob", "hello")


def test_what_a_group_brought_long_ago_is_not_pushed_at_the_end_because_the_inbox_brought_nothing(broker, alice):
    """The inbox is where it was when the connection began. The group is further, and is not marked as read."""
    phone, group = broker.raw(), alice.group("Private", "g1", ["bob"])
    phone.login("bob", "bob:ios:1", keepalive=2)
    phone.subscribe("chat/user/bob")
    phone.subscribe(group)
    alice.send(group, "long ago")
    await_cursor(broker, "bob:ios:1", alice.synced()[-1]["id"], pings=phone, topic="group/g1")
    phone.drop()
    assert jobs_before_carols(alice, worker(broker)) == []


@pytest.mark.parametrize("how", ["ack", "markRead"])
def test_what_a_session_has_acked_or_read_is_not_pushed_at_its_end(broker, alice, how):
    phone = broker.user("bob", PHONE).subscribe("chat/user/bob/#")
    alice.send("bob", "hello")
    number = phone.text("hello").get("id")
    phone.command("ack", id=number) if how == "ack" else phone.command("markRead", to="alice")
    phone.drop()
    assert jobs_before_carols(alice, worker(broker)) == []


# ---- tokens


def test_a_token_belongs_to_one_device(broker, alice):
    alice.send("bob", "waiting")
    with_token(broker, "dave", "ios:9", token=TOKEN)
    user = worker(broker)
    alice.send("bob", "hello")
    assert jobs_before_carols(alice, user) == []
    alice.send("dave", "hello")
    assert job(user)["userID"] == "dave"


def test_a_token_of_apples_is_the_same_in_any_spelling(broker, alice):
    with_token(broker, "dave", "ios:9", token=TOKEN.upper())
    user = worker(broker)
    alice.send("bob", "hello")
    assert jobs_before_carols(alice, user) == []
    alice.send("dave", "hello")
    assert job(user)["token"] == TOKEN


@pytest.mark.parametrize("provider, token", [
    ("apns", "abc"), ("apns", "<aa bb>"), ("apns", "aabb\n"), ("apns", "token"), ("fcm", "a b"),
    ("fcm", "a\u0085"), ("webhook", "a\u2028b"), ("webhook", "\ufeffa"),
])
def test_what_cannot_be_a_token_is_refused(broker, provider, token):
    assert broker.user("bob", PHONE).code("setPushToken", provider=provider, token=token) == 10004


def test_a_new_token_of_a_device_replaces_its_old_one(broker, alice):
    with_token(broker, "bob", token="1eaf")
    user = worker(broker)
    alice.send("bob", "hello")
    assert job(user, userID="bob")["token"] == "1eaf"
    assert jobs_before_carols(alice, user) == []


def test_a_removed_token_gets_no_jobs(broker, alice):
    alice.send("bob", "waiting")
    phone = broker.user("bob", PHONE)
    phone.command("removePushToken")
    phone.disconnect()
    user = worker(broker)
    alice.send("bob", "hello")
    assert jobs_before_carols(alice, user) == []


def test_a_token_survives_a_restart(broker, alice):
    broker.restart(kill=True)
    alice.connect()
    alice.send("bob", "hello")
    assert job(worker(broker))["token"] == TOKEN


def test_a_device_with_an_assigned_id_cannot_set_a_token(broker):
    bob = broker.user("bob", client_id="")
    assert bob.code("setPushToken", provider="apns", token="aa") == 10004


@pytest.mark.parametrize("provider", ["apns", "fcm", "webhook"])
def test_each_provider_is_carried_to_the_worker(broker, alice, provider):
    dave = broker.user("dave", "android:1")
    dave.command("setPushToken", provider=provider, token="ab")
    dave.disconnect()
    alice.send("dave", "hello")
    assert job(worker(broker))["provider"] == provider


def test_only_admins_are_workers(broker):
    assert broker.user("bob").try_subscribe("chat/push") == 0x87
