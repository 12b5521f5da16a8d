# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What is to come where, and what has come. What is even is forgotten, so that hours of it fit into memory."""
import collections
import threading


class Ledger:
    """By receiver and thing: once each. Threads share it."""

    def __init__(self, name):
        self.name, self.expected, self.received = name, 0, 0
        self._open, self._lock = collections.Counter(), threading.Lock()

    def _change(self, key, by):
        with self._lock:
            self._open[key] += by
            if not self._open[key]:
                del self._open[key]

    def expect(self, receiver, thing):
        self.expected += 1
        self._change((receiver, thing), 1)

    def receive(self, receiver, thing):
        self.received += 1
        self._change((receiver, thing), -1)

    def even(self):
        return not self._open

    def lost(self):
        return sum(count for count in self._open.values() if count > 0)

    def double(self):
        """What came twice, or should not have come at all."""
        return -sum(count for count in self._open.values() if count < 0)

    def faults(self):
        for (receiver, thing), count in list(self._open.items())[:20]:
            yield f"{self.name}: {receiver} has {thing!r} {'not' if count > 0 else 'once more than it was sent'}"


class Guests:
    """For who comes and goes: at least once. `ids` of messages by receiver."""

    def __init__(self):
        self.wanted, self.had = collections.defaultdict(set), collections.defaultdict(collections.Counter)

    def expect(self, receiver, number):
        self.wanted[receiver].add(number)

    def receive(self, receiver, number):
        self.had[receiver][number] += 1

    def expected(self):
        return sum(map(len, self.wanted.values()))

    def again(self):
        return sum(sum(had.values()) - len(had) for had in self.had.values())

    def lost(self):
        return {(receiver, number) for receiver, wanted in self.wanted.items() for number in wanted - set(self.had[receiver])}

    def faults(self):
        for receiver, number in sorted(self.lost())[:20]:
            yield f"{receiver}, who comes and goes, has not got message {number}"
