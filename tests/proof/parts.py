# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The parts of the proof, in their order. A part is a module with `WHAT`, a sentence that says what has to hold, and
`run(plan)`, which gives an Outcome (plan.py)."""
import importlib
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
NAMES = ("crash", "machine", "disk", "clock", "memory", "fuzz", "packets", "races", "intruders", "soak", "determinism",
         "versions", "coverage")

# What the parts stand on: the harness, and the houses of worker and gateway.
for folder in ("broker", "push", "gate"):
    sys.path.append(str(HERE.parent / folder))


def load(name):
    return importlib.import_module(name)
