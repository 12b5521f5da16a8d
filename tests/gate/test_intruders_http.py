# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What mallory tries over HTTP, who has a valid userSig and knows the names of alice and bob: one table, beside that of MQTT
(tests/broker/test_intruders.py). After each attack alice still talks to bob, the answer has shown nothing of theirs, and the log
is one. (Requests that two could read differently: test_http.py. Floods: test_attacks.py.)"""
import base64
import itertools
import json
import os
import re
import time

import pytest
from gatehouse import make
from harness import usersig
from harness.media import HTML, SVG, png
from harness.settings import SDKAPPID

SECRET, FORGED = "secret", "forged"
NOW = int(time.time())
HOST = "Host: x\r\nConnection: close\r\n"
CHECK = "im_open_login_svc/account_check"
BODY = {"CheckItem": [{"UserID": "alice"}]}
numbers = itertools.count(1)


class Place:
    """A chatgate with files, and what mallory knows. `seen` is all that has been answered to the attack."""

    def __init__(self, house, folder):
        self.house, self.seen = house, b""
        media, web = folder / "media", folder / "web"
        (media / "ab").mkdir(parents=True)
        web.mkdir()
        (folder / "secret.txt").write_text(SECRET)
        (web / "index.html").write_text("<!doctype html>")
        (web / ".key").write_text(SECRET)
        (media / ".uploads").mkdir()
        (media / ".uploads/open.png").write_text(SECRET)
        os.symlink(folder / "secret.txt", media / "ab/link.txt")
        os.symlink(folder, media / "out")
        os.symlink(folder, web / "out")
        house.broker.options["media_dir"] = media
        house.set("files", media_dir=media, web_dir=web).set("http", allow_origin="https://page.example").start()
        self.alice, self.bob = (house.broker.user(name, "ios:1").subscribe(f"chat/user/{name}/#") for name in ("alice", "bob"))
        house.broker.create("mallory", "banned")
        house.broker.admin().command("banUser", userID="banned", seconds=3600)
        self.alice.group("Private", "g1", ["bob"], introduction=SECRET)
        self.mallory = house.client("mallory", "mallory:web:1")
        self.first_line = len(house.process.lines)

    def ask(self, method, path, body=None, headers=()):
        """The status."""
        text = json.dumps(body) if isinstance(body, (dict, list)) else body
        status, got, answer = self.house.ask(method, path, text, headers)
        self.seen += str(got).encode() + answer
        return status

    def check(self):
        text = f"{SECRET} {next(numbers)}"
        for topic in ("bob", "chat/group/g1"):
            self.alice.send(topic, text)
            self.bob.text(text)
        assert SECRET.encode() not in self.seen and b"X-Evil:" not in self.seen and b"root:" not in self.seen
        self.seen = b""
        for user in (self.alice, self.bob):
            assert user.silent(lambda message: FORGED.encode() in message.payload) == []
            user.take_all(lambda message: True)
        for line in self.house.process.lines[self.first_line:]:
            assert line.isprintable() and re.match(r"\S+ \S", line) and FORGED not in line, ascii(line)


def basic(user, sig):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{sig}".encode()).decode()}


# ---- what is done: each gives a status, a code, or "closed"


def ask(method, path, body=None, **headers):
    """As mallory, with a userSig that is right."""
    def act(place):
        return place.ask(method, path, body, {**place.mallory.headers(), **named(headers)})
    return act


def named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def nobody(method, path, body=None, **headers):
    return lambda place: place.ask(method, path, body, named(headers))


def login(user, sig, **headers):
    return lambda place: place.ask("POST", "/v1/login", headers={**basic(user, sig), **named(headers)})


def command(name, /, **fields):
    """The code of the answer."""
    def act(place):
        answer = place.mallory.good("POST", "/v1/command", {"command": name, **fields})
        place.seen += json.dumps(answer).encode()
        return answer["responses"][0].get("code", 0)
    return act


def rest(path, body, **query):
    """The ErrorCode."""
    def act(place):
        found = {key: value(place) if callable(value) else value for key, value in query.items()}
        answer = place.house.rest(path, body, **found)
        place.seen += json.dumps(answer).encode()
        return answer["ErrorCode"]
    return act


def raw(head, body=b""):
    """The status, "closed" without one; there must not be another answer. (libmicrohttpd sends the head of its own refusals
    twice, and closes.)"""
    def act(place):
        sig = "".join(f"{name}: {value}\r\n" for name, value in place.mallory.headers().items())
        got = place.house.raw(head.replace("{me}", sig).encode("latin-1") + body)
        place.seen += got
        found = re.findall(rb"HTTP/1\.[01] (\d+)", got)
        assert len(set(found)) <= 1, "more than one answer"
        return int(found[0]) if found else "closed"
    return act


def store(content, **headers):
    """The Content-Type, and the policy under which a browser gets what was stored."""
    def act(place):
        answer = place.mallory.gate.ask("POST", "/v1/media", content, {**place.mallory.headers(), **named(headers)})
        _, got, _ = place.house.ask("GET", json.loads(answer[2])["url"])
        assert got["Content-Security-Policy"].startswith("sandbox") and got["X-Content-Type-Options"] == "nosniff"
        return got["Content-Type"]
    return act


def page(origin, method="POST"):
    """What a page from there may do: the header, or None."""
    def act(place):
        how = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return place.house.ask(method, "/v1/login", headers=how)[1]["Access-Control-Allow-Origin"]
    return act


FILES = [(f"{path} gives nothing", nobody("GET", path), 404) for path in (
    "/media/", "/media/ab", "/media/ab/link.txt", "/media/out/secret.txt", "/media/.uploads/open.png", "/media/../secret.txt",
    "/media/%2e%2e/secret.txt", "/media/..%2fsecret.txt", "/media/ab/..%2f..%2fsecret.txt", "/media/%252e%252e/secret.txt",
    "/media/ab/....//....//secret.txt", "/media//etc/passwd", "/media/%2fetc/passwd", "/media/ab%5c..%5c..%5csecret.txt",
    "/../secret.txt", "/%2e%2e/secret.txt", "/out/secret.txt", "/.key", "/%2ekey", "/..;/secret.txt",
    "/file:///etc/passwd")] + [
    ("a slash in two bytes is no path", nobody("GET", "/media/..%c0%afsecret.txt"), 400),
    ("a NUL in a path is no path", nobody("GET", "/media/ab/link.txt%00.png"), 400),
    ("a path of 60,000 bytes is refused", raw("GET /media/" + "a" * 60000 + f" HTTP/1.1\r\n{HOST}\r\n"), 414),
    ("a URL of another host is no path here", raw(f"GET http://127.0.0.1/etc/passwd HTTP/1.1\r\n{HOST}\r\n"), 400),
    ("a range that ends before it begins is not read", nobody("GET", "/index.html", Range="bytes=9-1"), 200),
    ("a thousand ranges are one file", nobody("GET", "/index.html", Range="bytes=" + ",".join(["0-1"] * 1000)), 200),
    ("a range beyond all numbers is behind the end", nobody("GET", "/index.html", Range="bytes=99999999999999999999-"), 416),
    ("a file is not written over", ask("PUT", "/index.html", FORGED), 405),
    ("a file is not removed", ask("DELETE", "/index.html"), 405),
    ("a page that says it is a picture runs nowhere", store(HTML, Content_Type="image/png"), "application/octet-stream"),
    ("a drawing with a program runs nowhere", store(SVG, Content_Type="image/svg+xml"), "application/octet-stream"),
    ("a picture that says it is a page is a picture", store(png(), Content_Type="text/html", X_Chat_Name="../../x.html"), "image/png"),
    ("a file of nobody's is not taken", nobody("POST", "/v1/media", b"x"), 401),
]

WHO = [
    ("mallory gets in as mallory", ask("POST", "/v1/login"), 200),
    ("nobody gets in without a userSig", nobody("POST", "/v1/login"), 401),
    ("mallory's userSig is not alice's", login("alice", usersig.mint("mallory")), 401),
    ("a userSig of another key is refused", login("alice", usersig.mint("alice", key="x")), 401),
    ("a userSig of an empty key is refused", login("alice", usersig.mint("alice", key="")), 401),
    ("a userSig of another app is refused", login("alice", usersig.mint("alice", sdkappid=SDKAPPID + 1)), 401),
    ("a userSig that has expired is refused", login("alice", usersig.expired("alice")), 401),
    ("a userSig of next year is refused", login("alice", usersig.mint("alice", created=NOW + 365 * 86400)), 401),
    ("a userSig that inflates to a megabyte is refused", login("alice", usersig.pack(" " * 1_000_000)), 401),
    ("a banned user is refused", login("banned", usersig.mint("banned")), 401),
    ("alice's device is not taken over", ask("POST", "/v1/login", X_Chat_Client="alice:ios:1"), 401),
    ("alice's name is no client id of mallory's", ask("POST", "/v1/login", X_Chat_Client="alice"), 401),
    ("a client id with a wildcard is refused", ask("POST", "/v1/login", X_Chat_Client="mallory:web:#"), 401),
    ("a client id with format marks is refused", ask("POST", "/v1/login", X_Chat_Client="mallory:web:%n%s"), 401),
    ("a name with a line end is refused, and writes no line", login("mallory\n2026 forged", "x"), 401),
    ("a name that clears the screen is refused, and not shown", login("\x1b[2J", "x"), 401),
    ("a name with a NUL is not what stands before it", login("alice\0", usersig.mint("alice")), 401),
    ("a name with SQL is refused", login("' OR 1=1 --", "x"), 401),
    ("Basic without a colon is refused", nobody("POST", "/v1/login", Authorization="Basic bWFsbG9yeQ=="), 401),
    ("Basic that is no base64 is refused", nobody("POST", "/v1/login", Authorization="Basic ****"), 401),
    ("another way to say who is refused", nobody("POST", "/v1/login", Authorization="Digest username=admin"), 401),
    ("a poll of nobody's is refused", nobody("GET", "/v1/poll?wait=0"), 401),
    ("a poll with alice's client id is refused", ask("GET", "/v1/poll?wait=0", X_Chat_Client="alice:ios:1"), 401),
    ("a stream of nobody's is refused", nobody("GET", "/v1/events"), 401),
    ("a stream with mallory's userSig and alice's client id is refused",
     lambda place: place.ask("GET", f"/v1/events?usersig={place.mallory.sig}&client=alice:ios:1"), 401),
    ("a userSig in the query of a command is not looked at",
     lambda place: place.ask("POST", f"/v1/command?usersig={place.mallory.sig}", {"command": "getUnread"}), 401),
    ("somebody else's address in front is not believed", nobody("POST", "/v1/login", X_Forwarded_For="6.6.6.6, 127.0.0.1"), 401),
    ("an address in front that clears the screen is refused", nobody("POST", "/v1/login", X_Forwarded_For="6.6.6.6\x1b[2J"), 400),
    ("a name from a proxy is not believed", nobody("POST", "/v1/login", X_Forwarded_User="admin", X_Remote_User="admin"), 401),
]

CHAT = [
    ("a group one is not in takes nothing", ask("POST", "/v1/group/g1", FORGED), 403),
    ("a group that is not there takes nothing", ask("POST", "/v1/group/none", FORGED), 403),
    ("a group with a wildcard is none", ask("POST", "/v1/group/%23", FORGED), 404),
    ("a user with a plus is none", ask("POST", "/v1/user/%2B", FORGED), 404),
    ("a user with a slash is none", ask("POST", "/v1/user/alice%2Fevent", FORGED), 404),
    ("a user with a line end is none", ask("POST", "/v1/user/alice%0d%0aX-Evil:%201", FORGED), 400),
    ("the server's own name is no receiver", ask("POST", "/v1/user/@system", FORGED), 404),
    ("the sender is not the client's to name", ask("POST", "/v1/user/alice", {"sender": "bob", "text": FORGED}), 400),
    ("the sender is not hidden in escapes", ask("POST", "/v1/user/alice", '{"\\u0073ender":"bob","text":"forged"}'), 400),
    ("an event is no message", ask("POST", "/v1/user/alice", {"event": FORGED}), 400),
    ("a message of 300 KB is refused", ask("POST", "/v1/user/alice", FORGED * 50000), 413),
    ("a hidden group is not joined as a live one", ask("POST", "/v1/live/g1"), 403),
    ("a hidden group is not told about", command("getGroupInfo", groupID="g1"), 10007),
    ("the history of a hidden group stays closed", command("getHistory", group="g1"), 10007),
    ("a sync gives what is one's own", command("sync", after=0), 0),
    ("figures are for administrators", command("getStats"), 60010),
    ("a user cannot act as another", command("setSelfInfo", **{"as": "alice"}, nickname=FORGED), 60010),
    ("a user cannot write as another", command("sendMessage", sender="bob", to="alice", text=FORGED), 60010),
    ("a review is not decided by users", command("reviewed", review=1, action="pass"), 60010),
    ("10,000 commands at once are refused", ask("POST", "/v1/command", {"commands": [{"command": "getUnread"}] * 10000}), 400),
]

REST = [
    ("REST without a userSig is refused", rest(CHECK, BODY, usersig=None), 70002),
    ("REST with a user's userSig is refused", rest(CHECK, BODY, identifier="mallory"), 60010),
    ("REST with a user's userSig and an administrator's name is refused",
     rest(CHECK, BODY, usersig=lambda place: place.mallory.sig), 70013),
    ("REST with no name is refused", rest(CHECK, BODY, identifier=None), 60010),
    ("REST with a name with SQL is refused", rest(CHECK, BODY, identifier="' OR 1=1 --", usersig="x"), 60010),
    ("REST with a name with a line end is refused", rest(CHECK, BODY, identifier="admin\n2026 forged", usersig="x"), 60010),
    ("REST of another app is refused", rest(CHECK, BODY, sdkappid=1), 60006),
    ("REST with a name in another letter case is refused", rest(CHECK, BODY, identifier="Admin", usersig="x"), 60010),
    ("a path of a command that goes up is none", rest("openim/../openim/sendmsg", {}), 60009),
    ("a body with a member twice is refused", rest(CHECK, '{"CheckItem":[],"CheckItem":[]}'), 60003),
    ("REST by GET is refused", nobody("GET", "/v4/openim/sendmsg"), 404),
]

LINES = [
    ("a body with two lengths is refused", raw(f"POST /v1/login HTTP/1.1\r\n{HOST}{{me}}Content-Length: 0\r\nContent-Length: 5\r\n\r\nGET /"), 400),
    ("a body with a length and chunks is refused",
     raw(f"POST /v1/login HTTP/1.1\r\n{HOST}{{me}}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /"), 400),
    ("a length below zero is refused", raw(f"POST /v1/login HTTP/1.1\r\n{HOST}{{me}}Content-Length: -1\r\n\r\n"), 400),
    ("a chunk of no size is refused", raw(f"POST /v1/login HTTP/1.1\r\n{HOST}{{me}}Transfer-Encoding: chunked\r\n\r\nzz\r\n"), 400),
    ("a request without a host is refused", raw("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"), 400),
    ("a host that goes up the tree opens nothing", raw("GET /secret.txt HTTP/1.1\r\nHost: ../..\r\nConnection: close\r\n\r\n"), 404),
    ("a method that is none is refused", raw(f"TRACE /v1/login HTTP/1.1\r\n{HOST}{{me}}\r\n"), 405),
    ("CONNECT goes nowhere", raw("CONNECT 127.0.0.1:1883 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), 400),
    ("a line that ends without CR is refused", raw(f"GET /healthz HTTP/1.1\r\n{HOST}X: a\nY: b\r\n\r\n"), 400),
    ("a NUL in a header is refused", raw(f"GET /healthz HTTP/1.1\r\n{HOST}X: a\0b\r\n\r\n"), 400),
    ("a method in another protocol's first line is refused", raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505),
    ("MQTT is not HTTP", raw("\x10\x0d\x00\x04MQTT\x04\x02\x00<\x00\x01x\r\n\r\n"), "closed"),
    ("health tells of itself alone", nobody("GET", "/healthz"), 200),
    ("figures name no user", nobody("GET", "/metrics"), 200),
    ("a page of a stranger's may not call", page("https://evil.example"), None),
    ("a page whose name begins like the right one may not call", page("https://page.example.evil"), None),
    ("a page whose name ends like the right one may not call", page("https://evilpage.example"), None),
    ("a page without TLS may not call", page("http://page.example"), None),
    ("a page from a file may not call", page("null"), None),
    ("a page of a stranger's may not even ask", page("https://evil.example", "OPTIONS"), None),
]

ATTACKS = FILES + WHO + CHAT + REST + LINES


@pytest.fixture(scope="module")
def place(request, tmp_path_factory):
    made = Place(make(request), tmp_path_factory.mktemp("intruders"))
    yield made
    made.check()


@pytest.mark.parametrize(("attack", "wanted"), [pytest.param(*row[1:], id=row[0]) for row in ATTACKS])
def test_intruder(place, attack, wanted):
    assert attack(place) == wanted
    place.check()


def test_each_attack_has_a_sentence_of_its_own():
    names = [name for name, _, _ in ATTACKS]
    assert len(names) == len(set(names)) and min(len(name.split()) for name in names) >= 3
