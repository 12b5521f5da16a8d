# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""From mosquitto_pub to Apple, Google and a web hook: headers and bodies."""
import json
import subprocess
import time

import pytest

import providers
from pki import read_jwt

PUSH = {"title": "T", "body": "B", "ext": '{"room":7}', "sound": "ding.caf"}


def publish(office, topic, text):
    """A plain mosquitto_pub."""
    subprocess.run(["mosquitto_pub", "-p", str(office.broker.mqtt.number), "-u", "alice", "-P",
                    office.broker.sig("alice"), "-i", "alice", "-q", "1", "-t", topic, "-m", text],
                   check=True, timeout=10)


def test_a_plain_message_arrives_at_apple_google_and_a_web_hook(office):
    tokens = {provider: office.phone("bob", provider) for provider in ("apns", "fcm", "webhook")}
    office.start()
    publish(office, "chat/user/bob", "hello bob")
    apple = office.apns.take_for(tokens["apns"]).json["aps"]["alert"]
    google = office.fcm.take_for(tokens["fcm"]).json["message"]["notification"]
    hook = office.webhook.take_for(tokens["webhook"]).json
    assert apple == google == {"title": "alice", "body": "hello bob"}
    assert (hook["title"], hook["body"]) == ("alice", "hello bob")


def test_apple_gets_the_headers_that_its_documentation_asks_for(office):
    token = office.phone("bob", token="0123456789abcdef" * 4)
    office.start()
    office.write("bob")
    request = office.apns.take_for(token)
    headers = request.headers
    assert (request.method, request.path) == ("POST", f"/3/device/{token}")
    assert abs(int(headers.pop("apns-expiration")) - time.time() - 86400) < 60
    assert providers.UUID.fullmatch(headers.pop("apns-id"))
    wanted = {"apns-topic": providers.TOPIC, "apns-push-type": "alert", "apns-priority": "10",
              "apns-collapse-id": "user/alice", "content-type": "application/json"}
    assert wanted.items() <= headers.items()


def test_apple_gets_what_the_message_says_of_its_notification(office):
    token = office.phone("bob")
    office.start()
    office.write("bob", {"text": "hello", "push": PUSH})
    payload = office.apns.take_for(token).json
    (message,) = office.sender().synced()
    assert payload == {
        "aps": {"alert": {"title": "T", "body": "B"}, "badge": 1, "sound": "ding.caf",
                "thread-id": "user/alice", "mutable-content": 1},
        "ext": PUSH["ext"],
        "message": {"id": message["id"], "sender": "alice", "to": "bob"},
    }


def test_a_notification_without_a_sound_has_the_usual_one_and_one_without_a_badge_leaves_it(office):
    token = office.phone("bob")
    office.start()
    office.write("bob", {"text": "hello", "push": {"badge": False}})
    aps = office.apns.take_for(token).json["aps"]
    assert aps["sound"] == "default" and "badge" not in aps


def test_apples_provider_token_is_signed_and_used_again(office):
    tokens = [office.phone(name) for name in ("bob", "carol")]
    office.start()
    office.write("bob")
    office.write("carol")
    used = {office.apns.take_for(token).headers["authorization"] for token in tokens}
    (text,) = used
    header, claims = read_jwt(text.removeprefix("bearer "), office.pki.apple_public)
    assert header == {"alg": "ES256", "kid": providers.KEY_ID}
    assert claims["iss"] == providers.TEAM_ID and abs(claims["iat"] - time.time()) < 30


def test_a_long_notification_is_cut_to_4096_bytes_at_a_character(office):
    token, text = office.phone("bob"), "\u20ac\n" * 1500
    office.start()
    payload = {"text": "hello", "push": {"title": "T", "body": text}}
    office.write("bob", json.dumps(payload, ensure_ascii=False))
    request = office.apns.take_for(token)
    body = request.json["aps"]["alert"]["body"]
    assert 4090 <= len(request.body) <= 4096
    assert len(body) > 500 and text.startswith(body)


def test_a_sound_and_an_ext_that_leave_no_room_for_a_text_are_left_out(office):
    tokens = {provider: office.phone("bob", provider) for provider in ("apns", "fcm")}
    office.start()
    office.write("bob", {"text": "hello", "push": {"ext": "e" * 2000, "sound": "s" * 3000}})
    aps = office.apns.take_for(tokens["apns"]).json["aps"]
    message = office.fcm.take_for(tokens["fcm"]).json["message"]
    assert aps["alert"] == message["notification"] == {"title": "alice", "body": "hello"}
    assert aps["sound"] == message["android"]["notification"]["sound"] == "default"


def test_a_token_of_dots_is_a_token(office):
    assert office.run("--test", "apns:app", "..")[0] == 0
    assert office.apns.take_for("..").path == "/3/device/.."


@pytest.mark.parametrize("provider", ["apns", "fcm"])
def test_an_address_may_end_with_a_slash(office, provider):
    token = office.phone("bob", provider)
    office.set(f"{provider}:app", url=office[provider].url + "/")
    office.start()
    office.write("bob")
    assert office[provider].take_for(token)


def test_a_token_cannot_leave_its_place_in_the_path(office):
    token = "../../x?y=1#\u00e9 z"
    assert office.run("--test", "apns:app", token)[0] == 0
    assert office.apns.take_for(token).path.startswith("/3/device/..%2F..%2Fx%3Fy%3D1%23")


def says_hello(request):
    return request.path != "/token" and request.json["message"]["notification"]["body"] == "hello"


def test_google_gets_notification_data_and_android_settings(office):
    token = office.phone("bob", "fcm")
    office.start()
    topic = office.sender().group("Public", "g1", ["bob"], groupName="Friends")
    office.write(topic, {"text": "hello", "push": {"ext": "E", "sound": "ding"}})
    message = office.fcm.take(says_hello).json["message"]
    ttl = message["android"].pop("ttl")
    assert 86000 < int(ttl.removesuffix("s")) <= 86400
    badge = message["android"]["notification"].pop("notification_count")
    assert badge >= 1
    number = message["data"].pop("id")
    assert number.isdigit()
    assert message == {
        "token": token,
        "notification": {"title": "alice(Friends)", "body": "hello"},
        "data": {"conversation": "group/g1", "sender": "alice", "group": "g1", "ext": "E"},
        "android": {"collapse_key": "group/g1", "priority": "HIGH",
                    "notification": {"tag": "group/g1", "sound": "ding"}},
    }


def test_one_access_token_of_google_serves_many_messages(office):
    tokens = [office.phone(name, "fcm") for name in ("bob", "carol", "dave")]
    office.start()
    for name in ("bob", "carol", "dave"):
        office.write(name)
    used = {office.fcm.take_for(token).headers["authorization"] for token in tokens}
    assert used == {"Bearer access-0"} and len(office.fcm.access_tokens) == 1


def test_an_access_token_is_renewed_before_it_ends(office):
    office.fcm.lasts = 120
    first, second = office.phone("bob", "fcm"), office.phone("carol", "fcm")
    office.start()
    office.write("bob")
    office.fcm.take_for(first)
    time.sleep(1.1)
    office.write("carol")
    assert office.fcm.take_for(second).headers["authorization"] == "Bearer access-1"


def test_a_web_hook_gets_the_job_as_the_broker_gave_it(office):
    token = office.phone("bob", "webhook")
    office.start()
    office.write("bob", {"text": "hello", "push": PUSH})
    request = office.webhook.take_for(token)
    job = request.json
    assert (request.method, request.path) == ("POST", "/push?from=chat")
    assert abs(int(request.headers["x-chat-timestamp"]) / 1000 - time.time()) < 30
    assert isinstance(job.pop("job"), int) and job["expire"] - job["time"] == 86400 * 1000
    wanted = {"attempt": 1, "provider": "webhook", "businessID": "app", "token": token, "userID": "bob",
              "clientID": "bob:other:1", "badge": 1, "collapse": "user/alice", **PUSH}
    assert wanted.items() <= job.items()
    assert job["message"].keys() == {"id", "sender", "to"}


def test_a_token_without_a_business_id_belongs_to_the_section_without_one(office):
    token = office.phone("bob", "webhook", business="")
    office.set("webhook", url=office.webhook.url, secret_file=office.folder / "hook.key",
               ca_file=office.pki.ca)
    office.start()
    office.write("bob")
    assert json.loads(office.webhook.take_for(token).body)["userID"] == "bob"
