# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What ARCHITECTURE.md, docs/promises.md and docs/security.md name is there, and what is there is named."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["acl", "lib", "schema", "ctl", "push", "gate", "plugin", "bench"]
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.[ch]"))
TESTS = {path.name for path in (ROOT / "tests").rglob("*.*")}
MAPS = {name: (ROOT / name).read_text() for name in ("ARCHITECTURE.md", "docs/promises.md", "docs/security.md")}
PLACE = re.compile(r"`([a-z0-9_/]+\.[ch]): ([a-z0-9_, ]+)`")


def files_named(name):
    """A name with a folder in it is the end of a path."""
    return [path for path in SOURCES if str(path).endswith("/" + name)]


def places():
    return [(doc, file, function) for doc, text in MAPS.items()
            for file, functions in PLACE.findall(text) for function in functions.split(", ")]


@pytest.mark.parametrize("doc", MAPS)
def test_every_file_that_is_named_is_there(doc):
    names = set(re.findall(r"`([a-z0-9_/]+\.[ch])\b", MAPS[doc]))
    assert names
    assert not [name for name in names if not files_named(name) and name not in TESTS]


@pytest.mark.parametrize("doc, file, function", places())
def test_every_function_that_is_named_is_in_its_file(doc, file, function):
    assert any(re.search(rf"\b{function}\b", path.read_text()) for path in files_named(file))


@pytest.mark.parametrize("doc", MAPS)
def test_every_test_that_is_named_is_there(doc):
    assert set(re.findall(r"\btest_[a-z0-9_]+\.(?:c|py)\b", MAPS[doc])) <= TESTS


def test_every_source_file_is_named_in_the_map():
    text = MAPS["ARCHITECTURE.md"]
    missing = [str(path.relative_to(ROOT)) for path in SOURCES
               if not re.search(rf"(?<![a-z0-9_]){re.escape(path.stem)}\.[ch]\b", text)]
    assert not missing


def test_every_file_of_the_web_is_named_in_the_map():
    section = MAPS["ARCHITECTURE.md"].partition("## The web")[2].partition("\n## ")[0]
    files = [path for path in (ROOT / "web").rglob("*.js") if not {"node_modules", "words"} & set(path.parts)]
    assert len(files) > 40
    assert not [path.name for path in files if f"{path.name}`" not in section]


def test_every_hash_table_is_keyed():
    assert [path.name for path in SOURCES if "<uthash.h>" in path.read_text()] == ["keyed_hash.h"]


def test_memory_ends_in_each_command():
    commands = re.findall(r'^COMMAND\(\w+, "(\w+)"', (ROOT / "acl/commands.def").read_text(), re.MULTILINE)
    scenarios = "".join(path.read_text() for path in (ROOT / "tests/memory").glob("*.c"))
    assert len(commands) > 40
    assert not [name for name in commands if f"'command':'{name}'" not in scenarios]


def test_no_two_test_files_have_one_name():
    """pytest knows them by it."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts]
    assert sorted(names) == sorted(set(names))


def test_no_test_imports_from_a_conftest():
    """There is one in each folder: which of them it gets depends on what else is run."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts]
    assert not [path.name for path in files if re.search(r"^(from conftest|import conftest)", path.read_text(), re.MULTILINE)]
