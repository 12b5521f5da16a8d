# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the page offers in a group is what the server allows: rights.test.js, which needs Node and nothing else."""
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent


@pytest.mark.skipif(not shutil.which("node"), reason="there is no Node")
def test_what_the_page_offers_is_what_the_rules_allow():
    ran = subprocess.run(["node", "--test", HERE / "rights.test.js"], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
