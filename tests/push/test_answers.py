# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What each answer of a provider leads to."""
import datetime
import email.utils
import time

import pytest

from h2server import Reply, reply
from harness.settings import PATIENCE
from providers import fcm_error

# WAITS: like AGAIN, but the attempt does not count.
DONE, AGAIN, WAITS, TOKEN_GONE, DEAD = "done", "again", "waits", "token gone", "dead"


def apple(status, reason=None, **headers):
    return reply(status, reason and {"reason": reason}, **headers)


APPLE = [
    (410, "Unregistered", TOKEN_GONE),
    (400, "BadDeviceToken", TOKEN_GONE),
    (400, "DeviceTokenNotForTopic", TOKEN_GONE),
    (429, "TooManyRequests", AGAIN),
    (500, "InternalServerError", AGAIN),
    (503, "ServiceUnavailable", AGAIN),
    (400, "PayloadEmpty", DEAD),
    (400, "BadTopic", WAITS),
    (400, "TopicDisallowed", WAITS),
    (403, "BadCertificate", WAITS),
    (404, "BadPath", WAITS),
    (429, "TooManyProviderTokenUpdates", WAITS),
    (413, "PayloadTooLarge", DEAD),
]
GOOGLE = [
    (404, "NOT_FOUND", "UNREGISTERED", TOKEN_GONE),
    (404, "NOT_FOUND", None, TOKEN_GONE),
    (429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", AGAIN),
    (500, "INTERNAL", "INTERNAL", AGAIN),
    (503, "UNAVAILABLE", "UNAVAILABLE", AGAIN),
    (400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", DEAD),
    (403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH", TOKEN_GONE),
    (403, "PERMISSION_DENIED", None, WAITS),
    (401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR", WAITS),
]
HOOK = [(200, DONE), (204, DONE), (410, TOKEN_GONE), (429, AGAIN), (500, AGAIN), (503, AGAIN), (400, DEAD),
        (422, DEAD), (302, WAITS), (401, WAITS), (404, WAITS)]


def outcome(office, provider, answer):
    """Answers bob's first notification so, and says what came of it. It is not the provider's first answer: what the
    first ones are taken for is in test_faults_of_ours.py."""
    token = office.phone("bob", provider)
    office[provider].script[token] = [answer, answer]
    office.start()
    office.fence(provider)
    office.write("bob")
    first = office[provider].take_for(token)
    if answer.status < 300:
        office.fence(provider)
        return DONE if office[provider].count_for(token) == 0 else AGAIN
    line = office.await_line(r"attempt 1: " + str(answer.status))
    if "again" in line:
        second = office[provider].take_for(token)
        assert same(provider, first, second)
        return AGAIN if "attempt 2" in office.await_line(r"attempt \d: ", start=after(office, line)) else WAITS
    office.fence(provider)
    assert office[provider].count_for(token) == 0
    office.write("bob", "one more")
    if "given up" in line:
        assert office[provider].take_for(token)
        return DEAD
    office.fence(provider)
    assert "token is invalid" in line and office[provider].count_for(token) == 0
    return TOKEN_GONE


def after(office, line):
    """Where the log goes on behind this line."""
    return office.workers[-1].lines.index(line) + 1


def same(provider, first, second):
    """The provider can tell that it is the same notification."""
    if provider == "apns":
        return all(first.headers[name] == second.headers[name] for name in ("apns-id", "apns-collapse-id"))
    if provider == "fcm":
        messages = [request.json["message"] for request in (first, second)]
        keys = {message["android"]["collapse_key"] for message in messages}
        return messages[0]["data"] == messages[1]["data"] and len(keys) == 1
    return first.json["job"] == second.json["job"]


@pytest.mark.parametrize("status, reason, wanted", APPLE)
def test_an_answer_of_apples(office, status, reason, wanted):
    assert outcome(office, "apns", apple(status, reason, retry_after=1)) == wanted


@pytest.mark.parametrize("status, name, code, wanted", GOOGLE)
def test_an_answer_of_googles(office, status, name, code, wanted):
    assert outcome(office, "fcm", fcm_error(status, name, code, retry_after=1)) == wanted


def test_google_refusing_the_token_as_malformed_drops_it(office):
    text = "The registration token is not a valid FCM registration token"
    assert outcome(office, "fcm", fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", text)) == TOKEN_GONE


def test_a_web_page_with_404_is_a_wrong_address_and_costs_no_token(office):
    page = reply(404, b"<!DOCTYPE html><title>Not Found</title>", retry_after=1)
    assert outcome(office, "fcm", page) == WAITS


@pytest.mark.parametrize("status, wanted", HOOK)
def test_an_answer_of_a_web_hook(office, status, wanted):
    assert outcome(office, "webhook", reply(status, retry_after=1, location="/elsewhere")) == wanted


@pytest.mark.parametrize("provider", ["apns", "fcm", "webhook"])
def test_retry_after_is_waited_for(office, provider):
    token = office.phone("bob", provider)
    office[provider].script[token] = [reply(429, retry_after=2)]
    office.start()
    office.write("bob")
    first = office[provider].take_for(token)
    second = office[provider].take_for(token)
    assert 1.9 <= second.at - first.at < 9, "10 s is for who is not told"


def test_retry_after_may_be_a_date(office):
    token = office.phone("bob")
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    office.apns.script[token] = [reply(503, retry_after=email.utils.format_datetime(then, usegmt=True))]
    office.start()
    office.write("bob")
    first, second = (office.apns.take_for(token) for _ in range(2))
    assert 0.9 <= second.at - first.at < 9, "10 s is for who is not told"


def test_a_quota_of_googles_without_retry_after_is_respected_for_a_minute(office):
    token = office.phone("bob", "fcm")
    office.fcm.script[token] = [fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")]
    office.start()
    office.write("bob")
    office.await_line(r"429 QUOTA_EXCEEDED; to be tried again in 60 s")


def dead_jobs(office, count):
    """What administrators are told, once there are so many."""
    admin, deadline = office.broker.admin("web:1"), time.monotonic() + PATIENCE
    while len(dead := admin.command("getStats")["dead"]) < count:
        assert time.monotonic() < deadline, f"{dead} only"
    return dead


def test_what_is_given_up_is_kept_as_dead_with_its_reason(office):
    token = office.phone("bob")
    office.apns.script[token] = [apple(400, "PayloadEmpty")]
    office.start()
    office.write("bob")
    (dead,) = dead_jobs(office, 1)
    assert (dead["userID"], dead["provider"], dead["error"]) == ("bob", "apns", "400 PayloadEmpty")


def test_a_reason_in_another_alphabet_is_cut_and_still_reaches_the_broker(office):
    token, reason = office.phone("bob"), "x" + "\u00e9" * 99
    office.apns.script[token] = [apple(400, reason)]
    office.start()
    office.write("bob")
    (dead,) = dead_jobs(office, 1)
    assert dead["error"].startswith("400 x" + "\u00e9" * 40)


# ---- our own authorization


@pytest.mark.parametrize("reason", ["ExpiredProviderToken", "InvalidProviderToken"])
def test_a_refused_provider_token_is_replaced_and_the_notification_sent_at_once(office, reason):
    token, other = office.phone("bob"), office.phone("carol")
    office.apns.script[token] = [apple(403, reason)]
    office.start()
    time.sleep(1 - time.time() % 1)  # a token tells the second it was made in: let the second differ
    office.write("carol")
    old = office.apns.take_for(other).headers["authorization"]
    time.sleep(1.01)
    office.write("bob")
    first, second = (office.apns.take_for(token) for _ in range(2))
    assert first.headers["authorization"] == old != second.headers["authorization"]
    assert first.headers["apns-id"] == second.headers["apns-id"]
    assert "to be tried again" not in office.log()


def test_a_provider_token_that_stays_expired_is_no_reason_to_ask_for_ever(office):
    token = office.phone("bob")
    office.apns.script[token] = [apple(403, "ExpiredProviderToken")] * 2
    office.start()
    office.write("bob")
    office.await_line("403 ExpiredProviderToken, with a new token too; to be tried again")
    assert office.apns.count_for(token) == 2


def test_a_token_that_was_renewed_a_moment_ago_is_not_renewed_for_the_next_refusal(office):
    tokens = [office.phone(name) for name in ("bob", "carol")]
    for token in tokens:
        office.apns.script[token] = [apple(403, "ExpiredProviderToken")] * 2
    office.start()
    for number, name in enumerate(("bob", "carol")):
        office.write(name)
        office.await_counter("apns:app", f"to be tried again {number + 1}")
    used = {request.headers["authorization"] for request in office.apns.pending()}
    assert len(used) == 2


def test_an_access_token_that_google_refuses_is_replaced(office):
    token = office.phone("bob", "fcm")
    office.fcm.script[token] = [fcm_error(401, "UNAUTHENTICATED")]
    office.start()
    office.write("bob")
    used = [office.fcm.take_for(token).headers["authorization"] for _ in range(2)]
    assert used == ["Bearer access-0", "Bearer access-1"]


def test_no_access_token_is_a_reason_to_try_later(office):
    token = office.phone("bob", "fcm")
    office.fcm.token_replies = [reply(503, None, retry_after=1)]
    office.start()
    office.write("bob")
    office.await_line("no access token: 503 .*again in 1 s")
    assert len(office.fcm.access_tokens) == 0


def test_what_google_says_of_a_bad_key_is_in_the_log(office):
    office.phone("bob", "fcm")
    bad = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    office.fcm.token_replies = [reply(400, bad)]
    office.start()
    office.write("bob")
    office.await_line("no access token: 400 invalid_grant Invalid JWT Signature")


def test_jobs_that_wait_for_an_access_token_share_one(office):
    tokens = [office.phone(name, "fcm") for name in ("bob", "carol", "dave")]
    started = Reply(after=0.3, body=b'{"access_token":"slow","expires_in":3599}')
    office.fcm.token_replies = [started]
    office.fcm.access_tokens.append("slow")
    office.start()
    for name in ("bob", "carol", "dave"):
        office.write(name)
    assert {office.fcm.take_for(token).headers["authorization"] for token in tokens} == {"Bearer slow"}


# ---- jobs that cannot be sent


def test_a_job_of_an_unknown_business_id_fails_with_that_reason(office):
    office.phone("bob", "apns", business="unheard-of")
    office.start()
    office.write("bob")
    office.await_line(r"the worker has no section \[apns:unheard-of\]; to be tried again")


def test_one_section_for_each_business_id(office):
    tokens = [office.phone("bob", "webhook"), office.phone("carol", "webhook", business="second")]
    office.set("webhook:second", url=office.webhook.url + "/second", secret_file=office.folder / "hook.key",
               ca_file=office.pki.ca)
    office.start()
    office.write("bob")
    office.write("carol")
    assert [office.webhook.take_for(token).path for token in tokens] == ["/push?from=chat", "/second"]
