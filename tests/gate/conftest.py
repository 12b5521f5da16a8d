# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Fixtures: the broker of tests/broker, and a chatgate beside it."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "broker")]
pytest.register_assert_rewrite("harness")

from gatehouse import GATE, Gatehouse  # noqa: E402

_gatehouses = pytest.StashKey()


def make(request, **options):
    if not GATE.exists():
        pytest.fail(f"{GATE} is not there: build it, or set BUILD_DIR", pytrace=False)
    made = Gatehouse(**options)
    request.node.stash[_gatehouses] = made
    request.addfinalizer(made.close)
    return made


@pytest.fixture
def gatehouse(request):
    """Not started yet."""
    return make(request)


@pytest.fixture
def gate(gatehouse):
    return gatehouse.start()


@pytest.fixture(scope="module")
def shared(request):
    """One for all tests of a file, which keep out of each other's way by names."""
    return make(request).start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    made = item.stash.get(_gatehouses, None) or item.parent.stash.get(_gatehouses, None)
    if report.failed and made:
        report.sections.append(("log of the gate", made.log()[-20000:]))
        report.sections.append(("log of the broker", made.broker.log()[-5000:]))
