# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""SIGHUP of chatgate: what it has read again counts, nothing that is under way is lost, and a fault changes nothing."""
import hashlib
import hmac
import json
import os
import signal
import socket
import threading

import pytest
from callbacks import Callbacks, Hookhouse, answer
from gatehouse import make
from harness.ports import Port
from harness.settings import ADMIN, PATIENCE, SDKAPPID
from pki import Pki
from source import GATE_SECTIONS, Effects, running_names

CHECK, BODY = "im_open_login_svc/account_check", {"CheckItem": [{"UserID": "nobody"}]}
AFTER, BEFORE = "C2C.CallbackAfterSendMsg", "C2C.CallbackBeforeSendMsg"
PAGE = "https://page.example"
OTHER_KEY = "another key, which is long enough for anybody"
EFFECTS = Effects()
effect = EFFECTS.of


@pytest.fixture
def house(request):
    return make(request, admins=f"{ADMIN},second")


@pytest.fixture
def callbacks():
    made = Callbacks()
    yield made
    made.close()


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


def code(house, **how):
    return house.rest(CHECK, BODY, **how)["ErrorCode"]


def await_broker(house, pattern):
    assert house.broker.process.await_line(pattern), house.broker.log()


def test_every_option_that_counts_after_a_reload_has_its_test():
    assert EFFECTS == running_names(GATE_SECTIONS)


# ---- [broker]


@effect("broker.host", "broker.port", "broker.ca_file")
def test_the_broker_may_be_found_elsewhere(house, pki):
    port, server = Port(), pki.folder / "server"
    house.broker.listeners += [f"listener {port.number} 127.0.0.1", f"certfile {server}.pem", f"keyfile {server}.key"]
    house.start().set("broker", host="localhost", port=port.number, ca_file=pki.ca).reload()
    assert house.process.await_line(f"broker localhost:{port.number}: connected")
    house.broker.create("bob")
    assert code(house) == 0
    assert house.client("alice").send("bob", "hello")["id"] > 0
    port.release()


@effect("broker.user")
def test_another_administrator_may_sign_in(house):
    house.start().set("broker", user="second").reload()
    await_broker(house, "as second:other:gate")
    assert code(house) == 0


@effect("broker.name")
def test_the_name_of_the_connections_may_change(house, callbacks):
    Hookhouse(house, callbacks).start().gatehouse.set("broker", name="renamed").reload()
    for name in "renamed", "renamed-feed", "renamed-review":
        await_broker(house, f"as admin:other:{name} ")
    assert code(house) == 0


@effect("broker.sdkappid")
def test_another_sdkappid_counts(house):
    house.start().set("broker", sdkappid=SDKAPPID + 1).reload()
    assert code(house) == 60006


@effect("broker.secret_key_file")
def test_another_file_of_keys_counts(house):
    house.start()
    path = house.folder / "other.key"
    path.write_text(OTHER_KEY + "\n")
    path.chmod(0o600)
    sig = house.broker.sig(ADMIN, key=OTHER_KEY)
    assert code(house, usersig=sig) == 70009
    house.set("broker", secret_key_file=path).reload()
    assert code(house, usersig=sig) == 0, "the connection to the broker is the one of before"
    assert code(house) == 70009


@effect("broker.wake_milliseconds")
def test_the_broker_may_be_woken_at_another_pace(house):
    house.broker.conf.append("log_type debug")
    house.set("broker", wake_milliseconds=0).start()
    assert not house.broker.process.find(r"\$wake")
    house.set("broker", wake_milliseconds=1).reload()
    await_broker(house, r"PUBLISH from admin:other:gate .*\$wake")
    assert len(house.broker.process.find("as admin:other:gate ")) == 1, "it has stayed connected"


# ---- [http]


@effect("http.timeout_seconds")
def test_a_connection_may_be_quiet_for_another_time(house):
    house.start(broker=False)
    with socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE) as early:
        house.set("http", timeout_seconds=1).reload()
        early.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert early.recv(4096).startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE) as late:
            assert (early.recv(1), late.recv(1)) == (b"", b"")


@effect("http.max_upload_bytes")
def test_files_may_be_longer(house):
    alice = house.set("http", max_upload_bytes=1024).start().client("alice")
    assert alice.ask("POST", "/v1/media", b"x" * 3000)[0] == 413
    house.set("http", max_upload_bytes=4096).reload()
    assert alice.ask("POST", "/v1/media", b"x" * 3000)[0] == 501, "the broker takes none"


def half_an_upload(house):
    connection = socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE)
    headers = "".join(f"{name}: {value}\r\n" for name, value in house.client("alice").headers().items())
    connection.sendall(f"POST /v1/media HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 2000\r\n\r\n".encode() + b"x" * 1000)
    return connection


@effect("http.max_uploads")
def test_there_may_be_fewer_uploads_at_a_time(house):
    house.start().set("http", max_uploads=1).reload()
    with half_an_upload(house) as first:
        assert house.client("bob").ask("POST", "/v1/media", b"x")[0] in (501, 503)
        while house.client("bob").ask("POST", "/v1/media", b"x")[0] != 503:
            pass  # until the first one has been seen
        first.sendall(b"x" * 1000)
        assert first.recv(4096).startswith(b"HTTP/1.1 501"), "what was under way goes on"


@effect("http.temp_dir")
def test_uploads_may_be_kept_elsewhere(house, tmp_path):
    for name in "old", "new":
        (tmp_path / name).mkdir()
    house.set("http", temp_dir=tmp_path / "old").start()
    house.set("http", temp_dir=tmp_path / "new").reload()
    (tmp_path / "old").rmdir()
    assert house.client("alice").ask("POST", "/v1/media", b"x")[0] == 501, "there was room for it"


@effect("http.trust_proxy")
def test_another_proxy_may_be_believed(house):
    house.start(broker=False).set("http", trust_proxy="127.0.0.1").reload()
    house.ask("POST", "/v1/login", headers={"X-Forwarded-For": "192.0.2.7"})
    assert house.process.await_line("192.0.2.7 was refused")


@effect("http.allow_origin")
def test_another_page_may_call(house):
    def allowed():
        return house.ask("GET", "/v1/login", headers={"Origin": PAGE})[1]["Access-Control-Allow-Origin"]

    house.start(broker=False)
    assert allowed() is None
    house.set("http", allow_origin=PAGE).reload()
    assert allowed() == PAGE
    house.set("http", allow_origin=None).reload()
    assert allowed() is None


@pytest.mark.parametrize("option, value", [("address", "127.0.0.2"), ("port", 1), ("max_connections", 7)])
def test_what_counts_from_the_next_start_on_is_named_each_time(house, option, value):
    house.start(broker=False).set("http", **{option: value})
    for _ in range(2):
        lines = house.reload()
        assert lines[0] == f"reload: [http] {option} has changed; it counts from the next start on"
        assert house.ask("GET", "/healthz")[0] == 200


# ---- [rest] and [files]


@effect("rest.admins")
def test_another_administrator_may_call(house):
    house.start().set("rest", admins="somebody-else").reload()
    assert code(house) == 60010
    house.set("rest", admins=ADMIN).reload()
    assert code(house) == 0


@effect("rest.rate")
def test_another_rate_counts(house):
    house.start().set("rest", rate=1).reload()
    assert 60007 in {code(house) for _ in range(20)}


@effect("files.media_dir", "files.web_dir")
def test_folders_may_be_served_and_not_any_more(house, tmp_path):
    (tmp_path / "index.html").write_text("the page")
    (tmp_path / "cat.png").write_text("the cat")
    paths = ("/", "/media/cat.png")
    house.start(broker=False)
    assert [house.ask("GET", path)[0] for path in paths] == [404, 404]
    house.set("files", web_dir=tmp_path, media_dir=tmp_path).reload()
    assert [house.ask("GET", path)[2] for path in paths] == [b"the page", b"the cat"]
    assert house.ask("POST", "/media/cat.png")[0] == 405
    house.set("files", web_dir=None, media_dir=None).reload()
    assert [house.ask("GET", path)[0] for path in paths] == [404, 404]
    assert house.ask("POST", "/media/cat.png")[0] == 404


@effect("files.web_broker")
def test_the_page_may_be_told_of_another_broker(house, tmp_path):
    house.set("files", web_dir=tmp_path, web_broker="wss://one/mqtt").start(broker=False)
    house.set("files", web_broker="wss://two/mqtt").reload()
    assert json.loads(house.ask("GET", "/config.json")[2])["url"] == "wss://two/mqtt"


def test_a_request_whose_folder_goes_while_its_body_comes_is_404(house, tmp_path):
    (tmp_path / "cat.png").write_text("the cat")
    house.set("files", media_dir=tmp_path).start(broker=False)
    with socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE) as slow:
        slow.sendall(b"GET /media/cat.png HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
        while b"gate_http_connections 2" not in house.ask("GET", "/metrics")[2]:
            pass
        house.set("files", media_dir=None).reload()
        slow.sendall(b"x")
        assert slow.recv(4096).startswith(b"HTTP/1.1 404")


# ---- [callback]


@pytest.fixture
def hooked(house, callbacks):
    """Started, with hooks before and after messages; alice writes to bob."""
    house.broker.options.update(review="c2c", review_seconds=10)
    hooks = Hookhouse(house, callbacks, command=[AFTER, BEFORE], timeout_seconds=9).start()
    house.broker.create("bob")
    hooks.alice = house.broker.user("alice", "ios:1").subscribe("chat/user/alice")
    hooks.bob = house.broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    return hooks


def write(hooks, text):
    hooks.alice.send("bob", {"text": text})


def is_text(text):
    return lambda body: body["MsgBody"][0]["MsgContent"]["Text"] == text


def both(hooks, text, callbacks=None):
    """The calls before and after a message that alice writes now."""
    write(hooks, text)
    callbacks = callbacks or hooks.callbacks
    return [callbacks.take(command, wanted=is_text(text)) for command in (BEFORE, AFTER)]


@effect("callback.url")
def test_hooks_go_elsewhere(hooked):
    elsewhere = Callbacks()
    both(hooked, "one")
    hooked.gatehouse.set("callback", url=elsewhere.url).reload()
    both(hooked, "two", elsewhere)
    assert hooked.callbacks.calls == []
    elsewhere.close()


def test_hooks_may_begin_and_end(house, callbacks):
    hooks = Hookhouse(house, callbacks)
    house.broker.options.update(review="c2c", review_seconds=10)
    house.set("callback", url=None).start()
    house.broker.create("bob")
    hooks.alice = house.broker.user("alice", "ios:1")
    house.set("callback", url=callbacks.url).reload()
    hooks.await_ready()
    both(hooks, "told")
    start = len(house.process.lines)
    house.set("callback", url=None).reload()
    for topic in "chat/feed", "chat/review":
        assert house.process.await_line(f"nothing of {topic} is wanted", start=start)
    write(hooks, "nobody is told")
    assert callbacks.pending(AFTER) == callbacks.pending(BEFORE) == []
    assert house.ask("GET", "/readyz")[0] == 200


@effect("callback.command")
def test_other_commands_are_called(hooked):
    house = hooked.gatehouse
    start = len(house.process.lines)
    house.set("callback", command=["Profile.CallbackPortraitSet"]).reload()
    assert house.process.await_line("nothing of chat/review is wanted", start=start)
    write(hooked, "nobody is told")
    hooked.alice.command("setSelfInfo", nickname="Al")
    hooked.callbacks.take("Profile.CallbackPortraitSet")
    assert hooked.callbacks.calls == []
    start = len(house.process.lines)
    house.set("callback", command=[BEFORE]).reload()
    assert house.process.await_line("subscribed to chat/review", start=start)
    write(hooked, "asked")
    hooked.callbacks.take(BEFORE)


@effect("callback.token_file", "callback.secret_file")
def test_hooks_are_signed_in_another_way(hooked, tmp_path):
    assert "Sign" not in both(hooked, "one")[1].query
    for name, text in ("token", "xxxxyyyy"), ("secret", "a secret of the hooks"):
        (tmp_path / name).write_text(text + "\n")
        (tmp_path / name).chmod(0o600)
    hooked.gatehouse.set("callback", token_file=tmp_path / "token", secret_file=tmp_path / "secret").reload()
    call = both(hooked, "two")[1]
    assert call.query["Sign"] == hashlib.sha256(b"xxxxyyyy" + call.query["RequestTime"].encode()).hexdigest()
    (tmp_path / "secret").write_text("the next secret\n")
    hooked.gatehouse.reload()
    call = both(hooked, "three")[1]
    signed = call.headers["X-Chat-Timestamp"].encode() + b"." + call.raw
    wanted = "sha256=" + hmac.new(b"the next secret", signed, hashlib.sha256).hexdigest()
    assert call.headers["X-Chat-Signature"] == wanted


@effect("callback.ca_file", "callback.allow_http")
def test_hooks_go_over_tls(hooked, pki, tmp_path):
    """And a file of certificates that holds another one after a reload is read again."""
    secure = Callbacks(certificate=pki.server)
    ca = tmp_path / "ca"
    ca.write_bytes(pki.other_ca.read_bytes())
    hooked.gatehouse.set("callback", url=secure.url, allow_http="no", ca_file=ca).reload()
    write(hooked, "one")
    assert hooked.gatehouse.process.await_line(r"\[callback\].*certificate")
    ca.write_bytes(pki.ca.read_bytes())
    hooked.gatehouse.reload()
    both(hooked, "two", secure)
    secure.close()


def never(handler, _call):
    handler.server.owner.closing.wait(20)


@effect("callback.timeout_seconds", "callback.before_default")
def test_answers_are_waited_for_in_another_way(hooked):
    hooked.callbacks.reply = never
    hooked.gatehouse.set("callback", timeout_seconds=1, before_default="refuse").reload()
    hooked.alice.send("bob", {"text": "one", "random": 1})
    assert hooked.alice.event("rejected")["code"] == 20006


@effect("callback.retry")
def test_hooks_that_fail_are_called_again(hooked):
    hooked.gatehouse.set("callback", retry=1).reload()
    hooked.callbacks.reply = answer(status=500)
    write(hooked, "one")
    hooked.callbacks.await_count(AFTER, 2)


# ---- nothing is lost, nothing is done twice


class Gate:
    """A reply of Callbacks that waits until it may go on."""

    def __init__(self):
        self.open = threading.Event()

    def __call__(self, handler, call):
        self.open.wait(PATIENCE)
        answer()(handler, call)


RELOADS = {
    "another url": lambda house: house.set("callback", url=house.settings["callback"]["url"] + "/other"),
    "another name": lambda house: house.set("broker", name="renamed"),
    "another user": lambda house: house.set("broker", user="second"),
    "nothing": lambda house: None,
}


@pytest.mark.parametrize("what", RELOADS)
def test_hooks_under_way_at_a_reload_are_answered_once(hooked, what):
    reply = hooked.callbacks.reply = Gate()
    house = hooked.gatehouse
    write(hooked, "one")
    hooked.callbacks.await_count(BEFORE, 1)
    start = len(house.process.lines)
    RELOADS[what](house)
    house.reload()
    if house.settings["broker"]["name"] != "gate" or house.settings["broker"]["user"] != ADMIN:
        for topic in "chat/feed", "chat/review":
            assert house.process.await_line(f"subscribed to {topic}", start=start)
    write(hooked, "two")
    hooked.callbacks.await_count(BEFORE, 1)
    reply.open.set()
    assert [hooked.bob.content().data["text"] for _ in range(2)] == ["one", "two"]
    write(hooked, "three")
    hooked.callbacks.take(AFTER, wanted=is_text("three"))
    told = [call.body["MsgBody"][0]["MsgContent"]["Text"] for call in hooked.callbacks.pending(AFTER)]
    asked = [call.body["MsgBody"][0]["MsgContent"]["Text"] for call in hooked.callbacks.pending(BEFORE)]
    assert (told, asked) == (["one", "two"], ["three"])


def test_a_decision_while_the_connection_changes_is_given_on_the_next_one(hooked):
    reply, house = Gate(), hooked.gatehouse
    hooked.callbacks.reply = reply
    write(hooked, "one")
    hooked.callbacks.await_count(BEFORE, 1)
    house.broker.process.signal(signal.SIGSTOP)
    house.set("broker", name="renamed").reload()
    reply.open.set()
    while hooked.callbacks.at_once:
        pass
    for _ in range(5):  # turns of the gate's loop, which has the answer then
        house.ask("GET", "/healthz")
    house.broker.process.signal(signal.SIGCONT)
    assert hooked.bob.content().data["text"] == "one"
    assert hooked.callbacks.pending(BEFORE) == [], "it was not asked about again"


def test_hooks_that_were_under_way_when_there_are_none_any_more_are_answered(hooked):
    reply = hooked.callbacks.reply = Gate()
    write(hooked, "one")
    hooked.callbacks.await_count(BEFORE, 1)
    hooked.gatehouse.set("callback", url=None).reload()
    hooked.callbacks.reply = never
    write(hooked, "two")
    reply.open.set()
    assert [hooked.bob.content().data["text"] for _ in range(2)] == ["one", "two"]
    assert hooked.gatehouse.process.await_line("nothing of chat/review is wanted")


def test_requests_under_way_at_a_reload_are_all_answered(house):
    """While the gate goes from one listener of the broker to another one and back."""
    port, end = Port(), threading.Event()
    house.broker.listeners.append(f"listener {port.number} 127.0.0.1")
    house.start()
    ports, codes = [house.broker.mqtt.number, port.number], []

    def ask():
        while not end.is_set():
            codes.append(code(house))

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for number in range(1, 9):
        start = len(house.process.lines)
        house.set("broker", port=ports[number % 2]).reload()
        assert house.process.await_line(f":{ports[number % 2]}: connected", start=start)
    end.set()
    for thread in asking:
        thread.join()
    port.release()
    assert set(codes) == {0} and len(codes) > 20


def test_streams_go_on_over_a_reload(house):
    house.start().broker.create("alice")
    stream = house.client("alice").events()
    house.set("rest", rate=7).set("http", timeout_seconds=5).reload()
    house.broker.user("bob").send("alice", "hello")
    assert stream.text() == "hello"
    stream.close()


# ---- what the log says


def test_a_reload_says_what_has_changed_and_no_value(house):
    house.start(broker=False)
    house.set("callback", url="https://user:password@hooks.example/?key=hidden", retry=3).set("http", port=9)
    assert house.reload() == ["reload: [http] port has changed; it counts from the next start on",
                              "reload: [callback] url has changed", "reload: [callback] retry has changed",
                              "the configuration was read again, and so were the files that it names"]
    assert "hidden" not in house.log() and "password" not in house.log()


def test_a_reload_of_the_same_says_that_nothing_has_changed(house):
    house.start(broker=False)
    assert house.reload() == ["the configuration was read again, and so were the files that it names"]


FAULTS = {
    "a number": ("rest", {"rate": "x"}, r"chatgate\.conf:\d+: \[rest\] rate: must be a whole number"),
    "a list": ("http", {"trust_proxy": "nobody"}, r"chatgate\.conf:\d+: \[http\] trust_proxy: must be"),
    "a key": ("broker", {"secret_key_file": "/nowhere"}, r"chatgate\.conf:\d+: \[broker\] secret_key_file: .* /nowhere cannot"),
    "a user": ("broker", {"user": "no user"}, r"chatgate\.conf:\d+: \[broker\] user: is no userID"),
    "a folder": ("files", {"web_dir": "/nowhere"}, r"chatgate\.conf:\d+: \[files\] web_dir: /nowhere"),
    "a place": ("http", {"temp_dir": "/nowhere"}, r"chatgate\.conf:\d+: \[http\] temp_dir: no file"),
    "a hook": ("callback", {"url": "ftp://x"}, r"chatgate\.conf:\d+: \[callback\] url: must begin with https://"),
    "what is missing": ("broker", {"user": None}, r"chatgate\.conf: \[broker\] user: is missing"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_configuration_with_a_fault_changes_nothing_and_is_named(house, what):
    section, given, wanted = FAULTS[what]
    house.start().set("rest", admins="somebody-else", rate=0).set("broker", name="other").set(section, **given)
    (line,) = house.reload()
    assert line.startswith("the configuration stays as it was: ")
    assert house.process.find("stays as it was: .*" + wanted), line
    assert code(house) == 0
    assert not house.broker.process.find("admin:other:other")


def test_a_configuration_that_is_gone_changes_nothing(house):
    house.start()
    os.rename(house.configure(), house.folder / "moved")
    house.process.signal(signal.SIGHUP)
    assert house.process.await_line("stays as it was: .*chatgate.conf cannot be read: No such file")
    assert code(house) == 0
