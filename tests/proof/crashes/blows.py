# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What breaks in a round, and when: drawn beforehand, all of it."""
import dataclasses
import signal

from .town import OTHERS

KINDS = {"kill -9": signal.SIGKILL, "SIGSEGV": signal.SIGSEGV, "SIGTERM": signal.SIGTERM, "SIGSTOP": signal.SIGSTOP}
OF_BROKER = (12, 2, 2, 2)
OF_OTHERS = (12, 2, 2, 3)


@dataclasses.dataclass
class Blow:
    process: str
    kind: str
    at: float  # seconds from the beginning of the load
    pause: float = 0  # of SIGSTOP

    @property
    def number(self):
        return KINDS[self.kind]


@dataclasses.dataclass
class Round:
    """`blows` in their order, that against the broker last. `starts`: after how much of a start the starting broker is killed,
    each time; `meanwhile`: who is killed while there is no broker. `stalled`: what is sent comes no further than the ring."""

    blows: list
    starts: list
    meanwhile: list
    stalled: bool

    @property
    def ends_broker(self):
        return self.blows[-1].kind != "SIGSTOP"


def _draw_kind(chance, weights):
    return chance.choices(list(KINDS), weights)[0]


def draw(chance, everything):
    """`everything`: each process is killed, the starting broker too, and the ring is full of what the database does not have."""
    end = chance.uniform(0.1, 1.0)
    broker = Blow("broker", "kill -9" if everything else _draw_kind(chance, OF_BROKER), end, chance.uniform(0.05, 0.5))
    others = [Blow(name, "kill -9" if everything else _draw_kind(chance, OF_OTHERS), chance.uniform(0, end),
                   chance.uniform(0.05, 0.5)) for name in OTHERS if everything or chance.random() < 0.5]
    blows = sorted(others, key=lambda blow: blow.at) + [broker]
    is_down = broker.kind != "SIGSTOP"
    starts = [chance.uniform(0, 1.3) for _ in range(1 if everything else chance.choice((0, 0, 0, 1, 1, 2, 3)))]
    meanwhile = [name for name in OTHERS if chance.random() < 0.15]
    stalled = everything or broker.kind in ("kill -9", "SIGSEGV") and chance.random() < 0.3
    return Round(blows, starts if is_down else [], meanwhile if is_down else [], stalled)
