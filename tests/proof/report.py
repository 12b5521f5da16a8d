# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What scripts/prove has found, as Markdown: between two marks of a page, or as a page of its own."""
import datetime
import os
import pathlib
import platform
import re
import sqlite3
import subprocess

BEGIN, END = "<!-- scripts/prove writes from here -->", "<!-- to here -->"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def _said(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _mosquitto():
    found = re.search(r"mosquitto version (\S+)", _said(os.environ.get("MOSQUITTO", "mosquitto"), "-h"))
    return found[1] if found else "unknown"


def _system():
    release = platform.freedesktop_os_release() if hasattr(platform, "freedesktop_os_release") else {}
    return release.get("PRETTY_NAME", platform.system())


def _commit():
    return _said("git", "rev-parse", "--short=12", "HEAD") + (" and changes" if _said("git", "status", "--porcelain") else "")


def _head(plan, command, seconds):
    return [
        f"- `{command}`, seed {plan.seed}: {seconds / 60:.0f} minutes, ended {datetime.date.today()}",
        f"- commit {_commit()}",
        f"- {_system()}, Linux {platform.release()}, {os.cpu_count()} processors, "
        f"Mosquitto {_mosquitto()}, SQLite {sqlite3.sqlite_version}",
    ]


def _number(value):
    return f"{value:,}" if isinstance(value, int) else str(value)


def _figures(outcome):
    return ", ".join(f"{name} {_number(value)}" for name, value in outcome.figures.items())


def _row(name, module, outcome, seconds):
    return f"| {name} | {module.WHAT} | {_figures(outcome)} | {outcome.verdict} | {seconds:.0f} s |"


def _faults(parts):
    for name, _, outcome, _ in parts:
        if outcome.faults:
            yield f"\n### What is wrong: {name}\n"
            yield from (f"- {fault}" for fault in outcome.faults[:50])


def as_text(plan, command, parts):
    """`parts`: (name, module, outcome, seconds) of each."""
    lines = _head(plan, command, sum(seconds for *_, seconds in parts))
    lines += ["", "| part | what has to hold | what was done | | time |", "| --- | --- | --- | --- | --- |"]
    lines += [_row(*part) for part in parts]
    return "\n".join(lines + list(_faults(parts))) + "\n"


def write(path, text):
    """Between the marks of `path`, if it has them; otherwise all of it."""
    old = path.read_text() if path.exists() else ""
    if BEGIN in old and END in old:
        before, _, rest = old.partition(BEGIN)
        text = f"{before}{BEGIN}\n\n{text}\n{END}{rest.partition(END)[2]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
