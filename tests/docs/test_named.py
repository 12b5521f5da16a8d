# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Commands, events and options that the text and the blocks of a page name are there; JSON that it shows is JSON."""
import json
import re

import pytest
import source
from manual import PAGES, blocks, names, read, rows
from test_tables import chatctl_commands

COMMANDS = set(re.findall(r'^COMMAND\(\w+, "(\w+)"', source.read("acl/commands.def"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_a_command_in_json_is_one_of_the_broker_s(page):
    assert set(re.findall(r'\\?"command\\?": ?\\?"(\w+)\\?"', read(page))) <= COMMANDS


@pytest.mark.parametrize("page", PAGES)
def test_an_event_in_json_is_one_of_the_plugin_s(page):
    assert set(re.findall(r'"event":"(\w+)"', read(page))) <= source.quoted_members("event", "plugin/delivery/event.c")


@pytest.mark.parametrize("page", PAGES)
def test_what_chatctl_is_told_to_do_it_can(page):
    typed = "\n".join([block.text for block in blocks(page)] + re.findall(r"`(chatctl [^`]+)`", read(page)))
    assert set(re.findall(r"(?:^|[(;&|] *|sudo |broker )chatctl (\w+)", typed, re.MULTILINE)) <= chatctl_commands() | COMMANDS


def json_texts(page):
    """(line of the block, text) of each that begins a line; a continued one is indented."""
    for block in blocks(page):
        for text in re.split(r"\n(?=\S)", block.text.rstrip("\n")):
            if not block.language and text.startswith("{"):
                yield block.line, text


def filled(text):
    """Something in the place of what stands for more: [1, ...], "x":..."""
    text = re.sub(r",\s*\.\.\.(?=\s*[\]}])", "", text)
    return re.sub(r":\s*\.\.\.", ":0", text)


@pytest.mark.parametrize("page", ["docs/protocol.md", "docs/gate.md", "docs/page.md"])
def test_json_that_is_shown_is_json(page):
    texts = list(json_texts(page))
    wrong = []
    for line, text in texts:
        try:
            json.loads(filled(text))
        except ValueError as error:
            wrong.append((line, str(error), text))
    assert texts and not wrong


def configured(page):
    """(section, option) of blocks that are of a chatgate.conf or a chatpushd.conf."""
    for block in blocks(page):
        section = None
        for line in block.text.split("\n"):
            if named := re.fullmatch(r"\[(broker|http|rest|files|callback|apns|fcm|webhook)(?::[\w-]+)?\]", line):
                section = named[1]
            elif line == "END":  # of a here-document
                section = None
            elif section and (option := re.match(r"(\w+) = ", line)):
                yield section, option[1]


@pytest.mark.parametrize("page", ["README.md", "docs/gate.md", "docs/page.md", "docs/migrating-from-tencent.md"])
def test_an_option_in_a_block_is_one_of_its_section(page):
    known = {(section, option.name) for table in (source.GATE_SECTIONS, source.PUSH_SECTIONS)
             for section, place in table.items() for option in source.conf_options(*place)}
    found = set(configured(page))
    assert found and found <= known


def test_the_packages_are_those_that_cpack_makes():
    listed = {names(row["package"])[0] for row in rows("docs/operating.md", "package", "what is in it")}
    assert listed == set(re.findall(r"^ *package\(([a-z-]+)", source.read("packages/packages.cmake"), re.MULTILINE))
