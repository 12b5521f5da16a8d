# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What a broker has executed, executed anew: the same frames make the same rows, in however many transactions. Its
ring has all frames of its life, and of those before, as long as it has not gone round.

With CHAT_REPLAY, a file, this is done at the end of each broker; the file gets a line of JSON about each."""
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile

from harness.settings import BUILD_DIR

REPORT = os.environ.get("CHAT_REPLAY")
REPLAY = BUILD_DIR / "replay"
WAYS = ("one", "each", "some")
NOT_WHOLE = 2

# What is a machine's own: how far its ring is, its ids and its clock. The rest of `state` is of the frames.
OWN_TABLES = {"clock"}
OWN_COLUMNS = {"state": {"database_id", "position", "epoch", "id_mark", "boot_id", "clean"}}
CHANGES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP")

_changed = set()  # databases that a test has written itself, which no frame tells
_connect = sqlite3.connect


def _connect_watched(database, *args, **how):
    connection = _connect(database, *args, **how)
    path = str(database)

    def note(statement):
        if statement.lstrip().upper().startswith(CHANGES):
            _changed.add(path)

    connection.set_trace_callback(note)
    return connection


if REPORT:
    sqlite3.connect = _connect_watched


def rows_of(path):
    """{table: its rows, sorted}, without what is a machine's own."""
    with contextlib.closing(_connect(path)) as database:
        database.text_factory = bytes
        tables = [name.decode() for name, in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: _rows(database, name) for name in tables if name not in OWN_TABLES}


def _rows(database, table):
    found = database.execute(f"SELECT * FROM {table}")
    kept = [i for i, column in enumerate(found.description) if column[0] not in OWN_COLUMNS.get(table, ())]
    return sorted(([row[i] for i in kept] for row in found), key=repr)


def differences(expected, found, where):
    """Sentences, a table each."""
    for table in sorted(expected.keys() | found.keys()):
        here, there = expected.get(table), found.get(table)
        if here == there:
            continue
        missing = [row for row in here or [] if row not in (there or [])]
        more = [row for row in there or [] if row not in (here or [])]
        yield f"{where}: {table} lacks {len(missing)} rows {missing[:2]} and has {len(more)} others {more[:2]}"


def _last_number(database):
    with contextlib.closing(_connect(database)) as connection:
        return connection.execute("SELECT number FROM state").fetchone()[0]


def _why_not(broker):
    if not broker.has_plugin or not broker.database.exists():
        return "no database"
    if str(broker.database) in _changed:
        return "written by its test"
    return "" if _ring(broker).exists() else "no ring"


def _ring(broker):
    return pathlib.Path(broker.options.get("ring_file") or f"{broker.database}.ring")


def _replayed(broker, folder):
    """Rows of each way, and how many frames; or why not."""
    ring = shutil.copy(_ring(broker), folder)  # of a broker that was killed, or that somebody looks at later
    done = subprocess.run([REPLAY, ring, str(_last_number(broker.database)), folder, str(len(broker.users))],
                          capture_output=True, text=True, timeout=600)
    if done.returncode == NOT_WHOLE:
        return {"left out": done.stderr.strip()}
    words = done.stdout.split()
    if done.returncode or len(set(words[3::2])) != 1:
        return {"differences": [f"{done.returncode}: {done.stdout}{done.stderr}"]}
    expected = rows_of(broker.database)
    found = [fault for way in WAYS for fault in differences(expected, rows_of(pathlib.Path(folder) / f"{way}.db"), way)]
    return {"frames": int(words[1]), "bad": int(words[3]), "rows": sum(map(len, expected.values())), "differences": found}


def check(broker):
    """Of a broker that has ended. The differences."""
    why = _why_not(broker)
    with tempfile.TemporaryDirectory(prefix="chat-replay-") as folder:
        result = {"left out": why} if why else _replayed(broker, folder)
    line = {"test": os.environ.get("PYTEST_CURRENT_TEST", ""), **result}
    with open(REPORT, "a", encoding="utf-8") as report:
        report.write(json.dumps(line, default=repr) + "\n")
    return result.get("differences", [])
