# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A wall clock that is wrong, or set while the broker runs: nothing is lost, and nothing waits for it."""
import datetime
import time

import pytest

from harness.settings import PATIENCE
from test_push import job, with_token, worker
from test_retention import age, ask

HOUR, DAY = 3600, 86400
DOUBT = "nothing is removed for its age until"
MESSAGES = "SELECT count(*) FROM message"


@pytest.fixture
def broker(broker_factory):
    """With a settings_file, so that somebody can confirm the date."""
    broker = broker_factory(start=False, faults=True, retention_days=7)
    broker.options["settings_file"] = broker.folder / "settings"
    broker.options["settings_file"].write_text("# nothing\n")
    return broker.start()


def long_worker(broker):
    """Its userSig is good for as long as any clock here says."""
    sig = broker.sig("admin", expire=100 * DAY)
    return broker.admin("web:1", sig=sig).subscribe("chat/push")


def await_count(broker, sql, wanted):
    end = time.monotonic() + PATIENCE
    while (found := ask(broker, sql)) != wanted:
        assert time.monotonic() < end, f"{found} instead of {wanted}"
        time.sleep(0.05)


def numbered(broker, count=30):
    """Messages to bob, in the database."""
    broker.create("bob")
    alice = broker.user("alice")
    alice.send_many("bob", [f"m{n}" for n in range(count)])
    await_count(broker, MESSAGES, count)
    return alice


# ---- what is removed for its age


@pytest.mark.parametrize("while_it_runs", [True, False])
def test_a_clock_that_is_a_week_ahead_removes_nothing_and_is_said(broker, while_it_runs):
    numbered(broker)
    broker.faults.set_clock(wall=8 * DAY + 40, steady=40)  # so that the next round is due as well
    if not while_it_runs:
        broker.restart()
    broker.await_log(DOUBT)
    time.sleep(1.5)  # rounds follow each other in a twentieth of that while there is something to remove
    assert ask(broker, MESSAGES) == 30
    assert ask(broker, "SELECT count(*) FROM device") >= 1
    broker.faults.set_clock(wall=40, steady=40)
    broker.await_log("the clock is right again")
    assert len(broker.user("bob").synced()) == 30


def test_a_jump_is_said_once(broker):
    numbered(broker)
    broker.faults.set_clock(wall=8 * DAY)
    broker.await_log(DOUBT)
    time.sleep(2.5)  # it is looked at each second
    assert broker.log().count(DOUBT) == 1


def test_a_jump_is_believed_when_it_has_been_true_for_a_day(broker):
    numbered(broker)
    broker.faults.set_clock(wall=8 * DAY)
    broker.await_log(DOUBT)
    broker.faults.set_clock(wall=9 * DAY + 1, steady=DAY + 1)
    broker.await_log("is believed from now on")
    await_count(broker, MESSAGES, 1)


def test_a_jump_is_believed_when_somebody_confirms_the_date(broker):
    numbered(broker)
    broker.faults.set_clock(wall=8 * DAY)
    broker.await_log(DOUBT)
    settings = broker.options["settings_file"]
    settings.write_text(f"clock_checked {datetime.date.today():%Y%m%d}\n")  # that is another day
    broker.reload()
    time.sleep(1.5)
    assert ask(broker, MESSAGES) == 30
    settings.write_text(f"clock_checked {datetime.date.today() + datetime.timedelta(8):%Y%m%d}\n")
    broker.reload()
    broker.await_log("is believed from now on")
    await_count(broker, MESSAGES, 1)


def test_what_is_old_by_a_clock_that_is_right_goes_at_once(broker):
    numbered(broker)
    age(broker, 8)
    broker.start()
    await_count(broker, MESSAGES, 1)


# ---- what waits


def test_after_the_clock_went_back_an_hour_cursors_are_saved_as_before(broker):
    alice = broker.user("alice", keepalive=0)
    bob = broker.user("bob", keepalive=0).subscribe("chat/user/bob")  # what is older than 2 s was received
    broker.faults.set_clock(wall=HOUR)
    alice.send("bob", "by the wrong clock")
    bob.text("by the wrong clock")
    broker.faults.set_clock()
    alice.send("bob", "by the right one")
    last = bob.text("by the right one").get("id")
    await_count(broker, f"SELECT count(*) FROM subscription WHERE cursor = {last}", 1)


def test_after_the_clock_went_back_an_hour_a_push_is_handed_out_at_once(broker):
    with_token(broker, "bob")
    alice = broker.user("alice", keepalive=0)
    broker.faults.set_clock(wall=HOUR)
    alice.send("bob", "by the wrong clock")
    broker.faults.set_clock()
    assert job(worker(broker), userID="bob")["body"] == "by the wrong clock"


def test_a_try_that_waits_waits_no_longer_for_a_clock_that_goes_back(broker):
    with_token(broker, "bob")
    hand = worker(broker)
    broker.user("alice").send("bob", "hello")
    first = job(hand, userID="bob")
    hand.command("pushFailed", job=first["job"], retryAfterSeconds=2)
    broker.faults.set_clock(wall=-HOUR)
    assert job(hand, userID="bob", attempt=2)["job"] == first["job"]


def test_a_clock_that_is_two_days_ahead_drops_no_push(broker):
    with_token(broker, "bob")
    broker.user("alice").send("bob", "hello")
    broker.faults.set_clock(wall=2 * DAY)
    broker.await_log(DOUBT)
    found = job(long_worker(broker), userID="bob")
    assert found["body"] == "hello"
    assert found["expire"] > (time.time() + 2 * DAY) * 1000


def test_a_push_that_is_too_old_by_a_clock_that_is_right_is_dropped(broker):
    with_token(broker, "bob")
    broker.user("alice").send("bob", "hello")
    await_count(broker, "SELECT count(*) FROM push_job", 1)
    broker.faults.set_clock(wall=2 * DAY, steady=2 * DAY)  # it slept
    await_count(broker, "SELECT count(*) FROM push_job", 0)


@pytest.mark.parametrize("between", ["nothing", "restart", "kill"])
@pytest.mark.parametrize("ahead", [600, -HOUR])
def test_a_random_that_is_sent_again_is_known_whatever_the_clock_was_set_to(broker, between, ahead):
    sigs = {name: broker.sig(name, created=int(time.time()) - 2 * HOUR) for name in ("alice", "bob")}
    alice = broker.user("alice", sig=sigs["alice"], keepalive=0)
    bob = broker.user("bob", keepalive=0).subscribe("chat/user/bob")
    alice.send("bob", {"text": "hello", "random": 4711})
    first = alice.event("sent")
    bob.text("hello")
    broker.faults.set_clock(wall=ahead)
    if between != "nothing":
        broker.restart(kill=between == "kill")
        alice.connect()
    alice.send("bob", {"text": "hello", "random": 4711})
    assert alice.event("sent") == first
    assert len(broker.user("bob", "web:1", sig=sigs["bob"]).synced()) == 1


