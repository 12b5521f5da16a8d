# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Stories drawn at random, played to the broker and to a model of the rules (model/): every answer and every
delivery has to be the same. CHAT_MODEL_STORIES=1000 CHAT_MODEL_SEED=5000 tells more, and other ones."""
import os

import pytest
from model import draw, story

STORIES = int(os.environ.get("CHAT_MODEL_STORIES", 25))
SEED = int(os.environ.get("CHAT_MODEL_SEED", 1))
LENGTH = 100


@pytest.mark.parametrize("theme", draw.THEMES)
def test_the_broker_does_what_the_rules_say(theme):
    steps = 0
    for seed in range(SEED, SEED + STORIES):
        steps += story.tell(theme, seed, LENGTH)
    print(f"{theme}: {steps} steps in {STORIES} stories from seed {SEED}")
