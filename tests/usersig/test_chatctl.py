# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chatctl usersig and chatctl verify, from the outside."""

import datetime
import os
import pathlib
import re
import subprocess

import pytest

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
CHATCTL = pathlib.Path(os.environ.get("BUILD_DIR", CHECKOUT / "build")) / "chatctl"


@pytest.fixture(scope="session", autouse=True)
def built():
    if not CHATCTL.exists():
        pytest.fail(f"{CHATCTL} is not there: build first, or set BUILD_DIR")


@pytest.fixture
def place(tmp_path):
    """A folder with a key file and, as run/mosquitto.conf, a configuration that names it."""
    (tmp_path / "keys").write_text("secret\n")
    (tmp_path / "keys").chmod(0o600)
    (tmp_path / "run").mkdir()
    (tmp_path / "run/mosquitto.conf").write_text(
        "# plugin_opt_sdkappid 1\nlistener 1883\n plugin_opt_sdkappid  1400000000 \r\n"
        f"plugin_opt_secret_key_file \t{tmp_path}/keys\n")
    return tmp_path


def chatctl(place, *arguments, **environment):
    return subprocess.run([CHATCTL, *arguments], cwd=place, capture_output=True, text=True, timeout=20,
                          env={"PATH": os.environ["PATH"], **environment})


def fails(done, code, word):
    """One line on stderr that has `word`, nothing on stdout."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert done.stderr.startswith("chatctl: ") and word in done.stderr


def make(place, *arguments, **environment):
    done = chatctl(place, "usersig", *arguments, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"[A-Za-z0-9*-]+_{0,2}\n", done.stdout)
    return done.stdout.rstrip("\n")


@pytest.mark.parametrize("duration, seconds", [(None, 604800), ("1", 1), ("90s", 90), ("15m", 900),
                                               ("12h", 43200), ("30d", 2592000)])
def test_a_userSig_expires_when_it_was_asked_to(place, duration, seconds):
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    user_sig = make(place, "alice", *(["--expire", duration] if duration else []))
    done = chatctl(place, "verify", "alice", user_sig)
    expires = datetime.datetime.strptime(done.stdout, "ok, expires %Y-%m-%dT%H:%M:%SZ\n")
    late = expires.replace(tzinfo=datetime.timezone.utc) - before - datetime.timedelta(seconds=seconds)
    assert 0 <= late.total_seconds() <= 5


@pytest.mark.parametrize("duration", ["0", "0d", "-1", "1w", "1.5h", "h", "", " 1", "1 h", "1dd",
                                      "99999999999999999", "9007199254740992d"])
def test_a_duration_that_is_none_is_wrong_usage(place, duration):
    fails(chatctl(place, "usersig", "alice", f"--expire={duration}"), 2, "--expire")


def test_the_configuration_is_found_by_its_environment_variable(place):
    (place / "run/mosquitto.conf").rename(place / "other.conf")
    assert make(place, "alice", CHAT_CONFIG="other.conf")


def test_an_environment_variable_that_names_no_file_is_an_error(place):
    fails(chatctl(place, "usersig", "alice", CHAT_CONFIG="none.conf"), 1, "none.conf")


def test_config_beats_the_environment_variable(place):
    assert make(place, "alice", "--config", "run/mosquitto.conf", CHAT_CONFIG="none.conf")


def test_a_configuration_without_the_plugin_is_an_error(place):
    (place / "empty.conf").write_text("listener 1883\n")
    fails(chatctl(place, "usersig", "alice", "--config", "empty.conf"), 1, "plugin_opt_sdkappid")


def test_the_plugin_is_found_in_an_included_folder(place):
    (place / "conf.d").mkdir()
    (place / "run/mosquitto.conf").rename(place / "conf.d/chat.conf")
    (place / "run/mosquitto.conf").write_text("include_dir conf.d\n")
    assert make(place, "alice")


def test_a_key_file_open_to_others_is_an_error(place):
    (place / "keys").chmod(0o644)
    fails(chatctl(place, "usersig", "alice"), 1, "others")


@pytest.mark.parametrize("sdkappid", ["0", "-1", "x", "1.5", "4294967296", ""])
def test_an_sdkappid_out_of_range_is_an_error(place, sdkappid):
    fails(chatctl(place, "usersig", "alice", "--key-file", "keys", f"--sdkappid={sdkappid}"), 1, "sdkappid")


def test_key_file_and_sdkappid_replace_the_configuration(place):
    user_sig = make(place, "alice", "--key-file", "keys", "--sdkappid", "4294967295")
    assert chatctl(place, "verify", "alice", user_sig).stdout.startswith("70014: ")


@pytest.mark.parametrize("arguments", [["--key-file", "keys"], ["--sdkappid", "1"],
                                       ["--config", "x", "--key-file", "keys", "--sdkappid", "1"]])
def test_options_that_do_not_go_together_are_wrong_usage(place, arguments):
    fails(chatctl(place, "usersig", "alice", *arguments), 2, "--key-file")


@pytest.mark.parametrize("user", ["", ".a", "a b", "a" * 33, "a\n"])
def test_no_userSig_is_made_for_a_bad_userID(place, user):
    fails(chatctl(place, "usersig", user), 1, "is not a userID")


@pytest.mark.parametrize("user, user_sig, code", [("alice", "", "70002"), ("alice", "nonsense", "70003"),
                                                  ("a b", "nonsense", "7003")])
def test_verify_says_what_is_wrong(place, user, user_sig, code):
    done = chatctl(place, "verify", user, user_sig)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.fullmatch(rf"{code}: .+\n", done.stdout)


@pytest.mark.parametrize("arguments, word", [
    (["nothing"], "nothing"), (["usersig"], "missing"), (["usersig", "a", "b"], "too many"),
    (["usersig", "a", "--foo"], "--foo"), (["usersig", "a", "-x"], "-x"),
    (["usersig", "a", "--expire"], "value"), (["verify", "a"], "missing"),
    (["verify", "a", "b", "--expire", "1d"], "--expire"), (["help", "nothing"], "nothing")])
def test_wrong_usage_is_one_line_and_exit_code_2(place, arguments, word):
    fails(chatctl(place, *arguments), 2, word)


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["-h"]])
def test_help_names_every_command(place, arguments):
    done = chatctl(place, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "chatctl usersig USER" in done.stdout and "chatctl verify USER USERSIG" in done.stdout


@pytest.mark.parametrize("arguments", [["help", "verify"], ["verify", "--help"], ["verify", "a", "b", "-h"]])
def test_help_for_a_command_is_about_that_command(place, arguments):
    done = chatctl(place, *arguments)
    assert done.returncode == 0
    assert "chatctl verify USER USERSIG" in done.stdout and "chatctl usersig" not in done.stdout


def test_no_command_at_all_is_wrong_usage(place):
    done = chatctl(place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")


def test_output_that_cannot_be_written_is_an_error(place):
    with open("/dev/full", "w") as full:
        done = subprocess.run([CHATCTL, "usersig", "alice"], cwd=place, stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=20)
    assert done.returncode == 1 and "written" in done.stderr


def test_a_key_is_never_shown(place):
    (place / "keys").write_text("secret\0\n")
    done = chatctl(place, "usersig", "alice")
    assert done.returncode == 1 and "secret\0" not in done.stderr


def test_verify_takes_the_user_from_a_userSig_that_stands_alone(place):
    done = chatctl(place, "verify", make(place, "alice"))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"alice: ok, expires \S+\n", done.stdout)


def test_verify_of_a_userSig_alone_says_whose_it_is_when_it_is_bad(place):
    other = make(place, "alice", "--key-file", "keys", "--sdkappid", "2")
    done = chatctl(place, "verify", other)
    assert (done.returncode, done.stdout[:14]) == (1, "alice: 70014: ")
