# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Fixtures: a chromium for all tests, and for each a broker, a chatgate that serves the page, and windows on it."""
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TESTS / "gate"), str(TESTS / "broker")]
pytest.register_assert_rewrite("harness", "pagehouse", "browser")

try:
    import browser
except ImportError as error:  # Debian's python3-selenium is not there
    browser, no_browser = None, str(error)
else:
    no_browser = browser.missing()

from harness.settings import CHECKOUT  # noqa: E402

_WINDOWS = pytest.StashKey()
_HOUSE = pytest.StashKey()


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """A folder with the page as scripts/web makes it."""
    folder = tmp_path_factory.mktemp("page") / "web"
    made = subprocess.run([CHECKOUT / "scripts/web", folder], capture_output=True, text=True)
    if made.returncode == 3:
        pytest.skip(made.stderr.strip())
    assert made.returncode == 0, made.stdout + made.stderr
    return folder


@pytest.fixture(scope="session")
def chromium():
    if no_browser:
        pytest.skip(no_browser)
    made = browser.Chromium()
    yield made
    made.close()


@pytest.fixture
def house(request, page):
    """A broker and a chatgate with the page. Options of the plugin by a mark: @pytest.mark.options(max_devices=1)."""
    import pagehouse

    if no_browser:
        pytest.skip(no_browser)
    marker = request.node.get_closest_marker("options")
    made = pagehouse.PageHouse(page, **(marker.kwargs if marker else {}))
    request.node.stash[_HOUSE] = made
    yield made.start()
    made.close()


@pytest.fixture
def window(request, house, chromium):
    """window("alice", width=360, dark=True, language="zh", device="phone"): see browser.Windows.open. Afterwards the console
    must be clean."""
    made = browser.Windows(chromium, house)
    request.node.stash[_WINDOWS] = made
    yield made.open
    found = made.close()
    assert not found, "the browser's console:\n" + "\n".join(found)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if not report.failed:
        return
    windows, house = item.stash.get(_WINDOWS, None), item.stash.get(_HOUSE, None)
    if windows and call.when == "call":
        report.sections.append(("the browser's console", "\n".join(windows.complaints())))
        for number, one in enumerate(windows.all, 1):
            name = f"failed-{re.sub(r'[^a-zA-Z0-9_]+', '-', item.name)}-{number}-{one.user or 'nobody'}"
            try:
                report.sections.append((f"window {number}", str(one.screenshot(name))))
            except Exception as error:  # it may be the browser that failed
                report.sections.append((f"window {number}", f"no screenshot: {error}"))
    if house:
        report.sections.append(("log of the gate", house.log()[-5000:]))
        report.sections.append(("log of the broker", house.broker.log()[-20000:]))
