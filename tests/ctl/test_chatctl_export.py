# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chatctl export: all that the broker has about a user, as one JSON array, printed or in a file."""
import json
import stat

import pytest


@pytest.fixture(scope="module")
def talker(broker):
    """Somebody with more than a page of messages."""
    broker.create("bob")
    alice = broker.user("alice")
    alice.command("setSelfInfo", nickname="Alice")
    alice.send_many("bob", [f"message {n}" for n in range(700)])
    return alice


def kinds(items):
    return {item["kind"] for item in items}


def test_all_pages_are_one_array(talker, says):
    items = json.loads(says("export", "user", "alice"))
    assert {"profile", "conversation", "message"} <= kinds(items)
    assert [i["message"]["text"] for i in items if i["kind"] == "message"] == [f"message {n}" for n in range(700)]


def test_a_file_is_whole_and_for_its_owner_only(talker, chatctl, home):
    (home / "alice.json").write_text("of before")
    done = chatctl("export", "user", "alice", "--output", "alice.json")
    items = json.loads((home / "alice.json").read_text())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"alice.json: {len(items)} items\n")
    assert stat.S_IMODE((home / "alice.json").stat().st_mode) == 0o600
    assert [path.name for path in home.glob("alice*")] == ["alice.json"]


def test_the_bytes_of_a_message_stay_as_they_are(broker, talker, says):
    talker.publish("chat/user/bob", '{"text":"last", "x":1e1,"y":[ 1.0]}')
    assert '"text":"last", "x":1e1,"y":[ 1.0]' in says("export", "user", "alice")


def test_who_is_not_there_is_refused_and_nothing_is_written(chatctl, home):
    done = chatctl("export", "user", "nobody", "--output", "x.json")
    assert (done.returncode, done.stdout) == (1, "") and "exportUser: 20003" in done.stderr
    assert not list(home.glob("x.json*"))


@pytest.mark.parametrize(("arguments", "code", "word"), [
    (["user"], 2, "takes user and a userID"),
    (["group", "g1"], 2, "takes user and a userID"),
    (["user", ".x"], 2, "userID must be a userID"),
    (["user", "alice", "--output", "no/such/folder/x"], 1, "no/such/folder/x: No such file or directory"),
    (["user", "alice", "--dry-run"], 2, "--dry-run: is for import"),
])
def test_what_cannot_be_exported_is_said(talker, chatctl, arguments, code, word):
    done = chatctl("export", *arguments)
    assert (done.returncode, done.stdout) == (code, "") and word in done.stderr


def test_without_a_broker_it_ends_with_3(run, home):
    done = run("export", "user", "a", "--output", "x", "-p", 1, "-u", "a", "-P", "x")
    assert done.returncode == 3 and not list(home.glob("x*"))
