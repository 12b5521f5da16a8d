# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The badge that falls: silent jobs for phones that nobody is looking at."""
import time

import pytest

from test_clock import ask, await_count
from test_push import PHONE, TOKEN, job, jobs_before_carols, with_token, worker

JOBS = "SELECT count(*) FROM push_job"


class Passing:
    """Time passes for the broker: both clocks go on."""

    def __init__(self, broker):
        self.broker, self.seconds = broker, 0

    def __call__(self, seconds):
        self.seconds += seconds
        self.broker.faults.set_clock(wall=self.seconds, steady=self.seconds)


@pytest.fixture
def broker(request, broker_factory):
    marker = request.node.get_closest_marker("options")
    made = broker_factory(faults=True, **(marker.kwargs if marker else {}))
    made.passes = Passing(made)
    with_token(made, "bob")
    with_token(made, "carol")
    return made


@pytest.fixture
def alice(broker):
    return broker.user("alice")


@pytest.fixture
def mac(broker):
    return broker.user("bob", "mac:1")


def take(user, **fields):
    """A job, which is done."""
    found = job(user, **fields)
    user.command("pushDone", jobs=[found["job"]])
    return found


def pushed(alice, user, *texts):
    """bob has these messages of alice's, and the phone shows so. Gives their ids."""
    for text in texts:
        alice.send("bob", text)
        take(user, userID="bob", body=text)
    return [message["id"] for message in alice.synced()]


def no_silent_jobs(alice, user):
    return [found for found in jobs_before_carols(alice, user) if found.get("silent")] == []


# ---- the job


def test_reading_on_another_device_gives_the_phone_a_silent_job(broker, alice, mac):
    user = worker(broker)
    pushed(alice, user, "one", "two")
    before = time.time() * 1000
    mac.command("markRead", to="alice")
    broker.passes(2)
    found = job(user, silent=True)
    (listed,) = user.command("getPushJobs")["jobs"]
    assert (listed["job"], listed["silent"]) == (found["job"], True)
    made, expire = found.pop("time"), found.pop("expire")
    assert before - 1000 <= made <= time.time() * 1000 + 3000 and expire - made == 86400 * 1000
    assert isinstance(found.pop("job"), int) and isinstance(found.pop("tokenTime"), int)
    assert found == {"attempt": 1, "provider": "apns", "businessID": "b1", "token": TOKEN, "userID": "bob",
                     "clientID": "bob:ios:1", "silent": True, "badge": 0, "collapse": "badge"}


def test_the_job_comes_two_seconds_after_the_reading(broker, alice, mac):
    user = worker(broker)
    pushed(alice, user, "one")
    began = time.monotonic()
    mac.command("markRead", to="alice")
    job(user, silent=True)
    assert time.monotonic() - began >= 1.9


def test_the_badge_is_what_is_unread_everywhere_else(broker, alice, mac):
    user = worker(broker)
    first, _, _ = pushed(alice, user, "one", "two", "three")
    broker.user("dave").send("bob", "from dave")
    take(user, body="from dave")
    mac.command("markRead", id=first, to="alice")
    broker.passes(2)
    assert job(user, silent=True)["badge"] == 3


def test_an_android_phone_gets_one_too(broker, alice, mac):
    phone = broker.user("bob", "android:1")
    phone.command("setPushToken", provider="fcm", token="a", businessID="b2")
    phone.disconnect()
    alice.send("bob", "one")
    mac.command("markRead", to="alice")
    broker.passes(2)
    user = worker(broker)
    assert {take(user, silent=True)["provider"] for _ in range(2)} == {"apns", "fcm"}


def test_a_phone_in_the_background_gets_one(broker, alice, mac):
    broker.user("bob", PHONE).command("setBackground", background=True)
    user = worker(broker)
    pushed(alice, user, "one")
    mac.command("markRead", to="alice")
    broker.passes(2)
    assert job(user, silent=True)["badge"] == 0


# ---- what makes it fall


def group_of(alice, kind="Public"):
    return alice.group(kind, "g1", ["bob"])


@pytest.mark.parametrize("kind", [None, "Private", "Public"])
def test_a_message_that_is_recalled_is_not_counted_any_more(broker, alice, kind):
    """bob is not connected at all."""
    user = worker(broker)
    to = group_of(alice, kind) if kind else "bob"
    alice.send(to, "one")
    alice.send(to, "two")
    take(user, userID="bob", body="two")
    alice.command("recallMessage", id=alice.synced()[-1]["id"])
    broker.passes(2)
    assert job(user, silent=True)["badge"] == 1


def test_what_is_purged_is_not_counted_any_more(broker, alice):
    user = worker(broker)
    topic = group_of(alice)
    alice.send(topic, "one")
    alice.send(topic, "two")
    take(user, userID="bob", body="two")
    alice.command("purgeMessages", group="g1", userID="alice")
    await_count(broker, JOBS + " WHERE conversation = 0", 1)
    broker.passes(2)
    assert job(user, silent=True)["badge"] == 0


def test_a_message_deleted_on_another_device_is_not_counted_any_more(broker, alice, mac):
    user = worker(broker)
    numbers = pushed(alice, user, "one", "two", "three")
    mac.command("deleteMessages", ids=numbers[:2])
    broker.passes(2)
    assert job(user, silent=True)["badge"] == 1


def test_what_an_administrator_reads_as_somebody_is_not_counted_any_more(broker, alice):
    """From no device: all of them are told."""
    user = worker(broker)
    pushed(alice, user, "one")
    user.command("markRead", to="alice", **{"as": "bob"})
    broker.passes(2)
    assert job(user, silent=True)["badge"] == 0


@pytest.mark.parametrize("keep", [False, True])
def test_a_conversation_deleted_on_another_device_is_not_counted_any_more(broker, alice, mac, keep):
    user = worker(broker)
    pushed(alice, user, "one")
    broker.user("dave").send("bob", "from dave")
    take(user, body="from dave")
    mac.command("deleteConversation", to="alice", keepMessages=keep)
    broker.passes(2)
    assert job(user, silent=True)["badge"] == 1


# ---- how often


def test_of_what_is_read_in_two_seconds_the_last_state_is_told_once(broker, alice, mac):
    user = worker(broker)
    for number in pushed(alice, user, "one", "two", "three"):
        mac.command("markRead", id=number, to="alice")
    broker.passes(2)
    assert take(user, silent=True)["badge"] == 0
    assert no_silent_jobs(alice, user)


def read_twice(broker, alice, mac, user):
    """The second time the phone has just been told."""
    first, second = pushed(alice, user, "one", "two")
    mac.command("markRead", id=first, to="alice")
    broker.passes(2)
    assert take(user, silent=True)["badge"] == 1
    mac.command("markRead", id=second, to="alice")


def test_a_phone_is_told_once_in_ten_seconds(broker, alice, mac):
    user = worker(broker)
    read_twice(broker, alice, mac, user)
    broker.passes(3)
    assert no_silent_jobs(alice, user)
    broker.passes(7)
    assert job(user, silent=True)["badge"] == 0


def test_a_message_in_these_ten_seconds_is_told_at_once(broker, alice, mac):
    user = worker(broker)
    read_twice(broker, alice, mac, user)
    alice.send("bob", "three")
    assert job(user, body="three")["badge"] == 1


# ---- who is told nothing


def a_phone_that_is_looked_at(broker, alice, mac, _user):
    broker.user("bob", PHONE)
    mac.command("markRead", to="alice")


def the_one_that_has_read(broker, _alice, _mac, _user):
    phone = broker.user("bob", PHONE)
    phone.command("setBackground", background=True)
    phone.command("markRead", to="alice")


def one_that_comes_in_time(broker, _alice, mac, _user):
    mac.command("markRead", to="alice")
    broker.user("bob", PHONE)


def one_whose_token_was_removed(broker, _alice, mac, _user):
    phone = broker.user("bob", PHONE)
    mac.command("markRead", to="alice")
    phone.command("removePushToken")
    phone.disconnect()


def one_with_a_web_hook_since(broker, _alice, mac, _user):
    phone = broker.user("bob", PHONE)
    phone.command("setBackground", background=True)
    mac.command("markRead", to="alice")
    phone.command("setPushToken", provider="webhook", token="t")


def one_with_a_web_hook(broker, _alice, mac, _user):
    phone = broker.user("bob", PHONE)
    phone.command("setPushToken", provider="webhook", token="t")
    phone.disconnect()
    mac.command("markRead", to="alice")


def one_whose_user_has_read_it_before(broker, alice, _mac, _user):
    number = alice.synced()[-1]["id"]
    phone = broker.user("bob", PHONE)
    phone.command("markRead", to="alice")
    phone.disconnect()
    alice.command("recallMessage", id=number)


def one_whose_user_reads_only_tips(broker, alice, mac, _user):
    group_of(alice)
    mac.command("markRead", group="g1")


def one_whose_user_reads_an_own_message(broker, _alice, mac, _user):
    dave = broker.user("dave")
    mac.send("dave", "mine")
    dave.send("bob", "his")
    mac.command("markRead", id=mac.synced()[-2]["id"], to="dave")


def one_whose_user_had_a_message_that_did_not_count(broker, alice, _mac, _user):
    alice.send("bob", {"text": "quiet", "noUnread": True})
    alice.command("recallMessage", id=alice.synced()[-1]["id"])


@pytest.mark.parametrize("story", [
    a_phone_that_is_looked_at, the_one_that_has_read, one_that_comes_in_time, one_whose_token_was_removed,
    one_with_a_web_hook_since, one_with_a_web_hook, one_whose_user_has_read_it_before, one_whose_user_reads_only_tips,
    one_whose_user_reads_an_own_message, one_whose_user_had_a_message_that_did_not_count,
], ids=lambda story: story.__name__)
def test_no_silent_job_for(broker, alice, mac, story):
    user = worker(broker)
    pushed(alice, user, "one")
    story(broker, alice, mac, user)
    broker.passes(2)
    assert no_silent_jobs(alice, user)


@pytest.mark.options(push_badge="false")
def test_with_push_badge_off_there_is_no_silent_job(broker, alice, mac):
    user = worker(broker)
    first, _ = pushed(alice, user, "one", "two")
    mac.command("markRead", id=first, to="alice")
    alice.command("recallMessage", id=alice.synced()[-1]["id"])
    await_count(broker, "SELECT count(*) FROM member WHERE user = 'bob' AND read_id > 0", 1)
    assert ask(broker, JOBS) == 0


def test_push_badge_turned_off_ends_a_job_that_waits(broker, alice, mac):
    settings = broker.folder / "settings"
    broker.options["settings_file"] = settings
    settings.write_text("")
    broker.restart()
    alice.connect()
    mac.connect()
    user = worker(broker)
    pushed(alice, user, "one")
    mac.command("markRead", to="alice")
    settings.write_text("push_badge false\n")
    broker.reload()
    broker.passes(2)
    assert no_silent_jobs(alice, user)
    await_count(broker, JOBS + " WHERE user = 'bob'", 0)


# ---- the queue


def test_a_silent_job_takes_the_place_of_the_one_that_waits_for_what_was_read(broker, alice, mac):
    alice.send("bob", "one")
    broker.user("dave").send("bob", "from dave")
    await_count(broker, JOBS, 2)
    mac.command("markRead", to="alice")
    await_count(broker, JOBS + " WHERE conversation = 0", 1)
    assert ask(broker, JOBS) == 2
    alice.send("bob", "two")
    user = worker(broker)
    assert job(user, body="two")["badge"] == 2


def test_what_was_read_in_part_is_pushed_all_the_same(broker, alice, mac):
    alice.send("bob", "one")
    alice.send("bob", "two")
    mac.command("markRead", id=alice.synced()[0]["id"], to="alice")
    assert job(worker(broker), userID="bob")["body"] == "two"


@pytest.mark.parametrize("kill", [False, True])
def test_a_silent_job_survives_a_restart(broker, alice, mac, kill):
    alice.send("bob", "one")
    mac.command("markRead", to="alice")
    due = "SELECT due FROM push_job WHERE conversation = 0"
    await_count(broker, due.replace("due", "count(*)", 1), 1)
    wanted = ask(broker, due)
    broker.restart(kill=kill)
    assert ask(broker, due) == wanted
    broker.passes(2)
    assert job(worker(broker), userID="bob")["silent"]


def test_ten_seconds_are_ten_seconds_over_a_crash(broker, alice, mac):
    user = worker(broker)
    read_twice(broker, alice, mac, user)
    broker.restart(kill=True)
    alice.connect()
    user = worker(broker)
    assert no_silent_jobs(alice, user)
    broker.passes(10)
    assert job(user, silent=True)["badge"] == 0


def test_a_silent_job_that_failed_says_what_is_so_when_it_goes_out_again(broker, alice, mac):
    user = worker(broker)
    pushed(alice, user, "one")
    mac.command("markRead", to="alice")
    broker.passes(2)
    first = job(user, silent=True)
    alice.send("bob", "two")
    user.command("pushFailed", job=first["job"], retryAfterSeconds=0, error="busy")
    second = job(user, silent=True)
    assert (second["job"], second["attempt"], second["badge"]) == (first["job"], 2, 1)


def test_a_silent_job_that_failed_gives_way_to_the_next(broker, alice, mac):
    user = worker(broker)
    pushed(alice, user, "one", "two")
    mac.command("markRead", id=alice.synced()[0]["id"], to="alice")
    broker.passes(2)
    user.command("pushFailed", job=job(user, silent=True)["job"], retryAfterSeconds=3, error="busy")
    mac.command("markRead", to="alice")
    await_count(broker, JOBS + " WHERE conversation = 0", 2)
    broker.passes(4)
    assert no_silent_jobs(alice, user)
    broker.passes(6)
    assert take(user, silent=True)["attempt"] == 1
    await_count(broker, JOBS + " WHERE conversation = 0", 0)


def test_a_token_that_is_none_goes_with_a_silent_job_too(broker, alice, mac):
    user = worker(broker)
    pushed(alice, user, "one")
    mac.command("markRead", to="alice")
    broker.passes(2)
    user.command("pushFailed", job=job(user, silent=True)["job"], invalidToken=True)
    alice.send("bob", "two")
    assert no_silent_jobs(alice, user)


def test_a_silent_job_that_nobody_takes_expires(broker, alice, mac):
    alice.send("bob", "one")
    mac.command("markRead", to="alice")
    await_count(broker, JOBS + " WHERE conversation = 0", 1)
    broker.passes(86400 + 20)
    await_count(broker, JOBS, 0)


@pytest.mark.options(push_ttl_seconds=600)
def test_a_silent_job_is_as_old_as_the_last_fall(broker, alice, mac):
    alice.send("bob", "one")
    alice.send("bob", "two")
    mac.command("markRead", id=alice.synced()[0]["id"], to="alice")
    await_count(broker, JOBS + " WHERE conversation = 0", 1)
    broker.passes(500)
    broker.user("bob", "mac:2").command("markRead", to="alice")
    await_count(broker, JOBS + " WHERE conversation = 0 AND created > due", 1)
    broker.passes(200)
    assert job(worker(broker), userID="bob")["silent"]


def test_a_clock_that_is_set_makes_no_silent_job_wait(broker, alice, mac):
    user = worker(broker)
    read_twice(broker, alice, mac, user)
    broker.faults.set_clock(wall=-3600, steady=2)
    broker.faults.set_clock(wall=-3590, steady=12)
    assert job(user, silent=True)["badge"] == 0
