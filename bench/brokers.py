# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A fresh mosquitto for one measurement, bare or with the plugin, and the load that is put on it."""
import json
import os
import pathlib
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
BUILD_DIR = pathlib.Path(os.environ.get("BUILD_DIR", CHECKOUT / "build")).absolute()
MOSQUITTO = os.environ.get("MOSQUITTO") or shutil.which("mosquitto") or "/usr/sbin/mosquitto"
LOAD = BUILD_DIR / "load"
SDKAPPID = "1400000000"
OPEN_FILES = 8192
START_SECONDS = STOP_SECONDS = 60

# Both brokers get these as they stand in mosquitto.conf.example.
LIMITS = ("persistence", "max_queued_messages", "max_queued_bytes", "allow_duplicate_messages",
          "set_tcp_nodelay")


def build(*targets):
    """No tests: what is measured only."""
    names = targets or ("mosquitto_chat", "empty_plugin", "bench", "chatctl")
    targets = [word for target in names for word in ("--target", target)]
    subprocess.run([CHECKOUT / "scripts" / "build", BUILD_DIR, *targets], check=True, stdout=subprocess.DEVNULL)


def workloads():
    return subprocess.run([LOAD, "--list"], check=True, capture_output=True, text=True).stdout.split()


def allow_open_files():
    """Two thousand connections are more than many shells allow; both processes inherit this."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _limits():
    lines = (CHECKOUT / "mosquitto.conf.example").read_text().splitlines()
    return [line for line in lines if line.split(" ")[0] in LIMITS]


def _free_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]


class Broker:
    """`options` are the plugin's, over the defaults; a folder in $TMPDIR holds everything. `empty`: a bare one with a
    plugin that is asked about everything, and says yes."""

    def __init__(self, bare, options=None, wrapper=(), empty=False):
        self.bare = bare
        self.empty = empty
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-bench-"))
        self.key_file = self.folder / "secret.key"
        self.key_file.write_text(secrets.token_hex(32) + "\n")
        self.key_file.chmod(0o600)
        self.port = _free_port()
        self.log = self.folder / "mosquitto.log"
        config = self.folder / "mosquitto.conf"
        config.write_text("\n".join(self._config(options or {})) + "\n")
        self.process = subprocess.Popen([*wrapper, MOSQUITTO, "-c", config], cwd=self.folder,
                                        stdout=subprocess.DEVNULL, stderr=(self.folder / "stderr").open("w"))

    def _config(self, options):
        lines = [f"listener {self.port} 127.0.0.1", f"log_dest file {self.log}", "log_type error"]
        if os.geteuid() == 0:
            lines.append("user root")
        lines += _limits()
        if self.empty:
            return lines + ["allow_anonymous false", f"plugin {BUILD_DIR / 'empty_plugin.so'}"]
        if self.bare:
            return lines + ["allow_anonymous true"]
        # A rate limit would be all that is measured.
        given = {"sdkappid": SDKAPPID, "secret_key_file": self.key_file, "database": self.folder / "chat.db",
                 "user_rate": 0, "group_rate": 0, **options}
        return lines + ["allow_anonymous false", f"plugin {BUILD_DIR / 'mosquitto_chat.so'}",
                        *(f"plugin_opt_{name} {value}" for name, value in given.items())]

    def await_start(self):
        """Mosquitto forgets a SIGTERM that comes before its loop; it is in it when it answers."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS) as client:
                    client.sendall(b"\xe0\x00")
                    client.recv(1)
                return self
            except ConnectionResetError:
                return self
            except ConnectionRefusedError:
                time.sleep(0.02)
        raise RuntimeError("the broker did not start: " + self.errors())

    def errors(self):
        return "".join(file.read_text() for file in (self.log, self.folder / "stderr") if file.exists())

    def load_command(self, workload, *more):
        bare = ["--bare"] if self.bare else []
        return [LOAD, "--port", str(self.port), "--key-file", self.key_file, "--sdkappid", SDKAPPID,
                "--broker", str(self.process.pid), *bare, *more, workload]

    def measure(self, workload, *more):
        done = subprocess.run(self.load_command(workload, *more), capture_output=True, text=True)
        if done.returncode != 0:
            which = "empty" if self.empty else "bare" if self.bare else "plugin"
            raise RuntimeError(f"{workload}, {which}: {done.stderr}{self.errors()}")
        return json.loads(done.stdout)

    def stop(self):
        """The plugin commits what is still in its ring; callgrind writes its files."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
