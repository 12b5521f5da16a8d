# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A fresh broker for one measurement, mosquitto bare or with the plugin, and the load that is put on it."""
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
OPEN_FILES = 16384
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
    """Ten thousand connections are more than many shells allow; both processes inherit this."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _limits():
    lines = (CHECKOUT / "mosquitto.conf.example").read_text().splitlines()
    return [line for line in lines if line.split(" ")[0] in LIMITS]


def free_port():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        return holder.getsockname()[1]


def processes_under(pid):
    """The ids of all that this process has started, and of all that those have."""
    parents = {}
    for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(file.parent.name)] = int(file.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            pass
    found = [pid]
    for parent in found:
        found += [child for child, of in parents.items() if of == parent]
    return found[1:]


def memory_mib(pid, field="VmRSS"):
    """Of the process and all under it, now; VmHWM: the most that each has had."""
    text = "".join(pathlib.Path(f"/proc/{one}/status").read_text() for one in [pid, *processes_under(pid)])
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(field + ":")) / 1024


class Server:
    """Any MQTT broker in a folder of its own in $TMPDIR, which holds everything. What it is started with is in
    `_command` and `_environment`, how the load is to treat it in `load_flags`."""

    name = "broker"
    load_flags = ("--bare",)
    user = None  # whose process it is; None: ours
    start_seconds = START_SECONDS

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-bench-"))
        self.key_file = self.folder / "secret.key"
        self.key_file.write_text(secrets.token_hex(32) + "\n")
        self.key_file.chmod(0o600)
        self.port = free_port()
        self.log = self.folder / "broker.log"

    def _command(self):
        raise NotImplementedError

    def _environment(self):
        return None

    def start(self):
        """Again too, when it has ended: with the files it has left."""
        self.process = self._spawn(self._command(), env=self._environment())

    def _spawn(self, command, **more):
        identity = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        return subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=(self.folder / "stderr").open("a"), **identity, **more)

    def await_start(self):
        """Mosquitto forgets a SIGTERM that comes before its loop; it is in it when it answers."""
        end = time.monotonic() + self.start_seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=self.start_seconds) as client:
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
        children = [word for pid in processes_under(self.process.pid) for word in ("--child", str(pid))]
        return [LOAD, "--port", str(self.port), "--key-file", self.key_file, "--sdkappid", SDKAPPID,
                "--broker", str(self.process.pid), *children, *self.load_flags, *more, workload]

    def measure(self, workload, *more):
        done = subprocess.run(self.load_command(workload, *more), capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{workload}, {self.name}: {done.stderr}{self.errors()}")
        return json.loads(done.stdout)

    def measure_with(self, at_clock, workload, *more):
        """`at_clock(True)` when the workload's clock starts, `at_clock(False)` when it stops; the load waits for it."""
        command, result = self.load_command(workload, "--pause", *more), None
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
            for line in load.stdout:
                if line.strip() in ("begin", "end"):
                    at_clock(line.startswith("begin"))
                    load.stdin.write("\n")
                    load.stdin.flush()
                else:
                    result = json.loads(line)
        if load.returncode != 0:
            raise RuntimeError(f"{workload}: {self.errors()}")
        return result

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


class Broker(Server):
    """A mosquitto that is starting. `options` are the plugin's, over the defaults. `empty`: a bare one with a plugin that is
    asked about everything, and says yes."""

    def __init__(self, bare, options=None, wrapper=(), empty=False):
        super().__init__()
        self.bare, self.empty, self.wrapper = bare, empty, wrapper
        self.name = "empty" if empty else "bare" if bare else "plugin"
        self.load_flags = ("--bare",) if bare else ()
        self.config = self.folder / "mosquitto.conf"
        self.config.write_text("\n".join(self._config(options or {})) + "\n")
        self.start()

    def _command(self):
        return [*self.wrapper, MOSQUITTO, "-c", self.config]

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
