# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""/metrics, as Prometheus reads it (text format 0.0.4)."""
import json
import pathlib
import re

import pytest
from callbacks import Callbacks, Hookhouse

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def parse(text):
    """{name: {labels: value}}. Each family has HELP and TYPE in front, once, and its samples together."""
    assert text.endswith("\n")
    found, types, family = {}, {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            assert family not in types and len(line.split(" ", 3)[3]) > 5
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == family and kind in ("counter", "gauge", "histogram")
            assert (kind == "counter") == name.endswith("_total")
            types[name] = kind
        else:
            name, labels, value = SAMPLE.fullmatch(line).groups()
            parts = {f"{family}_{part}" for part in ("bucket", "sum", "count")} if types[family] == "histogram" else {family}
            assert name in parts and name.startswith("mosquitto_chat_")
            pairs = LABEL.findall(labels or "")
            assert ",".join(f'{n}="{v}"' for n, v in pairs) == (labels or "")
            key = tuple(sorted(pairs))
            assert key not in found.setdefault(name, {})
            found[name][key] = float(value)
    return found


def scrape(gate):
    status, headers, body = gate.ask("GET", "/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return parse(body.decode())


def test_figures_of_the_broker_are_as_of_now(gate):
    before = scrape(gate)
    gate.broker.create("bob")
    gate.broker.user("alice").send("bob", "hi")
    after = scrape(gate)
    assert after["mosquitto_chat_messages_stored_total"][()] == before["mosquitto_chat_messages_stored_total"][()] + 1
    assert after["mosquitto_chat_users_online"][()] == before["mosquitto_chat_users_online"][()] + 1


def test_requests_are_counted_by_command_and_code(gate):
    gate.rest("im_open_login_svc/account_import", {"UserID": "alice"})
    gate.rest("im_open_login_svc/account_import", {"UserID": "bob"})
    gate.rest("im_open_login_svc/account_import", {})
    gate.rest("im_open_login_svc/kick", {"UserID": "x"}, usersig="wrong")
    requests = scrape(gate)["mosquitto_chat_gate_rest_requests_total"]
    assert {(dict(key)["command"], dict(key)["code"]): value for key, value in requests.items()} == {
        ("account_import", "0"): 2, ("account_import", "70402"): 1, ("kick", "70003"): 1}


def test_without_the_broker_there_are_the_gate_s_own(gate):
    gate.broker.kill()
    assert gate.process.await_line("connection ended")
    found = scrape(gate)
    assert found["mosquitto_chat_gate_broker_connected"][()] == 0
    assert "mosquitto_chat_connections" not in found


@pytest.fixture
def callbacks():
    made = Callbacks()
    yield made
    made.close()


def scrape_with_hooks(gate):
    """Waits until one has been answered."""
    while "mosquitto_chat_gate_hooks_total" not in (found := scrape(gate)):
        pass
    return found


def test_hooks_are_counted_with_their_time(gatehouse, callbacks):
    gate = Hookhouse(gatehouse, callbacks, command="C2C.CallbackAfterSendMsg").start().gatehouse
    gate.broker.create("bob")
    gate.broker.user("alice").send("bob", "hi")
    found = scrape_with_hooks(gate)
    command = ("command", "C2C.CallbackAfterSendMsg")
    assert found["mosquitto_chat_gate_hooks_total"] == {(command, ("outcome", "answered")): 1}
    times = [value for key, value in found["mosquitto_chat_gate_hook_seconds_bucket"].items() if command in key]
    assert times == sorted(times) and times[-1] == found["mosquitto_chat_gate_hook_seconds_count"][(command,)] == 1


def test_the_dashboard_shows_what_there_is(gatehouse, callbacks):
    gate = Hookhouse(gatehouse, callbacks).start().gatehouse
    gate.rest("im_open_login_svc/account_import", {"UserID": "alice"})
    gate.broker.user("alice").disconnect()
    dashboard = json.loads((ROOT / "docs/grafana.json").read_text())
    shown = {name for panel in dashboard["panels"] for target in panel["targets"]
             for name in re.findall(r"mosquitto_chat_\w+", target["expr"])}
    assert shown == {name for name in scrape_with_hooks(gate) if not re.search("_seconds_(sum|count)$", name)}
