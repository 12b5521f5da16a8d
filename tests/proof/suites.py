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
# `repeated`: what failed among others and passed alone
Result = collections.namedtuple("Result", "passed failed skipped repeated", defaults=[()])


def run(*paths, workers=2, environment=None, arguments=(), root=ROOT):
    """pytest over these files; `failed` are the names of the tests. A run that breaks off is one that failed."""
    with tempfile.TemporaryDirectory(prefix="chat-proof-") as folder:
        report = pathlib.Path(folder) / "report.xml"
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-n", str(workers), "-p", "no:cacheprovider",
                               "--rootdir", str(root), "--timeout", "120", f"--junitxml={report}", *arguments, *paths],
                              cwd=root, env={**os.environ, **(environment or {})}, text=True,
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


def _node(name):
    """What pytest takes for what it calls "tests.broker.test_login: test_expired[4]"."""
    module, _, test = name.partition(": ")
    return f"{module.replace('.', '/')}.py::{test}"


def run_twice(*paths, workers=4, root=ROOT, then=None, **how):
    """As scripts/test does: many tests wait for something for some seconds, which a busy machine may not keep. What fails
    is tried once more, alone, and in the environment `then`, if there is one. What fails twice has failed."""
    first = run(*paths, workers=workers, root=root, **how)
    nodes = [_node(name) for name in first.failed]
    if not nodes or not all((root / node.partition("::")[0]).exists() for node in nodes):
        return first
    again = run(*nodes, workers=0, root=root, **{**how, **({"environment": then} if then else {})})
    repeated = [name for name in first.failed if name not in again.failed]
    return Result(first.passed + again.passed, again.failed, first.skipped + again.skipped, repeated)
