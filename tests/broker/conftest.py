# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Fixtures: a broker per test, its log attached to what fails."""
import functools

import pytest

pytest.register_assert_rewrite("harness")

from harness.broker import Broker  # noqa: E402
from harness.settings import MOSQUITTO, MOSQUITTO_2_1, PLUGIN  # noqa: E402

_brokers = pytest.StashKey()


@pytest.fixture
def broker_factory(request):
    """broker_factory(group_rate=5, conf=["..."], start=False): a broker with these plugin options, as many as
    wanted. Each is stopped after the test and must have lived until then."""
    made = request.node.stash.setdefault(_brokers, [])

    def make(start=True, conf=(), plugin=True, wrapper=(), run_as=None, per_listener=False, faults=False,
             mosquitto=MOSQUITTO, listeners=(), **options):
        if plugin and not PLUGIN.exists():
            pytest.fail(f"{PLUGIN} is not there: build it, or set BUILD_DIR", pytrace=False)
        broker = Broker(options, conf, plugin, wrapper, run_as, per_listener, faults, mosquitto, listeners)
        made.append(broker)
        return broker.start() if start else broker

    yield make
    problems = [problem for problem in map(_closed, made) if problem]
    assert not problems, "\n".join(problems)


def _closed(broker):
    """Closes; what was wrong with its end, or None."""
    try:
        broker.close()
    except AssertionError as error:
        return str(error)
    return None


@pytest.fixture
def broker(request, broker_factory):
    marker = request.node.get_closest_marker("options")
    return broker_factory(**(marker.kwargs if marker else {}))


@pytest.fixture
def newer(broker_factory):
    """broker_factory for a Mosquitto 2.1. Without one these tests are skipped."""
    if not MOSQUITTO_2_1:
        pytest.skip("MOSQUITTO_2_1 names no Mosquitto 2.1")
    return functools.partial(broker_factory, mosquitto=MOSQUITTO_2_1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    report = (yield).get_result()
    if report.failed:
        for number, broker in enumerate(item.stash.get(_brokers, []), 1):
            report.sections.append((f"log of broker {number}", broker.log()[-20000:]))
