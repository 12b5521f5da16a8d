# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Credentials, configuration and clock of the worker's own: no job dies of them, no token is dropped."""
import time

import pytest

from h2server import reply
from providers import KEY_ID, TEAM_ID, fcm_error

PROVIDERS = ["apns", "fcm", "webhook"]


def hurry(provider):
    """Whatever it refuses is to be tried again after a second, not after a minute."""
    refuse = provider.refuse

    def refuse_for_a_second(request):
        refused = refuse(request)
        if refused:
            refused.headers["retry-after"] = "1"
        return refused

    provider.refuse = refuse_for_a_second


def refuse_all(provider, answer):
    """All notifications, until the function that it gives is called."""
    usual = provider.refuse
    provider.refuse = lambda request: usual(request) if request.path == "/token" else answer
    return lambda: setattr(provider, "refuse", usual)


def used_by(requests):
    return {request.headers["authorization"] for request in requests}


def test_after_the_clock_went_back_notifications_go_on_with_another_token(office):
    hurry(office.apns)
    token = office.phone("bob")
    office.start(faults=True)
    office.fence()
    office.faults.set_clock(wall=3600)
    office.write("bob")
    office.await_line(r"ERROR \[apns:app\] refuses us.*403 InvalidProviderToken, with a new token too")
    office.await_counter("apns:app", "to be tried again 2")
    future = office.apns.pending()
    assert len(used_by(future)) == 2, "the first, and one new one"
    office.faults.set_clock(wall=0)
    office.await_line(r"\[apns:app\] takes notifications again")
    request = next(request for request in office.apns.pending() if not request.refusal)
    assert office.apns.token_of(request) == token and not used_by([request]) & used_by(future)
    office.await_counter("apns:app", "done 1,")


REFUSALS = {
    "a key that Apple does not know": ("apns", reply(403, {"reason": "InvalidProviderToken"}, retry_after=1)),
    "another app's name": ("apns", reply(400, {"reason": "BadTopic"}, retry_after=1)),
    "an address that is another's": ("apns", reply(404, {"reason": "BadPath"}, retry_after=1)),
    "an account without the right": ("fcm", fcm_error(403, "PERMISSION_DENIED", retry_after=1)),
    "a web page": ("fcm", reply(404, b"<html>", retry_after=1)),
    "a secret that was changed": ("webhook", reply(401, retry_after=1)),
    "a hook that has moved": ("webhook", reply(308, location="/elsewhere", retry_after=1)),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_what_is_refused_for_a_fault_of_ours_arrives_when_that_is_over(office, what):
    provider, answer = REFUSALS[what]
    mend = refuse_all(office[provider], answer)
    token = office.phone("bob", provider)
    process = office.start()
    office.write("bob")
    office.await_line(rf"ERROR \[{provider}:app\] refuses us")
    office.await_counter(f"{provider}:app", "to be tried again 2")
    assert len(process.find("ERROR")) == 1, "once a minute is enough"
    mend()
    office.await_line(rf"\[{provider}:app\] takes notifications again")
    assert office[provider].take(lambda request: office[provider].token_of(request) == token and not request.refusal)
    assert "attempt 2" not in office.log(), "it was no attempt"


def test_no_access_token_for_a_fault_of_ours_kills_nothing(office):
    bad = {"error": "invalid_grant", "error_description": "Invalid JWT: Token must be a short-lived token"}
    office.fcm.token_replies = [reply(400, bad, retry_after=1)]
    office.phone("bob", "fcm")
    office.start()
    office.write("bob")
    office.await_line(r"ERROR \[fcm:app\] refuses us.*invalid_grant")
    office.await_line(r"attempt 1: .*to be tried again in 1 s")


def test_a_provider_that_cannot_be_reached_costs_no_attempt(office):
    office.set("webhook:app", url="https://127.0.0.1:1/")
    office.phone("bob", "webhook")
    office.start()
    office.write("bob")
    office.await_line(r"attempt 1: .*to be tried again in 30 s")


# ---- tokens


@pytest.mark.parametrize("reason", ["BadDeviceToken", "DeviceTokenNotForTopic"])
def test_tokens_are_kept_while_none_has_been_taken(office, reason):
    """As when the worker speaks to Apple's sandbox, or for another app."""
    refused = [reply(400, {"reason": reason}, retry_after=1)]
    tokens = [office.phone(name) for name in ("bob", "carol")]
    for token in tokens:
        office.apns.script[token] = refused * 2
    process = office.start()
    office.write("bob")
    office.write("carol")
    office.await_line(rf"ERROR \[apns:app\] has taken no token yet.*400 {reason}")
    office.await_counter("apns:app", "done 2, to be tried again 4, invalid tokens 0")
    assert len(process.find("ERROR")) == 1
    office.apns.script[tokens[0]] = refused
    office.write("bob", "now it is his token's fault")
    office.await_line(rf"400 {reason}; the token is invalid")


def test_a_token_that_was_said_again_after_apple_lost_it_is_kept(office):
    token = office.phone("bob")
    an_hour_ago = round((time.time() - 3600) * 1000)
    office.apns.script[token] = [reply(410, {"reason": "Unregistered", "timestamp": an_hour_ago}, retry_after=1)]
    office.start()
    office.write("bob")
    office.await_line("410 of a time before the device said its token; to be tried again")
    office.await_counter("apns:app", "done 1,")


def test_a_token_that_apple_lost_after_it_was_said_is_dropped(office):
    token = office.phone("bob")
    in_a_while = round((time.time() + 3600) * 1000)
    office.apns.script[token] = [reply(410, {"reason": "Unregistered", "timestamp": in_a_while})]
    office.start()
    office.write("bob")
    office.await_line("410 Unregistered; the token is invalid")


# ---- Apple's provider token over restarts


def authorization(office, token, text):
    office.write("bob", text)
    return office.apns.take_for(token).headers["authorization"]


def test_a_worker_that_starts_again_goes_on_with_its_provider_token(office):
    token = office.phone("bob")
    process = office.start()
    first = authorization(office, token, "one")
    office.stop(process)
    assert office.setting("apns:app", "token_file").stat().st_mode & 0o777 == 0o600
    office.start()
    assert authorization(office, token, "two") == first


@pytest.mark.parametrize("what", ["garbage", "of the future", "too old", "another key's", "open to others"])
def test_a_provider_token_that_cannot_be_used_is_replaced(office, what):
    path, now = office.setting("apns:app", "token_file"), round(time.time())
    path.write_text({"garbage": "\n\n  x", "of the future": f"{KEY_ID} {TEAM_ID} {now + 3600} x.y.z\n",
                     "too old": f"{KEY_ID} {TEAM_ID} {now - 3600} x.y.z\n",
                     "another key's": f"KEY0000002 {TEAM_ID} {now} x.y.z\n",
                     "open to others": f"{KEY_ID} {TEAM_ID} {now} x.y.z\n"}[what])
    path.chmod(0o644 if what == "open to others" else 0o600)
    token = office.phone("bob")
    process = office.start()
    used = authorization(office, token, "one")
    assert used != "bearer x.y.z"
    assert bool(process.find("is open to others")) == (what == "open to others")
    assert used.removeprefix("bearer ") in path.read_text() and path.stat().st_mode & 0o777 == 0o600


def test_a_provider_token_that_apple_refuses_is_not_taken_from_the_file_again(office):
    path = office.setting("apns:app", "token_file")
    path.write_text(f"{KEY_ID} {TEAM_ID} {round(time.time()) - 5} x.y.z\n")
    path.chmod(0o600)
    hurry(office.apns)
    token = office.phone("bob")
    office.start()
    office.write("bob")
    first, second = (office.apns.take(lambda r: office.apns.token_of(r) == token) for _ in range(2))
    assert first.refusal and not second.refusal


def test_a_folder_that_is_not_there_is_said_and_costs_nothing_else(office):
    office.set("apns:app", token_file=office.folder / "nowhere" / "token")
    token = office.phone("bob")
    office.start()
    office.write("bob")
    assert office.apns.take_for(token)
    office.await_line(r"nowhere/token cannot be written: No such file")
