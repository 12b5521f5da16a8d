# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Tests of the project as a part of the proof: what passed, what failed."""
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
Result = collections.namedtuple("Result", "passed failed skipped")


def run(*paths, workers=2, environment=None, arguments=()):
    """pytest over these files; `failed` are the names of the tests. A run that breaks off is one that failed."""
    with tempfile.TemporaryDirectory(prefix="chat-proof-") as folder:
        report = pathlib.Path(folder) / "report.xml"
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-p", "no:cacheprovider",
                               "--rootdir", str(ROOT), "--timeout", "120", f"--junitxml={report}", *arguments, *paths],
                              cwd=ROOT, env={**os.environ, **(environment or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if not report.exists():
            return Result(0, [f"pytest ended with {done.returncode}: {done.stdout[-2000:]}"], 0)
        cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    failed = [f"{case.get('classname')}: {case.get('name')}" for case in cases
              if case.find("failure") is not None or case.find("error") is not None]
    skipped = sum(case.find("skipped") is not None for case in cases)
    if done.returncode and not failed:
        failed.append(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}")
    return Result(len(cases) - len(failed) - skipped, failed, skipped)
