# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The fuzz targets of tests/fuzz, as many at once as there are processors: scripts/fuzz."""
import os
import pathlib
import re
import subprocess

from plan import Outcome

WHAT = "Whatever bytes strangers, backends, providers, disks and operators send, nothing breaks, and what is made of them is right."
OF_THE_TESTS = True  # scripts/test gives each some seconds
ROOT = pathlib.Path(__file__).resolve().parents[2]


def targets():
    return sorted(path.stem.removeprefix("fuzz_") for path in (ROOT / "tests/fuzz").glob("fuzz_*.c"))


def run(plan):
    seconds = plan.pick(5, 600, 3600)
    outcome = Outcome({"targets": len(targets()), "seconds each": seconds, "inputs": 0})
    with subprocess.Popen([ROOT / "scripts/fuzz", str(seconds)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "JOBS": str(os.cpu_count()), "SEED": str(plan.seed % 2**32)}) as tried:
        lines = [line.rstrip() for line in tried.stdout]
    told = dict(re.findall(r"^(\w+): (\d+) inputs, good$", "\n".join(lines), re.MULTILINE))
    outcome.figures["inputs"] = sum(map(int, told.values()))
    outcome.figures |= {f"of {name}": int(inputs) for name, inputs in sorted(told.items())}
    outcome.faults = [line for line in lines if "FAILED" in line]
    outcome.faults += [f"{name}: no input was tried" for name in targets() if not int(told.get(name, 0))]
    if tried.returncode and not outcome.faults:
        outcome.faults.append("\n".join(lines[-30:]))
    outcome.figures["found"] = len(outcome.faults)
    return outcome
