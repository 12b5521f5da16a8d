# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A session under valgrind: nothing leaks, nothing is read or written out of bounds."""
import shutil
import xml.etree.ElementTree as xml

import pytest

from harness.settings import PATIENCE, PLUGIN, PRELOAD

pytestmark = [
    pytest.mark.valgrind,
    pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not there"),
    pytest.mark.skipif(bool(PRELOAD), reason="valgrind and a sanitizer do not go together"),
]

ALWAYS = {"InvalidRead", "InvalidWrite", "InvalidFree", "MismatchedFree"}
OURS = {"Leak_DefinitelyLost", "UninitCondition", "UninitValue", "SyscallParam", "InvalidJump"}


def frames(error):
    return [
        (frame.findtext("obj") or "", frame.findtext("fn") or "?", frame.findtext("line") or "?")
        for frame in error.iter("frame")
    ]


def faults(report):
    """The errors that count, as text: bad accesses anywhere, the rest where the plugin is in the stack."""
    found = []
    for error in xml.parse(report).getroot().iter("error"):
        kind, stack = error.findtext("kind"), frames(error)
        ours = any(obj.endswith(PLUGIN.name) for obj, _, _ in stack)
        if kind in ALWAYS or (kind in OURS and ours):
            found.append(kind + ": " + " < ".join(f"{fn}:{line}" for _, fn, line in stack))
    return found


def administers(admin):
    admin.command("importUsers", userIDs=["imported", "a b"])
    admin.command("muteUser", userID="imported", c2cSeconds=60, groupSeconds=60)
    admin.command("sendMessage", sender="imported", to="bob", text="a", x={"y": [1]})
    admin.command("sendMessage", sender="imported", group="live", text="b")
    assert admin.code("sendMessage", sender="imported", group="g1", image={}) == 90002
    admin.command("broadcast", text="c")
    admin.notice("custom")
    admin.command("getUser", userID="bob")
    admin.command("getStats")


def a_session(broker):
    bob = broker.user("bob", "ios:1").subscribe("chat/user/bob/#")
    bob.command("setPushToken", provider="apns", token="aa", businessID="b")
    bob.disconnect()
    alice = broker.user("alice").subscribe("chat/user/alice/#")
    topic = alice.group("Public", "g1", ["bob"], groupName="Name", introduction="x")
    live = alice.group("AVChatRoom", "live")
    alice.send_many("bob", [{"text": f"m{n}", "random": n + 1} for n in range(150)])
    alice.send(topic, {"text": "to all", "at": ["bob"]})
    broker.create("carol")
    for name in ("A", "Alice"):
        alice.command("setSelfInfo", nickname=name, selfSignature="x")
    alice.command("addToBlacklist", userIDs=["bob", "carol"])
    alice.command("removeFromBlacklist", userIDs=["bob"])
    alice.refusal("chat/user/nobody", "x")
    alice.refusal("chat/user/bob", '{"text":1}')
    assert alice.code("joinGroup", groupID="none") == 10010
    worker = broker.admin("web:1").subscribe("chat/push", "chat/user/admin")
    job = worker.wait(lambda m: m.topic == "chat/push").data
    worker.command("pushDone", jobs=[job["job"]])
    alice.command("watchStatus", userIDs=["bob", "admin", "nobody"])
    bob.connect().subscribe(bob.feed, live)
    alice.event("status", user="bob")
    bob.command("setBackground", background=True)
    administers(worker)
    bob.text("to all")
    bob.command("markRead", to="alice")
    bob.command("ack", id=bob.synced()[-1]["id"])
    alice.send(live, "live")
    bob.text("live")
    alice.send("bob", {"text": "typing", "onlineOnly": True})
    kept = broker.user("bob", "iot:kept", clean=False).subscribe("chat/user/bob/#")
    kept.disconnect()
    broker.raw().connect("x", "x", "wrong")
    alice.command("deleteGroupMember", groupID="g1", members=["bob"])
    alice.command("dismissGroup", groupID="g1")
    broker.reload()
    kept.connect()
    alice.send("bob", "after")
    kept.text("after")
    phone = broker.user("bob", "ios:2")
    bob.event("forceOffline")
    bob.wait_closed()
    phone.disconnect()
    bob.connect()  # displaces it while it is away
    phone.connect()
    phone.event("forceOffline")
    assert len(kept.command("getDevices")["devices"]) == 2
    worker.command("kickUser", userID="alice")
    alice.wait_closed()
    worker.command("deleteUser", userID="bob")
    kept.wait_closed()


def test_a_session_under_valgrind_is_clean(broker_factory):
    broker = broker_factory(start=False)
    report = broker.folder / "valgrind.xml"
    broker.wrapper = [
        "valgrind",
        "--quiet",
        "--leak-check=full",
        "--show-leak-kinds=definite",
        "--keep-debuginfo=yes",
        "--num-callers=30",
        "--xml=yes",
        f"--xml-file={report}",
    ]
    broker.start(timeout=6 * PATIENCE)
    a_session(broker)
    assert broker.stop(timeout=6 * PATIENCE) == 0
    assert faults(report) == []
