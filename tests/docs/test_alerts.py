# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The alerts of docs/operating.md are about metrics that there are."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_each_metric_of_the_alerts_is_one_of_the_gateway_s():
    named = set(re.findall(r"mosquitto_chat_(\w+)", (ROOT / "docs/operating.md").read_text()))
    known = set(re.findall(r'"([a-z_]+)", "(?:gauge|counter|histogram)"', (ROOT / "gate/metrics.c").read_text()))
    named = {re.sub("_(bucket|sum|count)$", "", name) if name.startswith("turn_seconds") else name for name in named}
    assert len(named) >= 10 and named <= known
