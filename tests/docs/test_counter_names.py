# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The table of counters in docs/protocol.md, the plugin's and the gateway's name the same ones. That the broker tells
them by these names: tests/broker/test_counters.py."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = re.search(r"\| below `\$SYS/broker/chat/` \|.*?\n\n", (ROOT / "docs/protocol.md").read_text(), re.S).group(0).strip()
ROWS = [[re.findall(r"`([\w/]+)`", cell) for cell in line.split("|")[1:3]] for line in TABLE.splitlines()[2:]]


def test_each_counter_of_the_plugin_is_in_the_protocol_and_the_other_way_round():
    source = (ROOT / "plugin/commands/stats.c").read_text()
    known = re.findall(r'\{"([a-z0-9/]+)", "(\w+)", AT_', source)
    documented = [pair for topics, names in ROWS for pair in zip(topics, names, strict=True)]
    assert len(known) == len(set(known)) and sorted(known) == sorted(documented)


def test_the_gateway_has_each_counter_of_the_plugin_and_no_other():
    source = (ROOT / "gate/metrics.c").read_text()
    rows = re.findall(r'\{"(\w+)",\s*"\w+", "(?:gauge|counter)"', source)
    turns = re.findall(r'number_of\(stats, "(\w+)"\)|\{"(turns\w+)", "', source)
    named = set(rows) | {name for pair in turns for name in pair if name}
    assert named == {name for _, names in ROWS for name in names}
