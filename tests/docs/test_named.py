# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Commands, events and options that the text and the blocks of a page name are there; JSON that it shows is JSON."""
import json
import re

import pytest
import source
from manual import PAGES, blocks, read
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
