# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""scripts/layers says no when an include goes up, sideways, to nowhere or round."""
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOORS = """
| floor | folder | what is there |
| --- | --- | --- |
| 1 | `ground/` | |
| 2 | `left/` `right/` | |
"""


@pytest.fixture
def layers(tmp_path):
    """layers({file: included files}): the lines of scripts/layers over such a tree, and whether it is content."""
    def run(includes):
        (tmp_path / "ARCHITECTURE.md").write_text(FLOORS)
        for folder in ("ground", "left", "right", "nowhere"):
            (tmp_path / folder).mkdir()
        for name in {*includes, *(other for others in includes.values() for other in others)}:
            lines = [f'#include "{other}"\n' for other in includes.get(name, [])]
            (tmp_path / name).write_text("".join(lines))
        done = subprocess.run([ROOT / "scripts/layers", tmp_path], capture_output=True, text=True)
        return done.stdout.splitlines(), done.returncode == 0
    return run


def test_an_include_downwards_or_in_its_own_folder_is_fine(layers):
    _, content = layers({"left/a.c": ["left/a.h", "left/b.h", "ground/g.h"], "ground/g.h": []})
    assert content


def test_an_include_upwards_is_named(layers):
    lines, content = layers({"ground/g.c": ["left/a.h"]})
    assert (lines, content) == (["ground/g.c (floor 1) includes left/a.h (floor 2)"], False)


def test_two_folders_of_one_floor_do_not_know_each_other(layers):
    lines, content = layers({"left/a.c": ["right/b.h"]})
    assert (lines, content) == (["left/a.c (floor 2) includes right/b.h (floor 2)"], False)


def test_a_folder_without_a_floor_is_included_by_nobody(layers):
    lines, content = layers({"left/a.c": ["nowhere/b.h"]})
    assert (lines, content) == (
        ["left/a.c includes nowhere/b.h, whose folder has no floor in ARCHITECTURE.md"], False)


def test_a_circle_inside_a_folder_is_named_also_when_a_source_and_a_header_close_it(layers):
    lines, content = layers({"left/a.c": ["left/b.h"], "left/b.h": ["left/c.h"], "left/c.c": ["left/a.h"]})
    assert lines == ["in a circle: left/a includes left/b", "in a circle: left/b includes left/c",
                     "in a circle: left/c includes left/a"]
    assert not content


def test_the_tree_itself_is_a_tower():
    assert subprocess.run([ROOT / "scripts/layers"]).returncode == 0
