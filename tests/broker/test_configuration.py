# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A wrong configuration stops the start with one clear line; the smallest right one works."""
import os
import re
import shutil
import sqlite3
import time

import pytest

# option, value (None: left out)
WRONG = [
    ("sdkappid", None),
    ("sdkappid", 0),
    ("sdkappid", "abc"),
    ("sdkappid", 2**32),
    ("sdkappid", "1x"),
    ("sdkappid", -1),
    ("secret_key_file", None),
    ("secret_key_file", "/nonexistent/key"),
    ("database", None),
    ("database", "/nonexistent/folder/chat.db"),
    ("other_users", "allow"),
    ("other_topics", "refuse"),
    ("login_policy", "quad"),
    ("instances_per_platform", 0),
    ("instances_per_platform", 11),
    ("web_instances", 11),
    ("user_rate", 1000001),
    ("user_rate", -1),
    ("cache_seconds", 604801),
    ("retention_days", -1),
    ("retention_days", 36501),
    ("max_message_bytes", 255),
    ("max_message_bytes", 1048577),
    ("max_members_private", 0),
    ("max_members_public", 100001),
    ("max_members_chatroom", "many"),
    ("group_rate", 1000001),
    ("recall_seconds", 604801),
    ("edit_seconds", 604801),
    ("replay_limit", 1000001),
    ("live_history", 51),
    ("sync", "sometimes"),
    ("ring_bytes", 4194303),
    ("ring_bytes", 4294967297),
    ("push_lease_seconds", 0),
    ("push_lease_seconds", 3601),
    ("push_ttl_seconds", 59),
    ("push_ttl_seconds", 604801),
    ("admins", "bad user"),
    ("colour", "red"),
    ("SDKAPPID", 1),
    ("settings_file", "/nonexistent/settings"),
    ("ring_file", "/nonexistent/folder/ring"),
]


def lines_naming(lines, word):
    return [line for line in lines if re.search(rf"(?<![A-Za-z0-9]){word}(?![A-Za-z0-9_])", line)]


def refused_by(broker, word):
    """The broker must not start, and say why in exactly one line with this word."""
    lines = broker.start_refused()
    found = lines_naming(lines, word)
    assert len(found) == 1, lines
    return found[0]


@pytest.mark.parametrize("option,value", WRONG)
def test_a_wrong_option_stops_the_start_with_one_line_that_names_it(broker_factory, option, value):
    refused_by(broker_factory(start=False, **{option: value}), option)


def test_an_option_given_twice_stops_the_start(broker_factory):
    broker = broker_factory(start=False)
    broker.options["web_instances 4\nplugin_opt_web_instances"] = 5
    refused_by(broker, "web_instances")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "x" * 300 + "\n", "a\0b\n"])
def test_a_key_file_without_a_usable_key_stops_the_start(broker_factory, text):
    broker = broker_factory(start=False)
    broker.key_file.write_text(text)
    refused_by(broker, "secret_key_file")


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o606, 0o601])
def test_a_key_file_open_to_others_stops_the_start(broker_factory, mode):
    broker = broker_factory(start=False)
    broker.key_file.chmod(mode)
    refused_by(broker, "secret_key_file")


def test_a_key_file_open_to_its_group_is_fine(broker_factory):
    broker = broker_factory(start=False)
    broker.key_file.chmod(0o640)
    broker.start()


def test_a_newer_database_stops_the_start_and_is_left_as_it_is(broker_factory):
    broker = broker_factory()
    broker.stop()
    with sqlite3.connect(broker.database) as database:
        (version,) = database.execute("PRAGMA user_version").fetchone()
        database.execute(f"PRAGMA user_version = {version + 1}")
    database.close()
    refused_by(broker, "database")
    database = sqlite3.connect(broker.database)
    assert database.execute("PRAGMA user_version").fetchone() == (version + 1,)
    database.close()


def test_a_file_that_is_no_database_stops_the_start_and_is_left_as_it_is(broker_factory):
    broker = broker_factory(start=False)
    broker.database.write_bytes(b"a letter to a friend\n" * 400)
    refused_by(broker, "database")
    assert broker.database.read_bytes() == b"a letter to a friend\n" * 400


def test_a_second_broker_on_the_same_database_is_refused_with_the_holders_pid(broker_factory):
    first = broker_factory()
    second = broker_factory(start=False, database=first.database)
    lines = second.start_refused()
    assert any(str(first.process.pid) in line for line in lines), lines
    first.create("alice")


def test_a_database_folder_that_cannot_be_written_stops_the_start(broker_factory):
    root = os.geteuid() == 0
    broker = broker_factory(start=False, run_as="mosquitto" if root else None)
    locked = broker.folder / "locked"
    locked.mkdir()
    locked.chmod(0o755 if root else 0o555)
    broker.options["database"] = locked / "chat.db"
    if root:
        shutil.chown(broker.key_file, "mosquitto")
    refused_by(broker, "database")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to start as another user")
def test_a_broker_that_gives_up_root_runs_in_a_folder_of_its_user(broker_factory):
    broker = broker_factory(start=False, run_as="mosquitto")
    shutil.chown(broker.key_file, "mosquitto")
    shutil.chown(broker.folder, "mosquitto")
    broker.start()
    broker.create("alice")


def test_the_files_of_the_chat_are_not_open_to_others(broker):
    broker.create("alice")
    files = [broker.database, broker.database.with_name("chat.db.ring")]
    assert [oct(path.stat().st_mode & 0o007) for path in files] == ["0o0", "0o0"]


def test_per_listener_settings_are_refused_with_an_error_line(broker_factory):
    broker = broker_factory(start=False, conf=["per_listener_settings true"], per_listener=True)
    assert any("per_listener_settings" in line for line in broker.start_refused())


def test_the_required_options_are_enough_to_chat(broker_factory):
    broker = broker_factory(admins=None, ring_bytes=None, user_rate=None, group_rate=None,
                            command_rate=None)
    alice, bob = broker.user("alice"), broker.user("bob").subscribe("chat/user/bob/#")
    alice.send("bob", "hello")
    bob.text("hello")


def test_every_option_may_be_given(broker_factory):
    broker = broker_factory(
        start=False,
        other_users="refuse",
        other_topics="defer",
        login_policy="multi",
        instances_per_platform=10,
        web_instances=10,
        user_rate=1000000,
        retention_days=0,
        max_message_bytes=1048576,
        max_members_private=1,
        max_members_public=100000,
        max_members_chatroom=100000,
        group_rate=1000000,
        command_rate=1000000,
        recall_seconds=0,
        replay_limit=0,
        live_history=0,
        sync="off",
        ring_bytes=4194304,
        push_lease_seconds=3600,
        push_ttl_seconds=604800,
        admins="admin, boss ,chief",
    )
    broker.options["ring_file"] = broker.folder / "elsewhere.ring"
    broker.options["settings_file"] = broker.folder / "settings"
    broker.options["settings_file"].write_text("# nothing\n\nreplay_limit 5\n")
    broker.start()
    assert broker.options["ring_file"].stat().st_size >= 4194304


@pytest.mark.parametrize("line", ["colour red", "sdkappid 5", "replay_limit many"])
def test_a_wrong_line_of_the_settings_file_stops_the_start(broker_factory, line):
    broker = broker_factory(start=False)
    broker.options["settings_file"] = broker.folder / "settings"
    broker.options["settings_file"].write_text(line + "\n")
    refused_by(broker, line.split()[0])


def test_the_settings_file_names_another_admin_after_SIGHUP(broker_factory):
    broker = broker_factory(start=False, admins=None)
    settings = broker.options["settings_file"] = broker.folder / "settings"
    settings.write_text("admins admin\n")
    broker.start()
    boss = broker.user("boss")
    assert boss.try_subscribe("chat/push") >= 0x80
    settings.write_text("admins admin,boss\n")
    broker.reload()
    boss.subscribe("chat/push")


def test_a_broken_settings_file_changes_nothing_at_SIGHUP(broker_factory):
    broker = broker_factory(start=False, admins=None)
    settings = broker.options["settings_file"] = broker.folder / "settings"
    settings.write_text("admins admin\n")
    broker.start()
    settings.write_text("admins boss\ncolour red\n")
    broker.reload()
    broker.await_log("colour")
    broker.admin().subscribe("chat/push")
    assert broker.user("boss").try_subscribe("chat/push") >= 0x80
