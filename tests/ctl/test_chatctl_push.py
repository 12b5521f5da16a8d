# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chatctl push: the queue for phones as a table, dead jobs tried again, jobs dropped."""
import json
import re
import time

import pytest
from harness.settings import PATIENCE

from test_push import job, with_token, worker


@pytest.fixture
def queue(broker):
    """A worker; after the test nothing is left in the queue."""
    user = worker(broker)
    yield user
    while left := [each["job"] for each in user.command("getPushJobs")["jobs"]]:
        user.command("dropPushJobs", jobs=left)
    user.disconnect()


def dead(broker, queue, *names, error="403 InvalidProviderToken"):
    """Numbers of dead jobs of these users."""
    numbers = []
    alice = broker.user("alice")
    for name in names:
        with_token(broker, name)
        alice.send(name, "hello")
        numbers.append(job(queue, userID=name)["job"])
        queue.command("pushFailed", job=numbers[-1], error=error, dead=True)
    alice.disconnect()
    until(lambda: len(queue.command("getPushJobs", state="dead")["jobs"]) == len(names))
    return numbers


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline
    return found


def test_the_queue_is_a_table(broker, queue, says):
    (number,) = dead(broker, queue, "bob")
    head, line = says("push", "list").splitlines()
    assert head.split() == ["job", "state", "device", "provider", "conversation", "age", "attempts", "error"]
    assert re.fullmatch(rf"{number} +dead +bob:ios:1 +apns:b1 +alice +\d+s +1 +403 InvalidProviderToken", line)


def test_for_programs_it_is_an_object_a_line(broker, queue, says):
    numbers = dead(broker, queue, "bob", "carol")
    found = [json.loads(line) for line in says("push", "list", "--json").splitlines()]
    assert [(each["job"], each["userID"], each["state"]) for each in found] == [
        (numbers[0], "bob", "dead"), (numbers[1], "carol", "dead")]


def test_the_table_is_of_a_user_of_a_state_of_a_provider(broker, queue, says):
    _, second = dead(broker, queue, "bob", "carol")
    lines = says("push", "list", "--user", "carol", "--state=dead", "--provider", "apns").splitlines()
    assert [line.split()[0] for line in lines] == ["job", str(second)]
    assert says("push", "list", "--state", "waiting") == "no jobs\n"


def test_a_table_that_was_cut_says_so(broker, queue, says):
    dead(broker, queue, "bob", "carol")
    assert says("push", "list", "--limit", 1).splitlines()[2:] == ["... and more: --limit N shows so many"]
    assert len(says("push", "list", "--limit", 2).splitlines()) == 3


def test_a_job_is_tried_again_by_its_number(broker, queue, says):
    first, second = dead(broker, queue, "bob", "carol")
    assert says("push", "retry", second) == "1 job is tried again\n"
    assert (again := job(queue))["job"] == second and again["attempt"] == 1
    until(lambda: [each["job"] for each in queue.command("getPushJobs", state="dead")["jobs"]] == [first])


def test_all_are_tried_again_as_after_a_wrong_key(broker, queue, says):
    numbers = dead(broker, queue, "bob", "carol")
    assert says("push", "retry", "--all") == "2 jobs are tried again\n"
    assert sorted(job(queue)["job"] for _ in numbers) == numbers


def test_those_of_a_user_are_tried_again(broker, queue, says):
    first, _ = dead(broker, queue, "bob", "carol")
    assert json.loads(says("push", "retry", "--user", "bob", "--json")) == {"count": 1}
    assert job(queue)["job"] == first


def test_jobs_are_dropped(broker, queue, says):
    numbers = dead(broker, queue, "bob", "carol")
    assert says("push", "drop", numbers[0]) == "1 job is dropped\n"
    until(lambda: len(queue.command("getPushJobs")["jobs"]) == 1)
    assert says("push", "drop", "--all") == "1 job is dropped\n"
    assert says("push", "drop", "--all", "--state", "waiting") == "0 jobs are dropped\n"


def test_more_jobs_than_one_command_does_are_done_by_several(broker, queue, says):
    queue.disconnect()
    with broker.uncommitted() as db:
        db.executemany("INSERT INTO push_job (client, user, conversation, message, only_this, created, due, state) "
                       "VALUES ('dave:ios:1', 'dave', ?, 1, 0, 1, 1, 3)", [(n,) for n in range(1000, 1600)])
        db.execute("COMMIT")
    assert len(says("push", "list", "--json").splitlines()) == 600
    assert says("push", "drop", "--all") == "600 jobs are dropped\n"
    queue.connect()


def test_a_number_that_is_no_such_job_is_exit_code_1(broker, queue, chatctl):
    (number,) = dead(broker, queue, "bob")
    done = chatctl("push", "retry", number, 999999)
    assert (done.returncode, done.stdout) == (1, "1 job is tried again\n")
    assert done.stderr == ("chatctl: push retry: 1 job that was named is neither dead nor waiting for another attempt; "
                           "see chatctl push list\n")


@pytest.mark.parametrize("arguments, words", [
    ([], "takes list, retry or drop"),
    (["look"], "takes list, retry or drop"),
    (["list", "7"], "options only"),
    (["list", "--all"], "--all is not for it"),
    (["list", "--state", "odd"], "--state must be one of waiting out dead"),
    (["list", "--state"], "--state needs a value"),
    (["list", "--limit", "none"], "--limit must be a whole number"),
    (["retry"], "numbers of jobs, or --user USER, or --all"),
    (["retry", "7", "--all"], "numbers of jobs, or --user USER, or --all"),
    (["retry", "--user", "bob", "--all"], "numbers of jobs, or --user USER, or --all"),
    (["retry", "--all=yes"], "--all takes no value"),
    (["retry", "--all", "--state", "dead"], "--state is not for it"),
    (["drop", "bob"], '"bob" is not the number of a job'),
    (["drop", "7", "--state", "dead"], "are for --user and --all"),
    (["drop", "--all", "--state", "out"], "--state must be one of dead waiting"),
    (["drop", "--all", "--as", "bob"], "--as"),
])
def test_what_is_wrong_is_said_before_anything_is_asked(run, arguments, words):
    done = run("push", *arguments)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr
