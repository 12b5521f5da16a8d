# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The servers that run for long, with what is on their other side, and thousands who do nothing."""
import contextlib
import pathlib
import sqlite3
import subprocess
import sys

from callbacks import FINE, Callbacks, answer
from harness.process import LoggedProcess
from harness.settings import PATIENCE
from office import DEVICES
from servers import Servers
from soaking.ledger import Ledger

QUEUED = ["max_queued_bytes 262144", "max_queued_messages 4000"]  # for a client: slow ones have filled it soon
CROWD = pathlib.Path(__file__).with_name("crowd.py")
HOOKS = ["C2C.CallbackAfterSendMsg", "Group.CallbackAfterSendMsg"]


class Hooks(Callbacks):
    """Which texts it was told of. Live messages are not counted: a busy live group may drop some."""

    def __init__(self):
        super().__init__()
        self.ledger = Ledger("web hooks")

    def take_call(self, handler, call):
        body = call.body
        text = body["MsgBody"][0]["MsgContent"].get("Text", "") if body.get("MsgBody") else ""
        if not text.startswith("live "):
            self.ledger.receive("the hook", text)
        answer(FINE)(handler, call)


class Place(Servers):
    def __init__(self, cache_seconds):
        super().__init__(Hooks(), {"cache_seconds": cache_seconds}, QUEUED, command=HOOKS, timeout_seconds=29)
        self.gate.patience = 6 * PATIENCE
        self.crowd, self.admin = None, None
        self.pushes = Ledger("pushes")

    def start(self):
        super().start()
        self.admin = self.broker.admin("other:setup")

    def ends(self):
        return [self.end_crowd, *super().ends()]

    # ---- who does nothing

    def begin_crowd(self, count):
        command = [sys.executable, str(CROWD), str(self.broker.mqtt.number), str(count)]
        self.crowd = LoggedProcess(command, stdin=subprocess.PIPE)
        assert self.crowd.await_line("^ready", 60 + count / 20), "the crowd did not get in:\n" + "\n".join(self.crowd.lines)

    def crowd_open(self):
        """(How many of them are connected, what they have heard)."""
        start = len(self.crowd.lines)
        self.crowd.write("?\n")
        _, there, _, heard = self.crowd.await_line("^open", start=start).split()
        return int(there), int(heard)

    def end_crowd(self):
        if self.crowd:
            with contextlib.suppress(OSError):
                self.crowd.end_input()
            self.crowd.wait()
            self.crowd = None

    # ---- who is away

    def phones(self):
        """{userID: token}"""
        return {f"phone-{provider}": self.office.phone(f"phone-{provider}", provider) for provider in DEVICES}

    def collect_pushes(self):
        for push in self.take_pushes():
            self.pushes.receive(*push)

    # ---- what is left of it all

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.broker.database)) as database:
            return database.execute(sql).fetchone()[0]

    def uploads(self):
        return sum(path.is_file() for path in self.media.rglob("*"))
