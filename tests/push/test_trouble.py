# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Networks, providers, brokers and workers that fail: nothing is lost, what comes twice can be recognised."""
import re
import socket
import threading
import time

import pytest

from h2server import OldServer, Reply
from providers import Webhook

PROVIDERS = ["apns", "fcm", "webhook"]


def send_to_bob(office, provider, *script):
    token = office.phone("bob", provider)
    office[provider].script[token] = list(script)
    process = office.start()
    office.write("bob")
    return token, process


# ---- the network and the provider


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_that_hangs_is_asked_again_later(office, provider):
    office.set(f"{provider}:app", timeout_seconds=1)
    send_to_bob(office, provider, Reply(how="hang"))
    office.await_line("no answer within 1 s; to be tried again")


def test_a_slow_answer_is_waited_for(office):
    token, _ = send_to_bob(office, "apns", Reply(after=1.5))
    office.apns.take_for(token)
    office.fence()
    assert office.apns.count_for(token) == 0 and "attempt" not in office.log()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_connection_that_breaks_under_way_is_made_again_at_once(office, provider):
    token, _ = send_to_bob(office, provider, Reply(how="close"))
    first, second = (office[provider].take_for(token) for _ in range(2))
    assert first.connection != second.connection and "to be tried again" not in office.log()
    assert first.headers.get("apns-id") == second.headers.get("apns-id")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_goaway_moves_to_another_connection(office, provider):
    token, _ = send_to_bob(office, provider, Reply(how="goaway"))
    first, second = (office[provider].take_for(token) for _ in range(2))
    assert first.connection != second.connection and "to be tried again" not in office.log()


def test_a_provider_that_closes_every_connection_is_left_alone_for_a_while(office):
    send_to_bob(office, "apns", *[Reply(how="close")] * 20)
    office.await_line("attempt 1: .*; to be tried again")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_nobody_is_told_anything_under_a_certificate_of_another_ca(office, provider):
    office.set(f"{provider}:app", ca_file=office.pki.other_ca)
    send_to_bob(office, provider)
    office.await_line("attempt 1: .*certificate.*; to be tried again")
    assert office[provider].pending() == []


def test_nobody_is_told_anything_under_a_certificate_of_another_host(office):
    elsewhere = Webhook(office.pki.elsewhere)
    office.set("webhook:app", url=elsewhere.url)
    send_to_bob(office, "webhook")
    office.await_line("attempt 1: .*(certificate|alternative).*; to be tried again")
    assert elsewhere.pending() == []
    elsewhere.close()


def test_a_port_where_nobody_listens_is_tried_again_later(office):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    office.set("webhook:app", url=f"https://127.0.0.1:{port}/")
    send_to_bob(office, "webhook")
    office.await_line("attempt 1: .*[Cc]onnect.*; to be tried again")


def test_a_name_that_cannot_be_looked_up_is_tried_again_later(office):
    office.set("webhook:app", url="https://nowhere.invalid/")
    send_to_bob(office, "webhook")
    office.await_line("attempt 1: .*resolve host.*; to be tried again")


def test_a_name_server_that_hangs_costs_others_nothing(office):
    office.set("webhook:app", url="https://slow.invalid/", timeout_seconds=1)
    tokens = [office.phone("bob", "webhook"), office.phone("carol")]
    process = office.start(preload="slow_names.so")
    office.write("bob")
    office.await_line("no connection within 1 s; to be tried again")
    office.write("carol")
    assert office.apns.take_for(tokens[1])
    started = time.monotonic()
    assert office.stop(process) == 0 and time.monotonic() - started < 15, "the look-up takes 20 s"


def test_a_provider_may_take_one_request_at_a_time_on_a_connection(office):
    many_phones(office, 300)
    narrow = Webhook(office.pki.server, max_streams=1)
    office.set("webhook:app", url=narrow.url)
    office.start()
    office.write("eve")
    requests = [narrow.take() for _ in range(300)]
    office.await_counter("webhook:app", "done 300, to be tried again 0")
    assert len({narrow.token_of(request) for request in requests}) == 300
    narrow.close()


def test_connections_to_many_providers_stay_open_while_little_is_to_do(office):
    hooks = {f"hook{number}": Webhook(office.pki.server) for number in range(6)}
    for name, hook in hooks.items():
        office.set(f"webhook:{name}", **{**office.settings("webhook:app"), "url": hook.url})
        office.phone(name, "webhook", business=name)
    office.start()
    for _ in range(2):
        for name, hook in hooks.items():
            office.write(name)
            assert hook.take().connection == 0
    for hook in hooks.values():
        hook.close()


def test_a_web_hook_may_speak_http_1(office):
    many_phones(office, 100)
    hook = OldServer(office.pki.server, pause=0.2)
    # 100 answers on 16 connections take 1.25 s, and more on a busy machine.
    office.set("webhook:app", url=hook.url, timeout_seconds=5)
    office.start()
    office.write("eve")
    office.await_counter("webhook:app", "done 100, to be tried again 0")
    assert len(hook.bodies) == 100
    hook.close()


def many_phones(office, count, provider="webhook"):
    """Devices of eve's: a message to her is as many jobs."""
    for number in range(count):
        client = office.broker.raw()
        client.login("eve", f"eve:other:{number}")
        token = {"provider": provider, "token": f"eve-{number}", "businessID": "app"}
        client.publish("$CONTROL/chat/v1", {"commands": [{"command": "setPushToken", **token}]})
        client.disconnect()


def test_a_provider_that_hangs_costs_others_nothing(office):
    many_phones(office, 600)
    for number in range(600):
        office.webhook.script[f"eve-{number}"] = [Reply(how="hang")] * 3
    token = office.phone("bob")
    office.set("webhook:app", timeout_seconds=20)
    office.start()
    office.write("eve")
    office.webhook.take_for("eve-0")
    started = time.monotonic()
    for number in range(5):
        office.write("bob", f"message {number}")
        assert office.apns.take_for(token).json["aps"]["alert"]["body"] == f"message {number}"
    assert time.monotonic() - started < 15, "they hang for 20 s"
    assert office.webhook.server.most_in_flight <= 500


def test_an_answer_without_end_is_not_read_to_its_end(office):
    token, _ = send_to_bob(office, "webhook", Reply(body=b"x" * 100000, how="stream"))
    office.webhook.take_for(token)
    office.fence()
    office.await_counter("webhook:app", "done 2")


def test_many_failures_at_once_are_all_told_to_the_broker(office):
    gate = threading.Event()
    many_phones(office, 120)
    for number in range(120):
        office.webhook.script[f"eve-{number}"] = [Reply(503, {"retry-after": "1"}, after=gate)]
    office.start()
    office.write("eve")
    first = {office.webhook.token_of(office.webhook.take()) for _ in range(120)}
    gate.set()
    second = {office.webhook.token_of(office.webhook.take()) for _ in range(120)}
    assert len(first) == 120 and first == second


def test_at_most_500_are_in_flight_and_all_arrive(office):
    gate = threading.Event()
    many_phones(office, 700)
    for number in range(700):
        office.webhook.script[f"eve-{number}"] = [Reply(204, after=gate)]
    office.drop("apns:app")
    office.drop("fcm:app")  # no others, for whom some would be kept free
    office.set("webhook:app", timeout_seconds=20)
    office.start()
    office.write("eve")
    seen = {office.webhook.token_of(office.webhook.take()) for _ in range(500)}
    assert office.webhook.server.most_in_flight == 500
    gate.set()
    seen |= {office.webhook.token_of(office.webhook.take()) for _ in range(200)}
    assert len(seen) == 700


# ---- workers


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_worker_killed_before_it_answered_sends_the_same_again(office, provider):
    token, process = send_to_bob(office, provider, Reply(how="hang"))
    first = office[provider].take_for(token)
    office.kill(process)
    office.start()
    second = office[provider].take_for(token)
    if provider == "apns":
        assert all(first.headers[name] == second.headers[name] for name in ("apns-id", "apns-collapse-id"))
    elif provider == "fcm":
        keys = {request.json["message"]["android"]["collapse_key"] for request in (first, second)}
        assert keys == {"user/alice"}
    else:
        assert (second.json["job"], second.json["attempt"]) == (first.json["job"], 2)


def test_no_job_is_lost_when_workers_are_killed_in_the_middle(office):
    count = 200
    many_phones(office, count)
    process = office.start()
    office.write("eve")
    arrived = set()
    for _ in range(3):
        arrived |= {office.webhook.token_of(office.webhook.take()) for _ in range(20)}
        office.kill(process)
        process = office.start()
    while len(arrived) < count:
        arrived.add(office.webhook.token_of(office.webhook.take()))
    assert arrived == {f"eve-{number}" for number in range(count)}


def test_two_workers_share_the_jobs(office):
    many_phones(office, 40)
    processes = [office.start(), office.start()]
    office.write("eve")
    assert len({office.webhook.token_of(office.webhook.take()) for _ in range(40)}) == 40
    office.fence()
    for process in processes:
        assert office.stop(process) == 0
    lines = [process.find(r"\[webhook:app\] taken")[-1] for process in processes]
    done = [int(re.search(r"done (\d+)", line)[1]) for line in lines]
    assert sum(done) == 41 and min(done) >= 10


def test_sigterm_waits_for_what_is_in_flight_and_answers_it(office):
    gate = threading.Event()
    token, process = send_to_bob(office, "apns", Reply(after=gate))
    office.apns.take_for(token)
    process.signal(15)
    office.await_line("ending; 1 jobs are in flight")
    gate.set()
    assert process.wait() == 0
    office.await_line("ended; 0 jobs go back")
    office.start()
    office.fence()
    assert office.apns.count_for(token) == 0


def test_sigterm_gives_back_after_5_seconds_what_has_no_answer(office):
    token, process = send_to_bob(office, "apns", Reply(how="hang"))
    office.apns.take_for(token)
    started = time.monotonic()
    assert office.stop(process) == 0
    assert 4.5 < time.monotonic() - started < 9, "10 s is what the provider has"
    office.start()
    assert office.apns.take_for(token)


# ---- the broker


@pytest.mark.parametrize("pace, woken", [(25, True), (0, False)])
def test_an_idle_broker_is_woken_at_the_pace_that_is_configured(office, pace, woken):
    office.set_broker(other_topics="allow")
    office.set("broker", wake_milliseconds=pace)
    watcher = office.broker.admin("web:1").subscribe("$wake")
    office.start()
    office.fence()
    time.sleep(0.2)
    watcher.fence()
    assert any(message.topic == "$wake" for message in watcher.pending(lambda message: True)) == woken


def test_the_way_to_the_broker_may_be_tls(office):
    office.offer_tls()
    token = office.phone("bob")
    office.start()
    office.write("bob")
    assert office.apns.take_for(token)
    office.fence()
    office.broker.restart(kill=True)
    office.await_line("connecting again")
    office.sender().connect()
    office.write("bob", "once more")
    assert office.apns.take_for(token)


def test_a_broker_with_a_certificate_of_another_ca_is_not_talked_to(office):
    office.offer_tls()
    office.set("broker", ca_file=office.pki.other_ca)
    office.launch()
    office.await_line("connecting again")
    assert "connected" not in office.log()


@pytest.mark.parametrize("kill", [False, True])
def test_a_worker_comes_back_to_a_broker_that_restarts(office, kill):
    token = office.phone("bob")
    process = office.start()
    office.broker.restart(kill=kill)
    assert process.await_line("connected", start=len(process.find(".")))
    office.write("bob")
    assert office.apns.take_for(token)


def test_a_broker_that_is_away_is_tried_at_growing_intervals(office):
    process = office.start()
    office.broker.kill()
    for _ in range(3):
        assert process.await_line("connecting again", start=len(process.find(".")))
    pauses = [int(re.search(r"in (\d+) ms", line)[1]) for line in process.find("connecting again")]
    assert len(pauses) >= 3 and pauses[-1] > 1.5 * pauses[0]


def test_what_was_delivered_while_the_broker_was_away_is_not_sent_twice(office):
    gate = threading.Event()
    token, process = send_to_bob(office, "apns", Reply(after=gate))
    office.apns.take_for(token)
    office.broker.kill()
    assert process.await_line("connecting again")
    gate.set()
    office.broker.restart()
    assert process.await_line("connected", start=len(process.find(".")))
    office.sender().connect()
    office.fence()
    assert office.apns.count_for(token) == 0


def test_a_job_in_flight_that_comes_again_is_not_sent_a_second_time(office):
    gate = threading.Event()
    token, process = send_to_bob(office, "apns", Reply(after=gate))
    office.apns.take_for(token)
    office.broker.restart(kill=True)
    assert process.await_line("connected", start=len(process.find(".")))
    office.sender().connect()
    office.fence()
    gate.set()
    office.fence()
    assert office.apns.count_for(token) == 0


def test_a_job_in_flight_that_comes_again_for_another_token_goes_to_that_one(office):
    gate = threading.Event()
    office.set_broker(push_lease_seconds=1)
    old, _ = send_to_bob(office, "apns", Reply(410, body=b'{"reason":"Unregistered"}', after=gate))
    office.apns.take_for(old)
    new = office.phone("bob", token="b0b2")
    assert office.apns.take_for(new)
    gate.set()
    office.fence()
    office.write("bob", "one more")
    assert office.apns.take_for(new).json["aps"]["alert"]["body"] == "one more"


def test_with_answers_that_wait_for_the_commit_a_phone_is_told_once(office):
    office.set_broker(sent_after="committed")
    token, _ = send_to_bob(office, "apns")
    office.apns.take_for(token)
    office.fence()
    assert office.apns.count_for(token) == 0
