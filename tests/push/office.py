# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Everything around a message: a broker, the three providers, the worker, and phones that are away."""
import json
import os
import pathlib
import shutil
import signal
import tempfile
import time

import providers
from harness.faults import Faults
from harness.broker import SANITIZER_MARKS, Broker
from harness.ports import Port
from harness.process import LoggedProcess
from harness.settings import ADMIN, BUILD_DIR, PATIENCE, SDKAPPID

WORKER = BUILD_DIR / "chatpushd"
DEVICES = {"apns": "ios:1", "fcm": "android:1", "webhook": "other:1"}
BODIES = {"apns": lambda sent: sent["aps"]["alert"]["body"],
          "fcm": lambda sent: sent["message"]["notification"]["body"],
          "webhook": lambda sent: sent["body"]}  # what a notification says, of a request's JSON


def token_of(provider, name):
    """Apple's are hex."""
    text = f"{provider}-of-{name}"
    return text.encode().hex() if provider == "apns" else text


class Office:
    """With a broker of its own, or with one that others have, too, and end."""

    def __init__(self, pki, broker=None, **broker_options):
        self.pki = pki
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-push-"))
        self._broker, self._is_guest = broker or Broker(broker_options), broker is not None
        self.apns = providers.Apns(pki.server, pki.apple_public)
        self.fcm = providers.Fcm(pki.server, pki.google_public)
        self.webhook = providers.Webhook(pki.server)
        self.workers, self.senders = [], {}
        self.faults = Faults(self.folder)
        self._settings = self._usual_settings()

    @property
    def broker(self):
        """Started when it is first needed."""
        return self._broker if self._broker.process else self._broker.start()

    def __getitem__(self, provider):
        return getattr(self, provider)

    # ---- configuration

    def _write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def _service_account(self):
        return self._write("account.json", json.dumps({
            "type": "service_account", "project_id": providers.PROJECT, "private_key_id": "key-of-google",
            "private_key": self.pki.google_key.read_text(), "client_email": providers.EMAIL,
            "token_uri": self.fcm.token_uri}))

    def _usual_settings(self):
        shared = {"ca_file": self.pki.ca}
        return {
            "broker": {"port": self._broker.mqtt.number, "user": ADMIN, "sdkappid": SDKAPPID,
                       "secret_key_file": self._broker.key_file},
            "apns:app": {"key_file": self.pki.apple_key, "key_id": providers.KEY_ID,
                         "team_id": providers.TEAM_ID, "topic": providers.TOPIC,
                         "token_file": self.folder / "apns.token",
                         "url": self.apns.url, **shared},
            "fcm:app": {"service_account_file": self._service_account(), "url": self.fcm.url, **shared},
            "webhook:app": {"url": self.webhook.url + "/push?from=chat",
                            "secret_file": self._write("hook.key", providers.HOOK_SECRET + "\n"), **shared},
        }

    def set(self, section, **options):
        """Options of the worker's configuration; None takes one out."""
        self._settings.setdefault(section, {}).update(options)

    def set_broker(self, **options):
        """Options of the plugin, before the broker starts."""
        self._broker.options.update(options)

    def offer_tls(self):
        """The broker listens with TLS too, and the worker goes there."""
        port, name = Port(), self.pki.folder / "server"
        self._broker.conf += [f"listener {port.number} 127.0.0.1", f"certfile {name}.pem"]
        self._broker.conf += [f"keyfile {name}.key"]
        self.set("broker", host="localhost", port=port.number, ca_file=self.pki.ca)

    def settings(self, section):
        return self._settings[section]

    def setting(self, section, option):
        return self._settings[section][option]

    def drop(self, section):
        del self._settings[section]

    def configure(self):
        lines = []
        for section, options in self._settings.items():
            given = {name: value for name, value in options.items() if value is not None}
            lines += [f"[{section}]", *(f"{name} = {value}" for name, value in given.items())]
        return self._write("chatpushd.conf", "\n".join(lines) + "\n")

    # ---- the worker

    def launch(self, *arguments, broker=True, preload=None, faults=False):
        """A chatpushd, whatever it does. `faults`: self.faults may set its clock."""
        assert not broker or self.broker
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:verify_asan_link_order=0"}
        env.pop("LD_PRELOAD", None)
        if preload:
            env["LD_PRELOAD"] = str(BUILD_DIR / preload)
        if faults:
            env.update(self.faults.environment)
        process = LoggedProcess([str(WORKER), "-c", str(self.configure()), *arguments], env=env)
        self.workers.append(process)
        return process

    def run(self, *arguments, broker=True):
        """(exit code, lines) of one that ends by itself."""
        process = self.launch(*arguments, broker=broker)
        code = process.wait(3 * PATIENCE)
        return code, list(process.lines)

    def start(self, **how):
        """A worker that takes jobs."""
        process = self.launch(**how)
        assert process.await_line(r"broker .*: connected"), "the worker did not connect:\n" + self.log()
        return process

    def reload(self):
        """SIGHUP; the lines of the log about it, when the worker has read its configuration again or has refused to."""
        process = self.workers[-1]
        start = len(process.lines)
        self.configure()
        process.signal(signal.SIGHUP)
        assert process.await_line("the configuration (was read again|stays as it was)", start=start), self.log()
        said = [line.split(" ", 1)[1] for line in process.lines[start:]]
        return [line for line in said if line.startswith(("reload: ", "the configuration "))]

    def kill(self, process):
        process.signal(signal.SIGKILL)
        process.wait()

    def stop(self, process):
        process.signal(signal.SIGTERM)
        return process.wait()

    def await_line(self, pattern, **how):
        line = self.workers[-1].await_line(pattern, **how)
        assert line, f"no line {pattern!r} in the worker's log"
        return line

    def await_counter(self, section, text):
        """Until the counters of this section say so."""
        deadline = time.monotonic() + PATIENCE
        while True:
            start = len(self.workers[-1].find("."))
            self.workers[-1].signal(signal.SIGUSR1)
            line = self.workers[-1].await_line(rf"\[{section}\] taken", start=start)
            if text in line:
                return
            assert time.monotonic() < deadline, line

    # ---- people

    def phone(self, name, provider="apns", token=None, business="app", device=None):
        """A device of this user, away; its token."""
        token = token or token_of(provider, name)
        user = self.broker.user(name, device or DEVICES[provider])
        user.command("setPushToken", provider=provider, token=token, businessID=business)
        user.disconnect()
        user.close()
        return token

    def sender(self, name="alice"):
        if name not in self.senders:
            self.senders[name] = self.broker.user(name)
        return self.senders[name]

    def write(self, to, payload="hello", sender="alice"):
        self.sender(sender).send(to, payload)

    def fence(self, provider="webhook"):
        """When this returns, what had been sent before has been handed to the worker, and has arrived if it was
        for this provider: a job of a later message has gone through. Providers do not wait for each other."""
        user = f"fence-{provider}"
        token = self.phone(user, provider, token="fe0ce0")
        self.write(user, "fence")
        self[provider].take_for(token)

    # ---- the end

    def log(self):
        return "\n".join(line for process in self.workers for line in process.lines)

    def log_of_broker(self):
        return self._broker.log()

    def secrets(self):
        keys = [self.pki.apple_key, self.pki.google_key]
        inside = [line for key in keys for line in key.read_text().splitlines() if not line.startswith("-")]
        return [*inside, *self._broker.secrets, providers.HOOK_SECRET, *self.fcm.access_tokens,
                *self.fcm.assertions, token_of("apns", ""), "fcm-of-", "webhook-of-", "eyJ", "hello"]

    def close(self):
        problems = []
        for process in self.workers:
            if process.alive() and (code := self.stop_last(process)) != 0:
                problems.append(f"a worker ended with {code}")
        text = self.log()
        problems += [f"the worker's log has {mark!r}" for mark in SANITIZER_MARKS if mark in text]
        problems += [f"the worker's log shows {secret!r}" for secret in self.secrets() if secret in text]
        for provider in (self.apns, self.fcm, self.webhook):
            provider.close()
        self.faults.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self._is_guest:
            self._broker.close()
        assert not problems, "; ".join(problems)

    @staticmethod
    def stop_last(process):
        """Asked twice: what is still in flight is no concern of the test any more."""
        process.signal(signal.SIGTERM)
        process.signal(signal.SIGINT)
        return process.wait()
