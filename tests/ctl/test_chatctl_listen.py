# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chatctl listen: a line for each thing that comes, until it is ended."""
import contextlib
import json
import re
import signal
import subprocess

import pytest
from harness.settings import CHATCTL


@pytest.fixture
def listen(broker):
    """listen(argument...): a with, in which .stdout gives the lines; chatctl listens already."""
    @contextlib.contextmanager
    def listen(*arguments):
        at = len(broker.process.lines)
        process = subprocess.Popen([CHATCTL, "listen", *arguments, "--config", broker.folder / "mosquitto.conf"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            broker.await_log(r":other:chatctl-\d+ 1 chat/", start=at)  # subscribed
            yield process
        finally:
            process.kill()
            process.communicate()
    return listen


def line_of(process, pattern):
    """The first line that it fits."""
    for line in process.stdout:
        if found := re.fullmatch(r"\d\d:\d\d:\d\d " + pattern + "\n", line):
            return found
    raise AssertionError(f"it ended without {pattern}: {process.stderr.read()}")


CONTENTS = [
    ({"text": "hello"}, "hello"),
    ({"text": "two\nlines \x1b[31m"}, r"two\?lines \?\[31m"),
    ({"image": {"url": "/media/a.png"}}, r"\[image /media/a.png\]"),
    ({"sound": {"url": "/media/a.m4a", "seconds": 3}}, r"\[sound 3 /media/a.m4a\]"),
    ({"file": {"url": "/media/a.pdf", "name": "plan.pdf"}}, r"\[file plan.pdf /media/a.pdf\]"),
    ({"location": {"desc": "the lake", "latitude": 1, "longitude": 2}}, r"\[location the lake\]"),
    ({"elements": [{"text": "look"}, {"face": {"index": 7}}]}, r"look \[face 7\]"),
]


@pytest.mark.parametrize(("content", "shown"), CONTENTS, ids=[next(iter(content)) for content, _ in CONTENTS])
def test_a_message_is_a_line(broker, listen, content, shown):
    broker.create("ann", "ben")
    with listen("ben") as process:
        broker.user("ann").send("ben", content)
        assert line_of(process, "ann -> ben " + shown)


def test_what_the_server_says_is_told_with_its_members(broker, listen):
    broker.create("ann", "ben")
    with listen("ben") as process:
        ann = broker.user("ann")
        ann.group("Public", "listened", ["ben"])
        assert line_of(process, r"ann -> group:listened \* tips type=invite operator=ann members=\[\"ben\"\]")
        ann.command("setSelfInfo", nickname="Ann")
        broker.user("ben", device="ios").command("markRead", group="listened")
        assert line_of(process, r"\* unread group=listened unread=0 totalUnread=\d+ readID=\d+")


def test_without_a_user_everything_is_told(broker, listen):
    broker.create("ann", "ben")
    with listen() as process:
        broker.user("ann").send("ben", "between two")
        assert line_of(process, r"ann -> ben between two")
        broker.user("ann").command("setSelfInfo", nickname="Ann of the feed")
        assert line_of(process, r"\* profile userID=ann nickname=Ann of the feed")


def test_for_programs_it_is_an_object_a_line(broker, listen):
    broker.create("ann", "ben")
    with listen("ben", "--json") as process:
        broker.user("ann").send("ben", "for a program")
        for line in process.stdout:
            if json.loads(line).get("text") == "for a program":
                break
        else:
            raise AssertionError("it ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_told_to_and_is_in_no_list_of_devices(broker, listen, number):
    broker.create("ben")
    with listen("ben") as process:
        process.send_signal(number)
        assert process.wait(timeout=10) == 0
    devices = [device["clientID"] for device in broker.user("ben").command("getDevices")["devices"]]
    assert f"ben:other:chatctl-{process.pid}" not in devices


def test_it_ends_when_nobody_reads_what_it_prints(broker, listen):
    broker.create("ann", "ben")
    with listen("ben") as process:
        process.stdout.close()
        broker.user("ann").send("ben", "to nobody")
        assert process.wait(timeout=10) == 1
        assert "the output could not be written: Broken pipe" in process.stderr.read()
        process.stdout = None


def test_who_cannot_come_in_is_told_why(run, broker):
    done = run("listen", "ben", "-h", "127.0.0.1", "-p", "1", "--config", broker.folder / "mosquitto.conf")
    assert done.returncode == 3
    assert done.stderr.startswith("chatctl: broker 127.0.0.1:1: ")
    assert run("listen", "a", "b").returncode == 2
