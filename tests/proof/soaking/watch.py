# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What processes take, once a second, and whether that grows."""
import os
import pathlib
import statistics
import time
from dataclasses import dataclass, field

MIB = 1 << 20
# malloc gives no block of less than 32 bytes. Who forgets one with every second thing that they do is found.
BYTES_AN_EVENT = 16
# What may be open, run or lie about more in the last third than in the first: clients come and go, a name is looked up.
SLACK = {"threads": 2, "descriptors": 20, "files": 3}


def _status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def _kib(status, name):
    return int(status.get(name, "0").split()[0]) * 1024


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Watched:
    """`private` is what malloc has, without the ring and the database that are mapped."""

    name: str
    pid: int
    folder: pathlib.Path = None
    aside: pathlib.Path = None  # a folder in it where things are to become more
    events: int = 0             # what it has done since the warm-up
    samples: list = field(default_factory=list)

    def sample(self):
        status = _status(self.pid)
        files = sum(path.is_file() and self.aside not in path.parents for path in self.folder.rglob("*"))
        self.samples.append({
            "at": time.monotonic(), "memory": _kib(status, "VmRSS"), "private": _kib(status, "RssAnon"),
            "threads": int(status["Threads"]), "descriptors": len(os.listdir(f"/proc/{self.pid}/fd")), "files": files})

    def of(self, what):
        return [sample[what] for sample in self.samples]

    def growth(self):
        """How many bytes more it has, in the end, by the line that fits best."""
        times, private = self.of("at"), self.of("private")
        return statistics.linear_regression(times, private).slope * (times[-1] - times[0])

    def faults(self, noise):
        """`noise`: so many bytes more or less say nothing."""
        if len(self.samples) < 6:
            yield f"{self.name} was watched {len(self.samples)} times only"
            return
        allowed = BYTES_AN_EVENT * self.events + noise
        if self.growth() > allowed:
            yield (f"the memory of {self.name} grows: by {self.growth() / MIB:.1f} MiB with {self.events:,} things done, "
                   f"where {allowed / MIB:.1f} would be noise")
        third = len(self.samples) // 3
        for what, slack in SLACK.items():
            first, last = max(self.of(what)[:third]), max(self.of(what)[-third:])
            if last > first + slack:
                yield f"{what} of {self.name} become more: {first}, later {last}"
