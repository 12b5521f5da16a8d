# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What chatctl check warns of is true: the broker starts with it, and it bites."""
import contextlib
import os
import shutil
import socket
import ssl
import tempfile
import time

import pytest
from checkhouse import IS_ROOT, House, openssl

from harness import packets
from harness.broker import Broker
from harness.ports import Port
from harness.raw import Closed
from harness.settings import PATIENCE


@pytest.fixture
def house():
    house = House()
    yield house
    house.close()


@pytest.fixture
def make():
    """make(conf=[...], listener=[...], **options): a broker; `listener` are lines below one more, whose port is broker.port."""
    brokers, ports = [], []

    def make(conf=(), listener=(), **options):
        port = Port()
        ports.append(port)
        lines = [f"listener {port.number} 127.0.0.1", *listener] if listener else []
        broker = Broker(conf=list(conf), listeners=lines, options=options)
        brokers.append(broker)
        broker.port = port.number
        return broker.start()
    yield make
    for broker in brokers:
        broker.close()
    for port in ports:
        port.release()


@pytest.fixture
def warns(run):
    """warns(broker): the lines of the check that are warnings."""
    def warns(broker):
        text = run("check", broker.folder / "mosquitto.conf").stdout
        return "\n".join(line for line in text.splitlines() if line.startswith("  warning"))
    return warns


# Limits


def test_a_number_with_a_unit_is_another_number_for_2_0(house):
    """1k connections are one."""
    house.put([line.replace("max_connections 100", "max_connections 1k") for line in house.lines])
    assert any('"1k" is not a number; Mosquitto 2.0 takes it for 1' in line for line in house.check().of("warning"))
    house.start()
    with socket.create_connection(("127.0.0.1", house.port.number)):
        with socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE) as second:
            assert second.recv(1) == b""


def test_what_is_longer_than_message_size_limit_is_acked_and_dropped(make, warns):
    broker = make(["message_size_limit 1000"])
    assert "message_size_limit 1000: Mosquitto drops" in warns(broker)
    alice, bob = broker.raw(), broker.user("bob", "ios:1")
    bob.subscribe("chat/user/bob")
    alice.login("alice", "alice:ios:1")
    alice.publish("chat/user/bob", '{"text":"%s"}' % ("x" * 2000))
    alice.publish("chat/user/bob", '{"text":"short"}')
    assert bob.content().get("text") == "short"


def test_who_sends_more_than_max_packet_size_is_closed(make, warns):
    broker = make(["max_packet_size 2000"])
    assert "max_packet_size 2000: who sends" in warns(broker)
    alice = broker.raw()
    alice.login("alice", "alice:ios:1")
    with pytest.raises(Closed):
        alice.publish("chat/user/bob", '{"text":"%s"}' % ("x" * 4000))


def test_a_memory_limit_that_is_too_small_stops_the_broker(house):
    house.put([line.replace("memory_limit 268435456", "memory_limit 1000") for line in house.lines])
    assert any("memory_limit 1000 bytes" in line for line in house.check().of("warning"))
    assert house.end_of_start() is not None


def test_more_connections_than_files_are_refused(house):
    house.wrapper = ["prlimit", "--nofile=64:64"]
    house.put(house.lines)
    house.start()
    assert any("100 connections together, but the broker may open 64 files (the running broker)" in line
               for line in house.check().of("warning"))
    with contextlib.ExitStack() as clients:
        for _ in range(80):
            clients.enter_context(socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE))
        # Debian's 2.0 has no file left to read /etc/hosts.deny.
        assert house.process.await_line("denied access by tcpd|socket count has been exceeded")


# Who gets in


def test_without_names_everybody_gets_in_where_the_plugin_leaves_it_to_allow_anonymous(make, warns):
    broker = make(["allow_anonymous true"], other_users="defer")
    assert "allow_anonymous true with plugin_opt_other_users defer" in warns(broker)
    assert broker.raw().connect("nobody").code == 0


def test_allow_anonymous_is_nothing_to_warn_of_where_the_plugin_decides(make, warns):
    broker = make(["allow_anonymous true"])
    assert "allow_anonymous" not in warns(broker)
    assert broker.raw().connect("nobody").code == 5


def test_clientid_prefixes_keep_users_out(make, warns):
    broker = make(["clientid_prefixes x"])
    assert "clientid_prefixes x" in warns(broker)
    assert broker.raw().connect("alice:ios:1", "alice", broker.sig("alice")).code != 0


def test_use_username_as_clientid_leaves_a_user_one_device(make, warns):
    broker = make(listener=["use_username_as_clientid true"])
    assert "use_username_as_clientid: all devices" in warns(broker)
    first, second = broker.raw(port=broker.port), broker.raw(port=broker.port)
    first.login("alice", "alice:ios:1")
    second.login("alice", "alice:web:2")
    first.wait_closed()


def test_use_identity_as_username_lets_in_who_has_no_userSig(house, make, warns):
    certificate, key = house.make_certificate("alice")
    for path in (certificate, key):
        path.chmod(0o644)
    broker = make(listener=[f"certfile {certificate}", f"keyfile {key}", f"cafile {certificate}", "require_certificate true",
                            "use_identity_as_username true"])
    assert "use_identity_as_username: who comes with a certificate" in warns(broker)
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    context.load_cert_chain(certificate, key)
    with socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE) as plain:
        with context.wrap_socket(plain) as client:
            client.sendall(packets.connect(4, "anything"))
            assert client.recv(4) == b"\x20\x02\x00\x00"


# What does not arrive


def test_max_qos_0_closes_who_publishes(make, warns):
    broker = make(listener=["max_qos 0"])
    assert "max_qos 0: who publishes" in warns(broker)
    alice = broker.raw(port=broker.port)
    alice.login("alice", "alice:ios:1")
    with pytest.raises(Closed):
        alice.publish("chat/user/bob", '{"text":"hello"}')


def test_behind_a_mount_point_nothing_reaches_the_chat(make, run):
    broker = make(listener=["mount_point a/"])
    assert "mount_point: topics of this listener's clients are other ones" in run(
        "check", broker.folder / "mosquitto.conf").stdout
    alice, bob = broker.raw(port=broker.port), broker.user("bob", "ios:1")
    bob.subscribe("chat/user/bob")
    alice.login("alice", "alice:ios:1")
    alice.publish("chat/user/bob", '{"text":"hello"}')
    assert bob.silent() == []


# What the check alone can tell


def test_a_plugin_that_is_asked_first_is_a_warning(house):
    other = shutil.copy(house.plugin, house.folder / "other.so")
    house.put([f"plugin {other}", *house.lines])
    assert [line for line in house.check().of("warning")
            if line.startswith(f"{house.conf}:1: this plugin is asked before the chat's")]


def test_a_database_in_memory_is_a_warning_and_a_ring_is_not(house):
    folder = tempfile.mkdtemp(dir="/dev/shm")
    try:
        house.give(folder)
        house.put([*[line.replace(f"{house.folder}/chat.db", f"{folder}/chat.db") for line in house.lines],
                   f"plugin_opt_ring_file {folder}/ring"])
        assert [line.partition(": ")[2] for line in house.check().of("warning")] == [
            f"database: {folder} is in memory: all is gone with a restart of the machine. Put it on a disk"]
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("setting, words", [
    ("max_queued_messages", "max_queued_messages is 1000, Mosquitto's default: who has missed more than 750 messages"),
    ("persistent_client_expiration", "stays, with what is queued in it, for ever"),
    ("max_packet_size", "max_packet_size is not set"),
    ("allow_duplicate_messages", "is not set: each delivery is compared"),
    ("plugin_opt_admins", "nobody is an administrator"),
])
def test_what_a_chat_needs_and_nobody_has_set_is_a_warning(house, setting, words):
    house.put(house.without(setting))
    assert [line for line in house.check().of("warning") if words in line]


# What fails in the night


def test_without_a_folder_for_them_backups_fail(make, warns):
    broker = make(backup_dir="/nowhere")
    assert "backup_dir: /nowhere is no folder" in warns(broker)
    admin = broker.admin("other:1")
    assert admin.code("startBackup", name="a.db") == 0
    end = time.monotonic() + PATIENCE
    while admin.command("getBackup")["state"] == "running" and time.monotonic() < end:
        pass
    assert admin.command("getBackup")["state"] == "failed"


def test_a_certificate_without_key_is_no_encryption_in_2_0(house):
    certificate, _ = house.make_certificate()
    house.put([*house.lines, f"certfile {certificate}"])
    assert any("certfile without keyfile: Mosquitto 2.0 opens the port without encryption" in line
               for line in house.check().of("error"))
    house.start()
    with socket.create_connection(("127.0.0.1", house.port.number), timeout=PATIENCE) as client:
        client.sendall(packets.connect(4, "nobody"))
        assert client.recv(4) == b"\x20\x02\x00\x05"


def test_a_log_that_cannot_be_written_does_not_stop_the_broker(house):
    house.put([*house.lines, "log_dest file /nowhere/log"])
    assert any("log_dest: /nowhere/log cannot be written: the broker runs" in line for line in house.check().of("warning"))
    assert house.launch().await_line("Unable to open log file")
    end = time.monotonic() + PATIENCE
    while socket.socket().connect_ex(("127.0.0.1", house.port.number)) != 0:
        assert time.monotonic() < end


# Certificates


def with_tls(house, certificate, key):
    house.put([*house.lines, f"listener {house.websocket.number} 127.0.0.1", "max_connections 10", f"certfile {certificate}",
               f"keyfile {key}"])


@pytest.mark.parametrize("days, level, words", [
    (-1, "error", "the certificate has expired on"),
    (20, "warning", "the certificate expires on"),
    (90, "ok", "server is valid until"),
])
def test_the_dates_of_a_certificate_are_looked_at(house, days, level, words):
    with_tls(house, *house.make_certificate(days=days))
    assert any(words in line for line in house.check().of(level))


def test_with_a_certificate_that_has_expired_the_broker_starts_and_no_client_connects(house):
    certificate, key = house.make_certificate(days=-1)
    with_tls(house, certificate, key)
    house.start()
    context = ssl.create_default_context(cafile=certificate)
    context.check_hostname = False
    with socket.create_connection(("127.0.0.1", house.websocket.number), timeout=PATIENCE) as plain:
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            context.wrap_socket(plain)


def issued(house, extension=""):
    """A certificate that another one has issued, its key, and the issuer's."""
    issuer, issuer_key = house.make_certificate("issuer")
    _, key = house.make_certificate("server")
    extensions = house.write("extensions", extension + "\n")
    openssl("x509", "-req", "-in", house.folder / "server.csr", "-CA", issuer, "-CAkey", issuer_key, "-CAcreateserial",
            "-days", 90, "-extfile", extensions, "-out", house.folder / "server.crt")
    return house.folder / "server.crt", key, issuer


def test_a_certificate_of_a_public_authority_needs_the_one_between(house):
    certificate, key, _ = issued(house, "authorityInfoAccess=caIssuers;URI:http://ca.example.org/issuer.crt")
    with_tls(house, certificate, key)
    assert any('lacks the certificate of "issuer"' in line for line in house.check().of("warning"))


def test_a_certificate_of_ones_own_authority_is_only_noted(house):
    certificate, key, _ = issued(house)
    with_tls(house, certificate, key)
    result = house.check()
    assert any('its issuer "issuer" is not known to this machine' in line for line in result.of("note"))
    assert result.of("warning") == []


def test_a_chain_in_the_wrong_order_is_a_warning(house):
    certificate, key, issuer = issued(house)
    other, _ = house.make_certificate("other")
    certificate.write_text(certificate.read_text() + other.read_text() + issuer.read_text())
    with_tls(house, certificate, key)
    assert any("is not the issuer of the one before it" in line for line in house.check().of("warning"))


# What others can reach


def test_a_port_that_others_reach_without_encryption_is_a_warning(house):
    house.put([line.replace(" 127.0.0.1", "") if line.startswith("listener") else line for line in house.lines])
    assert any("(all addresses) is not encrypted" in line for line in house.check().of("warning"))


def test_a_public_port_without_max_connections_is_a_warning(house):
    certificate, key = house.make_certificate()
    house.put([*house.lines, f"listener {house.websocket.number} 0.0.0.0", f"certfile {certificate}", f"keyfile {key}"])
    assert any("has no max_connections" in line for line in house.check().of("warning"))


def test_a_setting_before_any_listener_of_its_file_opens_a_port_of_its_own(house):
    (house.included / "limits.conf").write_text("max_connections 50\n")
    house.put([line for line in house.lines if not line.startswith("include_dir")] + [f"include_dir {house.included}"])
    assert any(line.startswith(f"{house.included}/limits.conf:1: max_connections stands before any listener of its file: "
                               "Mosquitto opens port 1883 on all addresses") for line in house.check().of("warning"))
    house.launch()
    assert house.process.await_line("Opening ipv4 listen socket on port 1883")


@pytest.mark.skipif(not IS_ROOT, reason="as root only: the broker becomes another user")
def test_the_folder_of_kept_sessions_must_be_the_brokers(house):
    folder = house.make_folder("kept")
    os.chown(folder, 0, 0)
    house.put([*[line for line in house.lines if line != "persistence false"], "persistence true",
               f"persistence_location {folder}/"])
    assert any("kept sessions are lost" in line for line in house.check().of("warning"))
    assert house.end_of_start() is None


@pytest.mark.skipif(not IS_ROOT, reason="as root only: the broker becomes another user")
def test_a_configuration_that_only_root_reads_is_not_read_by_the_plugin(house):
    house.put(house.lines)
    os.chown(house.conf, 0, 0)
    house.conf.chmod(0o600)
    assert any(line.startswith(f"{house.conf}: the broker's user cannot read it") for line in house.check().of("warning"))
    house.start()
    assert any("taken to be Mosquitto's defaults" in line for line in house.process.lines)


def test_a_path_that_begins_nowhere_is_looked_for_where_the_broker_is_started(house):
    house.put([line.replace(f"{house.folder}/chat.db", "chat.db") for line in house.lines])
    assert any("database: chat.db is looked for in the folder that the broker is started in" in line
               for line in house.check().of("warning"))
    house.start()
    assert (house.folder / "chat.db").exists()
