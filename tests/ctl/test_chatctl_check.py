# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chatctl check: how it says what it has found, and what it says of configurations that are right."""
import json
import os
import pathlib
import pty
import re
import subprocess

import pytest
from checkhouse import IS_ROOT, USER, House
from harness.settings import CHATCTL

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def house():
    house = House()
    yield house
    house.close()


# How it says it


def test_a_finding_names_file_and_line_reason_and_what_to_do(house):
    house.put([*house.lines, "alow_anonymous true"])
    assert house.check().of("error") == [
        f'{house.conf}:{len(house.lines) + 1}: Mosquitto knows no setting "alow_anonymous" and does not start. '
        "Did you mean allow_anonymous?"]


def test_a_finding_of_an_included_file_names_that_file(house):
    (house.included / "a.conf").write_text("\n\npersistence maybe\n")
    house.put(house.lines)
    assert [line for line in house.check().of("error") if line.startswith(f"{house.included}/a.conf:3: persistence")]


def test_findings_stand_in_groups_and_are_counted(house):
    house.put([*house.without("max_packet_size"), "plugin_opt_user_rate x", "log_dest none"])
    text = house.check().text
    groups = re.findall(r"^(\S.*)$", text, re.MULTILINE)
    assert groups == ["Settings", "The chat's options", "Files", "Listeners", "Limits", f"{house.conf}: 1 error, 2 warnings"]


@pytest.mark.parametrize("line, arguments, code", [
    ("log_dest stdout", [], 0),
    ("log_dest none", [], 0),
    ("log_dest none", ["--strict"], 1),
    ("log_dest nowhere?", ["--strict"], 1),
    ("persistence maybe", [], 1),
])
def test_the_exit_code_is_1_for_errors_and_with_strict_for_warnings(house, line, arguments, code):
    house.put([*house.lines, line])
    assert house.check(*arguments).code == code


@pytest.mark.parametrize("arguments, words", [
    (["--foo"], "--foo is not an option"),
    (["a", "b"], "takes one mosquitto.conf"),
    (["--config", "a", "b"], "takes one mosquitto.conf"),
])
def test_wrong_usage_is_exit_code_2(arguments, words, tmp_path):
    done = subprocess.run([CHATCTL, "check", *arguments], cwd=tmp_path, capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"]})
    assert done.returncode == 2 and done.stdout == "" and words in done.stderr


def test_without_a_name_it_is_the_configuration_of_the_environment(house, tmp_path):
    house.put(house.lines)
    done = subprocess.run([CHATCTL, "check"], cwd=tmp_path, capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "CHAT_CONFIG": str(house.conf)})
    assert done.stdout.endswith(f"{house.conf}: 0 errors, 0 warnings\n")


def test_a_configuration_that_cannot_be_read_is_an_error(house):
    assert "mosquitto.conf cannot be opened: No such file" in house.check().of("error")[0]


def test_for_programs_it_is_one_object(house):
    house.put([*house.lines, "log_dest none"])
    data = house.check_json()
    assert (data["file"], data["errors"], data["warnings"]) == (str(house.conf), 0, 1)
    assert [finding for finding in data["findings"] if finding["level"] == "warning"] == [
        {"level": "warning", "group": "Limits", "file": str(house.conf), "line": len(house.lines) + 1,
         "reason": "log_dest none: when something is wrong, nobody will know what", "advice": "log_dest syslog, or file"}]


def on_terminal(house, **environment):
    """What it prints on a terminal."""
    ours, theirs = pty.openpty()
    subprocess.run([CHATCTL, "check", house.conf], stdout=theirs, env={"PATH": os.environ["PATH"], **environment})
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 65536):
            text += part
    except OSError:
        pass
    os.close(ours)
    return text.decode()


def test_colours_are_for_terminals_and_not_with_NO_COLOR(house):
    house.put(house.lines)
    assert "\033[32mok" in on_terminal(house)
    assert "\033" not in on_terminal(house, NO_COLOR="1")
    assert "\033" not in house.check().text


def test_what_is_in_the_file_tells_a_terminal_nothing(house):
    house.put([*house.lines, "bad\033[31msetting 1"])
    assert "\033" not in house.check().text


def test_no_key_is_shown(house):
    house.put([*house.lines, f"plugin_opt_settings_file {house.key}"])
    assert house.key.read_text().strip() not in house.check().text


def test_no_key_is_shown_where_its_file_is_taken_for_the_configuration(house):
    house.put([house.key.read_text().strip()])
    result = house.check()
    assert "knows no setting" in result.of("error")[0] and house.key.read_text().strip()[:20] not in result.text


def test_nothing_is_changed_by_it(house):
    house.put(house.lines)
    before = sorted(path.name for path in house.folder.iterdir())
    house.check()
    assert sorted(path.name for path in house.folder.iterdir()) == before


# What is right


def test_it_is_looked_at_as_the_user_whom_the_broker_becomes(house):
    house.put(house.lines)
    assert any(f"as the user {USER}" in line for line in house.check().of("ok" if IS_ROOT else "note"))


def test_a_broker_that_runs_with_the_configuration_is_no_fault(house):
    house.put(house.lines)
    house.start()
    result = house.check()
    assert result.of("error") == []
    assert any(f"port {house.port.number}: a broker with this configuration runs there (process {house.process.pid})" in line
               for line in result.of("ok"))


def rewritten(house, text):
    """An example, with what the operator has to put in."""
    for name, value in [("listener 1883", f"listener {house.port.number}"), ("listener 9001", f"listener {house.websocket.number}"),
                        ("/usr/local/lib/mosquitto_chat.so", house.plugin), ("/etc/mosquitto/chat.key", house.key),
                        ("/var/lib/mosquitto/", f"{house.folder}/")]:
        text = text.replace(name, str(value))
    return text


def test_the_example_has_nothing_to_complain_about(house):
    house.conf.write_text(rewritten(house, (ROOT / "mosquitto.conf.example").read_text()))
    result = house.check()
    files = [line for line in result.of("warning") if "LimitNOFILE" not in line and "may open" not in line]
    assert (result.code, result.of("error"), files) == (0, [], [])


def test_the_example_beside_Debians_own_file_has_nothing_to_complain_about(house):
    (house.included / "chat.conf").write_text(rewritten(house, (ROOT / "mosquitto.conf.example").read_text()))
    house.put(["pid_file " + str(house.folder / "mosquitto.pid"), "persistence true", f"persistence_location {house.folder}/",
               f"log_dest file {house.folder}/mosquitto.log", f"include_dir {house.included}"])
    result = house.check()
    files = [line for line in result.of("warning") if "LimitNOFILE" not in line and "may open" not in line]
    assert (result.code, result.of("error"), files) == (0, [], [])


def test_programs_beside_the_broker_are_named_with_their_own_check(house):
    house.put(house.lines)
    gate = house.write("chatgate.conf", "")
    assert any(f"chatgate -c {gate} --check" in line for line in house.check().of("note"))
