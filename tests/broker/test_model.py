# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Stories drawn at random, played to the broker and to a model of the rules (model/): every answer and every
delivery has to be the same. CHAT_MODEL_STORIES=1000 CHAT_MODEL_SEED=5000 tells more, and other ones."""
import os
import re

import pytest
from model import draw, story

from harness.settings import CHECKOUT

STORIES = int(os.environ.get("CHAT_MODEL_STORIES", 25))
SEED = int(os.environ.get("CHAT_MODEL_SEED", 1))
LENGTH = 100


@pytest.mark.parametrize("theme", draw.THEMES)
def test_the_broker_does_what_the_rules_say(theme):
    steps, stories = 0, -(-STORIES // draw.SLOWER.get(theme, 1))
    for seed in range(SEED, SEED + stories):
        steps += story.tell(theme, seed, LENGTH)
    print(f"{theme}: {steps} steps in {stories} stories from seed {SEED}")


def test_every_command_is_drawn_or_there_is_a_reason_why_not():
    table = re.findall(r'^COMMAND\(\w+, "(\w+)"', (CHECKOUT / "acl/commands.def").read_text(), re.MULTILINE)
    drawn = {name for kind in draw.COMMANDS.values() for name in kind}
    unknown = set(table) - drawn - draw.NOT_DRAWN.keys()
    assert len(table) > 60 and not unknown, f"model/draw.py draws them, or says why not: {unknown}"
    assert drawn | draw.NOT_DRAWN.keys() <= set(table) and not drawn & draw.NOT_DRAWN.keys()
