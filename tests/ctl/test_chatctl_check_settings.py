# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""ctl/broker_settings.def, by which chatctl check knows Mosquitto's settings, held against the brokers themselves."""
import pathlib
import re
import subprocess

import pytest
from checkhouse import BROKERS

ROW = re.compile(r'BROKER_SETTING\("(\S+)", (\w+), (\w+), (\w+), (\w+)\)')
ROWS = ROW.findall((pathlib.Path(__file__).resolve().parents[2] / "ctl" / "broker_settings.def").read_text())
VERSIONS = [version for version, broker in BROKERS.items() if broker]
BEFORE = {"GLOBAL": [], "LISTENER": ["listener 18831"], "BRIDGE": ["connection x"]}
VALUES = {"YES_NO": "false", "NUMBER": "20", "TEXT": "127.0.0.1"}
# What else a setting has to have.
OTHERS = {
    "accept_protocol_versions": "4", "enable_proxy_protocol": "2", "global_plugin": "/a", "listener": "18832",
    "log_dest": "stderr", "memory_limit": "268435456", "log_facility": "1", "log_type": "all", "max_qos": "1", "maximum_qos": "1",
    "persistent_client_expiration": "7d", "protocol": "mqtt", "restart_timeout": "30", "retry_interval": "20",
    "socket_domain": "ipv4", "start_type": "automatic", "websockets_log_level": "1", "bridge_protocol_version": "mqttv311",
    "bridge_reload_type": "lazy", "bridge_tcp_keepalive": "1 1 1", "topic": "a both 0",
}
ALONE = {"address", "addresses", "connection", "include_dir", "plugin_load", "plugin_use", "auth_plugin_deny_special_chars",
         "tls_engine_kpass_sha1"}  # they refer to something
END = "no_setting_of_anybody"


@pytest.fixture(scope="module")
def complains(tmp_path_factory):
    """complains(version, line...): what the broker says of the lines, and not of the one that ends its start behind them."""
    path = tmp_path_factory.mktemp("settings") / "mosquitto.conf"

    def complains(version, *lines):
        path.write_text("\n".join([*lines, END, ""]))
        done = subprocess.run([BROKERS[version], "-c", path], capture_output=True, text=True, timeout=30)
        return [line for line in (done.stdout + done.stderr).splitlines() if "Error: " in line and END not in line]
    return complains


def is_known(version, since):
    return since == "IN_2_0" or version != "2.0"


def rows(version, *twice):
    """Name, line and what stands before it, of the settings that the release has."""
    return [(name, f"{name} {OTHERS.get(name) or VALUES[kind]}", BEFORE[scope]) for name, kind, scope, since, times in ROWS
            if is_known(version, since) and times in twice and name not in ALONE]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_may_be_there_twice_is_known_and_taken(complains, version):
    for before in BEFORE.values():
        lines = [line for _, line, needs in rows(version, "MAY_BE_TWICE", *["ONCE_IN_2_0"] * (version != "2.0")) if needs == before]
        assert len(lines) > 5 and complains(version, *before, *lines, *before[:len(before) if "listener" in before else 0],
                                            *lines) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_may_not_be_there_twice_is_known_and_refused(complains, version):
    once = rows(version, "ONCE", *["ONCE_IN_2_0"] * (version == "2.0"))
    assert len(once) > 20
    assert not [name for name, line, before in once if not re.search("Duplicate", str(complains(version, *before, line, line)))]


def test_what_came_with_2_1_is_unknown_to_2_0(complains):
    new = [(name, BEFORE[scope]) for name, _, scope, since, _ in ROWS if since == "IN_2_1"]
    assert len(new) > 20
    assert not [name for name, before in new if "Unknown" not in str(complains("2.0", *before, name))]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_true_or_false_is_refused_with_anything_else(complains, version):
    words = [(name, scope) for name, kind, scope, since, _ in ROWS if kind == "YES_NO" and is_known(version, since)]
    assert len(words) > 20
    assert not [name for name, scope in words if not complains(version, *BEFORE[scope], f"{name} yes")]


def test_a_number_with_a_unit_is_refused_by_2_1(complains):
    if "2.1" not in VERSIONS:
        pytest.skip("MOSQUITTO_2_1 names no Mosquitto 2.1")
    taken = [name for name, kind, scope, _, _ in ROWS
             if kind == "NUMBER" and not complains("2.1", *BEFORE[scope], f"{name} 20k")]
    assert taken == ["memory_limit"]
