# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the database refuses is set aside, and an operator can see it and have it executed after all."""
import contextlib
import sqlite3
import subprocess
import time

from harness.settings import CHATCTL, PATIENCE

INTRUDER = """INSERT INTO message (id, conversation, seq, sender, client, time, kind, random, push, body)
SELECT max(id) + 1, 999, 1, 'nobody', 'nobody', time, kind, 0, 0, '}' FROM message"""


def chatctl(*arguments):
    return subprocess.run([CHATCTL, *arguments], capture_output=True, text=True, timeout=20)


def bad_file(broker):
    return broker.database.with_name("chat.db.bad")


def await_stored(broker):
    """The broker says nothing of a commit."""
    deadline = time.monotonic() + PATIENCE
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        while not database.execute("SELECT count(*) FROM message").fetchone()[0]:
            assert time.monotonic() < deadline, "no message was stored"
            time.sleep(0.01)


def be_refused(broker, text):
    """A message from alice to bob whose place in the database somebody else has taken."""
    alice = broker.user("alice")
    alice.send("bob", "before")
    await_stored(broker)
    with broker.uncommitted() as database:
        database.execute(INTRUDER)
        database.execute("COMMIT")
    alice.send("bob", text)
    broker.await_log("a frame of .* cannot be executed")


def test_a_frame_that_the_database_refuses_can_be_looked_at(broker):
    broker.create("bob")
    be_refused(broker, "it's \u202e gone")
    done = chatctl("bad", bad_file(broker))
    assert (done.returncode, done.stderr) == (0, "")
    assert "UNIQUE constraint failed: message.id" in done.stdout
    assert "    MESSAGE_ADD 2, " in done.stdout
    assert "it's".encode().hex() in done.stdout and "\u202e" not in done.stdout
    assert oct(bad_file(broker).stat().st_mode)[-3:] == "600"


def test_a_frame_that_the_database_refused_can_be_executed_when_its_reason_has_gone(broker):
    bob = broker.user("bob")
    be_refused(broker, "it's late")
    assert [m["text"] for m in bob.synced()] == ["before"]
    broker.stop()
    done = chatctl("bad", "--sql", bad_file(broker))
    with contextlib.closing(sqlite3.connect(broker.database)) as database:
        database.execute("DELETE FROM message WHERE conversation = 999")
        database.commit()
        database.executescript(done.stdout)
    broker.start()
    assert [m["text"] for m in bob.connect().synced()] == ["before", "it's late"]


def test_what_is_no_bad_file_is_said(broker, tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"x" * 5000)
    done = chatctl("bad", other)
    assert (done.returncode, done.stdout) == (1, "") and "holds no frame" in done.stderr
    assert chatctl("bad", tmp_path / "missing").returncode == 1
    assert chatctl("bad").returncode == chatctl("bad", "--csv", other).returncode == 2
