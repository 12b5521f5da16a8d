# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A story is told step by step from a seed; one that fails is told again, and again with less, until nothing
more can be left out."""
import random

from model.draw import Drawer, draw_settings
from model.play import Player
from model.rules import Unforeseen
from model.steps import Burst, Together
from model.world import Wrong

PATIENCE_AGAIN = 0.5  # seconds, when telling a story again: what is missing is known to be missing
LONGEST_SEARCH = 300  # times a story is told again


def tell(theme, seed, length):
    """Draws a story and plays it. The number of steps; raises Wrong with what is left of the story."""
    told, dice = [], random.Random(f"{theme} {seed}")
    settings = draw_settings(dice)
    with Player(settings) as player:
        drawer = Drawer(dice, player.world, theme)
        try:
            player.begin()
            for _ in range(length):
                told.append(drawer.step())
                player.step(told[-1])
            player.inspect()
            return player.steps
        except Unforeseen:
            return player.steps
        except (Wrong, OSError, TimeoutError) as error:
            problem = error
    left, again = shorten(settings, told, problem)
    text = "\n".join(map(str, left))
    length = f"{len(left)} of {len(told)} steps"
    raise Wrong(f"CHAT_MODEL_SEED={seed}, {theme}: {again}\nThe story ({length}):\n{settings}\n{text}")


def failure_of(settings, steps):
    """What goes wrong when these steps are played, or None."""
    try:
        with Player(settings, PATIENCE_AGAIN) as player:
            player.begin()
            for step in steps:
                player.step(step)
            player.inspect()
    except Unforeseen:
        return None
    except (Wrong, OSError, TimeoutError, AssertionError) as error:
        return error
    return None


def shorten(settings, steps, problem):
    """The steps without those that the failure does not need, and how it fails then."""
    for cut in (without, opened, without):
        size, tries = len(steps), 0
        while size and tries < LONGEST_SEARCH:
            at = 0
            while at < len(steps) and tries < LONGEST_SEARCH:
                fewer = cut(steps, at, size)
                found, tries = (failure_of(settings, fewer), tries + 1) if fewer != steps else (None, tries)
                if found is None:
                    at += size
                else:
                    steps, problem = fewer, found
            size //= 2
    return steps, problem


def without(steps, at, size):
    return steps[:at] + steps[at + size :]


def opened(steps, at, size):
    """What was done at once, one after the other."""
    out = []
    for number, step in enumerate(steps):
        inside = at <= number < at + size and isinstance(step, (Together, Burst))
        out.extend(step.steps if inside else [step])
    return out
