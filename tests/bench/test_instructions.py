# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the plugin costs the broker's thread, in instructions: bench/instructions, against the file bench/baseline."""
import os
import shutil

import pytest

MORE = """
{workload}: {complaint}.
If the plugin is to cost that: bench/instructions --update, and commit bench/baseline with the reason."""


@pytest.fixture(scope="session")
def instructions(script):
    module = script("instructions")
    if not shutil.which("valgrind"):
        pytest.skip("valgrind is not there")
    if os.environ.get("CHAT_PRELOAD"):
        pytest.skip("instructions of a build with sanitizers are nobody's")
    if not module.COUNT.exists():
        pytest.skip(f"{module.COUNT.name} is not there: it is built where valgrind's header is")
    return module


@pytest.fixture(scope="session")
def baseline(instructions):
    found = instructions.read_baseline()
    if found["built"] != instructions.built():
        pytest.skip(f"bench/baseline is of {found['built']}, this is {instructions.built()}")
    return found


def test_the_plugin_costs_hardly_more_than_in_the_baseline(baseline, instructions):
    counted = instructions.count()
    found = [MORE.format(workload=workload, complaint=line) for workload in instructions.UNITS
             for line in instructions.complaints(baseline[workload], counted[workload])]
    assert not found, "".join(found)


def test_what_grows_by_more_than_a_twentieth_is_named_with_the_functions_that_grew_most(instructions):
    before = {"instructions": 1000, "allocations": 1.0, "steps of SQLite": 0.0,
              "functions": {"a": 500, "b": 300, "c": 100, "d": 100}}
    now = {**before, "instructions": 1051, "functions": {"a": 510, "b": 300, "c": 130, "d": 101, "e": 10}}
    assert instructions.complaints(before, now) == [
        "1,051 instructions instead of 1,000; most was added to c by 30, e by 10, a by 10"]


def test_an_allocation_more_is_noticed_and_less_of_everything_is_not(instructions):
    before = {"instructions": 1000, "allocations": 1.0, "steps of SQLite": 2.0, "functions": {"a": 1000}}
    more = {**before, "allocations": 2.0}
    assert [line.split(" instead")[0] for line in instructions.complaints(before, more)] == ["2 allocations"]
    assert instructions.complaints(before, {**before, "instructions": 500, "steps of SQLite": 1.0}) == []
