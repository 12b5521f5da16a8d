# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Windows on the chat page, all in one chromium: each has a browser context of its own, as another person's browser
would, so that nothing kept in one is seen in another. Whatever is waited for is waited for in the page, by what changes
there."""
import base64
import contextlib
import pathlib
import re
import shutil
import tempfile

from devtools import DevTools
from harness.settings import CHECKOUT, PATIENCE
from selenium import webdriver
from selenium.common.exceptions import JavascriptException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
AXE = CHECKOUT / "tests/web/node_modules/axe-core/axe.min.js"
HEIGHTS = {360: 740, 768: 1024, 1440: 900}
LANGUAGES = {"en": "en-GB,en", "zh": "zh-CN,zh"}
FLAGS = """
--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-quic --no-first-run --disable-sync
--disable-background-networking --disable-component-update
--disable-background-timer-throttling --disable-backgrounding-occluded-windows --disable-renderer-backgrounding
--use-fake-device-for-media-stream --use-fake-ui-for-media-stream
""".split()

# What all waiting uses: resolves with the first value of `look` that is not false, as soon as the page makes it so. What
# changes without a change of the document (a style that ends, a variable) is seen a little later.
AWAIT = """
const [text, seconds, ...given] = [...arguments].slice(0, -1), done = arguments[arguments.length - 1];
const shown = element => element.checkVisibility({checkOpacity: false, checkVisibilityCSS: true})
    && element.getClientRects().length > 0;
const words = element => element.innerText || element.value || '';
const named = element => element.getAttribute('aria-label') || element.title || words(element);
const all = (css, word) => [...document.querySelectorAll(css)].filter(element =>
    shown(element) && (!word || words(element).includes(word)));
const look = new Function('all', 'shown', 'words', 'named', 'given', text);
let observer, timer;
const end = value => { observer.disconnect(); clearInterval(timer); done(value); };
const deadline = Date.now() + seconds * 1000;
const check = () => {
    const value = look(all, shown, words, named, given);
    if (value && value !== true && value.then)
        value.then(value => value && end({value}));
    else if (value)
        end({value});
    else if (Date.now() > deadline)
        end(null);
};
observer = new MutationObserver(check);
observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
timer = setInterval(check, 100);
check();
"""


def missing():
    """What there is no browser test without, in words, or None."""
    if not CHROMIUM or not DRIVER:
        return "there is no chromium with chromedriver (scripts/deps test installs them)"
    return None


class Chromium:
    """One for all tests of a process."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chat-chromium-"))
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in [*FLAGS, f"--user-data-dir={self.folder}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_script_timeout(3 * PATIENCE)
        self.first = self.driver.current_window_handle
        self.devtools = DevTools(self.driver.capabilities["goog:chromeOptions"]["debuggerAddress"])

    def context(self):
        return self.devtools.ask("Target.createBrowserContext")["browserContextId"]

    def forget(self, context):
        self.driver.switch_to.window(self.first)
        self.devtools.ask("Target.disposeBrowserContext", browserContextId=context)

    def tab(self, context):
        target = self.devtools.ask("Target.createTarget", url="about:blank", browserContextId=context, newWindow=True)
        return target["targetId"]

    def close(self):
        self.devtools.close()
        with contextlib.suppress(Exception):
            self.driver.quit()
        shutil.rmtree(self.folder, ignore_errors=True)


class Windows:
    """Those of one test."""

    def __init__(self, chromium, house):
        self.chromium, self.house = chromium, house
        self.all, self.contexts = [], {}
        self.allowed = []
        chromium.driver.get_log("browser")  # what an earlier test has left

    def open(self, user=None, width=1440, height=None, dark=False, language="en", device=None, url=None):
        """A window in which `user` has opened their link; None: nobody is signed in. Windows of one `device` are in one
        browser, as its tabs; without, it is a browser of its own. With `url` it is that page."""
        context = self.contexts.get(device) if device else None
        if context is None:
            context = self.chromium.context()
            self.contexts[device or object()] = context
        made = Window(self, self.chromium.tab(context), context, user)
        made.look_like(width, height, dark, language)
        self.all.append(made)
        made.go(url or (self.house.link(user) if user else self.house.url))
        return made

    def complaints(self):
        """What the browser's console has that no test has allowed: errors of scripts, and what the page's security policy
        has refused."""
        found = []
        for entry in self.chromium.driver.get_log("browser"):
            bad = entry["level"] == "SEVERE" or "Content Security Policy" in entry["message"]
            if bad and not any(re.search(pattern, entry["message"]) for pattern in self.allowed):
                found.append(entry["message"])
        return found

    def close(self):
        """Returns the complaints."""
        found = self.complaints()
        for context in self.contexts.values():
            self.chromium.forget(context)
        return found


class Window:
    """One window. Elements are named by a CSS selector, and by a part of the text they show where that is not enough;
    only what is seen counts."""

    def __init__(self, windows, handle, context, user):
        self.windows, self.handle, self.context, self.user = windows, handle, context, user
        self.chromium = windows.chromium

    @property
    def driver(self):
        """Of this window from now on."""
        driver = self.chromium.driver
        driver.switch_to.window(self.handle)
        return driver

    # ---- the window

    def look_like(self, width=1440, height=None, dark=False, language="en"):
        driver = self.driver
        height = height or HEIGHTS.get(width, 900)
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})
        driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": width < 768})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        driver.execute_cdp_cmd("Emulation.setUserAgentOverride", {
            "userAgent": driver.execute_script("return navigator.userAgent"),
            "acceptLanguage": LANGUAGES.get(language, language)})

    def go(self, url):
        self.driver.get(url)

    def reload(self):
        self.driver.refresh()

    def offline(self, offline=True):
        """The browser believes to have no network: for what is new; open connections stay."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", {
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})

    def allow(self, pattern):
        """The console may have this: what a test provokes. It counts for all windows of the test."""
        self.windows.allowed.append(pattern)

    def screenshot(self, name):
        """build/screenshots/NAME.png"""
        folder = CHECKOUT / "build/screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        path.write_bytes(base64.b64decode(self.driver.get_screenshot_as_base64()))
        return path

    def close(self):
        self.driver.close()
        self.windows.all.remove(self)
        self.chromium.driver.switch_to.window(self.chromium.first)

    # ---- asking

    def js(self, text, *given):
        """What the body of a function returns; a promise is waited for."""
        return self.driver.execute_script(text, *given)

    def until(self, text, *given, timeout=PATIENCE, what=None):
        """Waits until the body of a function of `given` returns something, and returns it. It may use all(css, word),
        words(element), named(element) and shown(element)."""
        self.driver.set_script_timeout(timeout + PATIENCE)
        try:
            answer = self.driver.execute_async_script(AWAIT, text, timeout, *given)
        except (TimeoutException, StaleElementReferenceException) as error:
            answer, what = None, f"{what or text} {given}: {error.msg}"
        except JavascriptException as error:  # the page was left meanwhile: on the next one it is asked again
            if "document unloaded" not in error.msg:
                raise
            answer = self.driver.execute_async_script(AWAIT, text, timeout, *given)
        if answer is None:
            raise AssertionError(f"{self.user or 'nobody'}'s window waited in vain for: {what or text} {given}\n"
                                 + self.text()[-3000:])
        return answer["value"]

    def find(self, css, text=None, timeout=PATIENCE):
        """The first such element, once it is there."""
        return self.until("return all(given[0], given[1])[0]", css, text, timeout=timeout, what="find")

    def last(self, css, text=None, timeout=PATIENCE):
        return self.until("return all(given[0], given[1]).at(-1)", css, text, timeout=timeout, what="last")

    def gone(self, css, text=None, timeout=PATIENCE):
        """Waits until there is none."""
        self.until("return !all(given[0], given[1]).length", css, text, timeout=timeout, what="gone")

    def see(self, text, timeout=PATIENCE):
        """Waits until the page shows this text."""
        self.until("return document.body && document.body.innerText.includes(given[0])", text, timeout=timeout, what="see")

    def button(self, name, within="body", timeout=PATIENCE):
        """What can be pressed and is called so, by its label or its text."""
        look = """return all(given[1] + ' :is(button, a, summary, label, [role=button], [role=menuitem], [role=tab],'
            + ' [role=option], [role=switch], [role=menuitemradio])').find(element =>
                named(element).trim() === given[0] && !element.disabled)"""
        return self.until(look, name, within, timeout=timeout, what="button")

    def texts(self, css):
        """What all such elements show now."""
        return self.js("""return [...document.querySelectorAll(arguments[0])].filter(element =>
            element.getClientRects().length).map(element => element.innerText)""", css)

    def count(self, css):
        return len(self.texts(css))

    def text(self):
        return self.js("return document.body ? document.body.innerText : ''")

    # ---- doing

    def click(self, css, text=None, timeout=PATIENCE):
        self._press(lambda: self.find(css, text, timeout))

    def press(self, name, within="body", timeout=PATIENCE):
        """A button by its name."""
        self._press(lambda: self.button(name, within, timeout))

    def _press(self, find):
        """Like a finger: what lies above it would be pressed instead, and fails the test."""
        self._again(lambda: find().click())

    @staticmethod
    def _again(act):
        """Once more where the page has replaced the element in the moment before."""
        for attempt in range(3):
            try:
                return act()
            except StaleElementReferenceException:
                if attempt == 2:
                    raise

    def type(self, css, text, enter=False, clear=False):
        """Key by key, as a person would; with `enter` the key at the end."""
        field = self.find(css)
        if clear:
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(Keys.DELETE)
        field.send_keys(text + (Keys.ENTER if enter else ""))
        return field

    def choose(self, css, *paths):
        """Files for an <input type=file>, which need not be seen."""
        field = self.until("return document.querySelector(given[0])", css, what="choose")
        field.send_keys("\n".join(str(path) for path in paths))

    def keys(self, *keys):
        """To whatever has the focus. What the page has replaced meanwhile is asked for again."""
        self._again(lambda: self.driver.switch_to.active_element.send_keys(*keys))

    # ---- judging

    def check_width(self):
        """Nothing makes the page wider than its window."""
        wide = self.js("""return [...document.querySelectorAll('body, body *')].filter(element =>
            element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 1)
            .map(element => element.outerHTML.slice(0, 200))
            .slice(0, document.documentElement.scrollWidth > innerWidth ? 5 : 0)""")
        room = self.js("return [document.documentElement.scrollWidth, innerWidth]")
        assert room[0] <= room[1], f"the page is {room[0]} pixels wide in a window of {room[1]}: {wide}"

    def check_access(self, css="html"):
        """axe-core finds nothing serious."""
        if not AXE.exists():
            return
        self.js(AXE.read_text())
        found = self.driver.execute_async_script("""const done = arguments[1];
            axe.run(arguments[0], {resultTypes: ['violations']}).then(
                answer => done(answer.violations.filter(rule => ['serious', 'critical'].includes(rule.impact))
                    .map(rule => rule.id + ': ' + rule.help + ': '
                        + rule.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | '))),
                error => done(['axe failed: ' + error]))""", css)
        assert not found, "\n".join(found)
