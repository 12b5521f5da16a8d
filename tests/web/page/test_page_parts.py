# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Parts of the page that need no browser: each *.test.js here, by Node alone."""
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node")
@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.js")))
def test_a_part_of_the_page(name):
    ran = subprocess.run(["node", "--test", HERE / name], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
