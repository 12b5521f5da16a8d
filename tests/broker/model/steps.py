# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What may happen: the steps. Each says everything in plain words, so a failure reads as a story, and a story
still makes sense when some steps are left out: what cannot be (a publish by who is away) is passed over."""
from dataclasses import dataclass

from model.world import ADMIN

# The first of each is connected with its feed at the start; eve does not exist until she first connects.
DEVICES = {"ann:ios:1": 5, "bob:ios:1": 4, "cid:ios:1": 5, "dot:ios:1": 4, "admin:web:1": 5}
OTHERS = {"ann:web:1": 4, "bob:web:1": 5, "cid:web:1": 4, "eve:ios:1": 4}
USERS = ["ann", "bob", "cid", "dot", "eve", ADMIN]
GROUPS = ["pri", "pub", "room", "live", "g5", "g6"]


@dataclass(frozen=True)
class Settings:
    """How the broker of a story is configured."""

    words: bool = False  # has it a word filter?
    late: tuple = ()  # what it is always too late for: "recall", "edit"
    media: bool = False  # can files be uploaded?
    review: tuple = ()  # what a reviewer decides about
    default: str = "pass"  # and what becomes of it when nobody does


@dataclass(frozen=True)
class Of:
    """In the fields of a command: the id, seq or time of the n-th newest message in a conversation whose id is known.
    It is found when the step is played; where there is none, the field is left out."""

    what: str
    where: tuple  # ("to", user) or ("group", name)
    back: int


@dataclass(frozen=True)
class After:
    """Likewise: the id after which come the messages of the n newest actions, or 0."""

    back: int


@dataclass(frozen=True)
class Ago:
    """Likewise: a time, in milliseconds."""

    seconds: float


@dataclass(frozen=True)
class UploadID:
    """Likewise: of the n-th newest upload that is open, or else of none."""

    back: int


@dataclass(frozen=True)
class Review:
    """Likewise: the number of the n-th oldest that waits to be decided."""

    number: int


@dataclass(frozen=True)
class Command:
    device: str
    name: str
    fields: dict


@dataclass(frozen=True)
class Publish:
    device: str
    topic: str
    payload: object
    qos: int = 1


@dataclass(frozen=True)
class Chunk:
    """Of the n-th newest upload that is open. `change` makes it wrong: longer, or (negative) shorter; `other` are other
    bytes, as many."""

    device: str
    upload: int
    number: object
    change: int = 0
    other: bool = False
    qos: int = 1


@dataclass(frozen=True)
class Subscribe:
    device: str
    filter: str
    qos: int = 1


@dataclass(frozen=True)
class Unsubscribe:
    device: str
    filter: str


@dataclass(frozen=True)
class Connect:
    device: str
    kept: bool = False


@dataclass(frozen=True)
class Disconnect:
    device: str
    properly: bool = True


@dataclass(frozen=True)
class Wait:
    """Longer than a reviewer has."""


@dataclass(frozen=True)
class Restart:
    crash: bool = False


@dataclass(frozen=True)
class Crash:
    """kill -9 as soon as `acks` of these publishes of one device have been acknowledged."""

    device: str
    topic: str
    count: int
    acks: int


@dataclass(frozen=True)
class Together:
    """Commands and publishes of different devices that the broker reads in one turn, in this order."""

    steps: tuple


@dataclass(frozen=True)
class Burst:
    """Commands and publishes of one device that do not wait for each other."""

    steps: tuple
