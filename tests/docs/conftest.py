# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The harnesses of tests/broker and tests/gate, for examples."""
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "broker"), str(HERE.parent / "gate")]
pytest.register_assert_rewrite("harness")
