# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Fixtures: the broker of tests/broker, three providers, a worker between them."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "broker")]
sys.path.append(str(HERE.parent / "docs"))  # the tables of the code: source
pytest.register_assert_rewrite("harness")

from office import WORKER, Office  # noqa: E402
from pki import Pki  # noqa: E402

_offices = pytest.StashKey()


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def office(request, pki):
    if not WORKER.exists():
        pytest.fail(f"{WORKER} is not there: build it, or set BUILD_DIR", pytrace=False)
    made = Office(pki)
    request.node.stash[_offices] = made
    yield made
    made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    made = item.stash.get(_offices, None)
    if report.failed and made:
        report.sections.append(("log of the workers", made.log()[-20000:]))
        report.sections.append(("log of the broker", made.log_of_broker()[-5000:]))
