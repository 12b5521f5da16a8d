# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Each part of the proof for some seconds: scripts/prove runs minutes of it. What is OF_THE_TESTS runs among the tests."""
import os
import re

import coverage
import parts
import pytest
import report
import suites
import versions
from plan import Outcome, Plan
from soaking.ledger import Guests, Ledger
from soaking.watch import MIB, Watched

from harness.settings import PRELOAD

SEED = int(os.environ.get("CHAT_PROOF_SEED", 1))


@pytest.mark.timeout(240)  # each takes some seconds, and others want the machine as well
@pytest.mark.parametrize("name", [name for name in parts.NAMES if not getattr(parts.load(name), "OF_THE_TESTS", False)])
def test_part_holds(name):
    if getattr(parts.load(name), "NEEDS_SANITIZERS", False) and not PRELOAD:
        pytest.skip("runs among the tests with sanitizers")
    outcome = parts.load(name).run(Plan("short", SEED))
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    print(outcome.figures)
    assert outcome.figures and not outcome.faults, "\n".join(outcome.faults)


def test_every_module_that_says_what_has_to_hold_is_a_part():
    modules = {path.stem for path in parts.HERE.glob("*.py") if re.search(r"^WHAT = ", path.read_text(), re.MULTILINE)}
    assert modules == set(parts.NAMES)


def test_tests_that_fail_are_named(tmp_path):
    (tmp_path / "test_two.py").write_text("def test_good():\n    pass\n\n\ndef test_bad():\n    assert False\n")
    result = suites.run(str(tmp_path))
    assert result.passed == 1 and len(result.failed) == 1 and "test_bad" in result.failed[0]


def test_tests_that_cannot_run_have_failed(tmp_path):
    (tmp_path / "test_none.py").write_text("import nothing_of_that_name\n")
    assert suites.run(str(tmp_path)).failed


def test_what_fails_once_is_repeated_and_told(tmp_path):
    (tmp_path / "test_once.py").write_text(
        "import pathlib\n\n\ndef test_second_time_lucky():\n"
        f"    mark = pathlib.Path({str(tmp_path)!r}) / 'mark'\n    assert mark.exists() or mark.touch()\n\n\n"
        "def test_never():\n    assert False\n\n\ndef test_always():\n    pass\n")
    result = suites.run_twice(str(tmp_path), root=tmp_path)
    assert (result.passed, [name.rpartition(" ")[2] for name in result.failed]) == (2, ["test_never"])
    assert [name.rpartition(" ")[2] for name in result.repeated] == ["test_second_time_lucky"]


def test_each_mosquitto_is_found_once_and_one_that_does_not_run_is_told(tmp_path):
    for name, version in (("old", "2.0.11"), ("new", "2.1.2"), ("same", "2.1.2")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho mosquitto version {version}\n")
        (tmp_path / name).chmod(0o755)
    old, new, same, none = (str(tmp_path / name) for name in ("old", "new", "same", "none"))
    found, bad = versions.find({"MOSQUITTO": old, "MOSQUITTOS": f"{new}:{same}:{none}", "PATH": str(tmp_path)})
    assert (found, bad) == ({(2, 0, 11): old, (2, 1, 2): new}, [none])
    assert versions.settings((2, 0, 11), old)["MOSQUITTO_2_1"] == ""


def samples(count, private, threads=3):
    return [{"at": n, "private": private(n), "memory": 0, "threads": threads(n) if callable(threads) else threads,
             "descriptors": 20, "files": 4} for n in range(count)]


@pytest.mark.parametrize("private, wrong", [
    (lambda n: 50 * MIB + n * 32 * 500, True),  # 500 things a second are done: a block is forgotten with each
    (lambda n: 50 * MIB + n * 32 * 20, False),
    (lambda n: 50 * MIB + n % 7 * MIB, False),
])
def test_memory_that_grows_with_what_is_done_is_found(private, wrong):
    process = Watched("broker", 1, events=600 * 500, samples=samples(600, private))
    assert [fault.startswith("the memory of broker grows") for fault in process.faults(noise=MIB)] == [True] * wrong


def test_threads_that_become_more_are_found():
    process = Watched("chatgate", 1, events=1, samples=samples(60, lambda n: MIB, threads=lambda n: 3 + n // 10))
    assert list(process.faults(noise=MIB)) == ["threads of chatgate become more: 4, later 8"]


def test_a_process_that_was_hardly_watched_has_not_held():
    assert list(Watched("chatpushd", 1, samples=samples(2, lambda n: MIB)).faults(noise=MIB))


def test_what_is_lost_and_what_is_double_is_counted():
    ledger = Ledger("deliveries")
    for thing in ("one", "two", "three"):
        ledger.expect("bob:ios:1", thing)
    for thing in ("one", "two", "two"):
        ledger.receive("bob:ios:1", thing)
    assert (ledger.expected, ledger.received, ledger.lost(), ledger.double(), ledger.even()) == (3, 3, 1, 1, False)
    assert sorted(ledger.faults()) == ["deliveries: bob:ios:1 has 'three' not",
                                       "deliveries: bob:ios:1 has 'two' once more than it was sent"]


def test_who_comes_and_goes_may_have_it_twice_but_not_never():
    guests = Guests()
    guests.expect("carol", 1)
    guests.expect("carol", 2)
    guests.receive("carol", 1)
    guests.receive("carol", 1)
    assert (guests.lost(), guests.again()) == ({("carol", 2)}, 1)


def test_lines_that_are_not_reached_are_named_with_those_beside_them():
    counts = {"lib/a.c": {1: 4, 2: 0, 5: 0, 6: 1, 9: 0}, "acl/b.c": {1: 1}, "push/c.c": {1: 0}}
    assert list(coverage.unreached(counts)) == ["lib/a.c:2-5", "lib/a.c:9", "push/c.c:1"]
    assert coverage.share(counts, ("lib", "acl")) == (50.0, 3, 6)


def test_a_report_takes_the_place_of_the_one_before(tmp_path):
    page = tmp_path / "proof.md"
    page.write_text(f"above\n{report.BEGIN}\nof before\n{report.END}\nbelow\n")
    for _ in range(2):
        outcome = Outcome({"rounds": 1200}, ["message 7 is lost"])
        report.write(page, report.as_text(Plan(), "scripts/prove", [("intruders", parts.load("intruders"), outcome, 1)]))
    text = page.read_text()
    assert text.startswith("above\n") and text.endswith("\nbelow\n") and "of before" not in text
    assert text.count("rounds 1,200") == 1 and "1 WRONG" in text and "- message 7 is lost" in text
