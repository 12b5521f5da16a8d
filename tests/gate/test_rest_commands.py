# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Each command of the REST interface, by the cases in tests/gate/rest (story.py says how they are written)."""
import pytest
import story

CASES = story.read_cases()


@pytest.mark.parametrize("steps", [steps for _, steps in CASES], ids=[name for name, _ in CASES])
def test_case(shared, steps):
    known = {}
    for command, body, wanted in steps:
        story.compare(wanted, shared.rest(command, story.fill(body, known)), known, command)
