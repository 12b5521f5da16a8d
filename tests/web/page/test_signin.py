# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Signing in by link and by hand, why it fails, each way of being signed out, and the network away and back."""
import re
import time

import pytest
from selenium.webdriver.common.keys import Keys

ME = ".list-me"
BANNER = ".banner"
LIST = ".list-place .place, .conversation"  # it has been loaded


def connections(house, user):
    return len(re.findall(rf"New client connected .* as {user}:web", house.broker.log()))


def test_a_link_signs_in_and_leaves_no_trace(window, house):
    alice = window("alice")
    alice.find(LIST)
    assert alice.js("return location.href") == house.url
    alice.reload()
    alice.find(LIST)
    # Nor does the way back lead to it.
    alice.js("history.back()")
    time.sleep(0.3)
    assert "sig=" not in alice.js("return location.href")
    assert connections(house, "alice") >= 2
    # Another tab of the same browser knows nothing of it, and another link in this one is another user.
    alice.go(house.link("bob"))
    alice.find(LIST)
    alice.find(ME, "bob")
    assert alice.js("return location.hash") == ""


def test_why_a_usersig_is_no_good_is_said_before_it_is_sent(window, house):
    someone = window()
    someone.find("h1", "Sign in")
    sig = house.broker.sig
    old = int(time.time()) - 1000
    for user, given, words in [
        ("alice", sig("alice", created=old, expire=10), "has expired"),
        ("alice", sig("bob"), "made for another user"),
        ("alice", sig("alice", sdkappid=1400000001), "another application"),
        ("alice", "nonsense", "not a valid userSig"),
        ("alice", "", "is missing"),
    ]:
        someone.go("about:blank")
        someone.go(house.link(user, given))
        someone.find(".signin-problem", words)
        assert someone.js("return document.querySelector('input[name=userID]').value") == user
        assert "sig" not in someone.js("return location.href")
    assert not connections(house, "alice") and "chat: login" not in house.broker.log()
    # What only the server can tell: Mosquitto 2.1 says what it is, 2.0 does not.
    someone.allow("WebSocket")
    someone.go("about:blank")
    someone.go(house.link("alice", sig("alice", key="0" * 64)))
    someone.find(".signin-problem", "refused" if house.broker.version < (2, 1) else "another key")
    someone.check_access()


def test_signing_in_by_hand(window, house):
    alice = window(width=360)
    alice.type("input[name=userID]", "alice")
    alice.keys(Keys.TAB)
    alice.keys("nonsense", Keys.ENTER)
    alice.find(".signin-problem", "not a valid userSig")
    alice.type("input[name=userSig]", house.broker.sig("alice"), clear=True, enter=True)
    alice.find(ME, "alice")
    alice.reload()
    alice.find(ME, "alice")
    alice.click(ME)
    alice.press("Sign out")
    alice.press("Sign out", within="dialog")
    alice.find("h1", "Sign in")
    alice.reload()
    alice.find("h1", "Sign in")
    assert alice.js("return sessionStorage.getItem('chat.session')") is None


def test_the_form_is_chinese_where_the_reader_is(window):
    someone = window(width=360, language="zh", dark=True)
    someone.find("h1", "登录")
    someone.check_width()
    someone.check_access()
    someone.press("English")
    someone.find("h1", "Sign in")
    assert someone.js("return document.documentElement.lang") == "en"


def test_the_server_is_away_when_the_page_opens(window, house):
    alice, bob = window(), window()
    for one in (alice, bob):
        one.allow("WebSocket")
    house.broker.stop()
    alice.go("about:blank")
    alice.go(house.link("alice"))
    alice.find(BANNER, "No connection")
    # Who signs in by hand is told.
    bob.type("input[name=userID]", "bob")
    bob.type("input[name=userSig]", house.broker.sig("bob"), enter=True)
    bob.find(".signin-problem", "cannot be reached")
    house.broker.start()
    alice.find(LIST)
    alice.gone(BANNER)
    bob.click("button[type=submit]")
    bob.find(LIST)


def test_a_device_signs_out_another(window, house):
    phone = house.broker.user("alice", "ios:1")
    laptop, desk = window("alice"), window("alice")
    laptop.find(LIST)
    desk.find(LIST)
    desk.click(ME)
    desk.press("Devices")
    desk.find("dialog .row", "This device")
    assert desk.count("dialog .row") == 3 and desk.count("dialog .row button") == 2
    desk.check_access("dialog")
    desk.find("dialog .row", "iPhone")
    other = desk.until("return all('dialog .row button').map(named).find(name => name.includes('Browser'))")
    desk.press(other)
    desk.press("Sign out", within="dialog.dialog-small")
    laptop.find(BANNER, "from another device of yours")
    desk.until("return all('dialog .row').length === 2")
    laptop.press("Sign in again")
    laptop.gone(BANNER)
    laptop.find(ME, "alice")
    assert phone.connected


@pytest.mark.options(login_policy="single")
def test_signed_out_by_a_newcomer_an_administrator_and_the_clock(window, house):
    first = window("alice")
    first.find(LIST)
    second = window("alice")
    second.find(LIST)
    first.find(BANNER, "you have signed in")
    house.broker.admin().command("kickUser", userID="alice")
    second.find(BANNER, "by an administrator")
    # The old userSig no longer counts.
    second.allow("WebSocket")
    second.press("Sign in again")
    second.find(".signin-problem")
    bob = window()
    bob.go(house.link("bob", expire=4))
    bob.find(LIST)
    bob.find(BANNER, "has expired")
    bob.press("Sign in again")
    bob.find(".signin-problem", "has expired")


def test_the_network_is_away_and_comes_back(window, house):
    alice = window("alice")
    alice.allow("WebSocket")
    alice.find(LIST)
    house.broker.kill()
    alice.find(BANNER, "No connection")
    house.broker.start()
    alice.gone(BANNER, timeout=30)
    alice.check_access()
