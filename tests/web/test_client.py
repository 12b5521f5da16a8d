# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The client in Node, against real brokers: each file of client/ by itself."""
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path.append(str(HERE.parent / "broker"))
FILES = sorted((HERE / "client").glob("*.test.js"))

from harness.settings import MOSQUITTO  # noqa: E402


@pytest.fixture(scope="session")
def modules():
    """What npm brings is there, for the client and for its tests."""
    for folder in (CHECKOUT / "web", HERE):
        brought = subprocess.run([CHECKOUT / "scripts/modules", folder], capture_output=True, text=True)
        if brought.returncode == 3:
            pytest.skip(brought.stderr.strip())
        assert brought.returncode == 0, brought.stdout + brought.stderr


def test_there_are_tests():
    assert len(FILES) > 10


@pytest.mark.timeout(240)
@pytest.mark.parametrize("file", FILES, ids=[path.name for path in FILES])
def test_in_node(file, modules):
    ran = subprocess.run(["node", "--test", file], capture_output=True, text=True, timeout=230,
                         env={**os.environ, "MOSQUITTO": MOSQUITTO})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# fail 0" in ran.stdout or "ℹ fail 0" in ran.stdout, ran.stdout
