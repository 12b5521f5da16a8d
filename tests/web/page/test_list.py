# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The list of conversations: order, unread, mentions, its menu, searching, the title, the way back on a phone, and how soon it
is there."""
import time

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

ROW = ".conversation"
FIRST = 0.3  # seconds, on a machine that does nothing else
EVIL = "<img src=x onerror=window.evil=1>"


def rows(window):
    return window.js("return [...document.querySelectorAll('.virtual-row')].sort((a, b) => a.ariaPosInSet - b.ariaPosInSet)"
                     ".map(row => row.querySelector('.conversation-name').innerText)")


def menu(window, name):
    ActionChains(window.driver).context_click(window.find(ROW, name)).perform()
    window.find(".menu")


def listed(user):
    return user.command("getConversations")["conversations"]


@pytest.fixture
def crowd(house):
    """bob and carol have written to alice; so has a group."""
    broker = house.broker
    alice, bob, carol = (broker.user(name, "ios:1") for name in ("alice", "bob", "carol"))
    bob.command("setSelfInfo", nickname="Bob Berg")
    bob.group("Public", "hikers", ["alice", "carol"], groupName="Hikers")
    bob.send("chat/user/alice", "hello from bob")
    carol.send("chat/user/alice", "hello from carol")
    carol.send("chat/group/hikers", {"text": "@alice look", "at": ["alice"]})
    return alice, bob, carol


def test_order_unread_and_mentions(window, house, crowd):
    _, bob, carol = crowd
    alice = window("alice")
    alice.find(ROW, "Hikers")
    assert rows(alice) == ["Hikers", "carol", "Bob Berg"]
    row = alice.find(ROW, "Hikers")
    assert "[@you]" in row.text and "carol: @alice look" in row.text and "1 unread message" in row.get_attribute("textContent")
    assert "[@you]" not in alice.find(ROW, "Bob Berg").text
    alice.until("return document.title.startsWith('(3) ')")
    icon = alice.until("return document.querySelector('link[rel=icon]').href")
    assert icon.startswith("data:image/png")
    bob.send("chat/user/alice", "once more")
    alice.find(ROW, "once more")
    assert rows(alice) == ["Bob Berg", "Hikers", "carol"]
    alice.until("return document.title.startsWith('(4) ')")
    alice.until("return document.querySelector('link[rel=icon]').href !== given[0]", icon)
    # Names and texts of strangers stay texts.
    carol.command("setSelfInfo", nickname=EVIL)
    carol.send("chat/user/alice", EVIL)
    alice.find(".conversation-last", EVIL)
    alice.reload()
    alice.find(".conversation-name", EVIL)
    assert alice.js("return window.evil") is None
    alice.check_access()


def test_pin_mark_read_mute_delete(window, crowd):
    phone, bob, _ = crowd
    alice = window("alice")
    menu(alice, "Bob Berg")
    alice.check_access(".menu")
    alice.press("Pin")
    alice.until("return all('.conversation-pinned').length === 1")
    assert rows(alice) == ["Bob Berg", "Hikers", "carol"]
    assert listed(phone)[0]["to"] == "bob" and listed(phone)[0]["pinned"]
    menu(alice, "Hikers")
    alice.press("Mark as read")
    alice.until("return document.title.startsWith('(2) ')")
    assert listed(phone)[1]["unread"] == 0
    menu(alice, "Hikers")
    alice.press("Mute")
    alice.until("return all('.conversation', 'Hikers')[0].textContent.includes('muted')")
    bob.send("chat/group/hikers", "quietly")
    alice.find(ROW, "quietly")
    alice.until("return all('.conversation', 'quietly')[0].querySelector('.count-quiet')")
    alice.until("return document.title.startsWith('(2) ')")
    # By the keyboard: down to carol, the menu, its last item.
    alice.find(ROW, "Bob Berg").send_keys(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    alice.until("return document.activeElement.innerText.includes('carol')")
    alice.keys(Keys.DELETE)
    alice.find(".menu")
    alice.keys(Keys.ARROW_UP, Keys.ENTER)
    alice.find("dialog", "Delete the conversation with carol?")
    alice.press("Delete", within="dialog")
    alice.gone(ROW, "carol")
    assert [entry.get("to", entry.get("group")) for entry in listed(phone)] == ["bob", "hikers"]


def test_search_and_beginning_a_chat(window, house, crowd):
    house.broker.create("dave")
    alice = window("alice")
    alice.find(ROW, "Hikers")
    alice.keys("/")
    alice.keys("BERG")
    alice.until("return all('.conversation').length === 1")
    assert rows(alice) == ["Bob Berg"]
    alice.type(".search-input", "dave", clear=True)
    alice.press("Write to dave")
    alice.until("return location.hash === '#/C2Cdave'")
    alice.press("New")
    alice.press("New chat")
    alice.type("dialog input", "nobody", enter=True)
    alice.find(".toast", "There is no user “nobody”.")
    alice.press("New")
    alice.press("Join a group")
    alice.type("dialog input", "nothing", enter=True)
    alice.find("dialog", "There is no group “nothing”.")


def test_a_phone_shows_one_thing_at_a_time(window, crowd):
    alice = window("alice", width=360, language="zh", dark=True)
    alice.find(ROW, "Hikers")
    alice.check_width()
    alice.check_access()
    alice.click(ROW, "Hikers")
    alice.until("return location.hash === '#/GROUPhikers'")
    alice.gone(ROW)
    alice.check_width()
    alice.driver.back()
    alice.find(ROW, "Hikers")
    alice.click(ROW, "carol")
    alice.gone(ROW)
    alice.reload()
    alice.until("return document.querySelector('.main').childElementCount")
    alice.gone(ROW)
    alice.driver.back()
    alice.find(ROW, "carol")
    assert alice.js("return location.hash") == ""


def test_a_hundred_conversations_are_there_at_once_and_a_thousand_are_searched(window, house):
    """What counts is what docs/page.md says for a machine that does nothing else; here others may run beside."""
    admin = house.broker.admin()
    names = [f"user{number:04}" for number in range(1000)]
    for start in range(0, 1000, 100):
        part = names[start:start + 100]
        admin.command("importUsers", userIDs=["alice", *part[:99]])
        admin.command("importUsers", userIDs=part[99:])
        admin.command("importMessages", messages=[
            {"sender": name, "to": "alice", "time": 1000 * (int(time.time()) - 1100 + start + number), "text": f"hello {name}"}
            for number, name in enumerate(part)])
    alice = window("alice")
    alice.find(ROW, "hello user0999")
    shown = alice.js("return performance.getEntriesByName('chat:list')[0].startTime") / 1000
    assert shown < 10 * FIRST, f"the list was there after {shown:.3f} s"
    alice.until("return document.querySelector('.virtual-row').ariaSetSize === '1000'")
    assert alice.count(ROW) < 40
    alice.type(".search-input", "user0007")
    alice.find(ROW, "hello user0007")
    alice.until("return all('.conversation').length === 1")
    alice.type(".search-input", "", clear=True)
    alice.find(ROW, "hello user0999").send_keys(Keys.END)
    alice.find(ROW, "hello user0000")


def test_the_way_back_leads_through_the_panel_to_the_list(window, crowd):
    alice = window("alice", width=360)
    alice.click(ROW, "Hikers")
    alice.find(".main textarea")
    alice.click(".chat-people, .main header button:last-of-type")
    alice.find(".panel", "Bob Berg")
    alice.check_width()
    alice.check_access()
    alice.driver.back()
    alice.gone(".panel")
    alice.find(".main textarea")
    alice.driver.back()
    alice.find(ROW, "Hikers")
    # A language changes all of it where it is.
    alice.click(".list-me")
    alice.press("中文")
    alice.find(".search-input[placeholder=搜索]")
    alice.find(ROW, "Hikers")
