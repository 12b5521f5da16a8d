# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Reads callgrind's output of one thread: what each function costs, alone and with all that it calls. Unlike
callgrind_annotate it counts a function once, from however many files its inlined lines come."""
import collections
import pathlib
import re
import subprocess

WRAPPER = ("valgrind", "--tool=callgrind", "--instr-atstart=no", "--separate-threads=yes",
           "--callgrind-out-file=callgrind.out.%p")

_COST = re.compile(r"[+*\d-]")
_NAME = re.compile(r"(c?(?:ob|fn))=\((\d+)\)(?: (.*))?")


class Costs:
    """Instructions by (library, function); how often each was called, by (library of the caller, callee)."""

    def __init__(self, file):
        self.alone = collections.Counter()
        self.inclusive = collections.Counter()
        self.calls = collections.Counter()
        self._names = {"ob": {}, "fn": {}}
        self._now = {}
        calling = False
        for line in pathlib.Path(file).read_text().splitlines():
            if match := _NAME.match(line):
                self._name(*match.groups())
            elif line.startswith("calls="):
                calling = True
                self._count_calls(int(line.split()[0].removeprefix("calls=")))
            elif _COST.match(line):
                self._count(int((line.split() + ["0"])[1]), calling)  # a cost of 0 may be left out
                calling = False
        self.total = sum(self.alone.values())

    def _name(self, place, number, text):
        names = self._names[place[-2:]]
        if text is not None:
            names[number] = text
        self._now[place] = names[number]
        if place == "fn":
            self._now.pop("cob", None)

    def _count(self, cost, calling):
        caller = self._key(self._now["fn"], self._now.get("ob", ""))
        if not calling:
            self.alone[caller] += cost
            self.inclusive[caller] += cost
            return
        callee = self._key(self._now["cfn"], self._now.pop("cob", self._now.get("ob", "")))
        if callee != caller:
            self.inclusive[caller] += cost

    def _count_calls(self, calls):
        library = self._now.get("ob", "")
        callee = self._key(self._now["cfn"], self._now.get("cob", library))
        self.calls[pathlib.Path(library).name, callee] += calls

    @staticmethod
    def _key(function, library):
        """A recursion ('2) is the function itself; a stripped library's functions are all one."""
        function = function.split("'")[0]
        return pathlib.Path(library).name, ": (no name)" if function.startswith("0x") else f": {function}"

    def libraries(self):
        counter = collections.Counter()
        for (library, _), cost in self.alone.items():
            counter[library, ""] += cost
        return counter


def switch(broker, on):
    """Whether instructions of this broker, which was started with WRAPPER, are counted."""
    subprocess.run(["callgrind_control", "-i", "on" if on else "off", str(broker.process.pid)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def threads(broker):
    """What was counted of each thread of a broker that has stopped, by its number: 1 is the main thread."""
    found = {int(file.name.rsplit("-", 1)[1]): Costs(file) for file in broker.folder.glob("callgrind.out.*-*")}
    return {number: found[number] for number in sorted(found) if found[number].total > 0}
