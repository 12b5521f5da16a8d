# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""POST /v1/media: a file over HTTP."""
import contextlib
import errno
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import threading
import time

import pytest
from harness import media
from harness.faults import Faults
from harness.settings import PATIENCE, PRELOAD

CHUNK = 262144


def some_bytes(count, seed=1):
    return random.Random(seed).randbytes(count)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "media"
    path.mkdir()
    tmp_path.chmod(0o755)
    return path


@pytest.fixture
def house(gatehouse, folder, tmp_path):
    """Not started yet: a broker with a media_dir, and a small gate."""
    temp = tmp_path / "temp"
    temp.mkdir()
    gatehouse.broker.options["media_dir"] = folder
    return gatehouse.set("http", temp_dir=temp)


@pytest.fixture
def alice(house):
    house.start()
    return house.client("alice")


def upload(client, content, **headers):
    """(status, answer) of a request."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    status, got, answer = client.gate.ask("POST", "/v1/media", content, {**client.headers(), **named})
    assert got["Content-Type"] == "application/json", (status, answer)
    return status, json.loads(answer)


def head(client, length, more=""):
    """The bytes of a request before its body."""
    lines = [f"{name}: {value}" for name, value in client.headers().items()]
    return ("\r\n".join(["POST /v1/media HTTP/1.1", "Host: x", f"Content-Length: {length}", *lines]) + "\r\n" + more
            + "\r\n").encode()


def begin(client, content, length=None):
    """A connection on which so much of a file has been sent."""
    connection = socket.create_connection(("127.0.0.1", client.gate.port.number), timeout=PATIENCE)
    connection.sendall(head(client, length or len(content)) + content)
    return connection


def open_files(gate):
    """Bodies that the gate keeps now."""
    found = []
    for path in pathlib.Path(f"/proc/{gate.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it was closed this very moment
            found += [path] if os.readlink(path).endswith("(deleted)") else []
    return found


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def test_a_picture_becomes_a_file_with_its_width_and_height(alice, folder):
    content = media.png(30, 20)
    status, answer = upload(alice, content, Content_Type="image/png", X_Chat_Name="cat.png")
    assert status == 200 and answer == {
        "url": answer["url"], "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
        "contentType": "image/png", "width": 30, "height": 20}
    assert (folder / answer["url"].removeprefix("/media/")).read_bytes() == content


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK])
def test_a_file_of_any_size_is_the_same_behind_it(alice, folder, size):
    content = some_bytes(size)
    status, answer = upload(alice, content)
    assert (status, answer["size"]) == (200, size)
    assert (folder / answer["url"].removeprefix("/media/")).read_bytes() == content


@pytest.mark.skipif(bool(PRELOAD), reason="sanitizers take memory of their own")
def test_a_large_file_is_not_kept_in_memory(alice, house):
    peak = lambda: int(next(line for line in open(f"/proc/{house.process.pid}/status")  # noqa: E731
                            if line.startswith("VmHWM")).split()[1])
    alice.good("POST", "/v1/login")
    before = peak()
    content = some_bytes(20 << 20)
    status, answer = upload(alice, content)
    assert (status, answer["sha256"]) == (200, hashlib.sha256(content).hexdigest())
    assert peak() - before < 8 << 10


@pytest.fixture
def faulty(house):
    """Its broker's disk can be made wrong."""
    house.broker.faults = Faults(house.broker.folder)
    return house.start()


def test_chunks_that_the_broker_has_no_room_for_are_sent_again(faulty):
    """More of them than it keeps for the disk, which is slow."""
    alice, content = faulty.client("alice"), some_bytes(24 << 20)
    with faulty.broker.faults.rule("write", "/uploads/", error=None, delay=0.02):
        status, answer = upload(alice, content)
    assert (status, answer.get("sha256")) == (200, hashlib.sha256(content).hexdigest())


def test_a_chunk_that_the_broker_cannot_write_is_503_and_nothing_is_kept(faulty, folder):
    alice = faulty.client("alice")
    with faulty.broker.faults.rule("write", "/uploads/", error=errno.ENOSPC):
        status, answer = upload(alice, some_bytes(3 << 20))
    assert (status, answer["code"]) == (503, 10002)
    until(lambda: media.files(folder) == [])
    assert upload(alice, b"x")[0] == 200


def test_a_body_in_chunks_is_a_file_too(alice):
    content = some_bytes(300000)
    connection = alice.gate.connection()
    connection.request("POST", "/v1/media", iter([content[:100], content[100:]]), alice.headers(), encode_chunked=True)
    response = connection.getresponse()
    assert response.status == 200 and hashlib.sha256(content).hexdigest() in response.read().decode()
    connection.close()


def test_two_at_once_become_two_files(alice, folder):
    contents = [some_bytes(3 << 20, number) for number in range(2)]
    connections = [begin(alice, content) for content in contents]
    answers = [connection.recv(65536) for connection in connections]
    for connection in connections:
        connection.close()
    assert all(answer.startswith(b"HTTP/1.1 200 ") for answer in answers)
    assert sorted((folder / name).read_bytes() for name in media.files(folder)) == sorted(contents)


def test_an_empty_file_is_refused(alice):
    status, answer = upload(alice, b"")
    assert (status, answer["code"]) == (400, 10004)


@pytest.mark.parametrize("header", ["X-Chat-Name", "Content-Type"])
@pytest.mark.parametrize("value", ["x" * 256, b"\xff"])
def test_a_header_that_is_none_is_named(alice, header, value):
    status, answer = upload(alice, b"x", **{header: value})
    assert (status, answer["code"]) == (400, 10004) and answer["error"].startswith(header)


@pytest.mark.parametrize("more", ["", "Expect: 100-continue\r\n"])
def test_who_is_nobody_is_refused_before_the_file(alice, more):
    alice.sig = alice.gate.broker.sig("bob")
    got = alice.gate.raw(head(alice, 5_000_000, more), *([] if more else [b"x" * 5_000_000]))
    assert got.startswith(b"HTTP/1.1 401 ") and b"70013" in got
    assert not open_files(alice.gate)


@pytest.mark.parametrize("in_chunks", [False, True])
def test_a_file_that_is_too_long_for_the_gate_is_413(house, in_chunks):
    house.set("http", max_upload_bytes=1_000_000).start()
    alice = house.client("alice")
    connection = house.connection()
    content = some_bytes(1_000_001)
    connection.request("POST", "/v1/media", iter([content]) if in_chunks else content, alice.headers(),
                       encode_chunked=in_chunks)
    response = connection.getresponse()
    assert response.status == 413 and b"93000" in response.read()
    connection.close()


def test_a_file_that_is_too_long_for_the_broker_is_413(house):
    house.broker.options["max_media_bytes"] = 2000
    house.start()
    status, answer = upload(house.client("alice"), b"x" * 2001)
    assert (status, answer["code"]) == (413, 93000)


def test_a_broker_that_takes_no_files_is_501(gate):
    status, answer = upload(gate.client("alice"), b"x")
    assert (status, answer["code"]) == (501, 10026)


def test_from_more_uploads_than_the_gate_keeps_one_is_503(house):
    house.set("http", max_uploads=2).start()
    alice = house.client("alice")
    kept = [begin(alice, b"x" * 1000, 2000) for _ in range(2)]
    until(lambda: len(open_files(house)) == 2)
    status, answer = upload(alice, b"y" * 100000)
    assert (status, answer["code"]) == (503, 10002)
    kept.pop().close()
    until(lambda: len(open_files(house)) == 1)
    assert upload(alice, b"y")[0] == 200
    kept.pop().close()


def test_a_connection_that_breaks_in_the_middle_leaves_nothing(alice, folder, house):
    connection = begin(alice, some_bytes(1_000_000), 2_000_000)
    until(lambda: open_files(house))
    connection.close()
    until(lambda: not open_files(house))
    assert media.files(folder) == [] and os.listdir(house.settings["http"]["temp_dir"]) == []


def test_clients_that_have_gone_before_the_answer_leave_nothing(alice, folder, house):
    """As many as a device may have open."""
    alice.good("POST", "/v1/login")
    house.broker.process.signal(signal.SIGSTOP)
    connections = [begin(alice, some_bytes(1_000_000)) for _ in range(4)]
    until(lambda: len(open_files(house)) == 4)
    time.sleep(0.1)
    for connection in connections:
        connection.close()
    house.broker.process.signal(signal.SIGCONT)
    until(lambda: not open_files(house))
    until(lambda: upload(alice, b"another")[0] == 200)
    assert len(media.files(folder)) == 1


def test_a_broker_that_is_killed_in_the_middle_is_503(alice, folder, house):
    alice.good("POST", "/v1/login")
    house.broker.process.signal(signal.SIGSTOP)
    connection = begin(alice, some_bytes(2_000_000))
    until(lambda: open_files(house))
    time.sleep(0.1)
    house.broker.kill()
    assert connection.recv(65536).startswith(b"HTTP/1.1 503 ")
    connection.close()
    until(lambda: not open_files(house))


def test_a_gate_that_has_no_place_for_files_does_not_start(house, tmp_path):
    code, lines = house.set("http", temp_dir=tmp_path / "nowhere").run()
    assert code == 1 and any("[http] temp_dir: no file can be made there" in line for line in lines)
