# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""bench/ is what is tested here."""
import importlib.machinery
import importlib.util
import pathlib
import sys

import pytest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))


@pytest.fixture(scope="session")
def script():
    """script("run"): a script of bench/ as a module."""
    def load(name):
        loader = importlib.machinery.SourceFileLoader("bench_" + name, str(BENCH / name))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(module)
        return module
    return load
