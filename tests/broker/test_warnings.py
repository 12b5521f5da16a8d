# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Lines in the broker's log before something goes wrong: the ring fills, commits are slow, a disk is nearly full. Each
comes once when it begins, and once when it is over."""
import contextlib
import itertools
import pathlib
import tempfile
import time

import pytest

from harness.settings import PATIENCE

RING_FILLS = "the ring is more than half full"
RING_WELL = "the ring has room again"
SLOW = "a commit to the database takes more than a second"
QUICK = "commits to the database are quick again"
FULL = "less than 5 % of the disk with"
ROOM = "there is room again on the disk with"


@pytest.fixture
def broker(broker_factory):
    broker = broker_factory(faults=True, ring_bytes=4 << 20)
    broker.create("bob")
    return broker


@pytest.fixture
def alice(broker):
    return broker.user("alice", keepalive=0)


@pytest.fixture
def later(broker):
    """Makes so much time pass, each time it is called."""
    passed = itertools.count(20, 20)
    return lambda: broker.faults.set_clock(steady=next(passed))


def await_log_later(broker, later, pattern):
    """It is well only after a while."""
    deadline = time.monotonic() + PATIENCE
    while pattern not in broker.log():
        assert time.monotonic() < deadline, f"no line {pattern!r} in the log"
        later()
        time.sleep(0.25)  # so often it is looked at


def fill(alice, mebibytes):
    alice.send_many("bob", ["x" * 8000] * (mebibytes * 128))


# ---- the ring


def test_a_ring_that_is_half_full_is_told_while_the_writer_is_held_up_and_when_it_is_over(broker, alice, later):
    with broker.uncommitted() as database:
        fill(alice, 1)
        assert RING_FILLS not in broker.log()
        fill(alice, 2)
        line = broker.await_log(RING_FILLS)
        assert "WARNING" not in line and "ring_bytes" in line
        database.execute("COMMIT")
    await_log_later(broker, later, RING_WELL)
    assert (broker.log().count(RING_FILLS), broker.log().count(RING_WELL)) == (1, 1)


def test_the_ring_is_told_of_while_a_commit_hangs(broker, alice):
    with broker.faults.rule("sync", "chat.db-wal", error=None, delay=2):
        fill(alice, 3)
        broker.await_log(RING_FILLS)


# ---- commits


def test_a_slow_commit_is_told_while_it_hangs_and_when_commits_are_quick_again(broker, alice, later):
    with broker.faults.rule("sync", "chat.db-wal", error=None, delay=1.5):
        alice.send("bob", "hello")
        line = broker.await_log(SLOW)
        assert "chat.db" in line and broker.admin().command("getStats")["commitLongest"] < 1500
        alice.send("bob", "again")
        alice.send("bob", "and again")
    await_log_later(broker, later, QUICK)
    assert (broker.log().count(SLOW), broker.log().count(QUICK)) == (1, 1)


def test_commits_as_they_usually_are_warn_of_nothing(broker, alice):
    alice.send_many("bob", [f"m{n}" for n in range(500)])
    broker.stop()
    assert not any(line in broker.log() for line in (RING_FILLS, SLOW))


# ---- disks


@contextlib.contextmanager
def free(broker, later, path, percent):
    with broker.faults.room(path, percent):
        later()
        yield


def test_a_disk_that_is_nearly_full_is_told_with_what_to_do_and_when_there_is_room_again(broker, later):
    with free(broker, later, "chat.db", 4):
        line = broker.await_log(FULL)
        assert "the database" in line and "make room" in line
    with free(broker, later, "chat.db", 5):  # not yet
        time.sleep(0.5)
    later()
    broker.await_log(ROOM)
    assert (broker.log().count(FULL), broker.log().count(ROOM)) == (1, 1), "the ring is on the same disk"


def test_a_disk_with_five_percent_free_is_not_full(broker, later):
    with free(broker, later, "chat.db", 5):
        time.sleep(0.5)
    assert FULL not in broker.log()


def test_a_disk_that_is_nearly_full_at_the_start_is_told_at_the_start(broker):
    broker.stop()
    with broker.faults.room("chat.db", 3):
        broker.start()
        broker.await_log(FULL)


def test_how_much_is_free_is_counted(broker, later):
    admin = broker.admin(keepalive=0)
    now = admin.command("getStats")
    assert now["databaseBytes"] == broker.database.stat().st_size > 0
    assert 0 < now["diskLeast"] <= now["diskPercent"] <= 100 and now["diskFree"] > 0
    with free(broker, later, "chat.db", 40):
        deadline = time.monotonic() + PATIENCE
        while not 39 < admin.command("getStats")["diskPercent"] < 41:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def elsewhere():
    """A folder on another disk: of the same one it would be told with the database alone."""
    with tempfile.TemporaryDirectory(prefix="chat-disk-", dir="/dev/shm") as folder:
        path = pathlib.Path(folder)
        if path.stat().st_dev == pathlib.Path(tempfile.gettempdir()).stat().st_dev:
            pytest.skip("/dev/shm is on the same disk")
        yield path


@pytest.mark.parametrize("option, effect", [("media_dir", "uploads are refused"), ("backup_dir", "backups fail")])
def test_a_folder_on_another_disk_is_looked_at_too(broker_factory, elsewhere, option, effect):
    broker = broker_factory(faults=True, **{option: elsewhere})
    with broker.faults.room(str(elsewhere), 2):
        broker.faults.set_clock(steady=20)
        line = broker.await_log(FULL)
    assert option in line and str(elsewhere) in line and effect in line


def test_a_backup_dir_that_a_reload_names_is_looked_at_from_then_on(broker_factory, elsewhere, tmp_path):
    broker = broker_factory(faults=True, backup_dir=tmp_path)
    with broker.faults.room(str(elsewhere), 2):
        broker.write_config(backup_dir=elsewhere)
        broker.reload()
        broker.faults.set_clock(steady=20)
        assert "backup_dir" in broker.await_log(FULL)
