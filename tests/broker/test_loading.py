# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The plugin loads into every Mosquitto from 2.0.11 on. What such a broker exports differs: 2.0 a short list when
its own Makefile linked it, Debian 12's package everything."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest

from harness import packets
from harness.settings import MOSQUITTO, PLUGIN
from harness.user import CONTROL, RESPONSE

LISTED = pathlib.Path(__file__).with_name("symbols-2.0.txt")
READERS = {"mosquitto_property_read_string", "mosquitto_property_read_binary"}
SILENT = "response topics and correlation data of commands are ignored"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def symbols(path, *options):
    """{(type, name)} of nm."""
    lines = run("nm", "-D", *options, str(path)).splitlines()
    return {(line.split()[-2], line.split()[-1].partition("@")[0]) for line in lines}


def exported(path):
    return {name for _, name in symbols(path, "--defined-only")}


def test_the_plugin_needs_nothing_that_a_broker_might_not_export():
    needed = {name for kind, name in symbols(PLUGIN, "--undefined-only") if kind == "U"}
    libraries = re.findall(r"(/\S+) \(0x", run("ldd", str(PLUGIN)))
    listed = {line for line in LISTED.read_text().splitlines() if not line.startswith("#")}
    assert needed - listed - set().union(*map(exported, libraries)) == set()


def ask(client):
    """The answer to a request with both properties."""
    props = {packets.RESPONSE_TOPIC: "my/answers", packets.CORRELATION_DATA: b"id"}
    client.start_publish(CONTROL, {"commands": [{"command": "getUnread"}]}, props=props)
    message = client.next_message()
    assert json.loads(message.payload)["responses"][0]["data"] == {"totalUnread": 0}
    return message.topic, message.properties.get(packets.CORRELATION_DATA)


def test_without_libmosquitto_a_broker_that_reads_no_properties_answers_on_the_usual_topic(
    broker_factory, tmp_path
):
    if READERS <= exported(shutil.which(MOSQUITTO)):
        pytest.skip("this broker reads them itself")
    (tmp_path / "libmosquitto.so.1").write_text("no library")
    tmp_path.chmod(0o755)
    broker = broker_factory(wrapper=("env", f"LD_LIBRARY_PATH={tmp_path}"))
    broker.await_log(SILENT)
    client = broker.raw(5)
    client.login("alice")
    assert ask(client) == (RESPONSE, None)


def test_with_it_every_broker_answers_as_it_was_asked_to(broker):
    client = broker.raw(5)
    client.login("alice")
    assert ask(client) == ("my/answers", b"id")
    assert SILENT not in broker.log()
