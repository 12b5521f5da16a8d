# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What mallory tries, who has a valid userSig and knows ids and names of alice and bob: one table. After each attack alice still
talks to bob; mallory has seen nothing of it, they have seen nothing forged, what they own is as it was, and the log is one.
(HTTP: tests/gate/test_intruders_http.py. Each of these kinds has tests of its own beside this one, with more about it.)"""
import json
import time

import pytest

from harness import usersig
from harness.broker import Broker
from harness.intruders import (CLOSED, EVENT, FORGED, GRANTED, MESSAGE, REFUSED, TAKEN, Known, Town, command, connect,
                               die_with_will, go_on_after, publish, request, send, signature, store, subscribe)
from harness.media import HTML, SVG, png
from harness.packets import (CORRELATION_DATA, EXPIRY, PUBREL, RESPONSE_TOPIC, TOPIC_ALIAS, USER_PROPERTY, ack, packet)
from harness.packets import publish as publish_packet
from harness.packets import subscribe as subscribe_packet
from harness.settings import KEY, MOSQUITTO, SDKAPPID

DEEP = 10000
NOW = int(time.time())
RESPONSES = "$CONTROL/chat/v1/response"
OF_ALICE = Known("upload_id")


def commands(*given):
    return json.dumps({"commands": list(given)})


def altered(change, user="mallory"):
    """A userSig whose members somebody changed after it was signed."""
    members = usersig.fields(user)
    change(members)
    return usersig.pack(json.dumps(members))


def spelled(old, new):
    """A userSig in whose JSON text something stands in another way."""
    return usersig.pack(json.dumps(usersig.fields("mallory")).replace(old, new, 1))


def twice(member, value):
    return usersig.pack(json.dumps(usersig.fields("mallory"))[:-1] + f', "{member}": {json.dumps(value)}}}')


# ---- what mallory subscribes to. GRANTED: the broker's own rules take the filter, and it shows nothing of alice's and bob's

READING = [
    ("alice's inbox is not shown to mallory", subscribe("chat/user/alice"), REFUSED),
    ("alice's feed is not shown to mallory", subscribe("chat/user/alice/#"), REFUSED),
    ("alice's events are not shown to mallory", subscribe("chat/user/alice/event"), REFUSED),
    ("alice's copy of a group is not shown to mallory", subscribe("chat/user/alice/group/g1"), REFUSED),
    ("a group is not shown to who is not in it", subscribe("chat/group/g1"), REFUSED),
    ("a group is not shown to who has left it", subscribe("chat/group/left"), REFUSED),
    ("a group is not shown to who was thrown out", subscribe("chat/group/thrown"), REFUSED),
    ("a group that has ended is shown to nobody", subscribe("chat/group/ended"), REFUSED),
    ("a live group is not shown to who is banned from it", subscribe("chat/group/live"), REFUSED),
    ("a filter for everybody's inbox is refused", subscribe("chat/user/+"), REFUSED),
    ("a filter for all groups is refused", subscribe("chat/group/+"), REFUSED),
    ("a filter for all of the chat is refused", subscribe("chat/#"), REFUSED),
    ("a filter with a plus for user is refused", subscribe("chat/+/alice"), REFUSED),
    ("a filter for all uploads is refused", subscribe("chat/upload/#"), REFUSED),
    ("push jobs are not shown to users", subscribe("chat/push"), REFUSED),
    ("what happens is not shown to users", subscribe("chat/feed"), REFUSED),
    ("reviews are not shown to users", subscribe("chat/review"), REFUSED),
    ("counters are not shown to users", subscribe("$SYS/broker/chat/#"), REFUSED),
    ("commands of others are not shown", subscribe("$CONTROL/chat/v1"), REFUSED),
    ("answers to others are not shown, though one may subscribe to answers", subscribe(RESPONSES), GRANTED),
    ("all control topics of the chat are refused", subscribe("$CONTROL/chat/#"), REFUSED),
    ("everything is granted and shows nothing", subscribe("#"), GRANTED),
    ("three levels of anything are granted and show nothing", subscribe("+/+/+"), GRANTED),
    ("a plus for chat is granted and shows nothing", subscribe("+/user/bob"), GRANTED),
    ("a plus for chat with a hash is granted and shows nothing", subscribe("+/user/bob/#"), GRANTED),
    ("a plus for chat and a group is granted and shows nothing", subscribe("+/group/g1"), GRANTED),
    ("a shared everything is granted and shows nothing", subscribe("$share/x/#"), GRANTED),
    ("a shared plus for chat is granted and shows nothing", subscribe("$share/x/+/user/bob"), GRANTED),
    ("a shared inbox of alice's is refused", subscribe("$share/x/chat/user/alice"), REFUSED),
    ("a shared feed of alice's is refused", subscribe("$share/x/chat/user/alice/#"), REFUSED),
    ("a shared inbox of one's own is refused", subscribe("$share/x/chat/user/mallory"), REFUSED),
    ("a shared group is refused", subscribe("$share/x/chat/group/g1"), REFUSED),
    ("a shared group of one's own is refused", subscribe("$share/x/chat/group/club"), REFUSED),
    ("shared push jobs are refused", subscribe("$share/x/chat/push"), REFUSED),
    ("shared happenings are refused", subscribe("$share/x/chat/feed"), REFUSED),
    ("shared answers are refused", subscribe(f"$share/x/{RESPONSES}"), REFUSED),
    ("a share of a share is nothing of the chat's", subscribe("$share/x/$share/y/chat/user/bob"), GRANTED),
    ("capital letters name another topic", subscribe("Chat/user/alice", "CHAT/USER/ALICE"), GRANTED),
    ("capital letters name another user", subscribe("chat/user/Alice"), REFUSED),
    ("capital letters name another place", subscribe("chat/User/alice"), REFUSED),
    ("a slash before it names another topic", subscribe("/chat/user/alice", "//chat/user/alice"), GRANTED),
    ("a slash behind an inbox names nothing", subscribe("chat/user/alice/"), REFUSED),
    ("empty levels name nothing", subscribe("chat//user//alice"), REFUSED),
    ("a dot is no way up", subscribe("chat/user/mallory/../alice"), REFUSED),
    ("a percent sign is no slash", subscribe("chat/user%2falice"), REFUSED),
    ("a Cyrillic letter names another user", subscribe("chat/user/\u0430lice"), REFUSED),
    ("a Cyrillic letter names another topic", subscribe("\u0441hat/user/alice"), GRANTED),
    ("a blank that is not seen names another user", subscribe("chat/user/alice\u200b"), REFUSED),
    ("a filter among twenty own ones is refused", subscribe(*["chat/user/mallory"] * 20, "chat/user/alice"), REFUSED),
    ("a NUL in a filter ends the connection", subscribe(b"chat/user/alice\0"), CLOSED),
    ("a filter that is no UTF-8 ends the connection", subscribe(b"chat/user/\xff"), CLOSED),
    ("a slash in two bytes ends the connection", subscribe(b"chat\xc0\xafuser/alice"), CLOSED),
    ("half a surrogate ends the connection", subscribe(b"chat/user/\xed\xa0\x80"), CLOSED),
    ("a filter of 65,535 bytes that begins right is refused", subscribe("chat/user/" + "a" * 65525), REFUSED),
    ("a filter of 65,535 slashes ends the connection", subscribe("/" * 65535), CLOSED),
    ("a hash in the middle ends the connection", subscribe("chat/#/alice"), CLOSED),
    ("an empty filter ends the connection", subscribe(""), CLOSED),
    ("QoS 3 of a subscription ends the connection", subscribe("chat/user/mallory", qos=3), CLOSED),
    ("no retained message, no local and a subscription's number open nothing",
     subscribe("chat/user/alice", qos=0x2D, props={0x0B: 7}), REFUSED),
    ("subscription number 0 ends the connection", subscribe("chat/user/mallory", props={0x0B: 0}), CLOSED),
]

# ---- what mallory publishes

WRITING = [
    ("an event is not published by users", publish("chat/user/alice/event", EVENT), 10007),
    ("an event of one's own is not published by users", publish("chat/user/mallory/event", EVENT), 10007),
    ("a feed's copy of a group is not published by users", publish("chat/user/alice/group/g1"), 10007),
    ("nothing is written into a group one is not in", publish("chat/group/g1"), 10007),
    ("nothing is written into a group one has left", publish("chat/group/left"), 10007),
    ("nothing is written into a group one was thrown out of", publish("chat/group/thrown"), 10007),
    ("nothing is written into a group that has ended", publish("chat/group/ended"), 10010),
    ("nothing is written into a live group that one has not joined", publish("chat/group/live"), 10007),
    ("everybody in a group is not called by a plain member", publish("chat/group/club", '{"text":"forged","at":"@all"}'), 10007),
    ("everybody is not called in a private message", publish("chat/user/alice", '{"text":"forged","at":"@all"}'), 10007),
    ("push jobs are not published by users", publish("chat/push"), 10007),
    ("what happens is not published by users", publish("chat/feed"), 10007),
    ("reviews are not published by users", publish("chat/review"), 10007),
    ("answers are not published by users", publish(RESPONSES, commands()), 10007),
    ("answers are not published by administrators", publish(RESPONSES, MESSAGE, user="admin"), 10007),
    ("an inbox with a slash behind it takes nothing", publish("chat/user/alice/"), 10007),
    ("an inbox with empty levels takes nothing", publish("chat//user/alice"), 10007),
    ("a place with a capital letter takes nothing", publish("chat/User/alice"), 10007),
    ("a user with a capital letter is not there", publish("chat/user/Alice"), 20003),
    ("a user with a Cyrillic letter is not there", publish("chat/user/\u0430lice"), 10007),
    ("nobody writes to the server's own name", publish("chat/user/@system"), 10007),
    ("a publish with a hash ends the connection", publish("chat/user/#"), CLOSED),
    ("a publish with a plus ends the connection", publish("chat/+/alice"), CLOSED),
    ("a publish with a NUL ends the connection", publish(b"chat/user/alice\0"), CLOSED),
    ("a publish with no UTF-8 in the topic ends the connection", publish(b"chat/user/\xff\xfe"), CLOSED),
    ("a topic of 65,535 bytes takes nothing", publish("chat/user/" + "a" * 65525), 10007),
    ("a topic of 65,535 slashes ends the connection", publish("/" * 65535), CLOSED),
    ("an empty topic ends the connection", publish(""), CLOSED),
    ("the sender is not the client's to name", publish("chat/user/alice", '{"sender":"bob","text":"forged"}'), 90010),
    ("the sender is not hidden in escapes", publish("chat/user/alice", '{"\\u0073ender":"bob","text":"forged"}'), 90010),
    ("the sender is not hidden behind a byte order mark", publish("chat/user/alice", '\ufeff{"sender":"bob","text":"forged"}'), 90010),
    ("the sender is not hidden behind blanks", publish("chat/user/alice", ' \r\n\t{"sender":"bob","text":"forged"}'), 90010),
    ("the id is the server's", publish("chat/user/alice", '{"id":1,"text":"forged"}'), 90010),
    ("the time is the server's", publish("chat/user/alice", '{"time":1,"text":"forged"}'), 90010),
    ("a tip is the server's", publish("chat/group/club", '{"tips":{"type":"joined"},"text":"forged"}'), 90010),
    ("a notice is the server's", publish("chat/user/alice", '{"notice":{"type":"custom"},"text":"forged"}'), 90010),
    ("a recall is the server's", publish("chat/user/alice", '{"recall":1,"text":"forged"}'), 90010),
    ("an edit is the server's", publish("chat/user/alice", '{"edit":1,"text":"forged"}'), 90010),
    ("a purge is the server's", publish("chat/group/club", '{"purge":"bob","text":"forged"}'), 90010),
    ("a member twice is refused", publish("chat/user/alice", '{"text":"hi","text":"forged"}'), 90002),
    ("two contents are refused", publish("chat/user/alice", '{"text":"forged","custom":{"data":"x"}}'), 90002),
    ("an event in an inbox is no message", publish("chat/user/alice", EVENT), 90002),
    ("JSON behind JSON is refused", publish("chat/user/alice", MESSAGE + MESSAGE), 90002),
    ("JSON that is 10,000 deep is refused", publish("chat/user/alice", '{"text":"forged","x":' + "[" * 4000 + "]" * 4000 + "}"), 90002),
    ("a text that is no UTF-8 is refused", publish("chat/user/alice", b"forged \xff"), 90002),
    ("a text with a NUL is refused", publish("chat/user/alice", b"forged\0"), 90002),
    ("an empty message is refused", publish("chat/user/alice", b"", retain=True), 90002),
    ("a number that is none is refused", publish("chat/user/alice", '{"text":"forged","random":1e999}'), 90002),
    ("a message of 300 KB is refused", publish("chat/user/alice", FORGED * 50000), 93000),
    ("a retained event is refused", publish("chat/user/alice/event", EVENT, retain=True), 10007),
    ("QoS 0 is refused like others", publish("chat/user/alice/event", EVENT, qos=0), 10007),
    ("QoS 2 is refused like others", publish("chat/user/alice/event", EVENT, qos=2), 10007),
    ("QoS 3 ends the connection", publish("chat/user/alice", MESSAGE, qos=3), CLOSED),
    ("the second half of QoS 2 brings nothing without the first", send(ack(PUBREL, 77)), TAKEN),
    ("the second half of QoS 2 brings nothing that was refused",
     send(publish_packet(5, "chat/user/alice/event", EVENT, 2, 77), ack(PUBREL, 77)), 10007),
    ("an alias of a topic that is refused stays refused",
     send(publish_packet(5, "chat/user/alice/event", EVENT, props={TOPIC_ALIAS: 1}),
          publish_packet(5, "", EVENT, props={TOPIC_ALIAS: 1})), 10007),
    ("an alias that is moved from an own topic to another's is refused",
     send(publish_packet(5, "sensors/1", "x", props={TOPIC_ALIAS: 1}),
          publish_packet(5, "chat/group/g1", MESSAGE, props={TOPIC_ALIAS: 1})), 10007),
    ("an alias that nobody set ends the connection", send(publish_packet(5, "", MESSAGE, props={TOPIC_ALIAS: 9})), CLOSED),
    ("alias 0 ends the connection", send(publish_packet(5, "chat/user/alice", MESSAGE, props={TOPIC_ALIAS: 0})), CLOSED),
    ("alias 65,535 ends the connection", send(publish_packet(5, "chat/user/alice", MESSAGE, props={TOPIC_ALIAS: 65535})), CLOSED),
    ("a response topic opens no event", publish("chat/user/alice/event", EVENT, props={RESPONSE_TOPIC: "chat/user/alice"}), 10007),
    ("user properties and an expiry open no group", publish("chat/group/g1", props={USER_PROPERTY: ("sender", "admin"), EXPIRY: 1}), 10007),
    ("two packets in one piece are two", send(publish_packet(5, "sensors/1", "x"), publish_packet(5, "chat/group/g1", MESSAGE)), 10007),
    ("a second CONNECT ends the connection", send(packet(1, 0, b"\0\4MQTT\5\2\0\0\0\0\5alice")), CLOSED),
    ("a packet of a kind that is none ends the connection", send(b"\x00\x00"), CLOSED),
    ("a length of five bytes ends the connection", send(b"\x30\xff\xff\xff\xff\x7f"), CLOSED),
    ("a SUBSCRIBE without a filter ends the connection", send(subscribe_packet(5, 1, [])), CLOSED),
]

# ---- wills

WILLS = [
    (f"a will on {what} is never published", die_with_will(topic, **how), TAKEN) for what, topic, how in [
        ("alice's inbox", "chat/user/alice", {}),
        ("one's own inbox", "chat/user/mallory", {}),
        ("alice's events", "chat/user/alice/event", {"payload": EVENT}),
        ("alice's copy of a group", "chat/user/alice/group/g1", {}),
        ("a group", "chat/group/g1", {}),
        ("a group of one's own", "chat/group/club", {}),
        ("what happens", "chat/feed", {}),
        ("push jobs", "chat/push", {}),
        ("alice's inbox, retained", "chat/user/alice", {"retain": True}),
        ("alice's inbox, a second later", "chat/user/alice", {"delay": 1}),
    ]
]

# ---- who mallory says to be

NAMES = [
    ("mallory gets in as mallory", connect("mallory:web:1"), GRANTED),
    ("alice's name is no client id of mallory's", connect("alice"), REFUSED),
    ("alice's device is not taken over", connect("alice:ios:1"), REFUSED),
    ("alice's device is not taken over with a kept session", connect("alice:ios:1", clean=False), REFUSED),
    ("a device that alice does not have is alice's all the same", connect("alice:web:new"), REFUSED),
    ("a client id with a hash is refused", connect("mallory:web:#"), REFUSED),
    ("a client id with a plus is refused", connect("mallory:web:+"), REFUSED),
    ("a client id with a slash is refused", connect("mallory:web:a/b"), REFUSED),
    ("a client id with a line end is refused, and writes no line", connect("mallory:web:\n1: forged"), REFUSED),
    ("a client id that clears the screen is refused, and not shown", connect("mallory:web:\x1b[2J"), REFUSED),
    ("a client id with a fourth part is refused", connect("mallory:web:1:2"), REFUSED),
    ("a client id of 60,000 bytes is refused", connect("mallory:web:" + "x" * 60000), REFUSED),
    ("a client id with a percent sign is refused", connect("mallory:web:%n%s%s%s"), REFUSED),
    ("an empty client id is given one", connect(""), GRANTED),
    ("a client id with a NUL is refused", connect(b"alice:ios:1\0"), REFUSED),
    ("alice's name with mallory's userSig is refused", connect("alice:web:2", "alice", usersig.mint("mallory")), REFUSED),
    ("an administrator's name with mallory's userSig is refused", connect("admin:web:2", "admin", usersig.mint("mallory")), REFUSED),
    ("alice's userSig with mallory's name is refused", connect("mallory:web:2", sig=Known("sig_of_alice")), REFUSED),
    ("the server's own name is nobody's", connect("@system", "@system"), REFUSED),
    ("a user name with a line end is refused, and writes no line", connect("x", "mal\n1: forged", b"x"), REFUSED),
    ("a user name that clears the screen is refused, and not shown", connect("x", "\x1b[2J\x07", b"x"), REFUSED),
    ("a user name with format marks is refused", connect("x", "%n%n%s%s", b"x"), REFUSED),
    ("a user name with SQL is refused", connect("x", "'; DROP TABLE user; --", b"x"), REFUSED),
    ("a user name with a path is refused", connect("x", "../../etc/passwd", b"x"), REFUSED),
    ("nobody gets in without a name", connect("x", None, b""), REFUSED),
    ("nobody gets in without a userSig", connect("mallory", "mallory", b""), REFUSED),
    ("enhanced authentication lets nobody in", connect("mallory", props={0x15: "SCRAM-SHA-1"}), REFUSED),
    ("who was kicked does not come back with the old userSig", connect("kicked", "kicked", Known("sig_of_kicked")), REFUSED),
    ("who was banned does not come back", connect("banned", "banned", Known("sig_of_banned")), REFUSED),
    ("who was banned does not come back with a new userSig", connect("banned", "banned"), REFUSED),
    ("who was deleted does not come back with the old userSig", connect("deleted", "deleted", Known("sig_of_deleted")), REFUSED),
    ("who is kicked writes nothing more", go_on_after("kickUser"), 10007),
    ("who is banned writes nothing more", go_on_after("banUser", seconds=60), 10007),
    ("who is deleted writes nothing more", go_on_after("deleteUser"), 10007),
    ("an old userSig of who was kicked renews nobody", command("renewUserSig", userSig=Known("sig_of_kicked")), 70013),
]

# ---- userSigs that were tampered with: no login, and this code for a renewal

SIGNATURES = [(f"a userSig {what} is refused", signature(make), code) for what, make, code in [
    ("of another key", usersig.mint("mallory", key="0" * 64), 70009),
    ("of an empty key", usersig.mint("mallory", key=""), 70009),
    ("of the key's bytes instead of its text", lambda: usersig.mint("mallory", key=bytes.fromhex(KEY).decode("latin-1")), 70009),
    ("of the key in capital letters", usersig.mint("mallory", key=KEY.upper()), 70009),
    ("of another app", usersig.mint("mallory", sdkappid=SDKAPPID + 1), 70014),
    ("of another app, renamed", altered(lambda m: m.update(usersig.fields("mallory", sdkappid=1), **{"TLS.sdkappid": SDKAPPID})), 70009),
    ("of another user", usersig.mint("bob"), 70013),
    ("of another user, renamed", altered(lambda m: m.update({"TLS.identifier": "mallory"}), "bob"), 70009),
    ("of a user with another letter case", usersig.mint("Mallory"), 70013),
    ("of a user with a line end", usersig.mint("mallory\n"), 70003),
    ("whose lines are another's", usersig.mint("mallory\nTLS.sdkappid:1400000000"), 70003),
    ("that has expired", usersig.expired("mallory"), 70001),
    ("that has expired, with a longer life written in", altered(lambda m: m.update({"TLS.expire": 2**40})), 70009),
    ("that is made later, by its own words", altered(lambda m: m.update({"TLS.time": NOW + 100})), 70009),
    ("of next year", usersig.mint("mallory", created=NOW + 365 * 86400), 70003),
    ("of before 1970", usersig.mint("mallory", created=-1), 70003),
    ("that lives for ever", usersig.mint("mallory", expire=2**63), 70003),
    ("whose sum of times overflows", usersig.mint("mallory", created=NOW, expire=2**64 - NOW), 70003),
    ("with numbers as texts", altered(lambda m: m.update({"TLS.time": str(m["TLS.time"])})), 70003),
    ("with a number in quotes for the app", altered(lambda m: m.update({"TLS.sdkappid": str(SDKAPPID)})), 70003),
    ("with a broken number", spelled('"TLS.expire": 86400', '"TLS.expire": 86400.5'), 70003),
    ("with a list for the user", altered(lambda m: m.update({"TLS.identifier": ["mallory"]})), 70003),
    ("without a signature", altered(lambda m: m.pop("TLS.sig")), 70003),
    ("with an empty signature", altered(lambda m: m.update({"TLS.sig": ""})), 70009),
    ("with null for a signature", altered(lambda m: m.update({"TLS.sig": None})), 70003),
    ("with true for a signature", altered(lambda m: m.update({"TLS.sig": True})), 70003),
    ("with a signature in capital letters", altered(lambda m: m.update({"TLS.sig": m["TLS.sig"].upper()})), 70009),
    ("with half a signature", altered(lambda m: m.update({"TLS.sig": m["TLS.sig"][:20]})), 70009),
    ("with a longer signature", altered(lambda m: m.update({"TLS.sig": m["TLS.sig"] + "A"})), 70009),
    ("with a line end in the signature", altered(lambda m: m.update({"TLS.sig": m["TLS.sig"] + "\n"})), 70009),
    ("with the name twice", twice("TLS.identifier", "admin"), 70003),
    ("with the signature twice", twice("TLS.sig", "x"), 70003),
    ("with a user buffer that was put in", altered(lambda m: m.update({"TLS.userbuf": "eA=="})), 70009),
    ("that is cut short", usersig.mint("mallory")[:-8], 70003),
    ("with something behind it", usersig.mint("mallory") + "AAAA", 70003),
    ("with a line end in it", usersig.mint("mallory")[:40] + "\n" + usersig.mint("mallory")[40:], 70003),
    ("in plain base64", usersig.mint("mallory", level=0).translate(str.maketrans("*-_", "+/=")), 70003),
    ("with padding in the middle", usersig.mint("mallory")[:40] + "__" + usersig.mint("mallory")[42:], 70003),
    ("with a second JSON object behind it", usersig.pack(json.dumps(usersig.fields("mallory")) + "{}"), 70003),
    ("that inflates to 30 MB", usersig.pack(" " * 30_000_000), 70003),
    ("that is 10,000 deep", usersig.pack("[" * DEEP), 70003),
    ("that says it needs no key", usersig.pack('{"alg":"none","TLS.ver":"2.0","TLS.identifier":"mallory"}'), 70003),
]]

# ---- commands

FOR_ADMINS = [(f"{name} is for administrators", command(name, **fields), 60010) for name, fields in {
    "importUsers": {"userIDs": ["x1"]}, "deleteUser": {"userID": "alice"}, "kickUser": {"userID": "alice"},
    "sendMessage": {"sender": "bob", "to": "alice", "text": FORGED}, "broadcast": {"text": FORGED},
    "importMessages": {"messages": [{"sender": "bob", "to": "alice", "time": 1, "text": FORGED}]},
    "sendNotice": {"userIDs": ["alice"], "text": FORGED}, "broadcastLive": {"text": FORGED},
    "muteUser": {"userID": "alice", "c2cSeconds": 60}, "banUser": {"userID": "alice", "seconds": 60},
    "getUser": {"userID": "alice"}, "getUsers": {}, "getGroups": {}, "exportUser": {"userID": "alice"}, "getStats": {},
    "startBackup": {"name": "x.db"}, "getBackup": {}, "reviewed": {"review": 1, "action": "pass"}, "getPushJobs": {},
    "retryPushJobs": {"all": True}, "dropPushJobs": {"all": True}, "pushDone": {"jobs": [1]}, "pushFailed": {"job": 1},
}.items()]

ON_GROUPS = [(f"{name} does nothing {where}", command(name, groupID=group, **fields), 10007)
             for where, group in [("in a group one is not in", "g1"), ("to a plain member", "club")]
             for name, fields in {
    "dismissGroup": {}, "setGroupInfo": {"introduction": FORGED}, "setGroupMemberRole": {"userID": "bob", "role": "admin"},
    "transferGroupOwner": {"userID": "mallory"}, "muteGroupMember": {"userID": "bob", "seconds": 60},
    "deleteGroupMember": {"members": ["bob"]}, "banGroupMember": {"userID": "bob", "seconds": 60},
    "handleGroupApplication": {"userID": "carol", "accept": True}, "getGroupBans": {}, "getGroupApplications": {},
    "setGroupMemberInfo": {"userID": "bob", "nameCard": FORGED}, "setGroupAttributes": {"set": {"seat": FORGED}},
}.items()]

COMMANDS = [
    ("a hidden group is not told about", command("getGroupInfo", groupID="g1"), 10007),
    ("the members of a hidden group are not told", command("getGroupMembers", groupID="g1"), 10007),
    ("the attributes of a hidden group are not told", command("getGroupAttributes", groupID="g1"), 10007),
    ("nobody joins a hidden group", command("joinGroup", groupID="g1"), 10007),
    ("nobody brings others into a hidden group", command("inviteGroupMember", groupID="g1", members=["mallory"]), 10007),
    ("who is banned does not join a live group", command("joinGroup", groupID="live"), 10007),
    ("the history of a group one is not in stays closed", command("getHistory", group="g1"), 10007),
    ("the history of a group one has left stays closed", command("getHistory", group="left"), 10007),
    ("the history of a group one was thrown out of stays closed", command("getHistory", group="thrown"), 10007),
    ("the history of a group that has ended stays closed", command("getHistory", group="ended"), 10010),
    ("what was written before one joined stays closed", command("getHistory", group="late"), 0),
    ("what was written before one joined is not replayed", subscribe("chat/group/late"), GRANTED),
    ("what was recalled is not in the history", command("getHistory", group="club", limit=100), 0),
    ("the history of alice and bob is not one of mallory's", command("getHistory", to="bob", before=2**53 - 1), 0),
    ("a sync gives what is one's own", command("sync", after=0, limit=500), 0),
    ("a list of conversations gives one's own", command("getConversations"), 0),
    ("a group one is not in is not marked as read", command("markRead", group="g1"), 10007),
    ("a message of alice's and bob's is not recalled", command("recallMessage", id=Known("private_id")), 20022),
    ("a message of a group one is not in is not recalled", command("recallMessage", id=Known("group_id")), 20022),
    ("a message of alice's in a group of both is not recalled", command("recallMessage", id=Known("club_id")), 10007),
    ("a message of alice's and bob's is not edited", command("editMessage", id=Known("private_id"), text=FORGED), 20022),
    ("a message of alice's in a group of both is not edited", command("editMessage", id=Known("club_id"), text=FORGED), 10007),
    ("a recalled message does not come back by an edit", command("editMessage", id=Known("recalled_id"), text=FORGED), 10007),
    ("a message of alice's and bob's is not deleted", command("deleteMessages", ids=[Known("private_id")]), 20022),
    ("messages of a group are not purged by a plain member", command("purgeMessages", group="club", userID="alice"), 10007),
    ("who has read a message of a group one is not in is not told", command("getMessageReaders", group="g1", id=Known("group_id")), 10007),
    ("who has read alice's message is told to alice", command("getMessageReaders", group="club", id=Known("club_id")), 10007),
    ("how many have read alice's message is told to alice", command("getReadReceipts", group="club", ids=[Known("club_id")]), 10007),
    ("a user cannot act as another", command("setSelfInfo", **{"as": "alice"}, nickname=FORGED), 60010),
    ("a user cannot act as an administrator", command("getStats", **{"as": "admin"}), 60010),
    ("alice's device is not sent away", command("kickDevice", clientID="alice:ios:1"), 10004),
    ("a group does not get an owner by its maker's word", command("createGroup", groupType="Public", owner="alice"), 60010),
    ("a member who was never there is not written back to 1970",
     command("createGroup", groupType="Public", members=[{"userID": "bob", "joinTime": 1}]), 60010),
    ("a group's name is not taken away", command("createGroup", groupType="Public", groupID="g1"), 10021),
    ("a group is not named like a topic", command("createGroup", groupType="Public", groupID="g1/#"), 10015),
    ("a group is not named like a path", command("createGroup", groupType="Public", groupID="../chat"), 10015),
    ("a group is not named with a line end", command("createGroup", groupType="Public", groupID="a\n1: forged"), 10015),
    ("a group with SQL for a name is not there", command("getGroupInfo", groupID="' OR 1=1 --"), 10015),
    ("a user with SQL for a name is not there", command("getUsersInfo", userIDs=["' OR 1=1 --"]), 0),
    ("SQL in a nickname is a nickname", command("setSelfInfo", nickname="'; DELETE FROM message; --"), 0),
    ("SQL in a signature is text", command("setSelfInfo", selfSignature="\"); DROP TABLE user; --"), 0),
    ("format marks in a nickname are text", command("setSelfInfo", nickname="%n%n%s%p"), 0),
    ("SQL in a reason to join is text", command("joinGroup", groupID="club", message="'||(SELECT key)||'"), 10013),
    ("a page with a negative limit is refused", command("getHistory", group="club", limit=-1), 10004),
    ("a page without an end is refused", command("sync", after=0, limit=10**9), 10004),
    ("a negative place is refused", command("sync", after=-1), 10004),
    ("a place beyond all numbers is refused", command("sync", after=2**64), 10004),
    ("half a place is refused", command("sync", after=0.5), 10004),
    ("a place in quotes is refused", command("sync", after="0"), 10004),
    ("a place of 1e308 is refused", request(b'{"commands":[{"command":"sync","after":1e308}]}'), 10004),
    ("a number that is infinite is refused", request(b'{"commands":[{"command":"sync","after":1e999}]}'), 10004),
    ("a name with a NUL in it is not what stands before it", command("getGroupInfo", groupID="club\0x"), 10015),
    ("a command with a NUL in it is not what stands before it", command("getUnread\0"), 10026),
    ("a command with capital letters is none", command("GETUNREAD"), 10026),
    ("a list for a name is refused", command("getGroupInfo", groupID=["club"]), 10004),
    ("10,000 commands at once are refused", request(commands(*[{"command": "getUnread"}] * DEEP)), 10004),
    ("no command at all is refused", request(commands()), 10004),
    ("commands that are 10,000 deep are refused", request('{"commands":' + "[" * DEEP + "]" * DEEP + "}"), 10004),
    ("a field that is 10,000 deep is refused", request('{"commands":[{"command":"getUnread","x":' + '{"a":' * DEEP + "1" + "}" * DEEP + "}]}"), 10004),
    ("a field twice is refused", request('{"commands":[{"command":"getHistory","group":"club","group":"g1"}]}'), 10004),
    ("commands twice are refused", request('{"commands":[],"commands":[{"command":"getUnread"}]}'), 10004),
    ("commands that are no UTF-8 are refused", request(b'{"commands":[{"command":"\xff"}]}'), 10004),
    ("half an object is refused", request('{"commands":[{"command":"getUnread"}'), 10004),
    ("an empty request is refused", request(b""), 10004),
    ("an answer does not go where alice reads", request(commands({"command": "getUnread"}), props={
        RESPONSE_TOPIC: "chat/user/alice/event", CORRELATION_DATA: FORGED}), 0),
    ("a retained request leaves nothing", request(commands({"command": "getUnread"}), retain=True), 0),
    ("a name that begins like an administrator's is a user's", command("getStats", user="admin2"), 60010),
    ("a backup is not written by a path", command("startBackup", user="admin", name="../x.db"), 10004),
    ("a backup is not written over the database", command("startBackup", user="admin", name="/etc/x.db"), 10004),
    ("a backup is not hidden", command("startBackup", user="admin", name=".x"), 10004),
    ("a backup's name has no line end", command("startBackup", user="admin", name="x\n1: forged"), 10004),
]

# ---- files

FILES = [
    ("a chunk of alice's upload is not written", publish("chat/upload/{upload_id}/0", "x" * 100), 10007),
    ("alice's upload is not finished", command("finishUpload", uploadID=OF_ALICE), 10007),
    ("alice's upload is not ended", command("abortUpload", uploadID=OF_ALICE), 10007),
    ("a chunk of no upload is refused", publish("chat/upload/" + "0" * 32 + "/0", "x"), 10004),
    ("a chunk that goes up the tree is refused", publish("chat/upload/../../x/0", "x"), 10007),
    ("a chunk with a name for a number is refused", publish("chat/upload/{upload_id}/x", "x"), 10007),
    ("a chunk with a number below zero is refused", publish("chat/upload/{upload_id}/-1", "x"), 10007),
    ("a chunk with a number beyond all is refused", publish("chat/upload/{upload_id}/99999999999999999999", "x"), 10007),
    ("an upload by a path is not finished", command("finishUpload", uploadID="../../chat.db"), 10004),
    ("an upload of more than there is room for is refused", command("createUpload", name="x", contentType="x/y", size=2**53 - 1), 93000),
    ("an upload of less than nothing is refused", command("createUpload", name="x", contentType="x/y", size=-1), 10004),
    ("a page that says it is a picture is stored as bytes", store(HTML, name="a.png", contentType="image/png"), "bin"),
    ("a page behind a picture's name with a path is stored as bytes", store(HTML, name="../../x.html"), "bin"),
    ("a picture that is a program is stored as bytes", store(SVG, name="a.svg", contentType="image/svg+xml"), "bin"),
    ("a picture that says it is a page is stored as a picture", store(png(), name="a.html", contentType="text/html"), "png"),
    ("a picture that says it is four billion wide is a picture", store(png().replace(b"\0\0\0\3\0\0\0\2", b"\xff" * 8)), "png"),
    ("a file's name writes no line", store(b"\1\2\xff", name="\n1: forged\x1b[2J", contentType="%n\r\nX: y"), "bin"),
]

ATTACKS = READING + WRITING + WILLS + NAMES + SIGNATURES + FOR_ADMINS + ON_GROUPS + COMMANDS + FILES


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    broker = Broker({"other_topics": "allow"}, mosquitto=MOSQUITTO)
    for option in ("media", "backup"):
        folder = broker.folder / {"media": "media", "backup": "backups"}[option]
        folder.mkdir()
        broker.options[f"{option}_dir"] = folder
    broker.start()
    made = Town(broker)
    try:
        yield made
        made.check()
        assert broker.stop() == 0
        assert [body for body in made.stored() if FORGED in body] == []
    finally:
        broker.close()


@pytest.mark.parametrize(("attack", "wanted"), [pytest.param(*row[1:], id=row[0]) for row in ATTACKS])
def test_intruder(town, attack, wanted):
    assert attack(town) == wanted
    town.check()


def test_each_attack_has_a_sentence_of_its_own():
    names = [name for name, _, _ in ATTACKS]
    assert len(names) == len(set(names)) and min(len(name.split()) for name in names) >= 4
