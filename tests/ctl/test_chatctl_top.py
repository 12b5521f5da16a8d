# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chatctl top: live numbers, a line each, as JSON, or redrawn on a terminal."""
import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

import pytest
from harness.settings import CHATCTL, PATIENCE

BEGIN, END, HOME, LOUD = "\033[?1049h", "\033[?1049l", "\033[H", "\033[1;31m"


@pytest.fixture
def lines(broker):
    """lines(argument...): a with of a chatctl top whose output is no terminal."""
    @contextlib.contextmanager
    def lines(*arguments):
        process = subprocess.Popen([CHATCTL, "top", "--every", "0.1", *arguments, "--config",
                                    broker.folder / "mosquitto.conf"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()
    return lines


class Terminal:
    def __init__(self, broker, *arguments, lines=24, columns=80, **environment):
        self.master, slave = pty.openpty()
        self.resize(lines, columns)
        self.keys = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [CHATCTL, "top", "--every", "0.1", *arguments, "--config", broker.folder / "mosquitto.conf"],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={"PATH": os.environ["PATH"], "TERM": "xterm", **environment})
        self.slave, self.text = slave, ""

    def resize(self, lines, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys)

    def pictures(self):
        """Those that are whole, each as its lines without colours."""
        whole = self.text.split(HOME)[1:-1]
        return [re.sub(r"\033\[[0-9;?]*[a-zA-Z]", "", each).replace("\r", "").split("\n") for each in whole]

    def until(self, true):
        deadline = time.monotonic() + PATIENCE
        while not (found := true()):
            assert time.monotonic() < deadline, self.text[-3000:]
            self.read()
        return found

    def read(self):
        if select.select([self.master], [], [], 0.1)[0]:
            with contextlib.suppress(OSError):
                self.text += os.read(self.master, 65536).decode()

    def shows(self, pattern):
        """Waits for a new picture with such a line."""
        self.text = ""
        return self.until(lambda: [line for picture in self.pictures() for line in picture
                                   if re.search(pattern, line)])

    def ended(self):
        """The exit code, when all has been read."""
        self.until(lambda: self.process.poll() is not None)
        self.read()
        return self.process.returncode

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(broker):
    opened = []

    def terminal(*arguments, **how):
        opened.append(Terminal(broker, *arguments, **how))
        return opened[-1]

    yield terminal
    for each in opened:
        each.close()


# ---- lines


def test_without_a_terminal_each_look_is_a_line(says):
    printed = says("top", "--every", "0.1", "--count", 2).splitlines()
    assert len(printed) == 2
    assert all(re.match(r"\d\d:\d\d:\d\d connections 1, users online 1, logins/s \d+\.\d, messages in/s \d+\.\d, ", line)
               for line in printed)
    assert not [line for line in printed if "\033" in line]


def test_for_programs_each_look_is_an_object_with_what_has_happened_in_a_second(broker, lines):
    broker.create("ben")
    ann = broker.user("ann")
    with lines("--json") as process:
        first = json.loads(process.stdout.readline())
        assert (first["connections"], first["storedPerSecond"], first["ringPercent"]) == (2, 0, 0)
        for _ in range(5):
            ann.send("ben", "hello")
        found = next(each for each in map(json.loads, process.stdout) if each["storedPerSecond"] > 0)
    ann.disconnect()
    assert found["messagesPerSecond"] > 0 and found["time"] > first["time"]


def test_it_goes_on_when_the_broker_has_been_started_again_and_says_so(broker, lines):
    with lines() as process:
        assert process.stdout.readline()
        broker.restart(kill=True)
        told = [process.stderr.readline(), process.stderr.readline()]
        assert "it is tried again" in told[0] and told[1].endswith("connected again\n")
        at = time.strftime("%H:%M:%S")
        assert next(line for line in process.stdout if line[:8] >= at).count("connections 1,") == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def test_it_leaves_no_device_behind(says):
    def devices():
        found = json.loads(says("getDevices", "--json"))["data"]["devices"]
        return {each["clientID"] for each in found if not each["online"]}  # connected is who asks

    before = devices()
    says("top", "--every", "0.1", "--count", 1)
    assert devices() == before


# ---- a terminal


def test_on_a_terminal_it_is_redrawn_in_place(terminal):
    shown = terminal()
    shown.until(lambda: len(shown.pictures()) >= 3)
    assert shown.text.startswith(BEGIN) and END not in shown.text
    for picture in shown.pictures():
        assert len(picture) <= 24 and max(map(len, picture)) <= 80
    assert re.match(r"connections +1 ", shown.pictures()[-1][2])


@pytest.mark.parametrize("keys", [b"\x03", b"q"], ids=["Ctrl-C", "q"])
def test_the_terminal_is_as_before_when_it_has_ended(terminal, keys):
    shown = terminal()
    shown.until(lambda: shown.pictures())
    assert not termios.tcgetattr(shown.slave)[3] & termios.ECHO
    shown.type(keys)
    assert shown.ended() == 0
    assert shown.text.rstrip().endswith(END)
    assert termios.tcgetattr(shown.slave) == shown.keys


def test_a_small_window_has_what_is_most_important_and_a_larger_one_more(terminal):
    shown = terminal(lines=6, columns=38)
    shown.until(lambda: len(shown.pictures()) >= 2)
    picture = shown.pictures()[-1]
    assert len(picture) <= 6 and max(map(len, picture)) <= 38
    assert picture[2].startswith("connections") and "longest turn" not in shown.text
    shown.resize(40, 120)
    shown.shows("longest turn")


def test_what_is_alarming_has_a_sign_and_a_colour(broker, terminal):
    plain, coloured = terminal(NO_COLOR="1"), terminal()
    broker.create("ben")
    with broker.uncommitted():
        ann = broker.user("ann")
        ann.send("ben", "hello")
        for each in (plain, coloured):
            each.shows(r"stalled +1 !")
        assert LOUD in coloured.text and LOUD not in plain.text
    plain.shows(r"stalled +0  ")
    ann.disconnect()


def test_on_a_terminal_it_says_that_the_broker_has_gone_and_come_back(broker, terminal):
    shown = terminal()
    shown.until(lambda: shown.pictures())
    broker.kill()
    shown.text = HOME
    shown.until(lambda: "! no connection" in shown.text)
    broker.restart()
    shown.shows("! connected again")


# ---- what is refused


@pytest.mark.parametrize("arguments, words", [
    (["--every", "0"], "--every must be seconds from 0.1 to 3600"),
    (["--every", "soon"], "--every must be seconds"),
    (["--every"], "--every needs a value"),
    (["--count", "0"], "--count must be a whole number"),
    (["now"], "takes --every, --count, --json"),
    (["--as", "bob"], "takes --every, --count, --json"),
])
def test_what_is_wrong_is_said_before_anything_is_asked(run, arguments, words):
    done = run("top", *arguments)
    assert (done.returncode, done.stdout) == (2, "") and words in done.stderr


def test_no_broker_is_exit_code_3_and_no_administrator_exit_code_1(broker, chatctl, run):
    broker.create("nina")
    gone = run("top", "-p", 1, "-u", "a", "-P", "x")
    assert (gone.returncode, gone.stdout) == (3, "") and "127.0.0.1:1" in gone.stderr
    refused = chatctl("top", "-u", "nina")
    assert (refused.returncode, refused.stdout) == (1, "") and "60010" in refused.stderr
