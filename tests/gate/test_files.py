# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Files: what was uploaded, and a page."""
import json
import os
import re
import signal

import pytest
from gatehouse import make
from harness.settings import SDKAPPID

NAME = "ab/" + "ab" + "0" * 30
PICTURE = bytes(range(256)) * 1000


@pytest.fixture(scope="module")
def house(request, tmp_path_factory):
    made = make(request)
    folder = tmp_path_factory.mktemp("files")
    media, web = folder / "media", folder / "web"
    (media / "ab").mkdir(parents=True)
    (media / f"{NAME}.png").write_bytes(PICTURE)
    (media / f"{NAME}.bin").write_bytes(b"<html>")
    (media / f"{NAME}.html").write_bytes(b"<html>")
    (media / f"{NAME}.txt").write_bytes(b"")
    (media / ".uploads").mkdir()
    (media / ".uploads/open").write_bytes(b"half")
    (media / "ab/.hidden.png").write_bytes(b"hidden")
    (folder / "secret.txt").write_bytes(b"secret")
    os.symlink(folder / "secret.txt", media / "ab/link.txt")
    os.symlink(folder, media / "out")
    os.mkfifo(media / "ab/pipe.txt")
    (web / "lib").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html>")
    (web / "lib/chat.js").write_text("export {}")
    made.set("files", media_dir=media, web_dir=web)
    return made.start()


def get(house, path, method="GET", **headers):
    return house.ask(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_file_is_given_whole_with_its_type_for_ever(house):
    status, headers, body = get(house, f"/media/{NAME}.png")
    assert (status, body) == (200, PICTURE)
    assert headers["Content-Type"] == "image/png"
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Accept-Ranges"] == "bytes"


def test_what_strangers_uploaded_runs_in_no_browser(house):
    _, headers, _ = get(house, f"/media/{NAME}.png")
    assert (headers["X-Content-Type-Options"], headers["Content-Security-Policy"]) == ("nosniff", "sandbox")
    for ext in ("bin", "html"):
        _, headers, _ = get(house, f"/media/{NAME}.{ext}")
        assert (headers["Content-Type"], headers["Content-Disposition"]) == ("application/octet-stream", "attachment")


def test_a_file_is_sent_by_the_kernel_in_large_pieces(house):
    def calls():
        text = open(f"/proc/{house.process.pid}/io").read()
        return int(re.search(r"syscr: (\d+)", text)[1])
    before = calls()
    for _ in range(20):
        assert len(get(house, f"/media/{NAME}.png")[2]) == len(PICTURE)
    assert calls() - before < 20 * 40


def test_the_head_alone_says_how_long_it_is(house):
    status, headers, body = get(house, f"/media/{NAME}.png", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(PICTURE)), b"")


def test_an_empty_file_is_given(house):
    status, headers, body = get(house, f"/media/{NAME}.txt")
    assert (status, headers["Content-Length"], body) == (200, "0", b"")


@pytest.mark.parametrize("wanted, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=255990-", 255990, 255999), ("bytes=-5", 255995, 255999),
    ("bytes=-999999", 0, 255999), ("bytes=255999-999999999999999999999999", 255999, 255999),
])
def test_a_range_is_given(house, wanted, first, last):
    status, headers, body = get(house, f"/media/{NAME}.png", Range=wanted)
    assert (status, body) == (206, PICTURE[first:last + 1])
    assert headers["Content-Range"] == f"bytes {first}-{last}/256000"


@pytest.mark.parametrize("wanted", ["bytes=256000-", "bytes=999999999999999999999-", "bytes=-0"])
def test_a_range_behind_the_end_is_told_so(house, wanted):
    status, headers, _ = get(house, f"/media/{NAME}.png", Range=wanted)
    assert (status, headers["Content-Range"]) == (416, "bytes */256000")


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "bytes=5-3", "bytes=x-", "lines=1-2", "bytes=", "bytes=--1", "bytes=1"])
def test_a_range_that_is_not_understood_is_the_whole_file(house, wanted):
    status, _, body = get(house, f"/media/{NAME}.png", Range=wanted)
    assert (status, len(body)) == (200, len(PICTURE))


def test_who_has_it_already_is_told_so(house):
    tag = get(house, f"/media/{NAME}.png")[1]["ETag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        status, headers, body = get(house, f"/media/{NAME}.png", If_None_Match=known)
        assert (status, headers["ETag"], body) == (304, tag, b"")
    assert get(house, f"/media/{NAME}.png", If_None_Match='"other"')[0] == 200


def test_a_range_of_another_file_is_the_whole_one(house):
    tag = get(house, f"/media/{NAME}.png")[1]["ETag"]
    assert get(house, f"/media/{NAME}.png", Range="bytes=0-0", If_Range=tag)[0] == 206
    assert get(house, f"/media/{NAME}.png", Range="bytes=0-0", If_Range='"other"')[0] == 200


@pytest.mark.parametrize("path", [
    "/media/", "/media", "/media/ab", "/media/ab/", "/media/ab/no.png", "/media/.uploads/open", "/media/ab/.hidden.png",
    "/media/ab/link.txt", "/media/out/secret.txt", "/media/ab/pipe.txt", "/media/../secret.txt",
    "/media/%2e%2e/secret.txt", "/media/ab/..%2f..%2fsecret.txt", "/media/ab/%2e%2e/%2e%2e/secret.txt",
    "/media//etc/passwd", "/media/%2fetc/passwd", "/media/ab%5c..%5csecret.txt", "/media/..%c0%af..%c0%afsecret.txt",
    "/media/ab/" + "x" * 300, "/media/ab//" + NAME[3:] + ".png", "/media/./" + NAME + ".png", "/../secret.txt",
    "/%2e%2e/secret.txt", "/lib", "/lib/", "/lib/../../secret.txt", "/.git/config",
])
def test_nothing_else_is_given(house, path):
    status, _, body = get(house, path)
    assert status in (400, 404) and b"secret" not in body and b"hidden" not in body and b"half" not in body


def test_a_page_is_given_and_asked_about_each_time(house):
    status, headers, body = get(house, "/")
    assert (status, headers["Content-Type"], body) == (200, "text/html; charset=utf-8", b"<!doctype html>")
    assert headers["Cache-Control"] == "no-cache" and "script-src" not in headers["Content-Security-Policy"]
    status, headers, _ = get(house, "/lib/chat.js")
    assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert get(house, "/lib/chat.js", If_None_Match=headers["ETag"])[0] == 304


def test_other_paths_are_no_files(house):
    assert get(house, "/healthz")[0] == 200


def test_a_file_is_no_place_to_write_to(house):
    assert get(house, f"/media/{NAME}.png", "POST")[0] == 405
    assert get(house, f"/media/{NAME}.png", "DELETE")[0] == 405


def test_a_folder_that_is_not_there_is_named(gatehouse):
    code, lines = gatehouse.set("files", media_dir="/nowhere").run()
    assert code == 1 and any(re.search(r"\[files\] media_dir: /nowhere: No such file", line) for line in lines)


def test_the_page_is_told_where_the_broker_is(house):
    assert get(house, "/config.json")[0] == 404
    house.set("files", web_broker="wss://{host}/mqtt").configure()
    house.process.signal(signal.SIGHUP)
    assert house.process.await_line("the configuration was read again")
    status, headers, body = get(house, "/config.json")
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "application/json", "no-cache")
    assert json.loads(body) == {"SDKAppID": SDKAPPID, "url": "wss://{host}/mqtt", "httpUrl": ""}
