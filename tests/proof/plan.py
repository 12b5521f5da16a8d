# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a part of the proof is told, and what it answers."""
import dataclasses
import random

SCALES = ("short", "full", "long")


@dataclasses.dataclass(frozen=True)
class Plan:
    """`scale` says how much: seconds of it in scripts/test, minutes in scripts/prove, hours with --long."""

    scale: str = "short"
    seed: int = 1
    say: callable = print  # what is told while it goes on, a line each
    soak: float = 0  # minutes of the soak, if somebody has said

    def pick(self, short, full, long):
        """The value that fits the scale."""
        return {"short": short, "full": full, "long": long}[self.scale]

    def dice(self, name=""):
        """Chance that is the same again for the same seed; one for each name."""
        return random.Random(f"{self.seed} {name}")


@dataclasses.dataclass
class Outcome:
    """`figures` say what was done and found, in words of the report, in its order; `faults` what went wrong: none, if
    all is as it is promised. `skipped` says why nothing could be done."""

    figures: dict = dataclasses.field(default_factory=dict)
    faults: list = dataclasses.field(default_factory=list)
    skipped: str = ""

    def add(self, **figures):
        """Counts further: rounds=1 adds one to "rounds"."""
        for name, number in figures.items():
            name = name.replace("_", " ")
            self.figures[name] = self.figures.get(name, 0) + number
        return self

    @property
    def verdict(self):
        if self.faults:
            return f"{len(self.faults)} WRONG"
        return f"skipped: {self.skipped}" if self.skipped else "held"
