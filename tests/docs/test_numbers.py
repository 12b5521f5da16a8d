# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Whole numbers in JSON: cJSON writes 10^15 as 1e+15, lib/json.h digit by digit."""
import pathlib
import re

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
FRACTIONS = {"plugin/commands/stats.c", "ctl/top.c"}  # a counter has one, and a rate


def test_no_whole_number_is_printed_by_cJSON():
    sources = [path for folder in ("plugin", "push", "ctl", "lib") for path in (CHECKOUT / folder).rglob("*.c")]
    found = {str(path.relative_to(CHECKOUT)) for path in sources
             if re.search(r"cJSON_(AddNumberToObject|CreateNumber)\(", path.read_text())}
    assert found == FRACTIONS, "json_add_whole and json_create_whole are for these"
