# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What an operator does with chatpushd: configure, check, try, watch."""
import json
import pathlib
import signal
import subprocess

import pytest

from h2server import reply
from harness.settings import CHECKOUT
from office import WORKER


def test_check_finds_everything_good(office):
    code, lines = office.run("--check")
    assert code == 0, lines
    good = [line.split(":")[0] for line in lines if " ok" in line]
    assert good == ["[broker] 127.0.0.1", "[apns", "[fcm", "[webhook"]
    assert not [line for line in lines if "ERROR" in line]


def test_check_takes_no_jobs(office):
    token = office.phone("bob")
    office.write("bob")
    assert office.run("--check")[0] == 0
    assert office.apns.count_for(token) == 0
    office.start()
    assert office.apns.take_for(token)


BAD = {
    "an unknown key id": ("apns:app", {"key_id": "OTHER00001"}, r"\[apns:app\].*InvalidProviderToken"),
    "a wrong topic": ("apns:app", {"topic": "org.example.other"}, r"\[apns:app\].*BadTopic"),
    "nobody there": ("webhook:app", {"url": "https://127.0.0.1:1/"}, r"\[webhook:app\].*FAILED.*[Cc]onnect"),
    "a user who is no administrator": ("broker", {"user": "bob"}, r"\[broker\].*administrators"),
    "a wrong sdkappid": ("broker", {"sdkappid": 7}, r"\[broker\].*refused"),
    "no broker": ("broker", {"port": 1}, r"\[broker\].*FAILED"),
}


@pytest.mark.parametrize("what", BAD)
def test_check_finds(office, what):
    section, options, line = BAD[what]
    office.set(section, **options)
    code, _ = office.run("--check")
    assert code == 1
    office.await_line(line)


def test_check_finds_a_web_hook_that_redirects(office):
    office.webhook.refuse = lambda request: reply(301, location="/elsewhere")
    code, _ = office.run("--check")
    assert code == 1
    office.await_line(r"\[webhook:app\]: FAILED, 301")


def test_check_finds_a_service_account_of_another_key(office):
    office.fcm.token_replies = [reply(400, {"error": "invalid_grant"})]
    code, _ = office.run("--check")
    assert code == 1
    office.await_line(r"\[fcm:app\]: FAILED.*invalid_grant")


@pytest.mark.parametrize("provider", ["apns", "fcm", "webhook"])
def test_test_sends_one_notification(office, provider):
    code, lines = office.run("--test", f"{provider}:app", "a-token")
    assert code == 0 and lines[-1].startswith(f"{provider}:app: ok"), lines
    assert office[provider].take_for("a-token")


def test_test_says_why_it_failed(office):
    office.apns.script["a-token"] = [reply(410, {"reason": "Unregistered"})]
    code, lines = office.run("--test", "apns:app", "a-token")
    assert code == 1 and lines[-1] == "apns:app: FAILED, 410 Unregistered"


def test_sigusr1_prints_the_counters(office):
    token = office.phone("bob")
    process = office.start()
    office.write("bob")
    office.apns.take_for(token)
    office.fence()
    process.signal(signal.SIGUSR1)
    office.await_line(r"\[apns:app\] taken 1, done 1, to be tried again 0, invalid tokens 0, given up 0;")


def test_a_login_that_is_refused_is_tried_again_and_said(office):
    office.set("broker", user="bob")
    office.launch()
    office.await_line("bob may not subscribe to chat/push: not an administrator.*again in")


def test_a_broker_without_the_plugins_key_says_not_authorised(office):
    key = office.folder / "wrong.key"
    key.write_text("x" * 64)
    key.chmod(0o600)
    office.set("broker", secret_key_file=key)
    office.launch()
    office.await_line("the login of admin was refused: .*not authori")


# ---- refused before anything is sent


def refusal(office):
    code, lines = office.run(broker=False)
    assert code == 1
    return lines[-1]


@pytest.mark.parametrize("section, options, wanted", [
    ("apns:app", {"colour": "red"}, "[apns:app] colour: there is no such option"),
    ("apns:app", {"key_id": None}, "[apns:app] key_id: is missing"),
    ("apns:app", {"url": "http://127.0.0.1"}, "[apns:app] url: must begin with https://"),
    ("webhook:app", {"timeout_seconds": 21}, "timeout_seconds: must be a whole number from 1 to 20"),
    ("webhook:app", {"timeout_seconds": "5s"}, "timeout_seconds: must be a whole number from 1 to 20"),
    ("broker", {"port": 65536}, "[broker] port: must be a whole number from 1 to 65535"),
    ("broker", {"user": "no user"}, "[broker] user: is no userID"),
    ("broker", {"name": "a/b"}, "[broker] name: at most 64 of"),
    ("smtp:app", {"host": "x"}, "[smtp:app]: a section is"),
    ("apns:" + "x" * 60, {"key_id": "x"}, "use business_id for a longer one"),
    ("fcm:second", {"business_id": "app", "service_account_file": "x"}, "has the businessID of [fcm:app]"),
])
def test_a_configuration_is_refused(office, section, options, wanted):
    office.set(section, **options)
    assert wanted in refusal(office)


def test_a_configuration_from_windows_is_read(office):
    path = office.configure()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    process = subprocess.run([WORKER, "-c", path, "--test", "webhook:app", "a-token"], capture_output=True)
    assert process.returncode == 0 and office.webhook.take_for("a-token")


@pytest.mark.parametrize("section", ["broker", "apns:app", "fcm:app", "webhook:app"])
def test_a_ca_file_that_is_not_there_is_refused(office, section):
    office.set(section, ca_file="/nowhere/ca")
    assert "ca_file: /nowhere/ca cannot be read: No such file" in refusal(office)


def test_a_line_that_is_none_is_refused(office):
    office.set("broker", **{"what is this\nhost": "127.0.0.1"})
    assert "neither [section] nor name = value" in refusal(office)


def test_a_configuration_that_is_not_there_is_refused():
    process = subprocess.run([WORKER, "-c", "/nowhere/x.conf"], capture_output=True, text=True)
    assert process.returncode == 1 and "/nowhere/x.conf cannot be read: No such file" in process.stderr


SECRETS = [("apns:app", "key_file"), ("fcm:app", "service_account_file"), ("webhook:app", "secret_file"),
           ("broker", "secret_key_file")]


@pytest.mark.parametrize("section, option", SECRETS)
def test_a_secret_that_others_can_read_is_refused(office, section, option):
    path = office.folder / "open"
    path.write_bytes(pathlib.Path(office.setting(section, option)).read_bytes())
    path.chmod(0o604)
    office.set(section, **{option: path})
    assert "is open to others" in refusal(office)


@pytest.mark.parametrize("section, option", SECRETS)
def test_a_secret_that_is_not_there_is_refused(office, section, option):
    office.set(section, **{option: "/nowhere/key"})
    assert "/nowhere/key cannot be opened: No such file" in refusal(office)


@pytest.mark.parametrize("section, option, wanted", [
    ("apns:app", "key_file", "has no private key of the curve P-256"),
    ("fcm:app", "service_account_file", "is not valid JSON"),
])
def test_a_key_of_another_kind_is_refused(office, section, option, wanted):
    office.set(section, **{option: office.pki.google_key})
    assert wanted in refusal(office)


def test_an_elliptic_key_is_no_service_accounts(office):
    account = office.setting("fcm:app", "service_account_file")
    google, apple = (json.dumps(key.read_text()) for key in (office.pki.google_key, office.pki.apple_key))
    account.write_text(account.read_text().replace(google, apple))
    assert "has no RSA key of 2048 bits or more" in refusal(office)


def test_the_example_lacks_nothing_but_keys():
    command = [WORKER, "-c", CHECKOUT / "chatpushd.conf.example"]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 1 and "AuthKey_ABCDE12345.p8 cannot be opened" in process.stderr


def test_wrong_usage_says_the_right_one():
    process = subprocess.run([WORKER, "--nonsense"], capture_output=True, text=True)
    assert process.returncode == 2 and process.stderr.startswith("usage: chatpushd")
