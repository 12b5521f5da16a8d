# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A page in Chinese is the page in English: as many sections, tables and rows, items and pictures, the same blocks and links."""
import re

import pytest
from manual import ROOT, blocks, headings, links, read, without_blocks

PAIRS = {"README.md": "docs/zh/README.md", "docs/clients.md": "docs/zh/clients.md",
         "docs/migrating-from-tencent.md": "docs/zh/migrating-from-tencent.md"}
pairs = pytest.mark.parametrize(("english", "chinese"), PAIRS.items())


def test_each_page_in_chinese_is_held_to_one_in_english():
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "docs/zh").glob("*.md")} == set(PAIRS.values())


@pairs
def test_it_has_the_same_sections(english, chinese):
    levels = [[(level, re.match(r"[\d.]*", text)[0]) for level, text in headings(page)] for page in (english, chinese)]
    assert levels[0] == levels[1]


def code(page):
    """The blocks without what is said in them to people."""
    return [(block.language, re.sub(r"\s+(#|//) .*", "", block.text).rstrip()) for block in blocks(page)]


@pairs
def test_it_has_the_same_blocks(english, chinese):
    assert code(english) == code(chinese)


def shape(page):
    """What each line is that is not running text: a row with so many cells, an item, a picture."""
    found = []
    for line in without_blocks(page).split("\n"):
        if line.startswith("|"):
            found.append(("row", len(re.findall(r"(?<!\\)\|", line))))
        elif item := re.match(r"- |\d+\. ", line):
            found.append(item[0])
    return found


@pairs
def test_it_has_the_same_tables_and_lists(english, chinese):
    assert shape(english) == shape(chinese)


def targets(page):
    """Pages, pictures and sections that it leads to; a page in Chinese stands for the one in English. Its own sections have names
    in its language."""
    originals = {chinese: english for english, chinese in PAIRS.items()}
    found = set()
    for path, anchor in links(page):
        if not path:
            continue
        target = str(((ROOT / page).parent / path).resolve().relative_to(ROOT))
        found.add((originals.get(target, target), "" if target in originals or target in PAIRS else anchor))
    return found - {(english, "") for english in PAIRS if page in (english, PAIRS[english])}  # each other's


@pairs
def test_it_leads_to_the_same_places(english, chinese):
    assert targets(english) == targets(chinese)


@pairs
def test_each_leads_to_the_other(english, chinese):
    for page, other in ((english, chinese), (chinese, english)):
        there = {((ROOT / page).parent / path).resolve() for path, _ in links(page)}
        assert ROOT / other in there, f"{page} does not lead to {other}"


@pairs
def test_names_of_options_and_commands_are_in_both(english, chinese):
    names = [set(re.findall(r"`([A-Za-z]+(?:_[a-z]+)+|[a-z]+[A-Z]\w+)`", re.sub(r"\s+", " ", read(page)))) for page in (english, chinese)]
    assert names[0] == names[1]
