# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who wants to do harm gets a clear 4xx, or is hung up on, and everybody else is served."""
import base64
import contextlib
import json
import resource
import socket
import struct
import threading
import time

import pytest
from gatehouse import make
from harness.settings import PATIENCE

DEEP = 10000


@pytest.fixture(scope="module", autouse=True)
def open_files():
    """Enough for a thousand connections, here and in what is started."""
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(least, 8192), most), most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))


@pytest.fixture(scope="module")
def house(request):
    made = make(request).set("http", timeout_seconds=3, max_upload_bytes=1_000_000, allow_origin="*").start()
    made.broker.create("alice", "bob")
    return made


@pytest.fixture
def alice(house):
    return house.client("alice")


def connect(house, data=b""):
    """It ends with a reset: a thousand that linger would be in the way of other tests' ports."""
    connection = socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sendall(data)
    return connection


def memory(house, what="VmRSS"):
    """KiB."""
    lines = open(f"/proc/{house.process.pid}/status").read().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1])


def serves(house):
    """Is somebody else served, and soon?"""
    started = time.monotonic()
    assert house.ask("GET", "/healthz")[0] == 200
    return time.monotonic() - started < 2


def is_closed(connection):
    connection.settimeout(PATIENCE)
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    connection.close()
    return True


def test_a_thousand_that_send_byte_by_byte_are_hung_up_on_and_keep_nobody_waiting(house, alice):
    slow = [connect(house, b"POST /v1/login HTTP/1.1\r\nX: ") for _ in range(1000)]
    deadline = time.monotonic() + 3 * 3
    assert serves(house) and alice.send("bob", "hi")["seq"] >= 1
    left = set(slow)
    while left:
        assert time.monotonic() < deadline, f"{len(left)} are still there"
        for connection in list(left):
            try:
                connection.send(b"y")
            except OSError:
                left.discard(connection)
        assert serves(house)
        time.sleep(0.2)
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("path", ["/v1/user/bob", "/v1/media", "/v4/openim/sendmsg", "/nothing"])
def test_a_body_that_never_ends_ends(house, alice, path):
    lines = "".join(f"{name}: {value}\r\n" for name, value in alice.headers().items())
    connection = connect(house, f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{lines}\r\n".encode())
    before, sent, chunk = memory(house), 0, b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with contextlib.suppress(ConnectionError):
        while sent < 200 << 20:
            connection.sendall(chunk)
            sent += len(chunk)
    assert sent < 100 << 20 and is_closed(connection)
    assert memory(house) - before < 4 << 10
    assert serves(house)


@pytest.mark.parametrize("body", [pytest.param('[' * DEEP + ']' * DEEP, id="lists"),
                                  pytest.param('{"a":' * DEEP + '1' + '}' * DEEP, id="objects"),
                                  pytest.param('[' * DEEP, id="open ones")])
def test_json_that_is_10000_deep_is_refused(house, alice, body):
    assert alice.ask("POST", "/v1/command", body)[1]["code"] == 10004
    assert alice.ask("POST", "/v1/command", '{"command":"getUnread","x":' + body + "}")[1]["code"] == 10004
    assert house.rest("openim/sendmsg", body)["ErrorCode"] == 60003
    assert alice.ask("POST", "/v1/user/bob", '{"text":"x","cloudCustomData":' + body + "}")[0] in (400, 413)


@pytest.mark.parametrize("head", [
    pytest.param(b"POST /v1/login HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", id="bearer"),
    pytest.param(b"POST /v1/login HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n\r\n", id="basic"),
    pytest.param(b"POST /v4/openim/sendmsg?sdkappid=1&identifier=a&usersig=%s HTTP/1.1\r\nHost: x\r\n"
                 b"Content-Length: 2\r\n\r\n{}", id="query"),
])
def test_a_userSig_of_a_megabyte_is_refused(house, head):
    before = memory(house)
    got = house.raw(head % base64.b64encode(b"x" * 786432))
    assert got == b"" or 400 <= int(got.split()[1]) < 500, got[:200]
    assert memory(house) - before < 4 << 10 and serves(house)


EVIL = "a\r\nX-Evil: 1\r\n\r\nHTTP/1.1 200 OK"


def test_names_and_ids_write_no_headers(house, alice):
    asked = [
        house.ask("POST", house.rest_path("im_open_login_svc/account_check"),
                  json.dumps({"CheckItem": [{"UserID": EVIL}]})),
        house.ask("POST", house.rest_path("group_open_http_svc/get_group_info"), json.dumps({"GroupIdList": [EVIL]})),
        house.ask("POST", house.rest_path("openim/sendmsg"), json.dumps({"To_Account": EVIL})),
        house.ask("POST", "/v1/command", json.dumps({"command": EVIL, "correlationData": EVIL}), alice.headers()),
        house.ask("POST", "/v1/command", json.dumps({"command": "getUsersInfo", "userIDs": [EVIL]}), alice.headers()),
        house.ask("POST", "/v1/login", None, {**alice.headers(), "Origin": "https://x X-Evil: 1"}),
    ]
    for status, headers, body in asked:
        assert status == 200 and "X-Evil" not in headers
        assert b"\n" not in body.strip()


@pytest.mark.parametrize("name", ["a%2Fb", "a%0d%0aX-Evil:%201", "%23", "%2B", "..", "..%2Fbob", "a%00", "bob%20",
                                  "%24SYS", "b%22ob", "x" * 300])
@pytest.mark.parametrize("path", ["user", "group", "live"])
def test_a_name_in_a_path_is_a_name(house, alice, name, path):
    got = house.raw((f"POST /v1/{path}/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n" + "".join(
        f"{key}: {value}\r\n" for key, value in alice.headers().items()) + "\r\nx").encode())
    assert 400 <= int(got.split()[1]) < 500 and b"\nX-Evil" not in got and got.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("user", [b"alice\n2026-01-01T00:00:00Z ended", b"\x1b[2Jalice", b"a" * 3000])
def test_who_somebody_says_he_is_writes_no_lines(house, user):
    basic = base64.b64encode(user + b":x").decode()
    assert house.ask("POST", "/v1/login", headers={"Authorization": f"Basic {basic}"})[0] == 401
    assert "ended" not in house.log() and "\x1b" not in house.log()


def test_a_thousand_clients_that_vanish_leave_nothing(house):
    def figure():
        text = house.ask("GET", "/metrics")[2].decode()
        return int(next(line for line in text.splitlines()
                        if line.startswith("mosquitto_chat_gate_http_connections")).split()[-1])
    gone = []
    for number in range(1000):
        client = house.client(f"gone{number}")
        lines = "".join(f"{name}: {value}\r\n" for name, value in client.headers().items())
        gone.append(connect(house, f"GET /v1/poll?wait=1 HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode()))
    for connection in gone:
        connection.close()
    deadline = time.monotonic() + 2 * PATIENCE
    while figure() > 20:
        assert time.monotonic() < deadline
        assert serves(house)
        time.sleep(0.1)


def test_many_at_once_that_are_nobody_keep_nobody_waiting(house, alice):
    stop = threading.Event()

    def guess():
        connection = house.connection()
        while not stop.is_set():
            connection.request("POST", "/v1/login", headers={"Authorization": "Bearer x"})
            connection.getresponse().read()
        connection.close()
    threads = [threading.Thread(target=guess) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert all(alice.send("bob", "hi")["seq"] for _ in range(20))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
