# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Which lines the tests reach: a build that counts (scripts/build --coverage), the unit tests and those of tests/broker, ctl,
push and gate over it, and gcovr to sum up. What no test reaches is listed in build/unreached.txt. A line, or what stands
between two, may be taken out in the source by GCOVR_EXCL_LINE, or GCOVR_EXCL_START and GCOVR_EXCL_STOP, with the reason."""
import collections
import json
import os
import subprocess

import suites
from plan import Outcome

WHAT = "The tests reach nearly every line, and what they do not reach is known."
OF_THE_TESTS = True
BUILD = suites.ROOT / "build-coverage"
LIST = suites.ROOT / "build" / "unreached.txt"
SUITES = ("tests/broker", "tests/ctl", "tests/push", "tests/gate")
SERVER = ("plugin", "schema", "acl", "lib")  # what runs in the broker
FOLDERS = (*SERVER, "ctl", "push", "gate")
LEAST = 97.0  # percent of the server's lines


def build():
    """And forgets what was counted before."""
    subprocess.run([suites.ROOT / "scripts" / "build", "--coverage"], check=True, stdout=subprocess.DEVNULL)
    for counted in BUILD.rglob("*.gcda"):
        counted.unlink()


def unit_tests():
    """What failed, as ctest says it."""
    done = subprocess.run(["ctest", "--test-dir", str(BUILD), "-j", str(os.cpu_count()), "--repeat", "until-pass:2",
                           "--output-on-failure"], capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"ctest ended with {done.returncode}: {done.stdout[-2000:]}"]


def sum_up(build=BUILD):
    """{file: {line: how often}}, of what can run."""
    filters = [argument for folder in FOLDERS for argument in ("--filter", f"{suites.ROOT}/{folder}/")]
    done = subprocess.run(["gcovr", "--root", str(suites.ROOT), *filters, "--gcov-ignore-parse-errors", "--json", "-",
                           str(build)], capture_output=True, text=True, check=True)
    return {one["file"]: {line["line_number"]: line["count"] for line in one["lines"] if not line.get("gcovr/noncode")}
            for one in json.loads(done.stdout)["files"]}


def unreached(counts):
    """"file:first-last" of what never ran: lines that follow each other among those that can run are one."""
    for file, lines in sorted(counts.items()):
        run = []
        for line in [*sorted(lines), None]:
            if line is not None and not lines[line]:
                run.append(line)
            elif run:
                yield f"{file}:{run[0]}" + (f"-{run[-1]}" if len(run) > 1 else "")
                run = []


def share(counts, folders):
    """(percent, lines reached, lines) of these folders."""
    lines = [count for file, of in counts.items() if file.split("/")[0] in folders for count in of.values()]
    reached = sum(map(bool, lines))
    return (100 * reached / len(lines) if lines else 0.0), reached, len(lines)


def run(plan):
    outcome = Outcome()
    plan.say("builds, with counters")
    build()
    plan.say("unit tests")
    outcome.faults += unit_tests()
    plan.say(", ".join(SUITES))
    # Counting makes all slower, too slow for some tests: what fails is judged by the build that does not count.
    result = suites.run_twice(*SUITES, environment={"BUILD_DIR": str(BUILD), "PATIENCE": "30"},
                              then={"BUILD_DIR": str(suites.ROOT / "build")})
    outcome.faults += result.failed
    counts = sum_up()
    LIST.write_text("".join(f"{place}\n" for place in unreached(counts)))
    for folder in FOLDERS:
        percent, reached, lines = share(counts, [folder])
        outcome.figures[f"% of {folder}"] = f"{percent:.1f} ({reached:,} of {lines:,} lines)"
    percent, reached, lines = share(counts, SERVER)
    outcome.figures["% of the server"] = f"{percent:.2f}"
    outcome.figures["of its lines not reached"] = lines - reached
    outcome.figures["files"] = collections.Counter(file.split("/")[0] in SERVER for file in counts)[True]
    if percent < LEAST:
        outcome.faults.append(f"{percent:.2f} % of the server's lines are reached, less than {LEAST} %")
    return outcome
