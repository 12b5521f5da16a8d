# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Groups: making them, who may do what, members, requests to join, and that everybody sees what others do."""
import struct
import zlib

import pytest

PANEL = ".group-panel"
EVIL = "<img src=x onerror=window.evil=1>"
TYPES = {"Team": "Private", "Community": "Public", "Open room": "ChatRoom", "Live room": "AVChatRoom"}


@pytest.fixture
def alice(house):
    """Who acts without a window: alice, on her phone."""
    house.broker.create("bob", "carol", "dave")
    return house.broker.user("alice", "ios:1")


def members(user, groupID="hikers"):
    return {m["userID"]: m for m in user.command("getGroupMembers", groupID=groupID)["members"]}


def info(user, groupID="hikers"):
    return user.command("getGroupInfo", groupID=groupID)


def details(window, name="Hikers"):
    """The group is opened, with the panel about it."""
    window.click(".conversation", name)
    window.press("Group details")
    window.find(".group-head")


def entries(window):
    """What the open menu offers."""
    window.find(".menu-item")
    return [text.split("\n")[0] for text in window.texts(".menu-item")]


def picture(path, width, height):
    """A PNG of one colour."""
    rows = (b"\0" + b"\x20\x80\xc0" * width) * height
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts))
    return path


# ---- making one


def test_a_group_of_each_type_is_made_and_opened(window, house, alice):
    alice.send("chat/user/bob", "so that bob is in the list")
    page = window("alice")
    page.find(".conversation", "bob")
    for card, kind in TYPES.items():
        page.press("New")
        page.press("New group …")
        page.click(".type-card", card)
        page.type("dialog .input", f"A {card}")
        people = page.js("return document.querySelector('.people-list').checkVisibility()")
        assert people == (kind != "AVChatRoom")
        if people:
            page.click(".people-list .row", "bob")
            page.type(".chips-input", "carol", enter=True)
            page.find(".chip", "carol")
            page.type(".chips-input", "nobody", enter=True)
            page.see("There is no user “nobody”.")
            page.type(".chips-input", "", clear=True)
        page.press("More options")
        page.type("dialog input[maxlength='48']", kind.lower())
        page.press("Create")
        page.gone("dialog")
        page.find(".live-name" if kind == "AVChatRoom" else ".chat-bar", f"A {card}")
        made = info(alice, kind.lower())
        assert (made["groupType"], made["groupName"], made["owner"]) == (kind, f"A {card}", "alice")
        if people:
            assert set(members(alice, kind.lower())) == {"alice", "bob", "carol"}


# ---- exactly what somebody may do


@pytest.mark.parametrize(("kind", "owner", "member"), [
    ("Private", {"Joining": False, "Adding people": False, "Mute everybody": True, "Requests to join": False, "Banned people": False,
                 "Hand over the group …": True, "Leave the group": True, "Dismiss the group": False},
     {"Mute everybody": False, "Leave the group": True, "Change the name": True}),
    ("Public", {"Joining": True, "Adding people": True, "Mute everybody": True, "Requests to join": True, "Banned people": True,
                "Hand over the group …": True, "Leave the group": False, "Dismiss the group": True},
     {"Joining": False, "Mute everybody": False, "Requests to join": False, "Banned people": False, "Leave the group": True,
      "Dismiss the group": False, "Change the name": False}),
])
def test_what_somebody_may_not_do_is_not_there(window, alice, kind, owner, member):
    alice.group(kind, "hikers", ["bob", "carol"], groupName="Hikers")
    alice.send("chat/group/hikers", "hello")
    for name, wanted in (("alice", owner), ("bob", member)):
        page = window(name)
        details(page)
        page.find(".face", "carol")
        offered = page.js("""return [...document.querySelectorAll(
            '.group-line-label, .group-switch .row-text > span:first-child, .group-panel button[aria-label]')]
            .map(element => element.ariaLabel || element.textContent)""")
        assert {label: label in offered for label in wanted} == wanted
        page.click("[data-what=members]")
        page.click(".member .row", "carol")
        has = entries(page)
        assert ("Remove from the group …" in has) == (name == "alice")
        assert ("Mute …" in has) == (name == "alice" and kind == "Public")
        assert ("Make an admin" in has) == (name == "alice" and kind == "Public")


def test_the_panel_follows_what_others_change(window, house, alice):
    alice.group("Public", "hikers", ["bob", "carol"], groupName="Hikers")
    alice.send("chat/group/hikers", "hello")
    page = window("bob")
    details(page)
    page.find(".group-tags", "3 members")
    assert not page.count("[data-what=applications]")
    alice.command("setGroupMemberRole", groupID="hikers", userID="bob", role="admin")
    page.find("[data-what=applications]")
    alice.command("setGroupInfo", groupID="hikers", groupName=EVIL[:30], notification=EVIL, introduction=EVIL)
    page.find(".group-head h2", EVIL[:30])
    page.find(".group-text", EVIL)
    alice.command("setGroupInfo", groupID="hikers", allMuted=True)
    page.until("return document.querySelector('[data-what=muteAll]').checked")
    house.broker.user("carol").command("quitGroup", groupID="hikers")
    page.find(".group-tags", "2 members")
    page.gone(".face", "carol")
    alice.command("deleteGroupMember", groupID="hikers", members=["bob"])
    page.find(PANEL, "You are not in this group any more")
    assert page.js("return window.evil") is None


# ---- what an owner does


def test_mute_kick_and_ban_are_seen_by_both(window, alice):
    alice.group("Public", "hikers", ["bob", "carol"], groupName="Hikers")
    alice.send("chat/group/hikers", "hello")
    owner, bob = window("alice"), window("bob")
    details(bob)
    details(owner)
    owner.click("[data-what=members]")
    owner.click(".member .row", "bob")
    owner.press("Mute …")
    owner.press("1 hour")
    owner.find(".member", "muted until")
    assert members(alice)["bob"]["mutedUntil"] > 0
    bob.see("alice muted you")
    owner.click(".member .row", "bob")
    owner.click(".menu-item", "Unmute")
    owner.gone(".member .row-note", "muted until")
    owner.click(".member .row", "bob")
    owner.press("Remove from the group …")
    owner.type("dialog input", "off the path")
    owner.js("""const select = document.querySelector('dialog select');
        select.value = [...select.options].find(option => option.text === 'Not for 1 day').value""")
    owner.press("Remove", within="dialog")
    owner.gone(".member", "bob")
    bob.find(PANEL, "You are not in this group any more")
    assert set(members(alice)) == {"alice", "carol"}
    owner.press("Back", within=".panel")
    owner.click("[data-what=bans]")
    owner.find("dialog .row", "off the path")
    owner.press("Let back in")
    owner.find("dialog", "Nobody is banned.")
    assert alice.command("getGroupBans", groupID="hikers")["bans"] == []


def test_the_owner_changes_texts_options_admins_and_hands_the_group_over(window, alice):
    alice.group("Public", "hikers", ["bob"], groupName="Hikers")
    alice.send("chat/group/hikers", "hello")
    owner = window("alice")
    details(owner)
    owner.press("Change the name")
    owner.type("dialog .input", "步行者步行者步行者步行者", clear=True)
    owner.see("6 bytes too long")
    owner.type("dialog .input", "Walkers", clear=True, enter=True)
    owner.find(".group-head h2", "Walkers")
    owner.click("[data-what=join]")
    owner.press("Nobody", within=".menu")
    owner.find("[data-what=join]", "Nobody")
    owner.click("[data-what=inviteOption]")
    owner.press("Every member", within=".menu")
    owner.find("[data-what=invite]")
    owner.click("[data-what=muteAll]")
    owner.see("Everybody is muted")
    owner.click("[data-what=invite]")
    owner.type(".chips-input", "carol", enter=True)
    owner.find(".chip", "carol")
    owner.press("Add", within="dialog")
    owner.find(".face", "carol")
    now = info(alice)
    assert (now["groupName"], now["addOpt"], now["inviteOpt"], now["allMuted"]) == ("Walkers", "DisableApply", "FreeAccess", True)
    owner.click(".face", "carol")
    owner.press("Make an admin")
    owner.find(".face-Admin")
    assert members(alice)["carol"]["role"] == "admin"
    owner.click("[data-what=transfer]")
    owner.see("Choose who is to be the new owner.")
    owner.click(".member .row", "bob")
    owner.press("Make the owner …")
    owner.press("Hand over")
    owner.find(".member", "Owner")
    assert info(alice)["owner"] == "bob"
    owner.press("Back", within=".panel")
    owner.click("[data-what=quit]")
    owner.press("Leave the group", within="dialog")
    owner.gone(PANEL)
    assert alice.code("getGroupMembers", groupID="hikers") == 10007


def test_a_face_is_cut_to_a_square_and_uploaded(window, house, alice, tmp_path):
    alice.group("Public", "hikers", ["bob"], groupName="Hikers")
    alice.send("chat/group/hikers", "hello")
    owner, bob = window("alice"), window("bob", width=360)
    details(owner)
    owner.choose(f"{PANEL} input[type=file]", picture(tmp_path / "wide.png", 600, 300))
    face = owner.until("return all('.group-head img').find(one => one.naturalWidth)")
    assert owner.js("return [arguments[0].naturalWidth, arguments[0].naturalHeight]", face) == [300, 300]
    assert info(alice)["faceURL"].startswith("/media/")
    bob.until("return all('.conversation img').find(one => one.naturalWidth)")
    owner.choose(f"{PANEL} input[type=file]", __file__)
    owner.see("This picture cannot be read.")


# ---- coming in


def test_requests_to_join_are_agreed_to_and_refused(window, house, alice):
    alice.group("Public", "hikers", ["dave"], groupName="Hikers")
    alice.send("chat/group/hikers", "hello")
    owner, bob = window("alice"), window("bob", width=360)
    details(owner)
    bob.press("New")
    bob.press("Join a group")
    bob.type("dialog input", "nothing", enter=True)
    bob.see("There is no group “nothing”.")
    bob.type("dialog input", "hikers", clear=True, enter=True)
    bob.find(".join-card", "Hikers")
    bob.type(".join-found textarea", EVIL)
    bob.press("Ask to join")
    bob.see("Your request has been sent.")
    house.broker.user("carol").command("joinGroup", groupID="hikers", message="me too")
    owner.find("[data-what=applications] .count", "2")
    owner.find(".conversation", "2 unread messages")
    owner.find(".conversation", "carol asks to join Hikers: me too")
    owner.click("[data-what=applications]")
    owner.find(".application", EVIL)
    owner.press("Let bob in")
    owner.gone(".application", "bob")
    assert "bob" in members(alice)
    bob.find(".conversation", "You were let into Hikers")
    owner.press("Refuse carol")
    owner.type("dialog textarea, dialog .form .input", "we are full")
    owner.press("Refuse", within="dialog:last-of-type")
    owner.find("dialog", "Nobody is waiting")
    owner.gone("[data-what=applications] .count")
    assert "carol" not in members(alice)
    assert owner.js("return window.evil") is None
    # Notices are a conversation of their own: what there is to do stands beside them.
    bob.click(".conversation", "Notices")
    bob.press("Open", within=".line")
    bob.find(".chat-bar", "Hikers")
    bob.press("Back")
    bob.gone(".conversation", "unread")


def test_dismissing_ends_it_for_everybody(window, alice):
    alice.group("ChatRoom", "hikers", ["bob"], groupName="Hikers")
    alice.send("chat/group/hikers", "hello")
    owner, bob = window("alice"), window("bob")
    details(bob)
    details(owner)
    owner.click("[data-what=dismiss]")
    owner.press("Dismiss the group", within="dialog")
    owner.gone(PANEL)
    bob.find(PANEL, "You are not in this group any more")
    assert alice.code("getGroupInfo", groupID="hikers") == 10010


# ---- how it looks


def test_the_panel_fits_and_can_be_used_without_eyes(window, alice):
    alice.group("Public", "hikers", ["bob", "carol", "dave"], groupName="Walks in the north", inviteOpt="FreeAccess",
                notification="Sunday 9:00 at the old bridge. " * 3, introduction="步行者" * 20)
    alice.command("muteGroupMember", groupID="hikers", userID="dave", seconds=3600)
    alice.send("chat/group/hikers", "hello")
    page = window("alice", width=360, language="zh")
    page.click(".conversation")
    page.click(".chat-bar > .icon-button:last-child")
    page.find(".face", "carol")
    for width, dark in ((360, False), (768, True), (1440, False)):
        page.look_like(width, dark=dark, language="zh")
        page.check_width()
        page.check_access(PANEL)
        page.screenshot(f"group-{width}-{'dark' if dark else 'light'}")
    page.click("[data-what=members]")
    page.find(".member", "dave")
    page.check_access(".panel")
    page.look_like(360)
    page.check_width()
