# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A folder with a mosquitto.conf in it that is right in every point, to be spoiled; chatctl check for it, and a broker."""
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from harness.ports import Port
from harness.process import LoggedProcess
from harness.settings import ADMIN, BUILD_DIR, CHATCTL, KEY, MOSQUITTO, MOSQUITTO_2_1, PATIENCE, PLUGIN, PRELOAD, SDKAPPID

BROKERS = {"2.0": MOSQUITTO, "2.1": MOSQUITTO_2_1}
IS_ROOT = os.geteuid() == 0
USER = "mosquitto" if IS_ROOT else pwd.getpwuid(os.geteuid()).pw_name


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)


class Result:
    """What chatctl check has said."""

    def __init__(self, done):
        self.code, self.text, self.stderr = done.returncode, done.stdout, done.stderr

    def of(self, level):
        """The lines of a level."""
        return [line.split(None, 1)[1] for line in self.text.splitlines() if line.split(None, 1)[:1] == [level]
                and line.startswith("  ")]


class House:
    """`lines` are those of mosquitto.conf, a list to be changed; `files` is the folder of all that they name."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-check-"))
        self.folder.chmod(0o755)
        self.port, self.websocket = Port(), Port()
        self.plugin = self.folder / "mosquitto_chat.so"
        shutil.copy(PLUGIN, self.plugin)
        self.key = self.write("chat.key", KEY + "\n", 0o600)
        self.included = self.make_folder("conf.d")
        self.lines = [
            "log_dest stderr",
            f"include_dir {self.included}",
            f"listener {self.port.number} 127.0.0.1",
            "max_connections 100",
            "persistence false",
            "max_queued_messages 20000",
            "max_queued_bytes 33554432",
            "allow_duplicate_messages true",
            "set_tcp_nodelay true",
            "max_packet_size 524288",
            "persistent_client_expiration 7d",
            "memory_limit 268435456",
            f"plugin {self.plugin}",
            f"plugin_opt_sdkappid {SDKAPPID}",
            f"plugin_opt_secret_key_file {self.key}",
            f"plugin_opt_database {self.folder}/chat.db",
            f"plugin_opt_admins {ADMIN}",
            "plugin_opt_ring_bytes 8388608",
        ]
        self.give(self.folder)
        self.process, self.wrapper = None, []

    # ---- files

    def give(self, path):
        if IS_ROOT:
            shutil.chown(path, USER, USER)

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        path.chmod(mode)
        self.give(path)
        return path

    def make_folder(self, name):
        path = self.folder / name
        path.mkdir()
        self.give(path)
        return path

    def make_certificate(self, name="server", days=90):
        """Its file and the key's."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
                key, "-out", request)
        openssl("x509", "-req", "-in", request, "-signkey", key, "-days", days, "-out", certificate)
        for path in (key, certificate):
            self.give(path)
        return certificate, key

    def without(self, name):
        """The lines without those of a setting."""
        return [line for line in self.lines if line.split()[0] != name]

    @property
    def conf(self):
        return self.folder / "mosquitto.conf"

    def put(self, lines):
        self.conf.write_text("\n".join(str(line) for line in lines) + "\n")

    # ---- programs

    def check(self, *arguments, version="2.0", **environment):
        done = subprocess.run([CHATCTL, "check", *map(str, arguments), self.conf], capture_output=True, text=True, timeout=30,
                              env={"PATH": os.environ["PATH"], "MOSQUITTO": str(BROKERS[version]), **environment})
        return Result(done)

    def check_json(self, *arguments, **options):
        return json.loads(self.check("--json", *arguments, **options).text)

    def launch(self, version="2.0"):
        env = {**os.environ, "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
        if PRELOAD:
            env |= {"LD_PRELOAD": PRELOAD, "ASAN_OPTIONS": "detect_leaks=0"}
        # Of a session of its own: OpenSSL would ask a terminal for passphrases.
        self.process = LoggedProcess(["setsid", *self.wrapper, BROKERS[version], "-c", str(self.conf)], env=env, cwd=self.folder)
        return self.process

    def start(self, version="2.0"):
        assert self.launch(version).await_line(r"mosquitto version \S+ running"), self.process.lines

    def stop(self):
        """At once: Mosquitto 2.0 does not hear a SIGTERM that comes right behind its start."""
        if self.process and self.process.alive():
            self.process.signal(9)
        if self.process:
            self.process.wait()
        self.process = None

    def end_of_start(self, version="2.0"):
        """None when the broker runs, or what it said before it ended."""
        started = self.launch(version).await_line(r"mosquitto version \S+ running")
        if started:
            self.stop()
            return None
        self.process.wait(PATIENCE)
        lines, self.process = self.process.lines, None
        return "\n".join(lines)

    def close(self):
        self.stop()
        self.port.release()
        self.websocket.release()
        subprocess.run(["chmod", "-R", "u+rwx", self.folder], check=False)
        shutil.rmtree(self.folder)
