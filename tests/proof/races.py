# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Threads that share something: ThreadSanitizer looks at the unit tests of the ring, the writer and the media thread, again and
again while their disk is slow at random, and at a whole broker; and a model of the ring (ring.pml) is searched by spin: every
order of the steps of its two threads, of a crash and of the recovery."""
import contextlib
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

import sanitized
from harness.faults import Faults
from harness.media import upload
from packets import PATIENCE, Couple
from plan import Outcome

WHAT = "Threads share nothing without an order, and the ring keeps what it promises in each order of steps, crashes among them."
HERE = pathlib.Path(__file__).resolve().parent
MARK = "WARNING: ThreadSanitizer"

# What is searched of ring.pml, with what must be found in which of them when it is taken away.
SMALL = {"kill": ["FRAMES=3", "CRASHES=1"]}
MODELS = {
    "kill": ["FRAMES=4", "CRASHES=2"],
    "power": ["POWER", "FRAMES=2", "CRASHES=2"],
    "power, sync normal": ["POWER", "NORMAL", "FRAMES=2", "CRASHES=1"],
    "an older database": ["BACKUP", "FRAMES=3", "CRASHES=1"],
}
BREAKS = {
    "HEAD": ["FRAMES=3"], "ORDER": ["FRAMES=3"], "SUM": ["FRAMES=3"], "POSITION": ["FRAMES=4"], "RELEASE": ["FRAMES=4"],
    "ROOM": ["FRAMES=4"], "APART": ["FRAMES=3"],
    "EPOCH": ["POWER", "FRAMES=3", "RECORDS_MAX=1"],
}  # fmt: skip


# ---- the model


def search(defines, compile="-O0"):
    """spin's search: (is all as it should be, states, what it said)."""
    with tempfile.TemporaryDirectory(prefix="chat-spin-") as folder:
        shutil.copy(HERE / "ring.pml", folder)
        for command in (["spin", *(f"-D{define}" for define in defines), "-a", "ring.pml"],
                        ["gcc", compile, "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=3000", "-o", "pan", "pan.c"]):  # fmt: skip
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        said = subprocess.run(["./pan", "-m2000000"], cwd=folder, capture_output=True, text=True).stdout
    errors, states = re.search(r"errors: (\d+)", said), re.search(r"(\d+) states, stored", said)
    complete = "max search depth too small" not in said and "Search not completed" not in said
    return errors and errors[1] == "0" and complete, int(states[1]) if states else 0, said


def search_models(plan, outcome):
    for name, defines in plan.pick(SMALL, MODELS, MODELS).items():
        good, states, said = search(defines, plan.pick("-O0", "-O2", "-O2"))
        outcome.add(**{f"states of the ring ({name})": states})
        if not good:
            outcome.faults.append(f"the model of the ring, {name}: {said[-2000:]}")
        plan.say(f"{name}: {states} states")
    names = plan.dice("breaks").sample(list(BREAKS)[:7], 2) if plan.scale == "short" else list(BREAKS)
    for name in names:
        good, states, said = search([f"BREAK_{name}", *BREAKS[name]])
        if good or "assertion violated" not in said:
            outcome.faults.append(f"the model of the ring does not notice that {name} is taken away ({states} states)")
        else:
            outcome.add(mistakes_made_on_purpose_and_found=1)


# ---- unit tests


def threaded():
    """What scripts/test tries with ThreadSanitizer."""
    return re.search(r"^threaded=\((.*?)\)", (sanitized.ROOT / "scripts/test").read_text(), re.MULTILINE)[1].split()


@contextlib.contextmanager
def slow_disk(dice):
    """What programs with this environment write and sync takes some more milliseconds, sometimes."""
    over = threading.Event()

    def change(faults):
        while not over.is_set():
            with faults.rule(dice.choice(("write", "sync")), "", error=None, times=dice.choice((1, 5, 50)), delay=dice.choice((0.001, 0.003))):
                over.wait(dice.random() / 20)

    with tempfile.TemporaryDirectory(prefix="chat-proof-") as folder, contextlib.closing(Faults(pathlib.Path(folder))) as faults:
        thread = threading.Thread(target=change, args=(faults,))
        thread.start()
        try:
            yield faults.environment
        finally:
            over.set()
            thread.join()


def repeat_units(plan, outcome):
    until, dice = time.monotonic() + plan.pick(0, 300, 3600), plan.dice("units")
    folder = sanitized.build("thread", *threaded())
    pattern = "^(" + "|".join(threaded()) + ")$"
    while time.monotonic() < until and not outcome.faults:
        with slow_disk(dice) as environment:
            done = subprocess.run(["ctest", "--test-dir", folder, "-R", pattern, "--output-on-failure", "--no-tests=error", "-j", "4"],
                                  env={**os.environ, **environment}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        if done.returncode or MARK in done.stdout:
            outcome.faults.append(f"unit tests with ThreadSanitizer: {done.stdout[-4000:]}")
        outcome.add(rounds_of_unit_tests=1)


# ---- a broker


def use_all_threads(broker, couple, until, outcome):
    """Files for the media thread, and all else that the writer and others do beside messages."""
    uploader, admin = broker.user("ann", "ios:1"), broker.admin("web:1")
    for number in itertools.count():
        if time.monotonic() > until or couple.problem or not broker.process.alive():
            return
        upload(uploader, bytes(str(number), "ascii") * 100000, name="a.bin", contentType="application/octet-stream")
        uploader.command("getHistory", to="wim", limit=20)
        admin.command("getStats")
        if number % 10 == 0:
            admin.code("startBackup", name=f"{number}.db")  # busy with the one before: then not
        if number % 10 == 5:
            broker.reload()
        outcome.add(files_uploaded=1)


def try_broker(plan, outcome):
    broker = sanitized.SanitizedBroker("thread", {"ring_bytes": 4 << 20, "media_user_bytes": 0}, faults=True)
    for name in ("media", "backups"):
        (broker.folder / name).mkdir()
    broker.options |= {"media_dir": broker.folder / "media", "backup_dir": broker.folder / "backups"}
    broker.start(PATIENCE)
    broker.create("ann", "vera", "wim")
    try:
        with broker.faults.rule("sync", str(broker.folder), error=None, delay=0.002), Couple(broker) as couple:
            use_all_threads(broker, couple, time.monotonic() + plan.pick(0, 120, 1800), outcome)
        if broker.process.alive():
            outcome.faults += couple.faults()
        outcome.add(messages_of_the_broker=len(couple.accepted))
        if not broker.process.alive() or (code := broker.stop(PATIENCE)) != 0:
            outcome.faults.append(f"the broker has ended, or not stopped in order: {broker.log()[-4000:]}")
        if MARK in broker.log():
            outcome.faults.append(broker.log()[broker.log().find(MARK) :][:6000])
    finally:
        with contextlib.suppress(AssertionError):  # it was stopped, and its log looked at
            broker.close()


def run(plan):
    outcome = Outcome()
    search_models(plan, outcome)
    if plan.scale != "short":  # scripts/test has the unit tests with ThreadSanitizer
        repeat_units(plan, outcome)
        try_broker(plan, outcome)
    return outcome
