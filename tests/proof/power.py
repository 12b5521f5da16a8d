# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the power may leave of database, log and ring, as a program with tests/faults/journal.c wrote them.

A page of a file is on the disk as it was at the last sync of the file, or as it was at any moment since, whatever the
others are; the length of the file likewise. A page may be torn: some of its sectors of one moment, the rest of another
one. That a file was removed, or cut, has come to the disk or has not, as a whole, and has with the next sync of any file:
so file systems with a journal have it."""
import collections
import struct

from harness.settings import BUILD_DIR

FILES = ("chat.db", "chat.db-wal", "chat.db-journal", "chat.db.ring")
ENTRY = struct.Struct("<IIQQ")
WRITTEN, RESIZED, SYNCED, REMOVED = 1, 2, 3, 4
PAGE, SECTOR = 4096, 512
BLANK = bytes(PAGE)
LIBRARY = BUILD_DIR / "journal.so"

Entry = collections.namedtuple("Entry", "change file offset length data end")


class Recorder:
    """In the place of harness.faults.Faults: a broker that writes down what it writes, on a machine that was started
    anew (`boot` is its number)."""

    def __init__(self, folder, boot):
        self.path, self._boot = folder / "journal", folder / "boot_id"
        self._boot.write_text(f"0000-{boot:08}\n")

    @property
    def environment(self):
        return {"LD_PRELOAD": str(LIBRARY), "CHAT_JOURNAL": str(self.path), "CHAT_BOOT_ID": str(self._boot)}

    def now(self):
        """How far it is. What has been seen of the program before is in the journal before that place."""
        return self.path.stat().st_size if self.path.exists() else 0

    def close(self):
        pass


def entries(path):
    """Of a journal; one whose end is missing (the program was killed) is left out."""
    data, at = path.read_bytes(), 0
    while at + ENTRY.size <= len(data):
        change, file, offset, length = ENTRY.unpack_from(data, at)
        at += ENTRY.size
        size = length if change == WRITTEN else 0
        if at + size > len(data):
            return
        yield Entry(change, file, offset, length, data[at : at + size], at + size)
        at += size


def _patched(page, at, data):
    return page[:at] + data + page[at + len(data) :]


class File:
    """What of a file may be there: of each page all contents since the last sync, that of then first; of its length
    the same."""

    def __init__(self, data=b"", size=None):
        self.pages = {at: [data[at : at + PAGE].ljust(PAGE, b"\0")] for at in range(0, len(data), PAGE)}
        self.sizes = [size]
        self.before = None  # what may still be there instead: the file of before it was removed or cut

    def write(self, offset, data):
        end, at = offset + len(data), 0
        while at < len(data):
            page, within = (offset + at) // PAGE * PAGE, (offset + at) % PAGE
            part = data[at : at + PAGE - within]
            versions = self.pages.setdefault(page, [BLANK])
            versions.append(_patched(versions[-1], within, part))
            at += len(part)
        self.grow(end)

    def grow(self, size):
        if size > (self.sizes[-1] or 0):
            self.sizes.append(size)

    def cut(self, size):
        """The file that it is then."""
        kept = b"".join(self.pages.get(at, [BLANK])[-1] for at in range(0, size, PAGE))[:size]
        after = File(kept, size)
        after.before = self
        return after

    def sync(self, offset, length):
        for page, versions in self.pages.items():
            if not length or offset <= page < offset + length:
                del versions[:-1]
        if not length:
            del self.sizes[:-1]

    def unsynced(self):
        return sum(len(versions) - 1 for versions in self.pages.values()) + len(self.sizes) - 1

    def draw(self, dice, habit):
        """What is there, None for nothing. `habit` draws a number of a list's items."""
        if self.before and dice.random() < 0.5:
            return self.before.draw(dice, habit)
        size = self.sizes[habit(dice, len(self.sizes))]
        if size is None:
            return None
        out = bytearray(size)
        for page, versions in self.pages.items():
            content = versions[habit(dice, len(versions))]
            if len(versions) > 1 and dice.random() < 0.2:
                content = torn(dice, content, versions[habit(dice, len(versions))])
            out[page : page + PAGE] = content
        return bytes(out[:size])


def torn(dice, one, other):
    """Of each sector the one or the other."""
    return b"".join(dice.choice((one, other))[at : at + SECTOR] for at in range(0, PAGE, SECTOR))


# How the disk went about it: what came to it of what nobody asked it to write. Numbers of versions, the oldest is 0.
HABITS = {
    "nothing": lambda dice, count: 0,
    "all": lambda dice, count: count - 1,
    "any": lambda dice, count: dice.randrange(count),
    "little": lambda dice, count: dice.randrange(count) if dice.random() < 0.1 else 0,
    "most": lambda dice, count: count - 1 if dice.random() < 0.9 else dice.randrange(count),
}


class Disk:
    """`files` is what there was before the first entry of the journal: bytes by name."""

    def __init__(self, files):
        self._files = [File(files[name], len(files[name])) if name in files else File() for name in FILES]

    def apply(self, entry):
        file = self._files[entry.file]
        if entry.change == WRITTEN:
            file.write(entry.offset, entry.data)
        elif entry.change == RESIZED and entry.offset >= (file.sizes[-1] or 0):
            file.grow(entry.offset)
        elif entry.change == RESIZED:
            self._files[entry.file] = file.cut(entry.offset)
        elif entry.change == SYNCED:
            file.sync(entry.offset, entry.length)
            for other in self._files:
                other.before = None
        else:
            self._files[entry.file] = File()
            self._files[entry.file].before = file

    def unsynced(self):
        return sum(file.unsynced() for file in self._files)

    def draw(self, dice):
        """Files by name, and how that came: a habit for each file, drawn."""
        habits = [dice.choice(list(HABITS)) for _ in FILES]
        drawn = [file.draw(dice, HABITS[habit]) for file, habit in zip(self._files, habits)]
        return {name: data for name, data in zip(FILES, drawn) if data is not None}, "/".join(habits)
