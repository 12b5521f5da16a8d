# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What was answered, kept outside of all that is killed."""
import collections

from harness.deeds import DONE, REFUSED


class Journal:
    """All threads write into it. `open` is what was begun since the last look at it; `known` are all messages, by what they
    may say, `by_id` those whose id is known."""

    def __init__(self):
        self.counts = collections.Counter()
        self.known, self.by_id, self.untold = {}, {}, set()
        self.messages, self.edits, self.pushes, self.files, self.profiles = [], [], [], [], {}
        self.refusals = []

    def answered(self, deed):
        if deed.state == REFUSED:
            code = getattr(deed, "code", "by its ack")
            self.refusals.append(f"refused ({code}): {getattr(deed, 'text', None) or getattr(deed, 'command', deed)}")
        elif deed.state == DONE:
            self.counts["messages acked" if hasattr(deed, "qos") else "commands acked"] += 1

    # ---- what is begun

    def say(self, said, told=True):
        """`told`: the web hooks are called for it."""
        self.messages.append(said)
        self.known[said.text] = said
        if said.shown:
            self.known[said.shown] = said
        if not told:
            self.untold.add(said)
        return said

    def push(self, said):
        self.pushes.append(said)
        return self.say(said)

    def edit(self, said, command):
        self.known[command.command["text"]] = said
        self.edits.append((said, command))
        return command

    def ask(self, command):
        return command

    def upload(self, upload):
        self.files.append(upload)
        return upload

    def describe(self, name, command):
        self.profiles.setdefault(name, []).append(command)
        return command

    # ---- what was read

    def find(self, message):
        """The message of the load that this is."""
        return self.by_id.get(message["id"]) or self.known.get(message.get("text"))
