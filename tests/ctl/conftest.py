# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Fixtures: one broker of tests/broker for all tests of a file, which keep out of each other's way by names, and chatctl."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "broker")]
pytest.register_assert_rewrite("harness")

from harness.broker import Broker  # noqa: E402
from harness.ports import Port  # noqa: E402
from harness.settings import CHATCTL  # noqa: E402


@pytest.fixture(scope="module")
def broker():
    broker = Broker(conf=["log_type all"]).start()
    yield broker
    broker.close()


@pytest.fixture
def home(tmp_path):
    (tmp_path / ".config").mkdir()
    return tmp_path


@pytest.fixture
def run(home):
    """run(argument...): chatctl, in a folder where there is no configuration."""
    def run(*arguments, **environment):
        return subprocess.run([CHATCTL, *map(str, arguments)], cwd=home, capture_output=True, text=True, timeout=30,
                              env={"PATH": os.environ["PATH"], "HOME": str(home), **environment})
    return run


@pytest.fixture
def chatctl(run, broker):
    """The same, with the configuration of the broker."""
    def chatctl(*arguments):
        return run(*arguments, "--config", broker.folder / "mosquitto.conf")
    return chatctl


@pytest.fixture
def says(chatctl):
    """says(argument...): what chatctl prints when all is well."""
    def says(*arguments):
        done = chatctl(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout
    return says


@pytest.fixture(scope="module")
def with_tls(tmp_path_factory):
    """A broker with more listeners: .socket is a file, .tls wants no certificate, .mutual does. In .pki an authority,
    what it has signed for 127.0.0.1 and for another name, and another authority."""
    pki = tmp_path_factory.mktemp("pki")

    def make(name, subject, *how):
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject]
        subprocess.run(["openssl", "req", "-x509", *kind, "-keyout", pki / f"{name}.key", "-out", pki / f"{name}.crt",
                        *how], check=True, capture_output=True)

    ours = ["-CA", pki / "ca.crt", "-CAkey", pki / "ca.key"]
    make("ca", "/CN=authority")
    make("other", "/CN=another authority")
    make("here", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", *ours)
    make("elsewhere", "/CN=example.org", *ours)
    subprocess.run(["openssl", "rehash", pki], check=True, capture_output=True)
    ports = {name: Port() for name in ("tls", "mutual", "elsewhere")}
    listeners = [f"listener 0 {pki}/socket"]
    for name, port in ports.items():
        which = "elsewhere" if name == "elsewhere" else "here"
        listeners += [f"listener {port.number} 127.0.0.1", f"certfile {pki}/{which}.crt", f"keyfile {pki}/{which}.key"]
    listeners[-3:-3] = [f"cafile {pki}/ca.crt", "require_certificate true"]
    broker = Broker(listeners=listeners).start()
    broker.pki, broker.socket = pki, pki / "socket"
    broker.ports = {name: port.number for name, port in ports.items()}
    yield broker
    broker.close()
    for port in ports.values():
        port.release()
