# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A conversation on the page, between two browsers and a real broker."""
import base64
import itertools
import json
import re
import struct
import time
import zlib

import pagehouse
import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

FIELD = ".composer-field"
numbers = itertools.count(1)
EVIL = '<img src=x onerror="window.evil=1">'


def png(path, width=640, height=480, shade=120):
    """A picture, made by hand: each row one shade."""
    rows = b"".join(b"\0" + bytes([(row + shade) % 256, row % 256, shade]) * width for row in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def show(window, conversation):
    """Opens a conversation by its address."""
    window.find(".list")
    window.js("location.hash = '#/' + arguments[0]", conversation)
    window.find(".chat")
    return window


@pytest.fixture(scope="module")
def house(page):
    """One for all tests here: each has people of its own."""
    made = pagehouse.PageHouse(page)
    yield made.start()
    made.close()


@pytest.fixture
def people(house):
    """Names that nobody has yet, of users who are there."""
    number = next(numbers)

    def make(*names):
        made = [f"{name}{number}" for name in names]
        house.broker.create(*made)
        return made

    return make


@pytest.fixture
def pair(window, people):
    """Two people, each in a browser of their own, with the conversation with each other open."""
    one, other = people("alice", "bob")
    alice, bob = window(one), window(other)
    return show(alice, f"C2C{other}"), show(bob, f"C2C{one}")


def act(window, message, action):
    """Chooses something from a message's menu, by keyboard."""
    window.until("""const row = [...document.querySelectorAll('[data-id]')].filter(row =>
        row.innerText.includes(given[0])).at(-1); row?.focus(); return row""", message)
    window.keys(Keys.ENTER)
    window.press(action, within=".menu")


def bubbles(window):
    """What they say, without times."""
    return window.js("return [...document.querySelectorAll('.bubble .text')].map(text => text.innerText)")


def test_text_both_ways(pair):
    alice, bob = pair
    alice.type(FIELD, "hello bob")
    bob.find(".chat-typing", "typing")
    alice.keys(Keys.ENTER)
    bob.find(".message-in .text", "hello bob")
    bob.gone(".chat-typing")
    assert bob.js("return document.querySelector('.chat [aria-live=polite]').textContent") == f"{alice.user}: hello bob"
    alice.find(".message-out .status-read")
    bob.type(FIELD, "two")
    bob.keys(Keys.SHIFT, Keys.ENTER)
    bob.keys(Keys.NULL)
    bob.type(FIELD, "lines", enter=True)
    alice.find(".message-in .text", "two\nlines")
    assert bob.js("return document.querySelector('.composer-field').value") == ""

    bob.type(FIELD, "see https://example.org/a?b=1. or javascript:alert(1)", enter=True)
    link = alice.find(".message-in a")
    assert (link.get_attribute("href"), link.text) == ("https://example.org/a?b=1", "https://example.org/a?b=1")
    assert "noopener" in link.get_attribute("rel") and link.get_attribute("target") == "_blank"
    assert alice.count(".message-in a") == 1
    # The second of two that follow each other stands close to the first.
    assert alice.js("return [...document.querySelectorAll('.message-in')].map(row => row.classList.contains('message-first'))") \
        == [True, False]

    # The keys of an input method send nothing.
    alice.type(FIELD, "ni hao")
    compose = """const field = document.querySelector('.composer-field');
        field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, ...arguments[0]}))"""
    alice.js(compose, {"isComposing": True})
    alice.js(compose, {"keyCode": 229})
    assert alice.js("return document.querySelector('.composer-field').value") == "ni hao"
    alice.js(compose, {})
    bob.find(".message-in .text", "ni hao")
    assert bob.texts(".message-in .text") == ["hello bob", "ni hao"]


def test_pictures_are_picked_pasted_dropped_and_looked_at(pair, tmp_path):
    alice, bob = pair
    alice.choose(".composer input[type=file]", png(tmp_path / "one.png"), png(tmp_path / "two.png", 300, 600, 7))
    alice.find(".staged", "one.png")
    alice.press("Remove two.png")
    alice.keys("look")
    alice.keys(Keys.ENTER)
    loaded = "return [...document.querySelectorAll('.message .picture img')].find(img => img.complete && img.naturalWidth > 0)?.src?"
    for one in pair:
        one.until(loaded + ".includes('/media/')", what="the picture")
    bob.find(".message-in .text", "look")
    assert bob.count(".message-in .picture") == 1

    alice.choose(".composer input[type=file]", tmp_path / "two.png")
    alice.find(".staged")
    alice.press("Send")
    bob.until("return document.querySelectorAll('.message .picture img').length === 2")
    bob.click(".picture")
    bob.until("const img = document.querySelector('.viewer img'); return img?.complete && img.naturalWidth === 640")
    assert "1 / 2" in bob.find(".viewer-title").text
    bob.keys(Keys.ARROW_RIGHT)
    bob.until("const img = document.querySelector('.viewer img'); return img?.complete && img.naturalWidth === 300")
    bob.keys(Keys.ESCAPE)
    bob.gone(".viewer")
    assert bob.js("return document.activeElement.className").startswith("picture"), "the focus goes back"

    bytes_of = base64.b64encode(png(tmp_path / "x.png", 64, 64).read_bytes()).decode()
    give = """const [text, kind] = arguments;
        const bytes = Uint8Array.from(atob(text), sign => sign.charCodeAt(0)), data = new DataTransfer();
        data.items.add(new File([bytes], 'image.png', {type: 'image/png'}));
        if (kind === 'paste')
            document.querySelector('.composer-field').dispatchEvent(
                new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
        else for (const name of ['dragenter', 'dragover', 'drop'])
            document.querySelector('.history').dispatchEvent(
                new DragEvent(name, {dataTransfer: data, bubbles: true, cancelable: true}))"""
    alice.js(give, bytes_of, "paste")
    alice.js(give, bytes_of, "drop")
    alice.until("return document.querySelectorAll('.staged').length === 2")
    alice.press("Send")
    bob.until("return [...document.querySelectorAll('.message-in .picture img')].filter(img => img.naturalWidth === 64).length === 2")


def test_a_video_has_a_picture_and_is_played(pair):
    alice, bob = pair
    alice.until("""return (async () => {
        const canvas = document.createElement('canvas'), paint = canvas.getContext('2d'), chunks = [];
        [canvas.width, canvas.height] = [320, 200];
        const recorder = new MediaRecorder(canvas.captureStream(20), {mimeType: 'video/webm'});
        recorder.ondataavailable = ({data}) => chunks.push(data);
        recorder.start();
        for (let frame = 0; frame < 20; frame++) {
            paint.fillStyle = `rgb(${frame * 10}, 90, 160)`;
            paint.fillRect(0, 0, 320, 200);
            await new Promise(done => setTimeout(done, 50));
        }
        recorder.stop();
        await new Promise(done => recorder.onstop = done);
        const data = new DataTransfer();
        data.items.add(new File(chunks, 'waves.webm', {type: 'video/webm'}));
        document.querySelector('.history').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        return true;
    })()""")
    alice.find(".staged", "waves.webm")
    alice.press("Send")
    bob.until("return document.querySelector('.message-in .video img')?.naturalWidth > 0", timeout=20)
    assert re.fullmatch("0:0[1-9]", bob.find(".video-length").text)  # a second, and more where the machine is busy
    bob.click(".video")
    bob.until("const video = document.querySelector('.viewer video'); return video?.videoWidth === 320 && video.currentTime > 0")
    bob.keys(Keys.ESCAPE)
    bob.gone(".viewer")


def test_a_voice_is_recorded_and_played(pair):
    alice, bob = pair
    mic = alice.find(".composer-mic")
    ActionChains(alice.driver).click_and_hold(mic).pause(0.5).move_by_offset(-300, -200).perform()
    alice.find(".recorder-away")
    ActionChains(alice.driver).release().perform()
    alice.gone(".recorder")
    mic.click()
    alice.press("Throw away")
    alice.gone(".recorder")
    ActionChains(alice.driver).click_and_hold(mic).pause(1.6).release().perform()
    alice.find(".message-out .voice")
    voice = bob.find(".message-in .voice")
    assert bob.count(".message-in .voice") == 1, "what was slid away is not sent"
    assert re.fullmatch("0:0[1-9]", voice.text)
    bob.find(".voice-dot")
    bob.js("window.ended = 0; const play = Audio.prototype.play; Audio.prototype.play = function () {"
           " this.addEventListener('ended', () => window.ended++); return play.call(this); }")
    bob.click(".message-in .voice")
    bob.find(".message-in .voice-on")
    bob.until("return window.ended === 1")
    bob.gone(".voice-on")
    bob.gone(".voice-dot")


def test_files_have_their_names_and_what_is_too_long_becomes_one(pair, tmp_path):
    alice, bob = pair
    text = tmp_path / "plan <b>.txt"
    text.write_text("walk " * 40000)
    alice.choose(".composer input[type=file]:not([accept])", text)
    alice.find(".staged", "plan <b>.txt")
    alice.press("Send")
    link = bob.find(".message-in a.file", "plan <b>.txt")
    assert link.get_attribute("download") == "plan <b>.txt" and "195 KB" in link.text
    big = tmp_path / "big.bin"
    with open(big, "wb") as file:
        file.truncate(90_000_000)
    alice.choose(".composer input[type=file]:not([accept])", big)
    alice.press("Send")
    alice.press("Cancel the upload")
    alice.gone(".message", "big.bin")
    alice.type(FIELD, "no, not that", enter=True)
    bob.find(".message-in .text", "no, not that")
    assert bob.count(".file") == 1
    got = bob.until("return fetch(document.querySelector('a.file').href).then(answer => answer.text()).then(text => text.length)")
    assert got == 200000

    put = """const field = document.querySelector('.composer-field'); field.value = arguments[0];
        field.dispatchEvent(new Event('input', {bubbles: true}))"""
    alice.js(put, "好" * 4200)
    alice.find(".composer-counter", "too long")
    alice.find(FIELD).send_keys(Keys.ENTER)
    assert "好好" not in alice.text()
    alice.press("Send as a file")
    alice.find(".staged", "text.txt")
    alice.press("Send")
    bob.find(".message-in a.file", "text.txt")
    alice.js(put, "好" * 3900)
    alice.find(".composer-counter", "left")
    alice.find(FIELD).send_keys(Keys.ENTER)
    bob.find(".message-in .text", "好好好")


def test_own_messages_are_recalled_written_anew_and_edited(pair):
    alice, bob = pair
    alice.type(FIELD, "a mistake", enter=True)
    bob.find(".message-in .text", "a mistake")
    act(alice, "a mistake", "Recall")
    alice.find(".line", "You recalled a message")
    bob.find(".line", f"{alice.user} recalled a message")
    assert "a mistake" not in bob.find(".chat").text
    alice.press("Edit again")
    assert alice.js("return document.querySelector('.composer-field').value") == "a mistake"
    assert not bob.count(".line-action")

    alice.type(FIELD, "at eigth", clear=True, enter=True)
    bob.find(".message-in .text", "at eigth")
    alice.find(".status-read")
    alice.keys(Keys.ARROW_UP)
    alice.find(".composer-bar", "Editing")
    alice.keys(Keys.ESCAPE)
    alice.gone(".composer-bar")
    act(alice, "at eigth", "Edit")
    alice.type(FIELD, "at eight", clear=True, enter=True)
    for one in pair:
        one.find(".bubble", "at eight")
        one.find(".meta-edited")
        assert bubbles(one) == ["at eight"]


def test_a_quote_leads_to_its_message(pair, house):
    """Also where that is so far back that it is not loaded; and from there one comes back."""
    alice, bob = pair
    alice.type(FIELD, "first of all", enter=True)
    bob.find(".message-in .text", "first of all")
    device = house.broker.user(bob.user, "linux:1")
    for number in range(100):
        device.send(f"chat/user/{alice.user}", f"line {number}")
    alice.find(".message-in .text", "line 99")
    alice.js("document.querySelector('[data-id]').scrollIntoView()")
    act(alice, "first of all", "Reply")
    alice.find(".composer-bar", "first of all")
    alice.type(FIELD, "as I said", enter=True)
    bob.reload()
    bob.find(".message-in .quote", "first of all")
    assert not bob.js("return [...document.querySelectorAll('.text')].some(text => text.innerText === 'first of all')")
    bob.click(".quote")
    bob.find(".history-shown", "first of all")
    assert "first of all" in bob.js("return document.activeElement.innerText")
    house.broker.user(alice.user, "linux:1").send(f"chat/user/{bob.user}", "meanwhile")
    bob.press("1 new message")
    bob.find(".message-in .text", "meanwhile")
    bob.js("document.querySelector('.history').scrollTop = 0")
    bob.find(".text", "line 60")


def test_deleting_is_for_oneself(pair, house):
    alice, bob = pair
    for text in ("one", "two", "three"):
        alice.type(FIELD, text, enter=True)
    bob.find(".message-in .text", "three")
    alice.find(".status-read")
    act(alice, "one", "Select")
    alice.click(".message-choosing", "two")
    alice.find(".choosing-count", "2 selected")
    alice.press("Delete", within=".choosing")
    alice.press("Delete", within=".dialog")
    alice.gone(".message", "one")
    assert bubbles(alice) == ["three"] and bubbles(bob) == ["one", "two", "three"]
    alice.reload()
    alice.find(".message", "three")
    assert bubbles(alice) == ["three"]
    house.broker.user(alice.user, "linux:1").command("deleteConversation", to=bob.user)
    alice.gone(".message")
    assert bubbles(bob) == ["one", "two", "three"]


def test_what_is_written_while_the_broker_is_away_arrives_once(pair, house):
    alice, bob = pair
    alice.type(FIELD, "before", enter=True)
    bob.find(".message-in .text", "before")
    for one in pair:
        one.allow("WebSocket")
    house.broker.kill()
    alice.find(".banner-network")
    alice.type(FIELD, "meanwhile", enter=True)
    alice.type(FIELD, "and this", enter=True)
    alice.find(".message-out .status-waiting")
    house.broker.start()
    bob.find(".message-in .text", "and this", timeout=30)
    alice.until("return document.querySelectorAll('.status-waiting').length === 0")
    assert bubbles(bob) == bubbles(alice) == ["before", "meanwhile", "and this"]


def test_what_could_not_be_sent_is_tried_again(pair, house):
    alice, bob = pair
    device = house.broker.user(bob.user, "linux:1")
    device.command("addToBlacklist", userIDs=[alice.user])
    alice.type(FIELD, "let me in", enter=True)
    alice.find(".toast-error", "does not accept")
    alice.find(".message-failed", "let me in")
    device.command("removeFromBlacklist", userIDs=[alice.user])
    alice.press("Not sent: try again")
    bob.find(".message-in .text", "let me in")
    alice.find(".status-read")
    alice.gone(".message-failed")
    assert bubbles(bob) == ["let me in"]


def test_markup_is_text_wherever_it_stands(window, house, people):
    name, = people("alice")
    mallory = house.broker.user("mallory", "linux:1")
    mallory.command("setSelfInfo", nickname=EVIL, faceURL="javascript:window.evil=2")
    mallory.command("createGroup", groupType="Public", groupID="g", groupName="<img src=x onerror=1>", notification=EVIL,
                    members=[{"userID": name}])
    quote = {"messageReply": {"messageID": EVIL, "messageAbstract": f"quoted {EVIL}", "messageSender": EVIL, "messageSequence": 1}}
    inner = {"sender": "mallory", "nick": EVIL, "time": 1, "text": f"inner {EVIL}"}
    js = "javascript:window.evil=3"
    contents = [
        {"text": f"text {EVIL}", "cloudCustomData": json.dumps(quote)},
        {"text": "broken", "cloudCustomData": '{"messageReply":' + json.dumps(EVIL)},
        {"file": {"url": js, "name": f"file {EVIL}", "size": 3}},
        {"image": {"url": js, "width": 10, "height": 10, "thumb": {"url": js}}},
        {"sound": {"url": js, "seconds": 3}},
        {"video": {"url": js, "seconds": 3, "thumb": {"url": js}}},
        {"location": {"desc": f"place {EVIL}", "latitude": 1.5, "longitude": 2.5}},
        {"custom": {"data": EVIL, "desc": f"custom {EVIL}", "ext": EVIL}},
        {"custom": {"data": '{"businessID":"user_typing_status"' + EVIL, "desc": f"typing {EVIL}"}},
        {"face": {"index": 1, "data": f"face {EVIL}"}},
        {"merger": {"title": f"title {EVIL}", "abstracts": [f"abstract {EVIL}"], "messages": [inner]}},
        {"elements": [{"text": f"several {EVIL}"}, {"file": {"url": js, "name": f"second {EVIL}", "size": 3}}]},
    ]
    alice = show(window(name), "GROUPg")
    for content in contents:
        mallory.send("chat/group/g", json.dumps({"random": 1 + contents.index(content), **content}))
    alice.find(".message-in", "second")
    seen = alice.text()
    for word in ("text", "quoted", "file", "place", "custom", "typing", "face", "title", "abstract", "several", "second"):
        assert f"{word} {EVIL}" in seen, word
    assert "<img src=x onerror=1>" in seen
    alice.click(".merger")
    alice.find(".record-row", f"inner {EVIL}")
    alice.keys(Keys.ESCAPE)
    assert not alice.js("return window.evil")
    assert alice.js("return document.querySelectorAll('img[src=x], a[href^=\"javascript:\"], [src^=\"javascript:\"]').length") == 0
    mallory.command("recallMessage", group="g", seq=2, reason=EVIL)
    alice.find(".line", f"{EVIL} recalled a message")
    assert not alice.js("return window.evil")


def test_a_group_has_mentions_receipts_and_records(window, house, people):
    names = people("alice", "bob", "carol")
    house.broker.user(names[0], "linux:1").group("Public", "hikers", names[1:])
    alice, bob = [show(window(name), "GROUPhikers") for name in names[:2]]
    alice.type(FIELD, "hello @bo")
    alice.find(".mentions-one", bob.user)
    alice.check_access()
    alice.keys(Keys.ENTER)
    alice.keys("look here", Keys.ENTER)
    bob.find(".message-in .mention-self", f"@{bob.user}")
    bob.type(FIELD, "I see", enter=True)
    alice.find(".message-in .text", "I see")
    alice.click(".status-readers", "read by 1")
    alice.find(".readers-part", bob.user)
    assert alice.texts(".readers-part") == [f"Read\n1\nB\n{bob.user}", f"Not yet\n1\nC\n{names[2]}"]
    alice.check_access()
    alice.keys(Keys.ESCAPE)
    alice.gone(".dialog")
    act(alice, "I see", "Select")
    alice.check_access()
    alice.click(".message-choosing", "look here")
    alice.press("Forward", within=".choosing")
    alice.click(".forward-one", "hikers")
    alice.press("Forward", within=".dialog")
    bob.click(".merger")
    bob.find(".record-row", "I see")
    assert [row.split("\n")[-1] for row in bob.texts(".record-row")] == [f"hello @{bob.user} look here", "I see"]


def test_who_may_not_write_is_told_why(window, house, people):
    name, bob = people("alice", "bob")
    owner = house.broker.user(bob, "linux:1")
    owner.group("Public", "quiet", [name])
    alice = show(window(name), "GROUPquiet")
    alice.type(FIELD, "I was about to")
    owner.command("muteGroupMember", groupID="quiet", userID=name, seconds=3600)
    alice.find(".composer-note", "muted")
    alice.gone(FIELD)
    owner.command("muteGroupMember", groupID="quiet", userID=name, seconds=0)
    alice.find(FIELD)
    assert alice.js("return document.querySelector('.composer-field').value") == "I was about to"
    owner.command("setGroupInfo", groupID="quiet", allMuted=True)
    alice.find(".composer-note", "Only the owner")
    owner.command("setGroupInfo", groupID="quiet", allMuted=False)
    alice.find(FIELD)
    owner.command("deleteGroupMember", groupID="quiet", members=[name], reason="too loud")
    alice.find(".composer-note", "not in this group")
    show(alice, "@TIM%23SYSTEM")
    alice.find(".line", f"{bob} removed you from quiet: too loud")
    assert not alice.count(FIELD)
    alice.check_access()
    alice.screenshot("chat-notices")


def test_history_goes_back_without_jumps(window, house, people):
    """Two thousand messages: what is read stays where it is when older ones come, few are in the document, and no frame costs
    more than 50 ms."""
    names = people("alice", "bob")
    admin = house.broker.admin()
    start = int(time.time() * 1000) - 86400000
    for first in range(0, 2000, 100):
        admin.command("importMessages", messages=[
            {"sender": names[number % 3 == 0], "to": names[number % 3 > 0], "time": start + number * 1000,
             "text": f"message {number} " + "and more words " * (number % 7)} for number in range(first, first + 100)])
    alice = show(window(names[0]), f"C2C{names[1]}")
    alice.find(".message", "message 1999")
    found, tasks = alice.chromium.devtools.busy(lambda: alice.driver.execute_async_script("""
        const done = arguments[0], history = document.querySelector('.history'), jumps = [];
        let most = 0, end = 0, seen;
        const rows = () => [...document.querySelectorAll('.history .text')];
        const place = row => row.getBoundingClientRect().bottom;
        (function step() {
            // What was in the middle of the window before this frame is where it was.
            if (seen?.row.isConnected && Math.abs(place(seen.row) - seen.place) > 1)
                jumps.push([seen.row.innerText, place(seen.row) - seen.place]);
            history.scrollTop -= 500;
            const row = rows().find(row => place(row) > 300);
            seen = row && {row, place: place(row)};
            most = Math.max(most, rows().length);
            end = document.querySelector('.history-start') && !history.scrollTop ? end + 1 : 0;
            if (end > 3)
                done({jumps, most, first: rows()[0].innerText});
            else
                requestAnimationFrame(step);
        })()"""))
    assert found["first"].startswith("message 0 ")
    assert found["jumps"] == []
    assert found["most"] < 250, "what is far away is not in the document"
    assert len(tasks) > 100 and tasks[0] < 50, tasks[:5]
    alice.press("To the newest message")
    alice.find(".message", "message 1999")


def test_new_messages_have_a_line_and_a_button(window, house, people):
    names = people("alice", "bob")
    alice = house.broker.user(names[0], "linux:1")
    for number in range(60):
        alice.send(f"chat/user/{names[1]}", f"old {number}")
    bob = show(window(names[1]), f"C2C{names[0]}")
    bob.find(".history-divider", "New messages")
    assert bob.js("return document.querySelector('.history-divider').getBoundingClientRect().top") < 300
    bob.find(".history-down", "60")
    bob.click(".history-down")
    bob.gone(".history-down")
    bob.js("document.querySelector('.history').scrollTop -= 800")
    bob.find(".history-down")
    alice.send(f"chat/user/{names[1]}", "new one")
    bob.find(".history-count", "1")
    bob.press("1 new message")
    bob.gone(".history-down")
    assert bob.js("return document.querySelector('.history').scrollTop") > 500


def test_a_draft_stays_in_its_conversation(window, people):
    name, bob, carol = people("alice", "bob", "carol")
    alice = show(window(name), f"C2C{bob}")
    alice.type(FIELD, "not yet sent")
    show(alice, f"C2C{carol}")
    alice.until("return document.querySelector('.chat-title').textContent === given[0]", carol)
    assert alice.js("return document.querySelector('.composer-field').value") == ""
    show(alice, f"C2C{bob}")
    alice.until("return document.querySelector('.composer-field').value === 'not yet sent'")


@pytest.mark.parametrize("look", [{"width": 360}, {"width": 768, "dark": True, "language": "zh"}, {"width": 1440}],
                         ids=["phone", "tablet", "desktop"])
def test_it_is_readable_and_fits(window, house, people, look):
    names = people("alice", "bob")
    bob = house.broker.user(names[1], "linux:1")
    for content in ({"text": "x" * 200}, {"text": "hello 你好 https://example.org/" + "y" * 80}, {"file": {"url": "/media/x", "name": "n" * 120 + ".pdf", "size": 9}},
                    {"sound": {"url": "/media/x", "seconds": 60}}, {"location": {"desc": "somewhere", "latitude": 1, "longitude": 2}},
                    {"merger": {"title": "a record", "abstracts": ["a" * 90], "messages": []}}):
        bob.send(f"chat/user/{names[0]}", json.dumps(content))
    alice = show(window(names[0], **look), f"C2C{names[1]}")
    alice.find(".message-in", "somewhere")
    alice.type(FIELD, "answer", enter=True)
    alice.find(".status-sent")
    alice.check_width()
    alice.check_access()
    alice.screenshot(f"chat-{look['width']}")


LINKS = {
    "see https://a.example/b?c=d#e.": ["https://a.example/b?c=d#e"],
    "(https://a.example/x_(y)) and <http://b.example>": ["https://a.example/x_(y)", "http://b.example/"],
    "去https://a.example:8080/路径，好吗？http://b.example。": ["https://a.example:8080/%E8%B7%AF%E5%BE%84", "http://b.example/"],
    "https://a.example你好 \"https://b.example/c\"!": ["https://a.example/", "https://b.example/c"],
    "https://good.example@evil.example/ HTTPS://UP.example": ["https://good.example/", "https://up.example/"],
    "javascript:alert(1) data:text/html,x file:///etc xhttp://a.example http:// https://": [],
}


def test_what_becomes_a_link(window):
    nobody = window()
    for text, links in LINKS.items():
        found = nobody.until("""return import('./views/links.js').then(({linked}) => {
            const parts = linked(given[0]);
            return [parts.map(part => part.textContent ?? part).join(''), parts.filter(part => part.href).map(part => part.href)];
        })""", text)
        assert found == [text, links]
