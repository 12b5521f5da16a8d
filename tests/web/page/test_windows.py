# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The harness itself, on a page of three lines: windows keep apart, waiting ends when the page says so, and what the browser
complains about is seen."""
import time

import pytest
from harness import settings

HTML = """<!doctype html><html lang="en"><head><title>t</title><link rel="icon" href="data:,"></head>
<body><main><button id="b">Press</button><input id="i"></main><script type="module" src="main.js"></script></body></html>"""
SCRIPT = """
const [button, field] = [document.getElementById('b'), document.getElementById('i')];
button.onclick = () => setTimeout(() => {
    const line = document.createElement('p');
    line.textContent = 'pressed ' + field.value;
    document.body.append(line);
}, 300);
localStorage.count = Number(localStorage.count || 0) + 1;
document.title = location.hash;
document.body.dataset.count = localStorage.count;
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "web"
    folder.mkdir()
    (folder / "index.html").write_text(HTML)
    (folder / "main.js").write_text(SCRIPT)
    return folder


def test_a_window_is_waited_for(window, house):
    alice = window("alice")
    assert house.url in alice.driver.current_url and "user=alice" in alice.js("return document.title")
    alice.type("#i", "hello")
    started = time.monotonic()
    alice.press("Press")
    alice.find("p", "pressed hello")
    assert 0.25 < time.monotonic() - started < settings.PATIENCE / 2
    assert alice.texts("p") == ["pressed hello"]
    with pytest.raises(AssertionError, match="alice's window waited in vain for: find .*'pressed bye'"):
        alice.find("p", "pressed bye", timeout=0.2)
    with pytest.raises(AssertionError, match="button"):
        alice.button("Pres", timeout=0.2)
    alice.js("document.querySelector('p').hidden = true")
    alice.gone("p")


def test_windows_keep_apart_but_for_those_of_one_device(window):
    alice, alice2 = window("alice"), window("alice")
    bobs = [window("bob", device=device) for device in ("a", "a", "b")]
    counts = [made.js("return document.body.dataset.count") for made in (alice, alice2, *bobs)]
    assert counts == ["1", "1", "1", "2", "1"]


def test_a_window_looks_as_it_is_told(window):
    look = "return [innerWidth, innerHeight, matchMedia('(prefers-color-scheme: dark)').matches, navigator.language]"
    narrow, wide = window(width=360, dark=True, language="zh"), window()
    assert narrow.js(look) == [360, 740, True, "zh-CN"]
    assert wide.js(look) == [1440, 900, False, "en-GB"]
    assert all(one.js("return document.visibilityState") == "visible" for one in (narrow, wide))
    narrow.check_width()
    narrow.js("document.getElementById('i').style.width = '500px'")
    with pytest.raises(AssertionError, match="pixels wide in a window of 360.*<input"):
        narrow.check_width()
    narrow.reload()
    assert narrow.js(look) == [360, 740, True, "zh-CN"]


@pytest.mark.parametrize("bad, word", [
    ("setTimeout(() => { throw new Error('boom'); })", "boom"),
    ("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')", "Content Security Policy"),
    ("const s = document.createElement('script'); s.textContent = 'window.evil = 1'; document.body.append(s)",
     "Content Security Policy"),
    ("fetch('/nothing-here')", "404"),
])
def test_what_the_browser_complains_about_is_seen(window, request, bad, word):
    alice = window("alice")
    windows = alice.windows
    alice.js(bad)
    found, deadline = [], time.monotonic() + settings.PATIENCE
    while not any(word in line for line in found) and time.monotonic() < deadline:
        found += windows.complaints()
    assert any(word in line for line in found), found
    assert not alice.js("return window.evil")
    alice.allow(".")  # the same may come once more


def test_a_screenshot_is_a_picture(window):
    path = window().screenshot("harness")
    assert path.read_bytes().startswith(b"\x89PNG") and path.stat().st_size > 1000
    path.unlink()
