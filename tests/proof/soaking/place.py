# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Broker, chatpushd and chatgate, with what is on their other side."""
import contextlib
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from callbacks import FINE, Callbacks, Hookhouse, answer
from gatehouse import Gatehouse
from harness.broker import Broker
from harness.process import LoggedProcess
from harness.settings import PATIENCE
from office import BODIES, DEVICES, Office
from pki import Pki
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


class Place:
    def __init__(self, cache_seconds):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-soak-"))
        self.media, pki = self.folder / "media", self.folder / "pki"
        self.media.mkdir()
        pki.mkdir()
        self.broker = Broker({"media_dir": self.media, "replay_limit": 1000000, "recall_seconds": 3600,
                              "cache_seconds": cache_seconds}, QUEUED).keep_sigs()
        self.office = Office(Pki(pki), broker=self.broker)
        self.gate = Gatehouse(broker=self.broker)
        self.gate.patience = 6 * PATIENCE
        self.hooks, self.crowd, self.admin = Hooks(), None, None
        self.house = Hookhouse(self.gate, self.hooks, command=HOOKS, timeout_seconds=29)
        self.pushes = Ledger("pushes")
        self.complaints = []

    def __enter__(self):
        try:
            self.broker.start()
            self.admin = self.broker.admin("other:setup")
            self.office.start()
            self.house.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for end in (self.end_crowd, self.office.close, self.gate.close, self.broker.close, self.hooks.close):
            try:
                end()
            except AssertionError as error:
                self.complaints.append(str(error))
        shutil.rmtree(self.folder, ignore_errors=True)

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
        for provider, body_of in BODIES.items():
            for request in self.office[provider].server.take_all():
                if request.path != "/token" and not request.refusal:
                    token = self.office[provider].token_of(request)
                    self.pushes.receive(token, body_of(json.loads(request.body)))

    # ---- what is left of it all

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(self.broker.database)) as database:
            return database.execute(sql).fetchone()[0]

    def uploads(self):
        return sum(path.is_file() for path in self.media.rglob("*"))
