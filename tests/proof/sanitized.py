# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A broker whose plugin is built with sanitizers; Mosquitto itself is the usual one, so theirs are loaded before it."""
import pathlib
import subprocess

from harness.broker import Broker

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = {
    "address": ("--sanitize", "build-sanitize", ("libasan.so", "libubsan.so")),
    "thread": ("--threads", "build-threads", ("libtsan.so",)),
}
ENVIRONMENT = {
    "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "exitcode=99:halt_on_error=1",
}


def build(kind, *targets):
    """scripts/build with these sanitizers; the folder."""
    option, folder, _ = KINDS[kind]
    done = subprocess.run([ROOT / "scripts/build", option, *(f"--target={target}" for target in targets)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError(f"no build with sanitizers: {done.stdout[-2000:]}")
    return ROOT / folder


def libraries(kind):
    """For LD_PRELOAD."""
    return ":".join(subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip() for name in KINDS[kind][2])


class SanitizedBroker(Broker):
    def __init__(self, kind, options=None, **how):
        super().__init__(options, **how)
        self.plugin = build(kind, "mosquitto_chat") / "mosquitto_chat.so"
        self._loaded = {"LD_PRELOAD": libraries(kind), **ENVIRONMENT}

    def _environment(self):
        return {**super()._environment(), **self._loaded}
