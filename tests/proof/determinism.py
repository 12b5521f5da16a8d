# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The frames of brokers of the tests, executed anew from an empty database (tests/broker/harness/frames.py)."""
import collections
import json
import pathlib
import tempfile

import suites
from plan import Outcome

WHAT = "The same frames make the same database, in one transaction or in many: not a row differs."
# Random stories, three of each theme; what a start does for who was connected; and what goes for its age.
SAMPLE = ("tests/broker/test_model.py", "tests/broker/test_push_after_crash.py",
          "tests/broker/test_clock.py::test_a_jump_is_believed_when_it_has_been_true_for_a_day")


def run(plan):
    files = plan.pick(SAMPLE, ("tests/broker",), ("tests/broker", "tests/push", "tests/gate"))
    with tempfile.TemporaryDirectory(prefix="chat-determinism-") as folder:
        report = pathlib.Path(folder) / "brokers.jsonl"
        environment = {"CHAT_REPLAY": str(report), "CHAT_MODEL_STORIES": str(plan.pick(3, 25, 1000)),
                       "CHAT_MODEL_SEED": str(plan.seed)}
        result = suites.run(*files, environment=environment)
        brokers = [json.loads(line) for line in report.read_text().splitlines()]
    return judge(result, brokers)


def judge(result, brokers):
    whole = [broker for broker in brokers if "frames" in broker]
    outcome = Outcome().add(
        brokers=len(whole),
        frames=sum(broker["frames"] for broker in whole),
        frames_set_aside=sum(broker["bad"] for broker in whole),
        rows_compared=3 * sum(broker["rows"] for broker in whole),
        differences=sum(len(broker.get("differences", [])) for broker in brokers),
    )
    for why, count in sorted(collections.Counter(b["left out"] for b in brokers if "left out" in b).items()):
        outcome.figures[f"left out, {why}:"] = count
    outcome.faults += [f"{broker['test']}: {line}" for broker in brokers for line in broker.get("differences", [])]
    outcome.faults += result.failed
    if not outcome.figures["frames"]:
        outcome.faults.append("no frame was executed")
    return outcome
