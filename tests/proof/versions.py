# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The tests of tests/broker on each Mosquitto that is here, and with them what each released schema has left. Beside
MOSQUITTO, MOSQUITTO_2_1 and what is on the path, MOSQUITTOS may name binaries, with colons between them."""
import os
import pathlib
import re
import subprocess

import suites
from plan import Outcome

WHAT = ("Every test of the broker passes on each Mosquitto that is here, and what the databases and rings of earlier "
        "releases hold is taken over whole, and used.")
OF_THE_TESTS = True
OLD = suites.ROOT / "tests" / "old"


def version_of(binary):
    """(2, 0, 11), or None: it does not run."""
    try:
        said = subprocess.run([binary, "-h"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    found = re.search(r"mosquitto version (\d+)\.(\d+)\.(\d+)", said)
    return found and tuple(map(int, found.groups()))


def named(environment):
    """The binaries that somebody has named."""
    return list(filter(None, [environment.get("MOSQUITTO"), environment.get("MOSQUITTO_2_1"),
                              *environment.get("MOSQUITTOS", "").split(":")]))


def on_path(environment):
    folders = environment.get("PATH", os.defpath).split(":")
    return [binary for binary in (os.path.join(folder, "mosquitto") for folder in folders) if os.access(binary, os.X_OK)]


def find(environment):
    """({version: binary}, what was named and does not run)."""
    found, bad = {}, []
    for binary in named(environment) + on_path(environment):
        version = version_of(binary)
        if version:
            found.setdefault(version, binary)
        else:
            bad.append(binary)
    return found, bad


def settings(version, binary):
    """Tests of what only 2.1 has take MOSQUITTO_2_1, and are skipped without it."""
    return {"MOSQUITTO": binary, "MOSQUITTO_2_1": binary if version >= (2, 1) else ""}


def run(plan, folder="tests/broker"):
    outcome = Outcome()
    found, bad = find(os.environ)
    outcome.faults += [f"{binary} is no Mosquitto that runs" for binary in bad]
    if not found:
        outcome.faults.append("no Mosquitto is here")
    for version, binary in sorted(found.items()):
        words = ".".join(map(str, version))
        plan.say(f"Mosquitto {words}: {binary}")
        result = suites.run_twice(folder, environment=settings(version, binary))
        outcome.figures[f"on Mosquitto {words}: passed"] = result.passed
        outcome.add(**{"skipped": result.skipped, "passed only when repeated alone": len(result.repeated)})
        outcome.faults += [f"Mosquitto {words}: {failed}" for failed in result.failed]
    outcome.figures["schemas of releases"] = ", ".join(
        str(int(path.name.partition(".")[0])) for path in sorted(pathlib.Path(OLD).glob("*.db.xz")))
    return outcome
