# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A wall clock that is wrong, or set while the broker runs: nothing is lost, and nothing waits for it."""
import datetime
import time

import pytest

from harness.media import Upload, files, upload
from harness.review import reviewer
from harness.settings import PATIENCE
from test_push import job, with_token, worker
from test_retention import age, ask, database

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




# ---- what ends by itself: mutes, bans, kicks, userSigs


def far_ahead(broker):
    """In 2100."""
    broker.faults.set_clock(wall=74 * 365 * DAY)
    broker.await_log(DOUBT)


def code_of(user, topic, text="may I?"):
    """0, or the code it is refused with."""
    random = time.monotonic_ns() % 2**31
    user.wait_ack(user.start_publish(topic, {"text": text, "random": random}))
    answer = user.wait(lambda m: m.get("event") in ("sent", "rejected") and m.get("random") == random)
    return answer.get("code") or 0


def group_of_bob(broker):
    broker.create("bob")
    return broker.admin(keepalive=0, sig=broker.sig("admin", expire=100 * 365 * DAY)).group("Public", "g1", ["bob"], addOpt="FreeAccess")


TERMS = {
    "muteGroupMember": {"groupID": "g1", "userID": "bob", "seconds": 60},
    "muteUser": {"userID": "bob", "groupSeconds": 60},
    "banGroupMember": {"groupID": "g1", "userID": "bob", "seconds": 60},
}


@pytest.mark.parametrize("command", TERMS)
def test_who_was_muted_or_banned_by_a_clock_that_was_ahead_is_so_for_as_long_as_was_said(broker, command):
    topic = group_of_bob(broker)
    far_ahead(broker)
    broker.admin("web:2", sig=broker.sig("admin", expire=100 * 365 * DAY)).command(command, **TERMS[command])
    broker.faults.set_clock()
    bob = broker.user("bob", keepalive=0)
    assert code_of(bob, topic) != 0
    broker.faults.set_clock(wall=61, steady=61)
    if command == "banGroupMember":
        bob.command("joinGroup", groupID="g1")
    assert code_of(bob, topic) == 0


@pytest.mark.parametrize("command", TERMS)
def test_a_clock_that_is_ahead_ends_no_mute_or_ban(broker, command):
    topic = group_of_bob(broker)
    broker.admin().command(command, **TERMS[command])
    far_ahead(broker)
    bob = broker.user("bob", sig=broker.sig("bob", expire=100 * 365 * DAY), keepalive=0)
    assert code_of(bob, topic) != 0
    assert command != "banGroupMember" or bob.code("joinGroup", groupID="g1") == 10007


@pytest.mark.parametrize("read_then", [True, False])
def test_bans_are_not_forgotten_when_others_are_made_by_a_clock_that_is_ahead(broker, read_then):
    """Nor are they when those of the group are read by such a clock."""
    group_of_bob(broker)
    broker.create("carol")
    broker.admin().command("banGroupMember", groupID="g1", userID="bob", seconds=600)
    far_ahead(broker)
    if read_then:
        broker.restart()
    admin = broker.admin("web:2", sig=broker.sig("admin", expire=100 * 365 * DAY))
    admin.command("banGroupMember", groupID="g1", userID="carol", seconds=600)
    broker.faults.set_clock()
    assert broker.user("bob").code("joinGroup", groupID="g1") == 10007
    broker.restart()
    assert broker.user("bob").code("joinGroup", groupID="g1") == 10007


def test_who_was_banned_by_a_clock_that_was_ahead_logs_in_when_the_ban_is_over(broker):
    broker.create("bob")
    far_ahead(broker)
    admin = broker.admin(sig=broker.sig("admin", expire=100 * 365 * DAY))
    admin.command("banUser", userID="bob", seconds=60)
    broker.faults.set_clock()
    raw = broker.raw()
    assert raw.connect("bob:web:1", "bob", broker.sig("bob")).code != 0
    broker.faults.set_clock(wall=61, steady=61)
    broker.user("bob")


def test_who_was_kicked_by_a_clock_that_was_ahead_comes_back_with_a_new_user_sig(broker):
    early = broker.sig("bob", created=int(time.time()) - 60)
    broker.create("bob")
    far_ahead(broker)
    admin = broker.admin(sig=broker.sig("admin", expire=100 * 365 * DAY))
    admin.command("kickUser", userID="bob")
    broker.faults.set_clock()
    assert broker.raw().connect("bob:web:1", "bob", early).code != 0
    broker.user("bob", sig=broker.sig("bob", created=int(time.time()) + 60))


def test_another_kick_undoes_one_of_a_time_to_come(broker):
    """As one by a clock that was believed then."""
    broker.create("bob")
    broker.admin().command("kickUser", userID="bob")
    await_count(broker, "SELECT count(*) FROM user WHERE kicked > 0", 1)
    broker.stop()
    with database(broker) as db:
        db.execute(f"UPDATE user SET kicked = kicked + {74 * 365 * DAY} WHERE user = 'bob'")
    broker.start()
    assert broker.raw().connect("bob:web:1", "bob", broker.sig("bob", created=int(time.time()) + 60)).code != 0
    broker.admin().command("kickUser", userID="bob")
    broker.user("bob", sig=broker.sig("bob", created=int(time.time()) + 120))


def test_a_user_sig_that_a_wrong_clock_has_ended_lets_in_again_when_it_is_right(broker):
    sig = broker.sig("bob")
    bob = broker.user("bob", sig=sig, keepalive=0)
    far_ahead(broker)
    bob.event("sigExpired")
    bob.wait_closed()
    assert broker.raw().connect("bob", "bob", sig).code != 0
    broker.faults.set_clock()
    broker.user("bob", sig=sig)


def test_who_is_signed_out_by_a_wrong_clock_keeps_the_push_token(broker):
    bob = broker.user("bob", "ios:1", keepalive=0)
    bob.command("setPushToken", provider="apns", token=b"bob".hex(), businessID="b1")
    far_ahead(broker)
    bob.wait_closed()
    broker.faults.set_clock()
    broker.user("alice").send("bob", "hello")
    assert job(worker(broker), userID="bob")["body"] == "hello"


# ---- messages


def history(user, **where):
    return user.command("getHistory", to="bob", **where)["messages"]


def with_times_to_come(broker):
    """alice has sent bob two messages, two in 2100, and two when the clock was right again."""
    broker.create("bob")
    sig = broker.sig("alice", expire=100 * 365 * DAY)
    alice = broker.user("alice", sig=sig, keepalive=0)
    alice.send_many("bob", ["m1", "m2"])
    far_ahead(broker)
    alice.send_many("bob", ["m3", "m4"])
    broker.faults.set_clock()
    alice.send_many("bob", ["m5", "m6"])
    return alice


def test_a_clock_that_was_far_ahead_stamps_nothing_that_comes_later(broker):
    alice = with_times_to_come(broker)
    found = {m["text"]: m["time"] / 1000 - time.time() for m in history(alice)}
    assert list(found) == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert {text for text, ahead in found.items() if ahead > DAY} == {"m3", "m4"}
    broker.restart()
    alice = broker.user("alice")
    alice.send("bob", "m7")
    assert abs(history(alice)[-1]["time"] / 1000 - time.time()) < HOUR


def test_messages_are_found_by_their_times_around_those_of_a_clock_that_was_far_ahead(broker):
    alice = with_times_to_come(broker)
    times = {m["text"]: m["time"] for m in history(alice)}
    assert [m["text"] for m in history(alice, afterTime=times["m2"])][-2:] == ["m5", "m6"]
    assert history(alice, afterTime=times["m6"]) == []
    assert not {"m5", "m6"} & {m["text"] for m in history(alice, beforeTime=times["m2"] + 1)}
    assert [m["text"] for m in history(alice, beforeTime=times["m6"] + 1)][-2:] == ["m5", "m6"]


@pytest.mark.parametrize("command,more", [("recallMessage", {}), ("editMessage", {"text": "new"})])
def test_what_a_clock_has_stamped_that_was_far_ahead_can_not_be_changed_for_ever(broker, command, more):
    alice = with_times_to_come(broker)
    ids = {m["text"]: m["id"] for m in history(alice)}
    assert alice.code(command, to="bob", id=ids["m3"], **more) != 0
    assert alice.code(command, to="bob", id=ids["m6"], **more) == 0


def test_a_clock_that_goes_back_by_less_than_a_day_stamps_nothing_earlier_than_before(broker):
    broker.create("bob")
    alice = broker.user("alice", keepalive=0)
    broker.faults.set_clock(wall=23 * HOUR)
    alice.send("bob", "m1")
    broker.faults.set_clock()
    alice.send("bob", "m2")
    first, second = history(alice)
    assert first["time"] <= second["time"]


# ---- files


@pytest.fixture
def with_media(broker_factory, tmp_path):
    (tmp_path / "media").mkdir()
    tmp_path.chmod(0o755)
    return broker_factory(faults=True, retention_days=30, media_retention_days=2, media_dir=tmp_path / "media")


def test_a_clock_that_is_ahead_removes_no_file(with_media, tmp_path):
    broker = with_media
    upload(broker.user("alice", keepalive=0), b"hello")
    broker.faults.set_clock(wall=8 * DAY + 3700, steady=3700)  # the next look at their age is due, too
    broker.await_log(DOUBT)
    upload(broker.user("bob", sig=broker.sig("bob", expire=100 * DAY)), b"later")
    time.sleep(1)
    assert len(files(tmp_path / "media")) == 2


def test_an_upload_that_is_open_goes_on_whatever_the_clock_is_set_to(with_media):
    broker = with_media
    alice = broker.user("alice", sig=broker.sig("alice", expire=100 * 365 * DAY), keepalive=0)
    some = Upload(alice, b"x" * 3000, chunkBytes=1024).send([0])
    for wrong in (74 * 365 * DAY, -HOUR, -50 * 365 * DAY):
        broker.faults.set_clock(wall=wrong)
        alice.fence()
    some.send([1, 2])
    assert some.finish()["url"]


def test_the_files_of_a_purged_user_go_also_those_of_a_clock_that_was_ahead(with_media, tmp_path):
    broker = with_media
    broker.faults.set_clock(wall=HOUR)
    upload(broker.user("alice", sig=broker.sig("alice", expire=DAY), keepalive=0), b"hello")
    broker.faults.set_clock()
    broker.admin().command("deleteUser", userID="alice", purge=True)
    end = time.monotonic() + PATIENCE
    while files(tmp_path / "media"):
        assert time.monotonic() < end, "the file of a purged user is left"
        time.sleep(0.05)


# ---- rates, reviews, and a clock that runs too fast


@pytest.mark.parametrize("wrong", [-HOUR, DAY, 74 * 365 * DAY, -50 * 365 * DAY])
def test_who_has_sent_too_much_waits_no_longer_for_a_clock_that_is_set(broker_factory, wrong):
    broker = broker_factory(faults=True, user_rate=20)
    broker.create("bob")
    alice = broker.user("alice", sig=broker.sig("alice", expire=100 * 365 * DAY), keepalive=0)
    for mid in [alice.start_publish("chat/user/bob", {"text": "much"}) for _ in range(150)]:
        alice.wait_ack(mid)
    alice.event("rejected", code=10023)
    broker.faults.set_clock(wall=wrong)
    end = time.monotonic() + PATIENCE
    while code_of(alice, "chat/user/bob") != 0:
        assert time.monotonic() < end, "the rate does not recover"
        time.sleep(0.2)


@pytest.mark.parametrize("wrong", [-HOUR, 74 * 365 * DAY])
def test_a_review_waits_as_long_as_it_is_to_whatever_the_clock_is_set_to(broker_factory, wrong):
    broker = broker_factory(faults=True, review="c2c", review_seconds=2, review_default="pass")
    bob = broker.user("bob", sig=broker.sig("bob", expire=100 * 365 * DAY), keepalive=0).subscribe("chat/user/bob")
    alice = broker.user("alice", sig=broker.sig("alice", expire=100 * 365 * DAY), keepalive=0)
    reviewer(broker, sig=broker.sig("admin", expire=100 * 365 * DAY), keepalive=0)
    begun = time.monotonic()
    alice.send("bob", "what do you say?")
    broker.faults.set_clock(wall=wrong)
    bob.text("what do you say?")
    assert 1.5 < time.monotonic() - begun < PATIENCE


@pytest.mark.parametrize("percent", [1, -1])
def test_a_clock_that_is_slewed_is_a_right_one(broker, percent):
    broker.faults.slew(percent)
    with_token(broker, "bob")
    broker.user("alice").send("bob", "hello")
    assert job(worker(broker), userID="bob")["body"] == "hello"
    time.sleep(2)
    broker.faults.slew(0)
    broker.user("alice").fence()
    assert "the clock was set" not in broker.log() and DOUBT not in broker.log()
