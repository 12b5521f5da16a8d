# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A mosquitto with the plugin, on ports and in a folder of its own."""
import contextlib
import functools
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile

from harness import frames, packets, usersig
from harness.faults import Faults
from harness.ports import Port
from harness.process import LoggedProcess
from harness.raw import RawClient
from harness.settings import ADMIN, CACHE_SECONDS, KEY, MOSQUITTO, PATIENCE, PLUGIN, PRELOAD, SDKAPPID
from harness.user import User

# As in mosquitto.conf.example; the tests' own additions below.
LIMITS = """
max_queued_messages 20000
max_queued_bytes 33554432
allow_duplicate_messages true
set_tcp_nodelay true
"""

SANITIZER_MARKS = ("ERROR: AddressSanitizer", "runtime error")


class Broker:
    """`options` are the plugin's (None: leave out), `conf` further lines of mosquitto.conf, `listeners` those behind the
    listeners. With `faults` its disk and its clock can be made wrong while it runs: broker.faults."""

    def __init__(
        self,
        options=None,
        conf=(),
        plugin=True,
        wrapper=(),
        run_as=None,
        per_listener=False,
        faults=False,
        mosquitto=MOSQUITTO,
        listeners=(),
    ):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-broker-"))
        self.folder.chmod(0o755)
        self.key_file = self.folder / "secret.key"
        self.database = self.folder / "chat.db"
        self.mqtt, self.websocket = Port(), Port()
        self.conf, self.wrapper, self.run_as = list(conf), list(wrapper), run_as
        self.has_plugin, self.per_listener = plugin, per_listener
        self.mosquitto, self.listeners = mosquitto, list(listeners)
        # Another user need not reach the checkout, which may be below root's home.
        self.plugin = shutil.copy(PLUGIN, self.folder) if run_as else PLUGIN
        self.options = {
            "sdkappid": SDKAPPID,
            "secret_key_file": self.key_file,
            "database": self.database,
            "admins": ADMIN,
            # Small and without limits, so that a test says itself which limit it is about.
            "ring_bytes": 8 << 20,
            "user_rate": 0,
            "group_rate": 0,
            "command_rate": 0,
            "cache_seconds": CACHE_SECONDS,
        }
        self.options.update(options or {})
        self.faults = Faults(self.folder) if faults else None
        self.process = None
        self.earlier_log = []
        self.ended_by_test = False
        self.users, self.raw_clients, self.secrets = [], [], [KEY]
        self.write_keys(KEY)

    # ---- files

    def write_keys(self, *keys, mode=0o600):
        self.key_file.write_text("".join(key + "\n" for key in keys))
        self.key_file.chmod(mode)
        self.secrets.extend(key for key in keys if key not in self.secrets)

    def plugin_lines(self, word="plugin"):
        """What loads the plugin, with its options: `word` is the setting that names the file."""
        given = {name: value for name, value in self.options.items() if value is not None}
        return [f"{word} {self.plugin}", *(f"plugin_opt_{name} {value}" for name, value in given.items())]

    def _config(self):
        lines = [
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            "log_type information",
        ]
        if os.geteuid() == 0:
            lines.append(f"user {self.run_as or 'root'}")
        lines += LIMITS.split("\n") + self.conf
        if self.has_plugin and not self.per_listener:
            lines += self.plugin_lines()
        lines.append(f"listener {self.mqtt.number} 127.0.0.1")
        if self.has_plugin and self.per_listener:
            lines += self.plugin_lines()
        lines += [f"listener {self.websocket.number} 127.0.0.1", "protocol websockets"]
        lines += self.listeners
        return "\n".join(lines) + "\n"

    @property
    def config_file(self):
        return self.folder / "mosquitto.conf"

    def write_config(self, **options):
        """mosquitto.conf, with these options of the plugin changed: None takes one out."""
        self.options.update(options)
        self.config_file.write_text(self._config())

    # ---- life

    def _environment(self):
        # libwebsockets reads all certificates of a file that is named there, though no listener wants them: that takes more
        # than all else in a start.
        env = {**os.environ, "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
        if PRELOAD:
            env["LD_PRELOAD"] = PRELOAD
            env["ASAN_OPTIONS"] = "detect_leaks=0:abort_on_error=0:exitcode=99"
        if self.faults:
            env.update(self.faults.environment)
            env["LD_PRELOAD"] = ":".join(filter(None, (PRELOAD, env["LD_PRELOAD"])))
        return env

    def launch(self):
        """Starts the process and does not wait for anything."""
        if self.process:
            self.earlier_log += self.process.lines
        self.write_config()
        command = [*self.wrapper, self.mosquitto, "-c", str(self.config_file)]
        self.process = LoggedProcess(command, env=self._environment(), cwd=self.folder)
        self.ended_by_test = False

    def start(self, timeout=PATIENCE):
        self.launch()
        if not self.process.await_line(r"mosquitto version \S+ running", timeout):
            raise AssertionError("the broker did not start:\n" + self.log())
        self._await_loop()
        return self

    def _await_loop(self):
        """Mosquitto forgets a SIGTERM that comes before its loop: wait until it serves."""
        client = RawClient(self.mqtt.number)
        client.send(packets.disconnect())
        client.wait_closed()
        client.close()

    def start_refused(self, timeout=PATIENCE):
        """Starts a broker that must refuse to: its log lines. Says what it did when it ran after all."""
        self.launch()
        running = self.process.await_line(r"mosquitto version \S+ running", timeout)
        if running:
            self.kill()
            raise AssertionError("the broker started all the same")
        code = self.process.wait(timeout)
        self.ended_by_test = True
        assert code not in (0, -signal.SIGSEGV, -signal.SIGABRT), f"exit code {code}"
        return list(self.process.lines)

    def stop(self, timeout=PATIENCE):
        self.process.signal(signal.SIGTERM)
        self._wake()
        self.ended_by_test = True
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError("the broker did not stop on SIGTERM") from None

    def _wake(self):
        """Mosquitto looks for a signal once a turn of its loop, and rests for 100 ms in one in which nothing comes."""
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.mqtt.number), timeout=1).close()

    def kill(self):
        self.process.signal(signal.SIGKILL)
        self.ended_by_test = True
        self.process.wait()

    def restart(self, kill=False, **options):
        """Ends the broker (kill: with SIGKILL) and starts it on the same folder and ports."""
        if self.process.alive():
            if kill:
                self.kill()
            else:
                assert self.stop() == 0, "the broker did not stop cleanly"
        self.options.update(options)
        return self.start()

    def reload(self):
        """SIGHUP; returns when the broker has read its configuration again and serves: a SIGHUP that comes
        while it reads is forgotten."""
        start = len(self.process.lines)
        self.process.signal(signal.SIGHUP)
        self._wake()
        assert self.process.await_line("Reloading config", start=start), "no reload"
        self._await_loop()

    @contextlib.contextmanager
    def one_turn(self):
        """What clients send inside reaches the broker in one turn of its loop, in the order in which they begin."""
        stat = pathlib.Path(f"/proc/{self.process.pid}/stat")

        def await_state(wanted):
            while stat.read_text().rpartition(")")[2].split()[0] != wanted:
                pass

        await_state("S")  # stopped in the middle of a turn, it would go on with who was ready before
        self.process.signal(signal.SIGSTOP)
        await_state("T")
        try:
            yield
        finally:
            self.process.signal(signal.SIGCONT)

    @contextlib.contextmanager
    def uncommitted(self):
        """What happens inside is accepted and in the ring, but the database hears of it afterwards only."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=PATIENCE, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield db

    def close(self):
        """Ends everything and checks how it ended. Called once, by the fixture."""
        problems = []
        try:
            if self.process and not self.ended_by_test:
                code = self.process.wait(0) if not self.process.alive() else None
                if code is not None:
                    problems.append(f"the broker ended by itself with {code}")
                elif (code := self.stop()) != 0:
                    problems.append(f"the broker stopped with {code}")
        finally:
            for client in self.users + self.raw_clients:
                client.close()
            if self.process and self.process.alive():
                self.kill()
            if frames.REPORT:
                problems += frames.check(self)
            self.mqtt.release()
            self.websocket.release()
            if self.faults:
                self.faults.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        text = self.log()
        problems += [f"the log has {mark!r}" for mark in SANITIZER_MARKS if mark in text]
        problems += ["the log shows a secret" for secret in self.secrets if secret in text]
        assert not problems, "; ".join(problems)

    # ---- log

    def log(self):
        return "\n".join(self.earlier_log + (self.process.lines if self.process else []))

    @property
    def version(self):
        """(2, 0, 11): what the broker says it is."""
        return tuple(map(int, re.search(r"mosquitto version (\d+)\.(\d+)\.(\d+)", self.log()).groups()))

    def refused(self, version, why=0x87):
        """The code of CONNACK for a login refused for that reason: only 2.1 tells it, and to MQTT 5 clients."""
        if version == 4:
            return 5
        return why if self.version >= (2, 1) else 0x87

    def await_log(self, pattern, timeout=PATIENCE, start=0):
        line = self.process.await_line(pattern, timeout, start)
        assert line, f"no line {pattern!r} in the log"
        return line

    # ---- clients

    def keep_sigs(self):
        """From now on one userSig for each user, however often they come: each is looked for in the log at the end."""
        self.sig = functools.cache(self.sig)
        return self

    def sig(self, user, **knobs):
        """A userSig; what this returns must never be seen in the log."""
        text = usersig.mint(user, **knobs)
        self.secrets.append(text)
        return text

    def user(self, name, device=None, **how):
        """A connected user. `device` is "ios:1": the client id is then name:ios:1, else the name alone."""
        user = self.unconnected(name, device, **how)
        return user.connect()

    def unconnected(self, name, device=None, client_id=None, **how):
        if client_id is None:
            client_id = f"{name}:{device}" if device else name
        user = User(self, name, client_id, **how)
        self.users.append(user)
        return user

    def admin(self, device=None, **how):
        return self.user(ADMIN, device, **how)

    def create(self, *names):
        """Users that exist and are away."""
        for name in names:
            client = self.raw()
            client.login(name, f"{name}:other:setup")
            client.disconnect()

    def raw(self, version=4, port=None):
        """A bare connection, to a further listener if a port is given."""
        client = RawClient(port or self.mqtt.number, version, sig=self.sig)
        self.raw_clients.append(client)
        return client
