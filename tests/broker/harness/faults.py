# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A bad disk, a wrong clock and too little memory for one process: the other side of tests/faults/faults.c."""
import contextlib
import errno
import mmap
import os
import struct
import time

from harness.settings import BUILD_DIR

KINDS = {"read": 1, "write": 2, "sync": 3, "map": 4, "open": 5, "truncate": 6, "room": 7}
RULES = 8
RULE = struct.Struct("<iiiiI124s")
CLOCKS = struct.Struct("<qq")
MEMORY = struct.Struct("<QII")
SEEN = struct.Struct("<qqq")
SLEWED = struct.Struct("<q")
SLEW = struct.Struct("<qqq")
STARVED = struct.Struct("<qq")
LIBRARY = BUILD_DIR / "faults.so"
SLEWED_AT = RULES * RULE.size + CLOCKS.size + MEMORY.size + SEEN.size
STARVED_AT = SLEWED_AT + SLEWED.size + 2 * SLEW.size


class Faults:
    """Give `environment` to the process, then change what is wrong while it runs."""

    def __init__(self, folder):
        self.path = folder / "faults"
        self.path.write_bytes(bytes(STARVED_AT + STARVED.size))
        self._file = self.path.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), 0)

    def close(self):
        self._map.close()
        self._file.close()

    @property
    def environment(self):
        return {"LD_PRELOAD": str(LIBRARY), "CHAT_FAULTS": str(self.path)}

    # ---- the disk

    @contextlib.contextmanager
    def rule(self, kind, path, error=errno.EIO, times=-1, delay=0.0):
        """Inside, calls of this kind on files whose path contains `path` fail with `error` (None: not at all),
        at most `times` times, after `delay` seconds. Gives a function: how many calls there have been."""
        slot = next(n for n in range(RULES) if self._read(n)[0] == 0)
        self._write(slot, 0, error or 0, times, round(delay * 1000), 0, path.encode())
        self._set_kind(slot, KINDS[kind])  # last: from now on it is in force
        try:
            yield lambda: self._read(slot)[4]
        finally:
            self._set_kind(slot, 0)

    def room(self, path, percent):
        """Inside, so much is free of the disk on which the paths are that contain `path`."""
        return self.rule("room", path, error=percent)

    def _read(self, slot):
        return RULE.unpack_from(self._map, slot * RULE.size)

    def _write(self, slot, *values):
        RULE.pack_into(self._map, slot * RULE.size, *values)

    def _set_kind(self, slot, kind):
        struct.pack_into("<i", self._map, slot * RULE.size, kind)

    # ---- the clock

    def set_clock(self, wall=0.0, steady=0.0):
        """How many seconds the wall clock, and the one since boot, are ahead of the true ones; returns when the program
        has looked at them, if it runs. Mosquitto asks for the time once a turn: a connection that it accepted before it
        did would be as old as the clock has been moved, and be closed. Keepalives of clients that are silent run out,
        too, by the clock since boot or (2.0.21 of Debian 13) by the wall clock: where that matters they have none, which
        Mosquitto takes for max_keepalive: 27 hours. After more than that a test goes on with new connections."""
        ahead = round(wall * 1000), round(steady * 1000)
        CLOCKS.pack_into(self._map, RULES * RULE.size, *ahead)
        deadline = time.monotonic() + 1
        while self._runs() and self._seen()[:2] != ahead and time.monotonic() < deadline:
            time.sleep(0.002)

    def slew(self, percent):
        """From now on all clocks run so much too fast (below 0: too slowly), as when NTP corrects them; 0: as they
        should. What they have gained stays."""
        now = time.monotonic_ns()
        (in_force,) = SLEWED.unpack_from(self._map, SLEWED_AT)
        since, ahead, per_million = SLEW.unpack_from(self._map, SLEWED_AT + SLEWED.size + in_force * SLEW.size)
        if since:
            ahead += (now - since) // 1000000 * per_million
        other = 1 - in_force
        SLEW.pack_into(self._map, SLEWED_AT + SLEWED.size + other * SLEW.size, now, ahead, round(percent * 10000))
        SLEWED.pack_into(self._map, SLEWED_AT, other)

    def _seen(self):
        return SEEN.unpack_from(self._map, RULES * RULE.size + CLOCKS.size + MEMORY.size)

    def _runs(self):
        process = self._seen()[2]
        return process != 0 and os.path.exists(f"/proc/{process}/exe")

    # ---- memory

    @contextlib.contextmanager
    def memory(self, one_in, seed):
        """Inside, one in so many of the plugin's allocations fails, by chance. Gives a function: how many have."""
        at = RULES * RULE.size + CLOCKS.size
        MEMORY.pack_into(self._map, at, seed, one_in, 0)
        try:
            yield lambda: MEMORY.unpack_from(self._map, at)[2]
        finally:
            struct.pack_into("<I", self._map, at + 8, 0)

    def starved(self):
        """For how many allocations there was no memory, by a limit of the process: the plugin's, and the program's own."""
        return STARVED.unpack_from(self._map, STARVED_AT)
