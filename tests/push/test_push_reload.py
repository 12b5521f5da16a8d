# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""SIGHUP of chatpushd: what it has read again counts, no job is lost or sent twice, and a fault changes nothing."""
import os
import shutil
import signal
import threading

import pytest

import providers
from h2server import Reply
from harness.ports import Port
from harness.settings import ADMIN, SDKAPPID
from source import PUSH_SECTIONS, Effects, running_names

PROVIDERS = ["apns", "fcm", "webhook"]
READ = "the configuration was read again, and so were the files that it names"
EFFECTS = Effects()
effect = EFFECTS.of


def of_all(name):
    return [f"{provider}.{name}" for provider in PROVIDERS]


def arrives(office, provider, name="bob", **how):
    """The request that a message to a phone of this provider makes."""
    token = office.phone(name, provider, **how)
    office.write(name)
    return office[provider].take_for(token)


def test_every_option_has_its_test():
    assert EFFECTS == running_names(PUSH_SECTIONS)


# ---- [broker]


@effect("broker.host", "broker.port", "broker.ca_file")
def test_the_broker_may_be_found_elsewhere(office):
    port, server = Port(), office.pki.folder / "server"
    office._broker.listeners += [f"listener {port.number} 127.0.0.1", f"certfile {server}.pem", f"keyfile {server}.key"]
    office.start()
    office.set("broker", host="localhost", port=port.number, ca_file=office.pki.ca)
    office.reload()
    office.await_line(f"broker localhost:{port.number}: connected")
    assert arrives(office, "webhook")
    port.release()


@effect("broker.user", "broker.name")
def test_another_administrator_may_sign_in(office):
    office.set_broker(admins=f"{ADMIN},second")
    office.start()
    office.set("broker", user="second", name="renamed")
    office.reload()
    assert office.broker.process.await_line("as second:other:renamed ")
    assert arrives(office, "webhook")


@effect("broker.sdkappid", "broker.secret_key_file")
def test_what_the_worker_signs_in_with_may_be_put_right(office):
    wrong = office.folder / "wrong.key"
    wrong.write_text("x" * 64)
    wrong.chmod(0o600)
    right = office.setting("broker", "secret_key_file")
    office.set("broker", sdkappid=SDKAPPID + 1, secret_key_file=wrong)
    office.launch()
    office.await_line("the login of admin was refused")
    office.set("broker", sdkappid=SDKAPPID, secret_key_file=right)
    assert office.reload()[:2] == ["reload: [broker] sdkappid has changed", "reload: [broker] secret_key_file has changed"]
    office.await_line("broker .*: connected")


@effect("broker.wake_milliseconds")
def test_the_broker_may_be_woken_at_another_pace(office):
    office.set("broker", wake_milliseconds=0)
    office._broker.conf.append("log_type debug")
    office.start()
    assert not office.broker.process.find(r"\$wake")
    office.set("broker", wake_milliseconds=1)
    office.reload()
    assert office.broker.process.await_line(r"PUBLISH from admin:other:.*\$wake")


# ---- providers


@effect("apns.key_id", "apns.team_id", "apns.topic", "apns.key_file", "fcm.service_account_file", "webhook.secret_file")
@pytest.mark.parametrize("section, option", [("apns:app", "key_id"), ("apns:app", "team_id"), ("apns:app", "topic"),
                                             ("apns:app", "key_file"), ("fcm:app", "service_account_file"),
                                             ("webhook:app", "secret_file")])
def test_what_a_provider_knows_us_by_may_be_put_right(office, section, option):
    right, provider = office.setting(section, option), section.split(":")[0]
    wrong = office.folder / "wrong"
    if option == "key_file":
        wrong = office.pki._make_key("other.p8", "EC", "ec_paramgen_curve:P-256")[0]
    elif option == "service_account_file":
        wrong = office._write("wrong", right.read_text().replace(providers.PROJECT, "another-project"))
    elif option == "secret_file":
        wrong = office._write("wrong", "another secret\n")
    else:
        wrong = "ANOTHER001"
    office.set(section, **{option: wrong, "token_file": None} if provider == "apns" else {option: wrong})
    office.start()
    office.phone("carol", provider)
    office.write("carol")
    office.await_line(rf"ERROR \[{section}\] refuses us")
    office.set(section, **{option: right})
    assert office.reload() == [f"reload: [{section}] {option} has changed", READ]
    assert arrives(office, provider)


@pytest.mark.parametrize("section, option", [("fcm:app", "service_account_file"), ("webhook:app", "secret_file"),
                                             ("apns:app", "key_file")])
def test_a_file_of_keys_that_holds_others_is_read_again(office, section, option):
    path, provider = office.setting(section, option), section.split(":")[0]
    here = office.folder / "here"
    shutil.copy(path, here)
    if option == "key_file":
        shutil.copy(office.pki._make_key("other.p8", "EC", "ec_paramgen_curve:P-256")[0], here)
    else:
        office._write("here", path.read_text().replace(providers.PROJECT, "x").replace(providers.HOOK_SECRET, "another one"))
    office.set(section, **{option: here})
    if provider == "apns":
        office.set(section, token_file=None)
    office.start()
    office.phone("carol", provider)
    office.write("carol")
    office.await_line(rf"ERROR \[{section}\] refuses us")
    shutil.copy(path, here)
    assert office.reload() == [f"reload: [{section}] has other keys", READ]
    assert arrives(office, provider)


@effect(*of_all("url"))
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_may_be_found_elsewhere(office, provider):
    right = office.setting(f"{provider}:app", "url")
    office.set(f"{provider}:app", url="https://127.0.0.1:1/")
    office.start()
    office.set(f"{provider}:app", url=right)
    office.reload()
    assert arrives(office, provider)


@effect(*of_all("ca_file"))
@pytest.mark.parametrize("provider", PROVIDERS)
def test_another_authority_may_be_believed(office, provider):
    """And a file of certificates that holds another one is read again."""
    ca = office.folder / "ca"
    shutil.copy(office.pki.other_ca, ca)
    office.set(f"{provider}:app", ca_file=office.pki.other_ca)
    office.start()
    office.set(f"{provider}:app", ca_file=ca)
    office.reload()
    office.phone("carol", provider)
    office.write("carol")
    office.await_line("certificate.*; to be tried again")
    shutil.copy(office.pki.ca, ca)
    office.reload()
    assert arrives(office, provider)


@effect(*of_all("timeout_seconds"))
@pytest.mark.parametrize("provider", PROVIDERS)
def test_answers_are_waited_for_for_another_time(office, provider):
    office.start()
    office.set(f"{provider}:app", timeout_seconds=1)
    office.reload()
    token = office.phone("bob", provider)
    office[provider].script[token] = [Reply(how="hang")]
    office.write("bob")
    office.await_line("no answer within 1 s")


@effect(*of_all("business_id"))
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_section_may_be_for_another_businessID(office, provider):
    office.start()
    office.set(f"{provider}:app", business_id="other")
    office.reload()
    assert arrives(office, provider, business="other")


@effect("apns.sound", "apns.token_file")
def test_sounds_and_the_file_of_tokens_may_change(office):
    office.start()
    kept = office.folder / "kept.token"
    office.set("apns:app", sound="bell.caf", token_file=kept)
    office.reload()
    assert arrives(office, "apns").json["aps"]["sound"] == "bell.caf"
    assert providers.KEY_ID in kept.read_text()


@pytest.mark.parametrize("change", [{}, {"sound": "bell.caf"}])
def test_apples_token_outlives_a_reload(office, change):
    """Apple wants no more than one in twenty minutes."""
    office.set("apns:app", token_file=None)
    office.start()
    first = arrives(office, "apns", "bob").headers["authorization"]
    office.set("apns:app", **change)
    office.reload()
    assert arrives(office, "apns", "carol").headers["authorization"] == first


# ---- sections come and go, jobs are under way


def test_a_section_may_be_added(office):
    settings = office.settings("webhook:app")
    office.start()
    office.set("webhook:new", **settings)
    assert office.reload() == ["reload: [webhook:new] is new", READ]
    assert arrives(office, "webhook", business="new")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_job_that_was_sent_is_answered_when_its_section_is_gone(office, provider):
    go_on = threading.Event()
    token = office.phone("bob", provider)
    office[provider].script[token] = [Reply(204 if provider == "webhook" else 200, after=go_on)]
    process, settings = office.start(), office.settings(f"{provider}:app")
    office.write("bob")
    office[provider].take_for(token)
    office.drop(f"{provider}:app")
    assert office.reload() == [f"reload: [{provider}:app] is gone", READ]
    office.phone("carol", provider)
    office.write("carol")
    office.await_line(rf"the worker has no section \[{provider}:app\]")
    go_on.set()
    assert office.stop(process) == 0
    office.await_line("ended; 0 jobs go back to the broker")
    office.set(f"{provider}:app", **settings)
    office.start()
    assert arrives(office, provider, "dora")
    assert office[provider].count_for(token) == 0, "it was done"


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_job_that_was_sent_is_answered_when_its_section_has_changed(office, provider):
    go_on = threading.Event()
    token = office.phone("bob", provider)
    office[provider].script[token] = [Reply(204 if provider == "webhook" else 200, after=go_on)]
    office.start()
    office.write("bob")
    office[provider].take_for(token)
    for seconds in 7, 8:
        office.set(f"{provider}:app", timeout_seconds=seconds)
        office.reload()
    assert arrives(office, provider, "carol")
    go_on.set()
    office.await_counter(f"{provider}:app", "taken 2, done 2,")
    assert office[provider].count_for(token) == 0


def test_a_job_that_breaks_off_goes_out_in_the_new_way(office):
    go_on = threading.Event()
    elsewhere = providers.Webhook(office.pki.server)
    token = office.phone("bob", "webhook")
    office.webhook.script[token] = [Reply(how="close", after=go_on)]
    office.start()
    office.write("bob")
    office.webhook.take_for(token)
    office.set("webhook:app", url=elsewhere.url)
    office.reload()
    go_on.set()
    assert elsewhere.take_for(token)
    office.await_counter("webhook:app", "taken 1, done 1,")
    elsewhere.close()


def test_a_job_that_waits_for_an_access_token_goes_out_in_the_new_way(office):
    go_on = threading.Event()
    office.fcm.token_replies = [Reply(503, after=go_on)]
    token = office.phone("bob", "fcm")
    office.start()
    office.write("bob")
    office.fcm.take(lambda request: request.path == "/token")
    office.set("fcm:app", timeout_seconds=9)
    office.reload()
    assert office.fcm.take_for(token)
    go_on.set()
    office.await_counter("fcm:app", "taken 1, done 1,")


def test_no_job_is_lost_or_sent_twice_while_the_worker_is_reloaded(office):
    """Each time it goes to another listener of the broker, and its section changes."""
    port = Port()
    office._broker.listeners.append(f"listener {port.number} 127.0.0.1")
    ports = [office._broker.mqtt.number, port.number]
    tokens = [office.phone(f"user{number}", "webhook") for number in range(30)]
    office.start()
    for number in range(30):
        office.write(f"user{number}")
        if number % 5 == 0:
            start = len(office.workers[-1].lines)
            office.set("broker", port=ports[(number // 5 + 1) % 2])
            office.set("webhook:app", timeout_seconds=2 + number // 5)
            office.reload()
            assert office.workers[-1].await_line("connected", start=start)
    for token in tokens:
        assert office.webhook.take_for(token)
    office.await_counter("webhook:app", "taken 30, done 30, to be tried again 0")
    assert office.webhook.pending() == []
    port.release()


# ---- what the log says


def test_a_reload_of_the_same_says_so(office):
    office.start()
    assert office.reload() == [READ]


FAULTS = {
    "a number": ("apns:app", {"timeout_seconds": "x"}, r"chatpushd\.conf:\d+: \[apns:app\] timeout_seconds: must be"),
    "a key": ("apns:app", {"key_file": "/nowhere"}, r"chatpushd\.conf:\d+: \[apns:app\] key_file: /nowhere cannot"),
    "an account": ("fcm:app", {"service_account_file": "/nowhere"}, r":\d+: \[fcm:app\] service_account_file: /nowhere"),
    "a secret": ("webhook:app", {"secret_file": "/nowhere"}, r":\d+: \[webhook:app\] secret_file: .*/nowhere cannot"),
    "the broker's": ("broker", {"secret_key_file": "/nowhere"}, r":\d+: \[broker\] secret_key_file: .*/nowhere cannot"),
    "what is missing": ("webhook:app", {"url": None}, r"chatpushd\.conf: \[webhook:app\] url: is missing"),
    "the same twice": ("webhook:second", {"business_id": "app", "url": "https://x", "secret_file": "x"},
                       r"chatpushd\.conf: \[webhook:second\]: has the businessID"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_configuration_with_a_fault_changes_nothing_and_is_named(office, what):
    section, given, wanted = FAULTS[what]
    office.start()
    office.drop("fcm:app" if not section.startswith("fcm") else "apns:app")
    office.set("broker", name="other")
    office.set(section, **given)
    (line,) = office.reload()
    assert office.workers[-1].find("the configuration stays as it was: .*" + wanted), line
    for provider in PROVIDERS:
        assert arrives(office, provider, f"user-{provider}")
    assert not office.broker.process.find("admin:other:other")


def test_a_configuration_that_is_gone_changes_nothing(office):
    process = office.start()
    os.remove(office.configure())
    process.signal(signal.SIGHUP)
    office.await_line("stays as it was: .*chatpushd.conf cannot be read: No such file")
    assert arrives(office, "webhook")
