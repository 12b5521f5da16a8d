# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Broker, chatpushd and chatgate together, and what is on their other side: phones' providers and the URL of web hooks."""
import json
import pathlib
import shutil
import tempfile

from callbacks import Hookhouse
from gatehouse import Gatehouse
from harness.broker import Broker
from harness.settings import PATIENCE
from office import BODIES, Office
from pki import Pki


class Servers:
    """Run while they are entered. `options` are the plugin's, `conf` further lines of mosquitto.conf, `hooks` is who is
    called, `hook` that section of chatgate.conf. In the end `complaints` say what was wrong with how they ended."""

    def __init__(self, hooks, options, conf=(), **hook):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-proof-"))
        self.media, pki = self.folder / "media", self.folder / "pki"
        self.media.mkdir()
        pki.mkdir()
        self.broker = Broker({"media_dir": self.media, "replay_limit": 1000000, "recall_seconds": 3600, **options}, conf).keep_sigs()
        self.office = Office(Pki(pki), broker=self.broker)
        self.gate = Gatehouse(broker=self.broker)
        self.hooks = hooks
        self.house = Hookhouse(self.gate, hooks, **hook)
        self.complaints = []

    def start(self, patience=PATIENCE):
        """`patience`: how many seconds the broker may take."""
        self.broker.start(patience)
        self.office.start()
        self.house.start()

    def ends(self):
        """What is to be called in the end, each whatever the one before did."""
        return [self.office.close, self.gate.close, self.broker.close, self.hooks.close]

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for end in self.ends():
            try:
                end()
            except AssertionError as error:
                self.complaints.append(str(error))
        shutil.rmtree(self.folder, ignore_errors=True)

    def take_pushes(self):
        """(token, text) of each that has come to a provider, and was not taken before."""
        for provider, body_of in BODIES.items():
            for request in self.office[provider].server.take_all():
                if request.path != "/token" and not request.refusal:
                    yield self.office[provider].token_of(request), body_of(json.loads(request.body))
