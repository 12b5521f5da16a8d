# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The servers that are killed, and what is on their other side and outlives them."""
import contextlib
import re
import signal
import time

from callbacks import FINE, Callbacks, answer
from harness.settings import PATIENCE
from servers import Servers

from . import words

HOOKS = ["C2C.CallbackAfterSendMsg", "Group.CallbackAfterSendMsg", "C2C.CallbackAfterMsgWithDraw",
         "C2C.CallbackBeforeSendMsg", "Group.CallbackBeforeSendMsg", "Group.CallbackBeforeCreateGroup",
         "Group.CallbackBeforeInviteJoinGroup"]
REVIEWS = ["group", "c2c,group", "group,create,invite"]  # messages in groups always, and by turns what else
OTHERS = ("chatpushd", "chatgate")
LEFT = re.compile(r"executed (\d+) frames that the last run had left in the ring")
BAD_LINE = re.compile(r"did not survive|(is|was|were) lost|set aside|please report|damaged|cannot be read|not in the database")
CODES = {signal.SIGKILL: -signal.SIGKILL, signal.SIGSEGV: -signal.SIGSEGV, signal.SIGTERM: 0}


class Hooks(Callbacks):
    """Answers what is to be decided, and keeps of what it was told which messages those were."""

    def __init__(self):
        super().__init__()
        self.told, self.calls_told = set(), 0

    def take_call(self, handler, call):
        body = call.body
        key = words.hook_key(call.command, body)
        if key:
            with self.changed:
                self.told.add(key)
                self.calls_told += 1
                self.changed.notify_all()
        answer(words.hook_answer(body) if "Before" in call.command else FINE)(handler, call)

    def await_told(self, keys, timeout):
        """Those that were not told in that time."""
        with self.changed:
            self.changed.wait_for(lambda: keys <= self.told, timeout)
            return keys - self.told


class Town(Servers):
    def __init__(self):
        super().__init__(Hooks(), {"review": REVIEWS[0], "review_seconds": 30, "push_lease_seconds": 5}, command=HOOKS,
                         timeout_seconds=10, retry=3)
        self.pushed, self.pushes = set(), 0  # (userID, text)
        self.start_seconds = 0.2

    def start(self):
        super().start(3 * PATIENCE)

    # ---- the processes

    def process(self, name):
        return {"broker": self.broker.process, "chatgate": self.gate.process,
                "chatpushd": self.office.workers[-1]}[name]

    def end(self, name, number):
        """Ends it by a signal. One that has ended before, or ends another way, is a complaint."""
        process = self.process(name)
        if not process.alive():
            self.complaints.append(f"{name} had ended by itself with {process.wait()}: {process.lines[-5:]}")
            return
        if name == "broker":
            self.broker.ended_by_test = True
        elif name == "chatgate":
            self.gate.ended_by_test = True
        if (name, number) == ("broker", signal.SIGTERM):
            self.broker.stop(3 * PATIENCE)
        else:
            process.signal(number)
        code = process.wait(3 * PATIENCE)
        if code != CODES[number]:
            self.complaints.append(f"{name} ended with {code} on signal {number}: {process.lines[-5:]}")

    def pause(self, name, seconds):
        """Stops it for so long."""
        process = self.process(name)
        process.signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.signal(signal.SIGCONT)

    def launch(self, name):
        """Starts it, and waits for nothing."""
        {"broker": self.broker.launch, "chatgate": self.gate.launch, "chatpushd": self.office.launch}[name]()

    def begin_broker(self, seconds):
        """Starts the broker, and kills it so much later, whatever it is doing then."""
        self.launch("broker")
        time.sleep(seconds)
        self.end("broker", signal.SIGKILL)

    def revive(self):
        """What is not there is started."""
        if not self.broker.process.alive():
            begun = time.monotonic()
            self.broker.start(3 * PATIENCE)
            self.start_seconds = time.monotonic() - begun
        for name in OTHERS:
            if not self.process(name).alive():
                self.launch(name)

    @contextlib.contextmanager
    def stalled(self, wanted):
        """Inside nothing gets into the database: the ring has it."""
        if not wanted:
            yield
            return
        with self.broker.uncommitted():
            yield

    # ---- phones

    def phone(self, name, provider):
        self.office.phone(name, provider)
        return name

    def _collect(self):
        for push in self.take_pushes():
            self.pushed.add(push)
            self.pushes += 1

    def await_pushed(self, wanted, timeout):
        """Those (token, text) that did not come in that time."""
        deadline = time.monotonic() + timeout
        while True:
            self._collect()
            left = wanted - self.pushed
            if not left or time.monotonic() > deadline:
                return left
            time.sleep(0.01)

    # ---- what the broker's log says

    def frames_left(self):
        """How many were in the ring only when the broker was killed."""
        return sum(int(found[1]) for found in LEFT.finditer(self.broker.log()))

    def bad_lines(self):
        return [f"the broker's log: {line}" for line in self.broker.log().split("\n") if "chat: " in line and BAD_LINE.search(line)]
