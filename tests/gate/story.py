# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Requests and answers as data. A file has cases:

    == an account is imported
    im_open_login_svc/account_import {"UserID": "alice"}
        {"ErrorCode": 0}

A case is any number of requests in this order, each with the answer that it must get: all members that are written
are there, in lists all entries, and what else there is does not count. "$name" as a value stands for whatever it is
there, and from then on for the same; "?" is anything, and "-" is a member that must not be there. Lines that are
indented more go on."""
import json
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent / "rest"


def read_cases():
    """[(file: name, [(command, body, wanted)])]"""
    cases = []
    for path in sorted(HERE.glob("*.txt")):
        for text in re.split(r"^== *", path.read_text(), flags=re.MULTILINE)[1:]:
            name, _, rest = text.partition("\n")
            cases.append((f"{path.stem}: {name.strip()}", list(read_steps(rest))))
    return cases


def read_steps(text):
    lines = [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
    for block in re.split(r"\n(?=\S)", "\n".join(lines)):
        if not block:
            continue
        command, rest = block.split(None, 1)
        body, end = json.JSONDecoder().raw_decode(rest)
        yield command, body, json.loads(rest[end:])


def fill(value, known):
    """The value with what its "$names" stand for."""
    if isinstance(value, dict):
        return {name: fill(inner, known) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, known) for inner in value]
    if isinstance(value, str) and value.startswith("$"):
        return known.get(value, value)
    return value


def compare(wanted, got, known, where="answer"):
    """Learns what "$names" stand for."""
    if isinstance(wanted, str) and wanted.startswith("$"):
        wanted = known.setdefault(wanted, got)
    if wanted == "?":
        return
    if isinstance(wanted, dict):
        assert isinstance(got, dict), f"{where} is {got!r}"
        for name, inner in wanted.items():
            if inner == "-":
                assert name not in got, f"{where} has {name}: {got!r}"
                continue
            assert name in got, f"{where} has no {name}: {got!r}"
            compare(inner, got[name], known, f"{where}.{name}")
    elif isinstance(wanted, list):
        assert isinstance(got, list) and len(got) == len(wanted), f"{where} is {got!r}, not {wanted!r}"
        for number, (inner, entry) in enumerate(zip(wanted, got)):
            compare(inner, entry, known, f"{where}[{number}]")
    else:
        assert got == wanted and type(got) is type(wanted), f"{where} is {got!r}, not {wanted!r}"
