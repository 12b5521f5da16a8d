# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The tables of limits: each row of docs/security.md has its test and names what there is; the limits of docs/protocol.md are
those of the source. (Files and functions that are named: test_maps.py.)"""
import importlib
import re

import pytest
import source
from manual import ROOT, names, read, rows

BOUNDS = rows("docs/security.md", "what a client can do", "limit", "test")


@pytest.mark.parametrize("row", BOUNDS, ids=lambda row: row["what a client can do"][:40])
def test_each_bound_has_a_test(row):
    assert re.search(r"`test_\w+\.(py|c)`", row["test"]) or row["test"] == "(Mosquitto's own)"


def settings():
    """All that an operator can set, and the columns and names of Mosquitto's."""
    found = {option.name for option in source.plugin_options()}
    for table in (source.GATE_SECTIONS, source.PUSH_SECTIONS):
        found |= {option.name for place in table.values() for option in source.conf_options(*place)}
    return found | set(re.findall(r"^#?([a-z_]+) ", read("mosquitto.conf.example"), re.MULTILINE))


def test_each_setting_that_bounds_something_is_one():
    named = {name for row in BOUNDS for name in names(row["limit"]) if re.fullmatch(r"[a-z]+(_[a-z]+)+", name)}
    assert len(named) > 15 and named <= settings()


@pytest.mark.parametrize("module", ["test_intruders", "test_intruders_http"])
def test_the_attacks_that_are_told_of_are_those_of_the_table(module):
    told = re.search(rf"of (\d+) attacks, in\s`tests/\w+/{module}\.py`", read("docs/security.md"))
    assert told and int(told[1]) == len(importlib.import_module(module).ATTACKS) >= 100


def test_where_to_report_is_said_where_github_looks():
    assert "Report a vulnerability" in (ROOT / ".github/SECURITY.md").read_text()
    assert "../docs/security.md" in (ROOT / ".github/SECURITY.md").read_text()


# ---- docs/protocol.md, 12. Limits


def text_fields():
    """(field, most bytes) of each text that a command takes."""
    numbers = dict(re.findall(r"#define (\w+_MAX) +(\d+)", source.read("acl/limits.h")))
    spelled = dict(re.findall(r'X\((\w+), "(\w+)"\)', source.read("acl/command_table.h")))
    found = {(spelled[field], numbers[limit]) for field, limit in
             re.findall(r"TEXT\((\w+), \w+, (\w+_MAX)\)", source.read("acl/commands.def"))}
    assert len(found) > 10
    return sorted(found)


@pytest.mark.parametrize(("field", "most"), text_fields())
def test_the_protocol_tells_how_long_a_text_may_be(field, most):
    section = read("docs/protocol.md").partition("## 12. Limits")[2].partition("\n## ")[0]
    told = [line for line in section.split("\n") if re.search(rf"\b{field}\b", line.split("|")[1] if "|" in line else "")]
    assert any(most in re.findall(r"\d+", line.split("|")[2]) for line in told), told
