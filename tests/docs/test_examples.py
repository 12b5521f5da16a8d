# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Blocks of README.md and docs/ that a comment marks are typed as they stand, and show what the page says:

<!-- example: run -->            in a fresh folder, beside a server with alice, bob and carol
<!-- example: go on -->          behind the marked block before it
<!-- example: shown -->          this is what the block before shows; numbers and what stands for "..." may differ
<!-- example: not run: why -->   for a block of shell
The first two can have more, between semicolons: World._do in terminals.py. Of a page in Chinese the blocks are those of the
page in English (test_chinese.py)."""
import itertools
import re

import pytest
from harness.broker import Broker
from manual import PAGES, blocks
from terminals import World

ENGLISH = [page for page in PAGES if "/zh/" not in page]


def examples():
    """Lists of blocks, each with those that go on behind it."""
    found = []
    for block in itertools.chain.from_iterable(map(blocks, ENGLISH)):
        if block.mark.startswith("run"):
            found.append([block])
        elif block.mark.startswith(("go on", "stop ", "start ", "shown")):
            found[-1].append(block)
    return found


def pattern(text):
    """What matches it, whatever its numbers are."""
    parts = re.split(r"(\.\.\.|\d+|\s+)", text.strip())
    return "".join(".*" if part == "..." else r"\d+" if part.isdigit() else r"\s+" if part.isspace() else re.escape(part)
                   for part in parts)


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    world.close()


@pytest.mark.parametrize("example", examples(), ids=lambda example: f"{example[0].page}-{example[0].line}")
def test_an_example_does_what_the_page_says(world, example):
    for block in example:
        if block.mark == "shown":
            assert re.fullmatch(pattern(block.text), world.output().strip(), re.DOTALL), world.output()
        else:
            world.play(block)


def test_there_are_examples():
    assert len(examples()) > 8


@pytest.mark.parametrize("page", ENGLISH)
def test_every_block_of_shell_says_whether_it_is_run(page):
    assert not [block.line for block in blocks(page) if block.language == "sh" and not block.mark]


# ---- files


@pytest.mark.parametrize(("option", "holds"), [("words_file", "rude word"), ("settings_file", "group_rate")])
def test_a_broker_takes_the_example_of_a_file(tmp_path, option, holds):
    (text,) = [block.text for block in blocks("docs/configuration.md") if holds in block.text and not block.language]
    (tmp_path / option).write_text(text)
    broker = Broker({option: tmp_path / option}).start()
    broker.close()
