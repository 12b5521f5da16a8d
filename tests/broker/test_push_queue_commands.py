# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What an operator does about the push queue: getPushJobs, retryPushJobs, dropPushJobs."""
import sqlite3
import time

import pytest

from harness.settings import PATIENCE

from test_push import is_job, job, jobs_before_carols, with_token, worker

DEVICE = "ios:1"


@pytest.fixture
def alice(broker):
    with_token(broker, "bob")
    with_token(broker, "carol")
    return broker.user("alice")


@pytest.fixture
def admin(broker):
    return broker.admin()


def queue(admin, **fields):
    return admin.command("getPushJobs", **fields)["jobs"]


def until_queued(admin, count, having=None, **fields):
    """The jobs, when there are so many (with such a member): the database hears of it a moment later."""
    deadline = time.monotonic() + PATIENCE
    while len(found := [each for each in queue(admin, **fields) if not having or having in each]) != count:
        assert time.monotonic() < deadline, f"not {count}, but {found}"
    return found


def dies(user, error="403 InvalidProviderToken", **fields):
    """The number of the first job with these members, which is dead then."""
    number = job(user, **fields)["job"]
    user.command("pushFailed", job=number, error=error, dead=True)
    return number


def have_dead(broker, alice, *names):
    """A worker, and the numbers of dead jobs from alice."""
    user = worker(broker)
    for name in names:
        alice.send(name, "hello")
    dead = [dies(user, userID=name) for name in names]
    until_queued(user, len(names), state="dead")
    return user, dead


def changed(admin, command, **fields):
    return admin.command(command, **fields)["count"]


# ---- getPushJobs


def test_a_job_that_waits_is_told_with_its_device_and_conversation(alice, admin):
    before = time.time() * 1000
    alice.send("bob", "hello")
    (found,) = until_queued(admin, 1)
    assert isinstance(found.pop("job"), int)
    assert before - 1000 <= found.pop("time") == found.pop("due") <= time.time() * 1000 + 1000
    assert found == {"state": "waiting", "userID": "bob", "clientID": "bob:ios:1", "provider": "apns",
                     "businessID": "b1", "to": "alice", "attempts": 0}


def test_a_job_of_a_group_names_the_group(alice, admin):
    alice.send(alice.group("Public", "g1", ["bob"]), "hello")
    (found,) = [each for each in until_queued(admin, 2) if "group" in each]  # the other one: the invitation
    assert (found["group"], found["userID"]) == ("g1", "bob") and "to" not in found


def test_a_job_that_a_worker_has_is_out_until_its_lease_ends(broker, alice, admin):
    alice.send("bob", "hello")
    number = job(worker(broker))["job"]
    (found,) = until_queued(admin, 1, state="out")
    assert (found["job"], found["attempts"]) == (number, 1)
    assert 20_000 < found["due"] - time.time() * 1000 <= 30_000
    assert queue(admin, state="waiting") == []


def test_a_job_that_failed_waits_with_its_error(broker, alice, admin):
    alice.send("bob", "hello")
    user = worker(broker)
    user.command("pushFailed", job=job(user)["job"], error="500 InternalServerError")
    (found,) = until_queued(admin, 1, "error", state="waiting")
    assert (found["attempts"], found["error"]) == (1, "500 InternalServerError")


def test_dead_jobs_are_told_by_user_and_by_provider(broker, alice, admin):
    with_token(broker, "dave")
    _, (bobs, daves) = have_dead(broker, alice, "bob", "dave")
    alice.send("carol", "waits")
    assert [(each["job"], each["error"]) for each in queue(admin, state="dead", userID="bob")] == [
        (bobs, "403 InvalidProviderToken")]
    assert [each["job"] for each in queue(admin, state="dead", provider="apns")] == [bobs, daves]
    assert queue(admin, provider="fcm") == []


def test_jobs_come_page_by_page_in_the_order_of_their_numbers(alice, admin):
    for name in ("bob", "carol"):
        alice.send(name, "hello")
    whole = [each["job"] for each in until_queued(admin, 2)]
    first = admin.command("getPushJobs", limit=1)
    second = admin.command("getPushJobs", limit=1, after=first["next"])
    assert [first["jobs"][0]["job"], second["jobs"][0]["job"]] == whole == sorted(whole)
    assert (first["next"], second["next"]) == (whole[0], 0)


@pytest.mark.parametrize("fields, name, mine", [({}, "next", 601), ({"userID": "bob"}, "next", 601)])
def test_a_page_looks_at_500_jobs_at_most(broker, alice, admin, fields, name, mine):
    fill(broker, 600)
    admin = broker.admin()
    first = admin.command("getPushJobs", state="waiting", **fields)
    assert (first["jobs"], first[name]) == ([], 500)
    assert [each["job"] for each in queue(admin, state="waiting", after=500, **fields)] == [mine]


def fill(broker, dead):
    """So many dead jobs of bob's, and one that waits, in the database of a broker that is started again."""
    broker.stop()
    with sqlite3.connect(broker.database) as db:
        db.executemany("INSERT INTO push_job (job, client, user, conversation, message, only_this, created, due, state) "
                       "VALUES (?, 'bob:ios:1', 'bob', ?, 1, 0, 1, 1, ?)",
                       [(n, 1000 + n, 3 if n <= dead else 0) for n in range(1, dead + 2)])
        db.execute("UPDATE push_job SET due = 9000000000000 WHERE state = 0")
    db.close()
    broker.start()


# ---- retryPushJobs


def test_a_dead_job_that_is_tried_again_has_all_its_attempts(broker, alice, admin):
    user, (number,) = have_dead(broker, alice, "bob")
    assert changed(admin, "retryPushJobs", jobs=[number]) == 1
    again = job(user)
    assert (again["job"], again["attempt"], again["body"]) == (number, 1, "hello")


def test_all_dead_jobs_of_a_user_are_tried_again(broker, alice, admin):
    with_token(broker, "dave")
    user, (number, _) = have_dead(broker, alice, "bob", "dave")
    assert changed(admin, "retryPushJobs", userID="bob") == 1
    assert [each["job"] for each in jobs_before_carols(alice, user)] == [number]


def test_all_dead_jobs_are_tried_again(broker, alice, admin):
    with_token(broker, "dave")
    user, numbers = have_dead(broker, alice, "bob", "dave")
    assert changed(admin, "retryPushJobs", all=True) == 2
    assert sorted(each["job"] for each in jobs_before_carols(alice, user)) == numbers


def test_dead_jobs_of_another_provider_stay_dead(broker, alice, admin):
    have_dead(broker, alice, "bob")
    assert changed(admin, "retryPushJobs", all=True, provider="fcm") == 0
    assert changed(admin, "retryPushJobs", all=True, provider="apns") == 1


def test_a_job_that_waits_for_its_next_attempt_is_tried_at_once_when_it_is_named(broker, alice, admin):
    user = worker(broker)
    alice.send("bob", "hello")
    number = job(user)["job"]
    user.command("pushFailed", job=number, error="503", retryAfterSeconds=3600)
    until_queued(admin, 1, "error", state="waiting")
    assert changed(admin, "retryPushJobs", all=True) == 0, "it is not dead"
    assert changed(admin, "retryPushJobs", jobs=[number]) == 1
    assert (again := job(user))["job"] == number and again["attempt"] == 1


def test_a_job_that_a_worker_has_is_not_given_to_another_beside_it(broker, alice, admin):
    first = worker(broker)
    alice.send("bob", "hello")
    number = job(first)["job"]
    second = worker(broker, 2)
    with broker.uncommitted():
        first.command("pushFailed", job=number, error="503", retryAfterSeconds=0)
        assert changed(admin, "retryPushJobs", jobs=[number]) == 0, "the database does not know yet that it has failed"
    again = job_of_either(first, second)
    assert (again["job"], again["attempt"]) == (number, 2)
    until_queued(admin, 1, state="out")
    assert changed(admin, "retryPushJobs", jobs=[number]) == 0
    alice.send("carol", "sentinel")
    assert job_of_either(first, second)["userID"] == "carol"


def job_of_either(*workers):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for user in workers:
            user.fence()
            if found := user.take_all(is_job):
                (message,) = found
                return message.data
    raise AssertionError("no job")


def test_a_retry_that_the_database_does_not_know_yet_is_done_once_after_kill_9(broker, alice, admin):
    _, (number,) = have_dead(broker, alice, "bob")
    with broker.uncommitted():
        assert changed(admin, "retryPushJobs", all=True) == 1
        broker.kill()
    broker.restart()
    user = worker(broker)
    again = job(user)
    assert (again["job"], again["attempt"]) == (number, 1)
    user.command("pushDone", jobs=[number])
    assert until_queued(user, 0) == [] == user.pending(is_job)


def test_a_worker_that_answers_after_all_ends_what_is_tried_again(broker, alice, admin):
    user, (number,) = have_dead(broker, alice, "bob")
    user.disconnect()
    assert changed(admin, "retryPushJobs", jobs=[number]) == 1
    broker.admin("web:2").command("pushDone", jobs=[number])
    assert until_queued(admin, 0) == []


def test_of_several_dead_jobs_of_a_conversation_the_phone_hears_of_the_newest(broker, alice, admin):
    user, (first,) = have_dead(broker, alice, "bob")
    alice.send("bob", "newer")
    newest = dies(user, userID="bob")
    until_queued(admin, 2, state="dead")
    assert changed(admin, "retryPushJobs", all=True) == 2
    assert [(each["job"], each["body"]) for each in jobs_before_carols(alice, user)] == [(newest, "newer")]
    assert first < newest


@pytest.mark.options(push_badge="false")
def test_what_has_been_read_is_not_pushed_when_it_is_tried_again(broker, alice, admin):
    user, _ = have_dead(broker, alice, "bob")
    broker.user("bob", "web:1").command("markRead", to="alice")
    assert changed(admin, "retryPushJobs", all=True) == 1
    assert jobs_before_carols(alice, user) == []
    assert [each["userID"] for each in until_queued(admin, 1)] == ["carol"]


def test_more_than_500_are_done_by_the_next_command(broker, alice, admin):
    fill(broker, 600)
    admin = broker.admin()
    first = admin.command("retryPushJobs", all=True)
    assert first == {"count": 500, "next": 500}
    assert admin.command("retryPushJobs", all=True, after=first["next"]) == {"count": 100, "next": 0}
    assert until_queued(admin, 0, state="dead") == []


# ---- dropPushJobs


def test_a_dropped_job_is_never_handed_out_and_the_next_message_makes_another(broker, alice, admin):
    alice.send("bob", "hello")
    (found,) = until_queued(admin, 1)
    with broker.uncommitted():
        assert changed(admin, "dropPushJobs", jobs=[found["job"]]) == 1
        user = worker(broker)
        alice.send("bob", "again")
        user.fence()
        assert user.pending(is_job) == []
    again = job(user)
    assert again["job"] != found["job"] and again["body"] == "again"


def test_dropping_all_leaves_what_waits(broker, alice, admin):
    user, _ = have_dead(broker, alice, "bob")
    user.disconnect()
    alice.send("carol", "waits")
    until_queued(admin, 1, state="waiting")
    assert changed(admin, "dropPushJobs", all=True) == 1
    assert [each["userID"] for each in until_queued(admin, 1)] == ["carol"]


def test_dropping_what_waits_leaves_what_is_dead(broker, alice, admin):
    user, (number,) = have_dead(broker, alice, "bob")
    user.disconnect()
    alice.send("bob", "waits")
    alice.send("carol", "waits")
    until_queued(admin, 2, state="waiting")
    assert changed(admin, "dropPushJobs", userID="bob", state="waiting") == 1
    until_queued(admin, 1, state="waiting")
    assert changed(admin, "dropPushJobs", all=True, state="waiting") == 1
    assert [each["job"] for each in until_queued(admin, 1)] == [number]


@pytest.mark.options(push_lease_seconds=1)
@pytest.mark.parametrize("answer", [{"command": "pushDone"}, {"command": "pushFailed", "retryAfterSeconds": 0}, None])
def test_a_job_that_is_dropped_while_a_worker_has_it_does_not_come_again(broker, alice, admin, answer):
    user = worker(broker)
    alice.send("bob", "hello")
    number = job(user)["job"]
    until_queued(admin, 1)
    assert changed(admin, "dropPushJobs", jobs=[number]) == 1
    if answer:
        named = {"jobs": [number]} if answer["command"] == "pushDone" else {"job": number}
        user.command(**answer, **named)
    else:
        user.disconnect()  # which hands back what it had
        user = worker(broker, 2)
    assert jobs_before_carols(alice, user) == []


def test_what_was_dropped_stays_dropped_after_kill_9(broker, alice, admin):
    alice.send("bob", "hello")
    (found,) = until_queued(admin, 1)
    with broker.uncommitted():
        assert changed(admin, "dropPushJobs", jobs=[found["job"]]) == 1
        broker.kill()
    broker.restart()
    assert jobs_before_carols(broker.user("alice"), worker(broker)) == []


# ---- what is refused


@pytest.mark.parametrize("command", ["retryPushJobs", "dropPushJobs"])
@pytest.mark.parametrize("fields, words", [
    ({}, "jobs, userID, all: one of them at least"),
    ({"jobs": [1], "all": True}, "not together"),
    ({"jobs": [1], "userID": "bob"}, "not together"),
    ({"userID": "bob", "all": True}, "not together"),
    ({"jobs": [1], "provider": "apns"}, "not together"),
    ({"all": False}, "all"),
    ({"jobs": []}, "jobs"),
])
def test_which_jobs_are_meant_is_said_in_one_way(alice, admin, command, fields, words):
    refused = admin.request(command, **fields)
    assert refused["code"] == 10004 and words in refused["error"]


def test_jobs_that_are_not_there_are_none(alice, admin):
    assert admin.command("retryPushJobs", jobs=[17, 18]) == {"count": 0, "next": 0}
    assert admin.command("dropPushJobs", all=True) == {"count": 0, "next": 0}
    assert admin.request("retryPushJobs", userID="nobody")["code"] == 20003
