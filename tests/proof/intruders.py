# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The attacks of tests/broker/test_intruders.py and tests/gate/test_intruders_http.py, each with what must happen."""
import suites
from plan import Outcome

WHAT = "Nobody gets in, reads or writes what is not theirs, or makes the server show a secret."
OF_THE_TESTS = True
FILES = {"over MQTT": "tests/broker/test_intruders.py", "over HTTP": "tests/gate/test_intruders_http.py"}


def run(plan):
    outcome = Outcome()
    for where, file in FILES.items():
        result = suites.run(file)
        outcome.figures[f"attacks {where}"] = result.passed
        outcome.faults += result.failed
    return outcome
