# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""startBackup and getBackup, a copy of the database while messages come and go; chatctl backup and restore."""
import contextlib
import errno
import os
import sqlite3
import subprocess
import time

import pytest

from harness.broker import PATIENCE
from harness.media import png, upload
from harness.settings import CHATCTL

LONG = "x" * 10000


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture
def make(broker_factory, folder):
    """make(option=value...): a broker with a backup_dir, and no limits of rates."""
    return lambda **how: broker_factory(**{"backup_dir": str(folder), "user_rate": 0, "command_rate": 0, "ring_bytes": 1 << 26,
                                      **how})


@pytest.fixture
def broker(make):
    return make()


def end_of(admin):
    """What getBackup says when it does not run any more."""
    patience = time.monotonic() + PATIENCE
    while (found := admin.command("getBackup"))["state"] == "running":
        assert time.monotonic() < patience
        assert 0 <= found["percent"] <= 100
    return found


def back_up(admin, name="copy.db"):
    admin.command("startBackup", name=name)
    found = end_of(admin)
    assert found["state"] == "done", found
    return found


def rows(path, statement):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(statement).fetchall()


def seqs(path):
    return [seq for (seq,) in rows(path, "SELECT seq FROM message WHERE kind = 0 ORDER BY seq")]


def fill(sender, receiver, count, text=LONG):
    for begin in range(0, count, 100):
        sender.send_many(f"chat/user/{receiver}", [text] * min(100, count - begin))


def chatctl(broker, *arguments):
    return subprocess.run([CHATCTL, *map(str, arguments), "--config", broker.folder / "mosquitto.conf"],
                          capture_output=True, text=True, timeout=30)


# ---- the copy


def test_a_backup_has_what_was_acked_before_it(broker, folder):
    broker.create("bob")
    fill(broker.user("alice"), "bob", 20)
    found = back_up(broker.admin())
    assert found == {"state": "done", "file": str(folder / "copy.db"), "bytes": (folder / "copy.db").stat().st_size,
                     "mediaFiles": 0, "mediaBytes": 0}
    assert rows(folder / "copy.db", "PRAGMA integrity_check") == [("ok",)]
    assert seqs(folder / "copy.db") == list(range(1, 21))


def test_what_is_sent_while_it_runs_is_in_it_up_to_one_moment(make, folder):
    """The database is written all the time, so pages change before and behind the one that is copied. A slow disk makes it
    take long enough."""
    broker = make(faults=True)
    broker.create("bob")
    alice, admin = broker.user("alice"), broker.admin()
    fill(alice, "bob", 1000)
    sent = 1000
    with broker.faults.rule("sync", "copy.db.part", None, delay=0.3):
        admin.command("startBackup", name="copy.db")
        while admin.command("getBackup")["state"] == "running":
            fill(alice, "bob", 10, "short")
            sent += 10
    found = seqs(folder / "copy.db")
    assert rows(folder / "copy.db", "PRAGMA integrity_check") == [("ok",)]
    assert found == list(range(1, len(found) + 1))
    assert 1000 < len(found) <= sent


def test_nobody_else_may_read_it(broker, folder):
    back_up(broker.admin())
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {"copy.db": 0o600,
                                                                                   "copy.db.media": 0o600}


def test_the_files_that_it_names_are_listed_beside_it(make, folder, tmp_path):
    (tmp_path / "media").mkdir()
    broker = make(media_dir=str(tmp_path / "media"))
    sent = [upload(broker.user("alice", device="ios"), png(width, 1)) for width in (1, 2)]
    found = back_up(broker.admin())
    lines = [line.split(" ") for line in (folder / "copy.db.media").read_text().splitlines()]
    assert sorted(path for path, _ in lines) == sorted(file["url"].removeprefix("/media/") for file in sent)
    assert all((tmp_path / "media" / path).stat().st_size == int(size) for path, size in lines)
    assert (found["mediaFiles"], found["mediaBytes"]) == (2, sum(int(size) for _, size in lines))


# ---- what is in its way


def test_without_a_folder_there_are_no_backups(broker_factory):
    assert broker_factory().admin().code("startBackup", name="x") == 10026


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "a b", "ä", "x" * 256, "x\n"])
def test_a_name_leads_nowhere_else(broker, folder, name):
    assert broker.admin().code("startBackup", name=name) == 10004
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_not_replaced(broker, folder):
    (folder / "copy.db").write_text("mine")
    admin = broker.admin()
    admin.command("startBackup", name="copy.db")
    assert end_of(admin) == {"state": "failed", "file": str(folder / "copy.db"), "error": "making the file: File exists"}
    assert (folder / "copy.db").read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(broker, folder):
    folder.rmdir()
    admin = broker.admin()
    admin.command("startBackup", name="copy.db")
    assert "No such file or directory" in end_of(admin)["error"]
    broker.await_log("the backup .*/copy.db has failed: making the file: No such file or directory")


@pytest.mark.parametrize("kind", ["write", "sync"])
def test_a_full_disk_ends_it_and_nothing_else(make, folder, kind):
    broker = make(faults=True)
    broker.create("bob")
    alice, admin = broker.user("alice"), broker.admin()
    fill(alice, "bob", 100)
    with broker.faults.rule(kind, "copy.db.part", errno.ENOSPC):
        admin.command("startBackup", name="copy.db")
        found = end_of(admin)
        fill(alice, "bob", 10)
    assert found["state"] == "failed"
    assert "No space left on device" in found["error"] or "disk is full" in found["error"]
    assert list(folder.iterdir()) == []
    back_up(admin)
    assert len(seqs(folder / "copy.db")) == 110


def test_one_at_a_time(make):
    broker = make(faults=True)
    admin = broker.admin()
    with broker.faults.rule("sync", "copy.db", None, delay=0.3):
        admin.command("startBackup", name="copy.db")
        assert admin.code("startBackup", name="second.db") == 10002
        assert end_of(admin)["state"] == "done"
    back_up(admin, "second.db")


@pytest.mark.parametrize("kill", [False, True], ids=["SIGTERM", "kill -9"])
def test_the_end_of_the_broker_leaves_no_copy_that_is_not_whole(make, folder, kill):
    broker = make(faults=True)
    with broker.faults.rule("sync", "copy.db", None, delay=0.3):
        broker.admin().command("startBackup", name="copy.db")
        patience = time.monotonic() + PATIENCE
        while not (folder / "copy.db.part").exists():
            assert time.monotonic() < patience
        broker.restart(kill=kill)
    assert [path.name for path in folder.iterdir() if path.suffix != ".part" and path.name == "copy.db"] in (
        [], ["copy.db"])
    if (folder / "copy.db").exists():
        assert rows(folder / "copy.db", "PRAGMA integrity_check") == [("ok",)]
    else:
        back_up(broker.admin())


# ---- chatctl


def test_chatctl_waits_for_the_end_and_shows_it(broker, folder):
    done = chatctl(broker, "backup", "copy.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert "state       done\n" in done.stdout
    assert f"bytes       {(folder / 'copy.db').stat().st_size}\n" in done.stdout
    again = chatctl(broker, "backup", "copy.db")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == f"chatctl: backup: {folder}/copy.db: making the file: File exists\n"


def test_a_running_broker_keeps_its_database(broker, folder):
    back_up(broker.admin())
    done = chatctl(broker, "restore", folder / "copy.db")
    assert done.returncode == 1
    assert "is in use: stop the broker first" in done.stderr


@pytest.fixture
def ended(broker, folder):
    """A broker that was ended some messages after its backup, and went through two lives in between."""
    broker.create("bob")
    fill(broker.user("alice"), "bob", 3, "before")
    back_up(broker.admin())
    fill(broker.user("alice"), "bob", 2, "behind")
    for _ in range(2):
        broker.restart()
        fill(broker.user("alice"), "bob", 1, "behind")
    broker.stop()
    return broker


def test_a_restored_database_is_refused_with_the_ring_that_does_not_follow_on_it(ended, folder):
    assert chatctl(ended, "restore", folder / "copy.db").returncode == 0
    ended.start_refused()
    assert "is older than its ring_file" in ended.log()


def test_restored_with_the_ring_aside_it_has_what_it_had_and_ids_do_not_come_again(ended, folder):
    last = rows(ended.database, "SELECT max(id) FROM message")[0][0]
    done = chatctl(ended, "restore", "--ring-aside", folder / "copy.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (f"database  {ended.database}\nbefore    {ended.database}.before-restore\n"
                           f"ring      {ended.database}.ring.aside\n")
    ended.start()
    bob = ended.user("bob")
    assert [m["text"] for m in bob.synced()] == ["before"] * 3
    fill(ended.user("alice"), "bob", 1, "new")
    assert bob.synced()[-1]["id"] > last
    assert len(seqs(f"{ended.database}.before-restore")) == 7


def test_the_log_of_the_old_database_is_not_taken_for_the_restored_one_s(ended, folder):
    ended.start()
    fill(ended.user("alice"), "bob", 1, "behind")
    ended.kill()
    assert ended.database.with_name("chat.db-wal").exists()
    assert chatctl(ended, "restore", "--ring-aside", folder / "copy.db").returncode == 0
    assert not ended.database.with_name("chat.db-wal").exists()
    ended.start()
    assert [m["text"] for m in ended.user("bob").synced()] == ["before"] * 3
    assert seqs(f"{ended.database}.before-restore")[-1] >= 7


def test_a_second_restore_does_not_replace_what_the_first_has_put_away(ended, folder):
    assert chatctl(ended, "restore", folder / "copy.db").returncode == 0
    done = chatctl(ended, "restore", folder / "copy.db")
    assert (done.returncode, done.stdout) == (1, "")
    assert "before-restore is there already" in done.stderr


def test_what_is_no_backup_is_not_put_back(ended, tmp_path):
    before = ended.database.read_bytes()
    (tmp_path / "letter").write_text("dear bob" * 100)
    done = chatctl(ended, "restore", tmp_path / "letter")
    assert (done.returncode, done.stderr) == (1, f"chatctl: {tmp_path}/letter is not a backup of a chat database\n")
    assert ended.database.read_bytes() == before


def test_a_database_that_is_gone_is_restored_as_well(ended, folder):
    ended.database.unlink()
    assert chatctl(ended, "restore", "--ring-aside", folder / "copy.db").returncode == 0
    ended.start()
    assert [m["text"] for m in ended.user("bob").synced()] == ["before"] * 3
    assert os.stat(ended.database).st_mode & 0o777 == 0o600
