# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""python3 tests/web/page/shots.py [folder]: the pictures of the README (docs/images), of the page with a real broker, people and
messages. It builds nothing: scripts/build and scripts/web come first. Pictures are made smaller by Pillow, if it is there."""
import base64
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import wave

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(HERE), str(ROOT / "tests/gate"), str(ROOT / "tests/broker")]

import browser  # noqa: E402
import pagehouse  # noqa: E402
from harness import settings  # noqa: E402

MOST_BYTES = 150000
MINUTE, HOUR = 60, 3600

# userID, name, a face or none, the last things said: (seconds ago, who, text)
OTHERS = [
    ("mina", "Mina Okafor", ("f2d6a2", "241a17", "8a5a3c", "3f7d6e"), [
        (4 * MINUTE, "mina", "The first draft is in the folder. Be kind \N{SMILING FACE WITH OPEN MOUTH AND SMILING EYES}")]),
    ("wang.xm", "王小明", ("bcd4f0", "1c1a1c", "f0c8a0", "a83d3d"), [
        (26 * HOUR, "wang.xm", "周末天气不错，去湖边吗？"), (26 * HOUR - MINUTE, "alice", "好啊！我和 Bob 都去"),
        (51 * MINUTE, "wang.xm", None), (50 * MINUTE, "alice", "太美了！车票买好了吗？"),
        (48 * MINUTE, "wang.xm", "买好了，周六上午十点到。车站见！")]),
    ("emil", "Emil Jensen", None, [(5 * HOUR, "alice", "Thanks, I'll bring it back on Monday")]),
    ("tara", "Tara Costa", ("f0bcc4", "5a2f1a", "d9a27c", "274b73"), [
        (9 * HOUR, "tara", "Did you see the northern lights last night?")]),
    ("paul", "Paul Fischer", None, [(31 * HOUR, "paul", "Invoice attached, as discussed")]),
    ("hana", "Hana Ito", ("cfe8d0", "151515", "f3cfa8", "6a54a0"), [(52 * HOUR, "hana", "See you on Thursday!")]),
    ("oksana", "Oksana Melnyk", None, [(75 * HOUR, "alice", "Happy birthday! \N{PARTY POPPER}")]),
]
GROUPS = [
    ("studio", "Studio 4", [(22 * MINUTE, "tara", "The new microphones are here")]),
    ("neighbours", "Neighbours, Lake Street 12", [(28 * HOUR, "paul", "Water is off on Tuesday from nine to eleven")]),
]
ROOM = "kitchen"
SAID_LIVE = [
    ("bob", "Good evening from the harbour"), ("hana", "Is that the big pot? \N{SMILING FACE WITH HEART-SHAPED EYES}"),
    ("wang.xm", "大家好！今天做什么菜？"), ("tara", "Three cloves or four?"), ("mina", "Mine never looks like this"),
    ("emil", "Taking notes"), ("paul", "How long does it have to rest?"), ("oksana", "Greetings from Lviv!"),
    ("bob", "Ten minutes, he said"), ("hana", "Worth the wait"),
]


def load_demo():
    loader = importlib.machinery.SourceFileLoader("demo", str(ROOT / "scripts/demo"))
    spec = importlib.util.spec_from_loader("demo", loader)
    demo = importlib.util.module_from_spec(spec)
    loader.exec_module(demo)
    demo.ADMIN = settings.ADMIN
    return demo


def voice(seconds=4):
    """A wave file: a hum that swells and falls, as speech does on a screen."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(9000 * ((n // 400) % 7) / 7 * (-1) ** (n // 20)))
                                  for n in range(8000 * seconds)))
    return out.getvalue()


def furnish(house, demo):
    """Everybody, and what they have said."""
    sig = os.environ["ADMIN_SIG"] = house.broker.sig(demo.ADMIN)
    demo.main(house.port.number)
    server = demo.Server(house.port.number, sig)
    names = [user for user, *_ in OTHERS]
    server.command("importUsers", userIDs=names)
    for user, nickname, colours, _ in OTHERS:
        url = {"faceURL": server.upload(f"{user}.png", demo.face(colours))} if colours else {}
        server.command("setSelfInfo", **{"as": user}, nickname=nickname, **url)
    now = int(time.time())
    said = [(age, {"sender": who, "group": group, "text": text}, group == "studio") for group, _, texts in GROUPS for age, who, text in texts]
    for group, name, _ in GROUPS:
        server.command("createGroup", owner="alice", groupType="Public", groupID=group, groupName=name, createTime=(now - 90 * HOUR) * 1000,
                       members=[{"userID": user} for user in ("tara", "paul", "mina")])
    picture = {"url": server.upload("lake.png", demo.lake()), "width": 480, "height": 300, "format": "png"}
    for user, _, _, texts in OTHERS:
        for age, who, text in texts:
            content = {"text": text} if text else {"image": picture}
            said.append((age, {"sender": who, "to": user if who == "alice" else "alice", **content}, user in ("mina", "tara")))
    # The list goes by the order in which they come.
    for age, message, unread in sorted(said, key=lambda one: -one[0]):
        server.command("importMessages", messages=[{**message, "time": (now - age) * 1000}], unread=unread)
    server.command("setConversation", **{"as": "alice"}, group=demo.GROUP, pinned=True)
    server.command("setGroupInfo", **{"as": "alice"}, groupID=demo.GROUP, notification="Sunday, half past eight, in front of the station. The bread is Bob's.",
                   faceURL=server.upload("group.png", demo.lake(160, 160)))
    server.command("createGroup", owner="carol", groupType="AVChatRoom", groupID=ROOM, groupName="Carol cooks")
    return server


def talk(house, server, demo):
    """What is said while alice looks, so that it comes from real devices."""
    bob, carol = house.broker.user("bob", "ios:1"), house.broker.user("carol", "android:1")
    for one in (bob, carol):
        one.subscribe(f"chat/user/{one.name}/#")
    where = f"chat/group/{demo.GROUP}"
    url = server.ask("media", voice(), **{"Content-Type": "audio/wav", "X-Chat-Name": "voice.wav"})["url"]
    bob.send(where, {"sound": {"url": url, "seconds": 4, "size": 64000}})
    carol.send(where, {"text": "@Alice can you take the keys?", "at": ["alice"]})
    return bob, carol


def save(window, folder, name):
    """Pictures are there, nothing moves, and the mouse is elsewhere."""
    window.until("return [...document.images].every(image => image.complete)")
    window.js("document.activeElement?.blur()")
    window.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 1, "y": 1})
    time.sleep(1)
    data = base64.b64decode(window.driver.get_screenshot_as_base64())
    path = folder / f"{name}.png"
    path.write_bytes(data if len(data) < MOST_BYTES else smaller(data))
    print(f"{path}: {path.stat().st_size} bytes" + ("" if path.stat().st_size < MOST_BYTES else ", which is too much"))


def smaller(data):
    """With 256 colours: with a pattern in the place of those between, or without, where that is too much."""
    try:
        from PIL import Image
    except ImportError:
        return data
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    few = picture.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=2)
    for made in (picture.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG), few):
        out = io.BytesIO()
        made.save(out, "PNG", optimize=True)
        if out.tell() < MOST_BYTES:
            break
    return out.getvalue()


def choose_font(folder):
    """A page says system-ui; on a bare Debian that is not what anybody's system has."""
    conf = folder / "fonts.conf"
    conf.write_text("""<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>
        <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
        <match target="pattern"><test qual="all" name="family" compare="not_eq"><string>monospace</string></test>
        <edit name="family" mode="prepend" binding="strong"><string>Inter</string><string>Noto Sans</string></edit></match>
        </fontconfig>""")
    os.environ["FONTCONFIG_FILE"] = str(conf)


def main(folder=ROOT / "docs/images"):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    demo = load_demo()
    with tempfile.TemporaryDirectory() as scratch:
        page = pathlib.Path(scratch) / "web"
        subprocess.run([ROOT / "scripts/web", page], check=True)
        house = pagehouse.PageHouse(page).start()
        choose_font(pathlib.Path(scratch))
        browser.FLAGS.append("--hide-scrollbars")
        chromium = browser.Chromium()
        windows = browser.Windows(chromium, house)
        try:
            take(house, windows, demo, folder)
        finally:
            windows.close()
            chromium.close()
            house.close()


def take(house, windows, demo, folder):
    server = furnish(house, demo)
    alice = windows.open("alice", width=1280, height=800)
    alice.click(".conversation", "To the lake")
    alice.find(".main", "Shall we take the boat?")
    talk(house, server, demo)
    alice.find(".main", "can you take the keys?")
    alice.type(".main textarea", "Of course. I have them here", enter=True)
    alice.find(".main", "I have them here")
    save(alice, folder, "chat")

    alice.look_like(1280, 800, dark=True)
    alice.click(".conversation", "王小明")
    alice.find(".main", "车站见")
    alice.click(".conversation", "To the lake")
    alice.find(".main", "I have them here")
    alice.click(".chat-bar button[aria-haspopup], .chat-people, .main header button:last-of-type")
    alice.find(".panel", "Carol")
    save(alice, folder, "group")
    alice.close()

    phone = windows.open("alice", width=390, height=800, dark=True, language="zh")
    phone.click(".conversation", "王小明")
    phone.find(".main", "车站见")
    save(phone, folder, "phone")
    phone.close()

    live(house, windows, folder)


def live(house, windows, folder):
    carol = house.broker.user("carol", "ios:2")
    where = f"chat/group/{ROOM}"
    carol.subscribe(where)
    guests = {name: house.broker.user(name, "ios:2") for name in dict.fromkeys(who for who, _ in SAID_LIVE)}
    for guest in guests.values():
        guest.subscribe(where)
    alice = windows.open("alice", width=1280, height=800)
    alice.press("New")
    alice.press("Join a group")
    alice.type("dialog input", ROOM, enter=True)
    alice.press("Look", within="dialog")
    alice.press("Enter", within="dialog")
    alice.find(".live-input")
    for who, text in SAID_LIVE:
        guests[who].send(where, {"text": text})
    for who, gift in (("tara", "rose"), ("hana", "cake")):
        guests[who].send(where, {"custom": {"data": json.dumps({"live": "gift", "gift": gift, "count": 1})}, "priority": "high"})
    guests["bob"].send(where, {"custom": {"data": json.dumps({"live": "like", "count": 27})}, "priority": "low"})
    alice.find(".main", SAID_LIVE[-1][1])
    alice.find(".live-chip-likes", "27")
    save(alice, folder, "live")


if __name__ == "__main__":
    main(*sys.argv[1:])
