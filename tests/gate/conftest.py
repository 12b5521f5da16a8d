# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Fixtures: the broker of tests/broker, and a chatgate beside it."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "broker")]
sys.path.append(str(HERE.parent / "docs"))  # the tables of the code: source
sys.path.append(str(HERE.parent / "push"))  # certificates: pki
pytest.register_assert_rewrite("harness")

from gatehouse import KEPT, make  # noqa: E402

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
    made = item.stash.get(KEPT, None) or item.parent.stash.get(KEPT, None)
    if report.failed and made:
        report.sections.append(("log of the gate", made.log()[-20000:]))
        report.sections.append(("log of the broker", made.broker.log()[-5000:]))
