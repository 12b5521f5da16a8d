# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Uploads: chunks over MQTT, and the file that becomes of them."""
import contextlib
import errno
import hashlib
import os
import random
import re
import shutil
import stat
import time

import pytest

from harness import media
from harness.media import KINDS, Upload, files, upload
from harness.raw import Closed
from harness.settings import PATIENCE
from harness.user import ChatError

DAY = 86400


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "media"
    path.mkdir()
    tmp_path.chmod(0o755)
    return path


@pytest.fixture
def start(broker_factory, folder):
    """start(option=...): a broker with a media_dir."""
    return lambda **how: broker_factory(media_dir=folder, **how)


@pytest.fixture
def broker(start):
    return start()


@pytest.fixture
def alice(broker):
    return broker.user("alice", "ios:1")


def some_bytes(count, seed=1):
    return random.Random(seed).randbytes(count)


def content_of(folder, url):
    return (folder / url.removeprefix("/media/")).read_bytes()


def until(true):
    deadline = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def rows(broker):
    with broker.uncommitted() as db:
        return db.execute("SELECT file || '.' || ext, user, size FROM media ORDER BY file").fetchall()


def total(broker, user):
    with broker.uncommitted() as db:
        return (db.execute("SELECT bytes FROM media_user WHERE user = ?", (user,)).fetchone() or (0,))[0]


# ---- the way


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("version", [4, 5])
def test_an_upload_becomes_a_file(start, folder, version, qos):
    alice = start().user("alice", version=version)
    content = some_bytes(300_000)
    found = Upload(alice, content).send(qos=qos).finish()
    assert re.fullmatch(r"/media/([0-9a-f]{2})/\1[0-9a-f]{30}\.bin", found["url"])
    assert found == {
        "url": found["url"],
        "size": 300_000,
        "sha256": hashlib.sha256(content).hexdigest(),
        "contentType": "application/octet-stream",
    }
    assert content_of(folder, found["url"]) == content
    assert files(folder) == [found["url"].removeprefix("/media/")]


def test_an_upload_over_websockets(broker, folder):
    content = some_bytes(1_000_000)
    found = upload(broker.user("alice", "web:1", transport="websockets"), content)
    assert content_of(folder, found["url"]) == content


def test_files_are_readable_by_the_group_at_most(alice, folder):
    found = upload(alice, b"hello")
    path = folder / found["url"].removeprefix("/media/")
    assert stat.S_IMODE(path.stat().st_mode) & ~0o640 == 0
    assert stat.S_IMODE((folder / "uploads").stat().st_mode) == 0o700


def test_an_upload_of_one_byte_and_of_whole_chunks(alice, folder):
    for size in (1, 1024, 2048, 2049):
        content = some_bytes(size)
        assert content_of(folder, upload(alice, content, chunkBytes=1024)["url"]) == content


def test_the_prefix_of_the_url_is_the_operators(start):
    alice = start(media_url="https://example.org/m/").user("alice")
    assert re.match("https://example.org/m/[0-9a-f]{2}/", upload(alice, b"hello")["url"])


def test_chunks_come_in_any_order_and_more_than_once(alice, folder):
    content = some_bytes(50_500)
    some = Upload(alice, content, chunkBytes=1024)
    order = [n % some.count for n in range(3 * some.count)]
    random.Random(7).shuffle(order)
    assert content_of(folder, some.send(order).finish()["url"]) == content


def test_a_chunk_that_comes_again_with_other_bytes_is_the_same_one(alice, folder):
    some = Upload(alice, b"first").send()
    some.user.publish(some.topic(0), b"other")
    assert content_of(folder, some.finish()["url"]) == b"first"


def test_a_missing_chunk_ends_the_upload(alice, folder):
    some = Upload(alice, some_bytes(5000), chunkBytes=1024).send([0, 1, 3, 4])
    answer = alice.request("finishUpload", uploadID=some.id)
    assert answer["code"] == 10004 and "chunk 2" in answer["error"]
    assert some.finish_code() == 10004
    assert alice.refusal(some.topic(2), some.chunk(2))["code"] == 10004
    until(lambda: files(folder) == [])


@pytest.mark.parametrize("n, size", [("5", 1024), ("4", 1024), ("0", 1023), ("0", 1025), ("0", 0), ("00", 1024), ("01", 1024)])
def test_a_wrong_chunk_is_refused_and_the_upload_goes_on(alice, folder, n, size):
    content = some_bytes(5000)
    some = Upload(alice, content, chunkBytes=1024)
    event = alice.refusal(some.topic(n), b"x" * size)
    assert event["code"] == 10004 and event["error"]
    assert content_of(folder, some.send().finish()["url"]) == content


@pytest.mark.parametrize("topic", ["chat/upload/{}", "chat/upload/{}/x", "chat/upload/{}/-1", "chat/upload/{}/1/2",
                                   "chat/upload/{}/1234567890", "chat/upload//0"])
def test_a_topic_that_is_none_is_10007(alice, topic):
    some = Upload(alice, b"hello")
    assert alice.refusal(topic.format(some.id), b"hello")["code"] == 10007


@pytest.mark.parametrize("name", ["none", "0" * 32, "0" * 48])
def test_an_upload_that_nobody_has_begun(alice, name):
    assert alice.refusal(f"chat/upload/{name}/0", b"hello")["code"] == 10004
    assert alice.code("finishUpload", uploadID=name) == alice.code("abortUpload", uploadID=name) == 10004


@pytest.mark.parametrize("who, device", [("bob", "ios:1"), ("alice", "web:1")])
def test_another_client_has_nothing_to_do_with_it(broker, alice, folder, who, device):
    some, other = Upload(alice, b"hello"), broker.user(who, device)
    assert other.refusal(some.topic(0), b"HELLO")["code"] == 10007
    assert other.code("finishUpload", uploadID=some.id) == other.code("abortUpload", uploadID=some.id) == 10007
    assert content_of(folder, some.send().finish()["url"]) == b"hello"


def test_after_its_end_an_upload_is_no_more(alice, folder):
    finished, aborted = Upload(alice, b"hello").send(), Upload(alice, b"hello").send()
    finished.finish()
    assert aborted.abort_code() == 0
    for some in (finished, aborted):
        assert alice.refusal(some.topic(0), b"hello")["code"] == 10004
        assert some.finish_code() == some.abort_code() == 10004
    until(lambda: len(files(folder)) == 1)


def test_a_chunk_reaches_nobody_and_is_not_retained(start):
    broker = start(other_topics="allow")
    alice = broker.user("alice")
    spy = broker.user("bob").subscribe("#")
    some = Upload(alice, b"hello")
    for qos in (0, 1, 2):
        alice.publish(some.topic(0), b"hello", qos, retain=True)
    alice.fence()
    late = broker.user("carol").subscribe("#")
    anything = lambda m: m.topic.startswith("chat/upload")  # noqa: E731
    assert spy.silent(anything) == late.silent(anything) == []
    for name in (some.topic(0), "chat/upload/#", f"chat/upload/{some.id}/+"):
        assert alice.try_subscribe(name) >= 0x80


def test_rates_and_lengths_of_messages_do_not_count(start, folder):
    alice = start(user_rate=1, max_message_bytes=256).user("alice")
    content = some_bytes(100_000)
    assert content_of(folder, upload(alice, content, chunkBytes=1024)["url"]) == content


def test_the_hash_may_be_told_before(alice, folder):
    digest = hashlib.sha256(b"hello").hexdigest()
    assert upload(alice, b"hello", sha256=digest.upper())["sha256"] == digest
    with pytest.raises(ChatError, match="10004: sha256"):
        upload(alice, b"hallo", sha256=digest)
    until(lambda: len(files(folder)) == 1)


def test_the_answer_comes_by_itself_and_the_rest_of_the_batch_before(broker):
    client = broker.raw(5)
    client.login("alice", "alice:web:1")

    def answers():
        import json

        return json.loads(client.next_message().payload)["responses"]

    def ask(*commands):
        client.start_publish("$CONTROL/chat/v1", {"commands": list(commands)})

    ask({"command": "createUpload", "name": "x", "contentType": "y", "size": 5})
    (created,) = answers()
    upload_id = created["data"]["uploadID"]
    client.publish(f"chat/upload/{upload_id}/0", b"hello", 1)
    ask({"command": "finishUpload", "uploadID": upload_id, "correlationData": "f"}, {"command": "getUnread"})
    assert [a["command"] for a in answers()] == ["getUnread"]
    (found,) = answers()
    assert found["command"] == "finishUpload" and found["correlationData"] == "f" and found["data"]["size"] == 5


# ---- what is told


@pytest.mark.parametrize("ext", KINDS)
def test_the_extension_follows_the_content(alice, folder, ext):
    content, kind = KINDS[ext]
    found = upload(alice, content, name="page.html", contentType="text/html")
    assert (found["url"].rpartition(".")[2], found["contentType"]) == (ext, kind)
    assert content_of(folder, found["url"]) == content


@pytest.mark.parametrize("content", [
    media.HTML, media.SVG, b"<script>alert(1)</script>", b'<?xml version="1.0"?><a/>', b"\n\n  <HTML><body>",
    b"#!/bin/sh\nrm -rf /\n", b"\x7fELF\2\1\1" + b"\0" * 100, b"MZ" + b"\0" * 200])
def test_what_runs_is_never_called_a_picture(alice, content):
    found = upload(alice, content, name="cat.png", contentType="image/png")
    assert found["url"].endswith(".bin") and found["contentType"] == "application/octet-stream"


@pytest.mark.parametrize("content", [
    media.png(321, 123), media.jpg(321, 123), media.gif(321, 123), media.heic(321, 123),
    media.webp(321, 123, "VP8X"), media.webp(321, 123, "VP8L"), media.webp(321, 123, "VP8 "),
    media.jpg(321, 123, [b"Exif\0\0" + media.jpg(16, 9), b"x" * 65000, b"y" * 65000])])
def test_pictures_have_a_width_and_a_height(alice, content):
    found = upload(alice, content)
    assert (found["width"], found["height"]) == (321, 123)


@pytest.mark.parametrize("content", [media.png()[:20], media.jpg()[:28], media.jpg()[:4], media.webp()[:20], media.heic()[:40],
                                     b"\xff\xd8\xff\xe0" + b"\xff" * 1000, b"\xff\xd8\xff\xe0\0\0" * 50])
def test_a_picture_that_is_cut_off_has_none(alice, content):
    found = upload(alice, content)
    assert "width" not in found and "height" not in found


# ---- limits


@pytest.mark.parametrize("field, value", [
    ("name", None), ("name", ""), ("name", 5), ("name", "x" * 256),
    ("contentType", None), ("contentType", ""), ("contentType", []), ("contentType", "x" * 256),
    ("size", None), ("size", 0), ("size", -1), ("size", "5"), ("size", 1.5), ("size", 2**53),
    ("sha256", 5), ("sha256", "x" * 64), ("sha256", "0" * 63), ("sha256", "0" * 65),
    ("chunkBytes", 1023), ("chunkBytes", 262145), ("chunkBytes", "1024")])
def test_a_wrong_field_of_createUpload_is_named(alice, field, value):
    fields = {"name": "a.png", "contentType": "image/png", "size": 5, field: value}
    answer = alice.request("createUpload", **{k: v for k, v in fields.items() if v is not None})
    assert answer["code"] == 10004 and field in answer["error"]


@pytest.mark.parametrize("command", ["finishUpload", "abortUpload"])
@pytest.mark.parametrize("fields", [{}, {"uploadID": ""}, {"uploadID": 5}, {"uploadID": None}, {"uploadID": "x" * 5000}])
def test_a_wrong_uploadID_is_named(alice, command, fields):
    answer = alice.request(command, **fields)
    assert answer["code"] == 10004 and "uploadID" in answer["error"]


def test_without_a_media_dir_there_are_no_uploads(broker_factory):
    alice = broker_factory().user("alice")
    for command in ("createUpload", "finishUpload", "abortUpload"):
        assert alice.code(command) == 10026
    assert alice.refusal("chat/upload/" + "0" * 32 + "/0", b"hello")["code"] == 10007


def test_a_file_that_is_too_large_is_refused_before_it_comes(start):
    alice = start(max_media_bytes=5000).user("alice")
    assert alice.code("createUpload", name="a", contentType="b", size=5001) == 93000
    upload(alice, some_bytes(5000))


def test_a_device_has_four_open_uploads(broker, alice):
    some = [Upload(alice, b"hello") for _ in range(4)]
    assert alice.code("createUpload", name="a", contentType="b", size=5) == 10005
    Upload(broker.user("alice", "web:1"), b"hello")
    some[0].send().finish()
    assert some[1].abort_code() == 0
    Upload(alice, b"hello"), Upload(alice, b"hello")
    assert alice.code("createUpload", name="a", contentType="b", size=5) == 10005


def test_what_a_user_may_have_counts_files_and_open_uploads_of_all_devices(start):
    broker = start(media_user_bytes=10_000)
    alice, web = broker.user("alice", "ios:1"), broker.user("alice", "web:1")
    plan = {"name": "a", "contentType": "b"}
    assert alice.code("createUpload", size=10_001, **plan) == 93000
    first = Upload(alice, some_bytes(6000))
    assert web.code("createUpload", size=4001, **plan) == 93000
    first.send().finish()
    assert web.code("createUpload", size=4001, **plan) == 93000
    second = Upload(web, some_bytes(4000))
    assert alice.code("createUpload", size=1, **plan) == 93000
    assert second.abort_code() == 0
    upload(alice, some_bytes(4000))
    Upload(broker.user("bob"), some_bytes(10_000))
    broker.restart(kill=True)
    alice.connect()
    assert alice.code("createUpload", size=1, **plan) == 93000


def test_two_uploads_of_one_user_do_not_both_fit(start):
    broker = start(media_user_bytes=10_000)
    commands = [{"command": "createUpload", "name": "a", "contentType": "b", "size": 6000}] * 2
    answers = broker.user("alice").batch(commands)
    assert [a.get("code", 0) for a in answers] == [0, 93000]


def test_a_failed_upload_does_not_count(start):
    broker = start(media_user_bytes=10_000)
    alice = broker.user("alice")
    for _ in range(3):
        assert Upload(alice, some_bytes(6000), sha256="0" * 64).send().finish_code() == 10004
    upload(alice, some_bytes(6000))
    assert total(broker, "alice") == 6000


# ---- time


def test_an_upload_ends_an_hour_after_its_last_chunk(start, folder):
    broker = start(faults=True)
    alice = broker.user("alice", keepalive=0)
    some = Upload(alice, some_bytes(5000), chunkBytes=1024).send([0])
    broker.faults.set_clock(steady=3500)
    some.send([1])
    until(lambda: len(files(folder)) == 1)
    broker.faults.set_clock(steady=7000)
    time.sleep(1.1)  # it looks once a second
    alice.fence()
    assert len(files(folder)) == 1
    broker.faults.set_clock(steady=7200)
    until(lambda: files(folder) == [])
    assert some.finish_code() == 10004


def test_an_upload_ends_ten_minutes_after_its_device_went(start, folder):
    broker = start(faults=True)
    alice, bob = broker.user("alice", keepalive=0), broker.user("bob", keepalive=0)
    some = Upload(alice, some_bytes(5000), chunkBytes=1024).send([0])
    until(lambda: len(files(folder)) == 1)
    alice.disconnect()
    broker.faults.set_clock(steady=500)
    bob.fence()
    alice.connect()
    some.send([1])
    time.sleep(1.1)  # it is seen once a second
    broker.faults.set_clock(steady=1050)
    bob.fence()
    assert len(files(folder)) == 1
    alice.disconnect()
    broker.faults.set_clock(steady=1700)
    until(lambda: files(folder) == [])


def test_files_that_are_too_old_go_and_no_longer_count(start, folder):
    broker = start(faults=True, media_retention_days=2, retention_days=30, media_user_bytes=1 << 20)
    alice = broker.user("alice", keepalive=0)
    for _ in range(40):
        upload(alice, b"hello")
    assert total(broker, "alice") == 200
    broker.faults.set_clock(wall=1.9 * DAY, steady=1.9 * DAY)
    young = broker.user("bob", sig=broker.sig("bob", expire=30 * DAY), keepalive=0)
    kept = upload(young, b"hello")
    broker.faults.set_clock(wall=2.1 * DAY, steady=2.1 * DAY)
    until(lambda: len(files(folder)) == 1)
    until(lambda: len(rows(broker)) == 1)
    assert (total(broker, "alice"), total(broker, "bob")) == (0, 5)
    assert content_of(folder, kept["url"]) == b"hello"


def test_files_are_kept_as_long_as_messages_by_default_and_for_ever_if_told_so(start, folder):
    broker = start(faults=True, retention_days=2, media_retention_days=0)
    upload(broker.user("alice"), b"hello")
    broker.faults.set_clock(wall=3 * DAY, steady=3 * DAY)
    broker.user("bob", sig=broker.sig("bob", expire=30 * DAY)).fence()
    assert len(files(folder)) == 1
    broker.restart(media_retention_days=None)
    until(lambda: files(folder) == [])
    until(lambda: rows(broker) == [])


def test_a_device_that_comes_back_goes_on_with_its_upload(start, folder):
    broker = start(cache_seconds=0)  # nobody stays in memory who need not
    alice, bob = broker.user("alice"), broker.user("bob")
    content = some_bytes(5000)
    some = Upload(alice, content, chunkBytes=1024).send([0, 1])
    alice.disconnect()
    for _ in range(10):
        bob.fence()
    alice.connect()
    assert content_of(folder, some.send([2, 3, 4]).finish()["url"]) == content


# ---- the end of the broker


def test_what_has_finished_survives_and_what_is_open_is_gone(broker, alice, folder):
    found = upload(alice, b"hello")
    some = Upload(alice, some_bytes(5000), chunkBytes=1024).send([0])
    until(lambda: len(files(folder)) == 2)
    broker.restart(kill=True)
    assert files(folder) == [found["url"].removeprefix("/media/")]
    assert rows(broker) == [(found["url"].rpartition("/")[2], "alice", 5)]
    alice.connect()
    assert alice.refusal(some.topic(1), some.chunk(1))["code"] == 10004
    assert some.finish_code() == 10004


def finish_and_kill(broker, alice, folder, when):
    """kill -9 while the thread, which is slow to sync, is where `when` says."""
    some = Upload(alice, some_bytes(5000)).send()
    until(lambda: len(files(folder)) == 1)
    with broker.faults.rule("sync", "/media", error=None, delay=1) as syncs:
        alice.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "finishUpload", "uploadID": some.id}]})
        until(lambda: when(syncs()))
        broker.kill()


@pytest.mark.parametrize("phase", ["the file is synced", "its folder is made", "it has its name"])
def test_a_kill_while_an_upload_finishes_leaves_no_file_and_no_row(start, folder, phase):
    broker = start(faults=True)
    alice = broker.user("alice")
    named = lambda: any(not name.startswith("uploads/") for name in files(folder))  # noqa: E731
    when = {"the file is synced": lambda syncs: syncs == 1, "its folder is made": lambda syncs: syncs == 2,
            "it has its name": lambda _: named()}[phase]
    finish_and_kill(broker, alice, folder, when)
    assert len(files(folder)) == 1 and named() == (phase == "it has its name")
    broker.start()
    until(lambda: files(folder) == [])
    until(lambda: rows(broker) == [])
    assert total(broker, "alice") == 0


def test_a_kill_while_a_chunk_is_written_leaves_nothing(start, folder):
    broker = start(faults=True)
    alice = broker.user("alice")
    with broker.faults.rule("write", "/uploads/", error=None, delay=5) as writes:
        Upload(alice, some_bytes(5000)).send()
        until(lambda: writes() > 0)
        broker.kill()
    broker.start()
    assert files(folder) == []


def test_a_kill_while_old_files_go_leaves_neither_files_nor_rows(start, folder):
    broker = start(faults=True, media_retention_days=2, retention_days=30)
    alice = broker.user("alice")
    for _ in range(5):
        upload(alice, b"hello")
    until(lambda: not any(name.endswith(".") for name, _, _ in rows(broker)))
    with broker.uncommitted():
        broker.faults.set_clock(wall=3 * DAY, steady=3 * DAY)
        until(lambda: files(folder) == [])
        broker.kill()
    broker.start()
    until(lambda: rows(broker) == [])
    assert total(broker, "alice") == 0


def test_a_file_that_the_database_does_not_know_is_adopted_and_goes_in_its_time(start, folder):
    broker = start(retention_days=30)
    known = upload(broker.user("alice"), b"hello")
    broker.stop()
    (folder / "ab").mkdir(exist_ok=True)
    strays = {"ab" + 30 * "0" + ".jpg": 40, "ab" + 30 * "1" + ".txt": 1}
    others = ["ab" + 30 * "0" + ".html", "ab" + 29 * "0" + ".jpg", "cd" + 30 * "0" + ".jpg", "AB" + 30 * "0" + ".jpg", "x.jpg"]
    for name, days in {**strays, **dict.fromkeys(others, 40)}.items():
        (folder / "ab" / name).write_bytes(b"stray")
        when = time.time() - days * DAY
        os.utime(folder / "ab" / name, (when, when))
    broker.start()
    expected = {(known["url"].rpartition("/")[2], "alice", 5), *((name, "", 5) for name in strays)}
    until(lambda: set(rows(broker)) == expected)
    broker.await_log("chat: media_dir: 2 files were not in the database")
    broker.restart()
    until(lambda: not (folder / "ab" / min(strays)).exists())
    until(lambda: len(rows(broker)) == 2)
    assert {path.name for path in (folder / "ab").iterdir()} >= {max(strays), *others}


def test_a_stop_while_an_upload_finishes_is_quick_and_clean(start, folder):
    broker = start(faults=True)
    alice = broker.user("alice")
    some = Upload(alice, some_bytes(5000)).send()
    with broker.faults.rule("sync", "/uploads/", error=None, delay=0.5) as syncs:
        alice.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "finishUpload", "uploadID": some.id}]})
        until(lambda: syncs() > 0)
        broker.restart()
    until(lambda: files(folder) == [])
    until(lambda: rows(broker) == [])


def test_an_answer_to_a_connection_that_has_gone_is_nobodys(start, folder):
    broker = start(faults=True)
    alice = broker.user("alice")
    some = Upload(alice, some_bytes(5000)).send()
    with broker.faults.rule("sync", "/uploads/", error=None, delay=0.5) as syncs:
        alice.start_publish("$CONTROL/chat/v1", {"commands": [{"command": "finishUpload", "uploadID": some.id}]})
        until(lambda: syncs() > 0)
        alice.drop()
        alice.connect()
        assert some.finish_code() == 10004  # it is being finished
    until(lambda: len(rows(broker)) == 1 and not rows(broker)[0][0].endswith("."))
    answers = lambda m: "finishUpload" in str(m.data) and "url" in str(m.data)  # noqa: E731
    assert alice.silent(answers) == []


# ---- the disk


def test_a_full_disk_is_told_and_the_chunk_may_come_again(start, folder):
    broker = start(faults=True)
    alice = broker.user("alice")
    content = some_bytes(5000)
    some = Upload(alice, content, chunkBytes=1024).send([0, 1])
    until(lambda: [path.stat().st_size for path in (folder / "uploads").iterdir()] == [2048])
    with broker.faults.rule("write", "/uploads/", errno.ENOSPC):
        some.send([2, 3])
        assert {alice.event("rejected", topic=some.topic(n))["code"] for n in (2, 3)} == {10002}
    some.send([4])
    assert some.finish_code() == 10002  # what was refused has not come again
    assert content_of(folder, some.send([2, 3]).finish()["url"]) == content
    broker.await_log("chat: media_dir: a chunk could not be written: No space left")


def test_a_chunk_that_fails_when_all_is_thought_to_have_come_leaves_the_upload_open(start, folder):
    broker = start(faults=True)
    alice = broker.user("alice")
    content = some_bytes(5000)
    some = Upload(alice, content)
    with broker.faults.rule("write", "/uploads/", errno.ENOSPC, delay=0.3):
        some.send()
        assert some.finish_code() == 10002
    until(lambda: rows(broker) == [])
    assert content_of(folder, some.send().finish()["url"]) == content
    assert total(broker, "alice") == 5000


@pytest.mark.parametrize("kind", ["sync", "read"])
def test_a_file_that_cannot_be_synced_or_read_is_not_kept(start, folder, kind):
    broker = start(faults=True)
    alice = broker.user("alice")
    some = Upload(alice, some_bytes(5000)).send()
    with broker.faults.rule(kind, "/media/", errno.EIO):
        assert some.finish_code() == 10002
    until(lambda: files(folder) == [] and rows(broker) == [])
    assert some.finish_code() == 10004
    upload(alice, b"hello")


def test_a_folder_that_cannot_be_synced_takes_the_name_back(start, folder):
    broker = start(faults=True)
    alice = broker.user("alice")
    for n in range(256):
        (folder / f"{n:02x}").mkdir()
    some = Upload(alice, some_bytes(5000)).send()
    rules = [broker.faults.rule("sync", f"/media/{n:x}", errno.EIO) for n in (0, 1, 2, 3, 4, 5, 6)]
    for rule in rules:
        rule.__enter__()
    while some.finish_code() == 0:
        some = Upload(alice, some_bytes(5000)).send()
    for rule in rules:
        rule.__exit__(None, None, None)
    until(lambda: not any(name.startswith("uploads") for name in files(folder)))
    until(lambda: sorted(name for name, _, _ in rows(broker)) == sorted(name[3:] for name in files(folder)))


def fill_ring(broker):
    """Until a message finds no room: its sender is closed."""
    sender = broker.raw()
    sender.login("bob", "bob:other:filler")
    with contextlib.suppress(Closed):
        while True:
            sender.publish("chat/user/alice", {"text": "x" * 3000})


def test_with_a_full_ring_an_upload_is_not_finished_and_goes_on(start, folder):
    broker = start(ring_bytes=4 << 20)
    alice, bob = broker.user("alice"), broker.user("bob")
    some = Upload(alice, b"hello").send()
    with broker.uncommitted():
        fill_ring(broker)
        assert some.finish_code() == 10002
        until(lambda: [name.split("/")[0] for name in files(folder)] == ["uploads"])
    until(lambda: bob.code("setSelfInfo", nickname="bob") == 0)
    assert content_of(folder, some.finish()["url"]) == b"hello"
    assert total(broker, "alice") == 5


def test_a_ring_that_fills_while_an_upload_finishes_delays_the_answer(start, folder):
    broker = start(ring_bytes=4 << 20, faults=True)
    alice = broker.user("alice")
    some = Upload(alice, b"hello").send()
    finish = {"commands": [{"command": "finishUpload", "uploadID": some.id}]}
    answers = lambda m: m.topic == "$CONTROL/chat/v1/response" and "finishUpload" in str(m.data)  # noqa: E731
    with broker.uncommitted():
        with broker.faults.rule("sync", "/uploads/", error=None, delay=3) as syncs:
            alice.start_publish("$CONTROL/chat/v1", finish)
            until(lambda: syncs() > 0)
            fill_ring(broker)
        until(lambda: not files(folder)[0].startswith("uploads/"))
        time.sleep(0.2)  # some turns
        assert not alice.pending(answers)
    (response,) = alice.wait(answers).data["responses"]
    assert content_of(folder, response["data"]["url"]) == b"hello"
    until(lambda: rows(broker) == [(response["data"]["url"].rpartition("/")[2], "alice", 5)])


def test_more_than_the_queue_holds_is_refused_and_may_come_again(start, folder):
    broker = start(faults=True, max_media_bytes=1 << 30)
    alice = broker.user("alice")
    content = some_bytes(20 << 20)
    some = Upload(alice, content)
    with broker.faults.rule("write", "/uploads/", error=None, delay=0.3):
        acks = [alice.start_publish(some.topic(n), some.chunk(n)) for n in range(some.count)]
        codes = [alice.wait_ack(mid) for mid in acks]
    refused = [n for n, code in enumerate(codes) if code == 0x87]
    assert refused
    assert {alice.event("rejected", topic=some.topic(n))["code"] for n in refused} == {10023}
    assert some.finish_code() == 10023
    for n in refused:
        while alice.publish(some.topic(n), some.chunk(n)) == 0x87:
            alice.event("rejected", topic=some.topic(n))
    assert content_of(folder, some.finish()["url"]) == content


def test_a_symlink_in_the_folder_is_not_followed(broker, alice, folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for n in range(256):
        (folder / f"{n:02x}").symlink_to(elsewhere)
    assert Upload(alice, b"hello").send().finish_code() == 10002
    some = Upload(alice, b"hello")
    (folder / "uploads" / some.id).symlink_to(elsewhere / "file")
    some.send()
    assert alice.event("rejected", topic=some.topic(0))["code"] == 10002
    assert list(elsewhere.iterdir()) == []


# ---- the start


@pytest.mark.parametrize("wrong, says", [
    ("none", "No such file"), ("file", "Not a directory"), ("uploads", "cannot have the folder uploads")])
def test_a_media_dir_that_is_none_stops_the_start(broker_factory, tmp_path, wrong, says):
    path = tmp_path / wrong
    if wrong == "file":
        path.write_text("")
    if wrong == "uploads":
        path.mkdir()
        (path / "uploads").symlink_to("/tmp")
    broker = broker_factory(start=False, media_dir=path)
    assert any("chat: media_dir: " in line and says in line for line in broker.start_refused())


def test_one_broker_for_a_media_dir(start):
    start()
    second = start(start=False)
    assert any("another broker has it" in line for line in second.start_refused())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to start as another user")
def test_a_media_dir_that_may_not_be_written_stops_the_start(broker_factory):
    broker = broker_factory(start=False, run_as="mosquitto")
    for path in (broker.key_file, broker.folder):
        shutil.chown(path, "mosquitto")
    broker.options["media_dir"] = broker.folder / "locked"
    (broker.folder / "locked" / "uploads").mkdir(parents=True, mode=0o755)
    lines = broker.start_refused()
    assert any("chat: media_dir: " in line for line in lines)


def test_what_may_change_while_it_runs(start, folder, tmp_path):
    settings = tmp_path / "settings"
    settings.write_text("")
    broker = start(settings_file=settings)
    alice = broker.user("alice")
    upload(alice, some_bytes(2000))
    settings.write_text("max_media_bytes 1024\nmedia_url /files/\n")
    broker.reload()
    assert alice.code("createUpload", name="a", contentType="b", size=1025) == 93000
    assert upload(alice, b"hello")["url"].startswith("/files/")


def test_who_is_deleted_leaves_the_files(broker, alice, folder):
    found = upload(alice, b"hello")
    assert broker.admin().code("deleteUser", userID="alice") == 0
    assert content_of(folder, found["url"]) == b"hello"
    assert total(broker, "alice") == 5


# ---- much of it


def test_an_upload_of_100_MiB(start, folder):
    alice = start().user("alice")
    content = some_bytes(100 << 20)
    some = Upload(alice, content)
    for n in range(some.count):
        while alice.publish(some.topic(n), some.chunk(n)) == 0x87:
            alice.event("rejected", topic=some.topic(n), code=10023)
    found = some.finish()
    assert found["sha256"] == hashlib.sha256(content).hexdigest()
    assert content_of(folder, found["url"]) == content


def test_a_client_with_a_buffer_of_2_KiB(broker, folder):
    client = broker.raw(4)
    client.login("alice", "alice:iot:1")
    import json

    def ask(command):
        client.start_publish("$CONTROL/chat/v1", {"commands": [command]})
        return json.loads(client.next_message().payload)["responses"][0]["data"]

    content = some_bytes(1 << 20)
    plan = {"name": "a", "contentType": "b", "size": len(content), "chunkBytes": 1024}
    name = ask({"command": "createUpload", **plan})["uploadID"]
    for n in range(1024):
        client.publish(f"chat/upload/{name}/{n}", content[n * 1024 : (n + 1) * 1024], 1)
    assert content_of(folder, ask({"command": "finishUpload", "uploadID": name})["url"]) == content
