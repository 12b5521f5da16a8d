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
from harness.settings import BUILD_DIR  # noqa: E402

CHATCTL = BUILD_DIR / "chatctl"


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
