# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What chatctl check calls an error stops a real broker: each fault is put into a configuration that is right, is found by
the check, and is refused by Mosquitto 2.0, and by 2.1 where MOSQUITTO_2_1 names one."""
import os
import re
import socket

import pytest
from checkhouse import BROKERS, IS_ROOT, House, openssl

as_root = pytest.mark.skipif(not IS_ROOT, reason="as root only: the broker becomes another user")


@pytest.fixture
def house():
    house = House()
    yield house
    house.close()


def versions():
    return [version for version, broker in BROKERS.items() if broker]


# Each spoils a house and returns the lines of its mosquitto.conf.


def with_line(*lines):
    return lambda house: house.lines + [line.format(house=house) for line in lines]


def before_all(*lines):
    return lambda house: [*lines, *house.lines]


def without(name):
    return lambda house: house.without(name)


def changed(name, value):
    return lambda house: [f"{name} {value.format(house=house)}" if line.split()[0] == name else line
                          for line in house.lines]


def options_in_another_file(house):
    options = [line for line in house.lines if line.startswith("plugin_opt_")]
    (house.included / "options.conf").write_text("\n".join(options) + "\n")
    lines = [line for line in house.lines if not line.startswith(("plugin_opt_", "include_dir"))]
    return [*lines, f"include_dir {house.included}"]


def key_open_to_others(house):
    house.key.chmod(0o644)
    return house.lines


def key_of_root(house):
    os.chown(house.key, 0, 0)
    return house.lines


def key_is_empty(house):
    house.key.write_text("# nothing yet\n")
    return house.lines


def no_key(house):
    house.key.unlink()
    return house.lines


def settings_with_a_wrong_line(house):
    house.write("chat.settings", "admins administrator\ngroup_rat 100\n")
    return [*house.lines, f"plugin_opt_settings_file {house.folder}/chat.settings"]


def settings_with_what_cannot_change(house):
    house.write("chat.settings", "database /elsewhere.db\n")
    return [*house.lines, f"plugin_opt_settings_file {house.folder}/chat.settings"]


def words_with_a_wrong_line(house):
    house.write("chat.words", "bad\n=empty\n")
    return [*house.lines, f"plugin_opt_words_file {house.folder}/chat.words"]


def database_is_something_else(house):
    house.write("chat.db", "this is a letter to my grandmother, and no database at all\n" * 100, 0o600)
    return house.lines


def database_of_root(house):
    (house.folder / "chat.db").touch(0o600)
    return house.lines


def shared_memory_of_root(house):
    house.put(house.lines)
    house.start()
    house.stop()
    for suffix in ("-wal", "-shm"):
        path = house.folder / ("chat.db" + suffix)
        path.touch(0o600)
        os.chown(path, 0, 0)
        path.chmod(0o600)
    return house.lines


def folder_of_root(house):
    os.chown(house.folder, 0, 0)
    return house.lines


def folder_closed(house):
    inner = house.make_folder("closed")
    os.chown(inner, 0, 0)
    inner.chmod(0o700)
    data = inner / "data"
    data.mkdir()
    house.give(data)
    return changed("plugin_opt_database", f"{data}/chat.db")(house)


def plugin_cut(house):
    house.write("mosquitto_chat.so", "#!/bin/sh\n", 0o755)
    return house.lines


def plugin_of_another_machine(house):
    data = bytearray(house.plugin.read_bytes())
    data[18:20] = b"\x08\x00"  # e_machine: MIPS
    house.write("mosquitto_chat.so", bytes(data), 0o755)
    return house.lines


def media_is_a_file(house):
    return [*house.lines, f"plugin_opt_media_dir {house.write('media', '')}"]


def port_in_use(house):
    house.blocker = socket.socket()
    house.blocker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    house.blocker.bind(("127.0.0.1", house.websocket.number))
    house.blocker.listen()
    return [*house.lines, f"listener {house.websocket.number} 127.0.0.1", "max_connections 1"]


def tls(certificate=None, key=None, *more):
    """A listener with these files; what is not given is right."""
    def spoil(house):
        made = house.make_certificate()
        files = (certificate(house) if certificate else made[0], key(house) if key else made[1])
        return [*house.lines, f"listener {house.websocket.number} 127.0.0.1", "max_connections 10", f"certfile {files[0]}",
                f"keyfile {files[1]}", *(line.format(house=house) for line in more)]
    return spoil


def garbage(house):
    return house.write("garbage.pem", "-----BEGIN NOTHING-----\n")


def with_passphrase(house):
    locked = house.folder / "locked.key"
    openssl("pkey", "-in", house.folder / "server.key", "-aes128", "-passout", "pass:secret", "-out", locked)
    house.give(locked)
    return locked


def key_only_for_root(house):
    path = house.folder / "server.key"
    os.chown(path, 0, 0)
    path.chmod(0o600)
    return path


def loaded_for_a_listener(house):
    options = [line for line in house.lines if line.startswith("plugin_opt_")]
    lines = [line for line in house.lines if not line.startswith(("plugin", "listener", "max_connections"))]
    return [*lines, f"plugin_load chat {house.plugin}", *options, f"listener {house.port.number} 127.0.0.1",
            "max_connections 100", "plugin_use chat"]


ONLY_2_0 = ["2.0"]
# name: what is done, what chatctl check says of it, what the broker says, and which brokers refuse it.
FAULTS = {
    # Lines
    "an unknown setting": (with_line("alow_anonymous false"), "Did you mean allow_anonymous?", "Unknown configuration"),
    "a tab behind a name": (with_line("allow_anonymous\tfalse"), "in the place of the tab", "Unknown configuration"),
    "a comment that is indented": (with_line("  # comment"), "into the first column", "Unknown configuration"),
    "a word for a boolean": (with_line("allow_anonymous no"), "neither true nor false", "Invalid '?allow_anonymous"),
    "a log that is none": (with_line("log_dest nowhere"), 'does not start with "nowhere"', "log_dest"),
    "lines that are none": (with_line("log_type everything"), 'does not start with "everything"', "log_type"),
    "no value": (with_line("persistence"), "has no value", "Empty '?persistence"),
    "a setting of 2.1": (with_line("listener_allow_anonymous false"), "a setting of Mosquitto 2.1", "Unknown", ONLY_2_0),
    "a file twice": (with_line("pid_file {house.folder}/a", "pid_file {house.folder}/b"), "pid_file is given twice",
                     "Duplicate '?pid_file"),
    "two log files": (with_line("log_dest file {house.folder}/a", "log_dest file {house.folder}/b"),
                      "log_dest is given twice", "Duplicate .log_dest file"),
    "a user twice": (with_line("user mosquitto", "user mosquitto"), "user is given twice", "Duplicate user", ONLY_2_0),
    "a small packet": (changed("max_packet_size", "10"), "does not start with 10", "max_packet_size"),
    "a keepalive that is too short": (with_line("max_keepalive 5"), "it takes 10 to 65535", "max_keepalive", ONLY_2_0),
    "a port that is none": (with_line("listener 70000"), "does not start with 70000", "port"),
    "an expiration without unit": (changed("persistent_client_expiration", "7"), "a number with h, d, w, m or y",
                                   "persistent_client_expiration"),
    "a protocol that is none": (with_line("protocol mqtts"), "none that Mosquitto knows", "protocol"),
    "a mount point before the listener": (before_all("mount_point a/"), "before any listener", "mount_point"),
    # The plugin
    "an option before the plugin": (before_all("plugin_opt_user_rate 5"), "before any plugin", "plugin"),
    "options in another file than the plugin": (options_in_another_file, "in the same file", "plugin"),
    "an option without value": (with_line("plugin_opt_user_rate"), "has no value", "Empty"),
    "a tab behind an option": (with_line("plugin_opt_user_rate\t5"), "in the place of the tab", "Empty"),
    "an unknown option": (with_line("plugin_opt_user_rat 5"), "did you mean plugin_opt_user_rate?", "did you mean"),
    "a value out of range": (with_line("plugin_opt_user_rate -1"), "is not a whole number from 0", "whole number"),
    "an option twice": (with_line("plugin_opt_user_rate 1", "plugin_opt_user_rate 2"), "given twice", "given twice"),
    "an option that is missing": (without("plugin_opt_sdkappid"), "plugin_opt_sdkappid is missing", "sdkappid is missing"),
    "ring and database in one": (with_line("plugin_opt_ring_file {house.folder}/chat.db"), "another file than database",
                                 "another file than database"),
    "the plugin twice": (with_line("plugin {house.plugin}", "plugin_opt_sdkappid 1", "plugin_opt_secret_key_file {house.key}",
                                   "plugin_opt_database {house.folder}/chat.db"), "loaded a second time", "in use"),
    "settings for each listener": (before_all("per_listener_settings true"), "one listener only", "one listener only|listener"),
    "settings for each listener, said late": (with_line("per_listener_settings true"), "one listener only",
                                              "must be set before"),
    "the plugin for a listener": (loaded_for_a_listener, "plugin_load: the plugin would be asked", "one listener only", ["2.1"]),
    "settings that are wrong": (settings_with_a_wrong_line, "line 2: group_rat is not an option", "line 2"),
    "settings that cannot change": (settings_with_what_cannot_change, "cannot change while the broker runs", "cannot change"),
    "words that are none": (words_with_a_wrong_line, "words_file", "words_file"),
    # Files
    "no plugin": (changed("plugin", "/nowhere/mosquitto_chat.so"), "cannot be read: No such file", "Unable to load"),
    "a plugin that is none": (plugin_cut, "no library", "Unable to load"),
    "a plugin of another machine": (plugin_of_another_machine, "another kind of machine", "Unable to load"),
    "no key": (no_key, "secret_key_file", "secret_key_file"),
    "a key that is empty": (key_is_empty, "has no key", "has no key"),
    "a key open to others": (key_open_to_others, "is open to others", "is open to others"),
    "no folder for the database": (changed("plugin_opt_database", "/nowhere/chat.db"), "No such file", "/nowhere"),
    "a database that is none": (database_is_something_else, "no SQLite database", "database"),
    "uploads into a file": (media_is_a_file, "media_dir", "media_dir"),
    "no folder for uploads": (with_line("plugin_opt_media_dir /nowhere"), "media_dir: /nowhere", "media_dir"),
    "no acl_file": (with_line("acl_file /nowhere/acl"), "acl_file: /nowhere/acl cannot be read", "acl_file"),
    "no password_file": (with_line("password_file /nowhere/p"), "password_file: /nowhere/p cannot be read", "password_file|pwfile"),
    "no folder for the pid": (with_line("pid_file /nowhere/pid"), "pid_file: /nowhere/pid", "pid"),
    # Listeners
    "a port that is in use": (port_in_use, "is in use by", "Address already in use"),
    "a port twice": (with_line("listener {house.port.number}"), "is also opened by", "Address already in use"),
    "an address of another machine": (with_line("listener 18888 192.0.2.1"), "has no address 192.0.2.1", "Cannot assign|192.0.2.1"),
    "a name that is none": (with_line("listener 18888 nowhere.invalid"), "cannot be found", "nowhere.invalid|resolv|known"),
    # Certificates
    "a certificate without key": (lambda house: [*house.lines, f"certfile {house.make_certificate()[0]}"],
                                  "certfile without keyfile", "must be provided", ["2.1"]),
    "no certificate": (tls(lambda house: "/nowhere/c.pem"), "certfile: /nowhere/c.pem cannot be read", "certfile"),
    "a certificate that is none": (tls(garbage), "has no certificate", "Check certfile|certfile"),
    "a key that is none": (tls(None, garbage), "is no private key", "Check keyfile|keyfile"),
    "a key with a passphrase": (tls(None, with_passphrase), "has a passphrase", "keyfile"),
    "the key of another": (tls(None, lambda house: house.make_certificate("other")[1]), "is not the key of",
                           "inconsistent|keyfile"),
    "a cafile that is none": (tls(None, None, "cafile {house.key}"), "cafile", "cafile"),
}
AS_ROOT = {
    "no such user": (with_line("user nobodyatall"), 'there is no user "nobodyatall"', "does not exist"),
    "a key of root's": (key_of_root, "secret_key_file: ", "secret_key_file"),
    "a database of root's": (database_of_root, "database: ", "database"),
    "logs of root's": (shared_memory_of_root, "chat.db-", "database"),
    "a folder of root's": (folder_of_root, "the folder of database", "database|ring"),
    "a folder that is closed": (folder_closed, "/closed is closed", "database"),
    "a port of root's": (with_line("listener 81 127.0.0.1"), "is for root", "Permission denied"),
    "a certificate's key of root's": (tls(None, key_only_for_root), "keyfile: ", "keyfile"),
}


def refused_by(fault):
    return fault[3] if len(fault) > 3 else versions()


CASES = [pytest.param(fault, id=name) for name, fault in FAULTS.items()]
CASES += [pytest.param(fault, id=name, marks=as_root) for name, fault in AS_ROOT.items()]


@pytest.mark.parametrize("fault", CASES)
def test_what_is_called_an_error_stops_the_broker(house, fault):
    spoil, says, log, *_ = fault
    house.put(spoil(house))
    for version in refused_by(fault):
        if not BROKERS[version]:
            continue
        result = house.check(version=version)
        assert result.code == 1 and any(says in line for line in result.of("error")), result.text
        end = house.end_of_start(version)
        assert end is not None, f"Mosquitto {version} starts"
        assert re.search(log, end), end


def test_a_global_plugin_is_right_under_per_listener_settings_too(house):
    if "2.1" not in versions():
        pytest.skip("MOSQUITTO_2_1 names no Mosquitto 2.1")
    lines = [line.replace(f"plugin {house.plugin}", f"global_plugin {house.plugin}") for line in house.lines]
    house.put(["per_listener_settings true", *lines])
    assert house.check(version="2.1").of("error") == []
    assert house.end_of_start("2.1") is None


@pytest.mark.parametrize("version", versions())
def test_what_is_right_has_no_fault_and_starts(house, version):
    house.put(house.lines)
    result = house.check(version=version)
    assert (result.code, result.of("error"), result.of("warning"), result.of("note")) == (0, [], [], [] if IS_ROOT else
                                                                                          result.of("note"))
    assert house.end_of_start(version) is None
