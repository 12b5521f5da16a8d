# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What must hold when all is up again and nothing is open: what was answered is there, once."""
import collections
import hashlib
import time

from harness.deeds import DONE, REFUSED
from office import token_of

from . import groups, words


class Reader:
    """All that one user may read, from where the last look ended: each message once, each conversation without a gap."""

    def __init__(self, user, in_groups):
        self.user, self.in_groups, self.after = user, in_groups, 0
        self.ids, self.seqs = {}, collections.Counter()  # said: id
        self.edits, self.recalls = collections.Counter(), collections.Counter()

    def read(self, admin):
        """All messages of all kinds since the last time."""
        out, complete = [], False
        while not complete:
            page = admin.command("sync", **{"as": self.user}, after=self.after, limit=500)
            out += page["messages"]
            self.after = page["messages"][-1]["id"] if page["messages"] else page.get("after", self.after)
            complete = page["complete"]
        return out

    def look(self, messages, journal):
        """What is wrong with them."""
        for message in messages:
            if "edit" in message:
                self.edits[message["edit"].get("message", {}).get("text")] += 1
            elif "recall" in message:
                self.recalls[message["recall"]["id"]] += 1
            elif words.is_content(message):
                yield from self._look_at(message, journal)

    def _look_at(self, message, journal):
        where = words.where(message)
        self.seqs[where] += 1
        if message["seq"] != self.seqs[where]:
            yield f"{self.user}, {where}: seq {message['seq']} in the place of {self.seqs[where]}: {message}"
            self.seqs[where] = message["seq"]
        said = journal.find(message)
        if not said:
            yield f"{self.user}: nobody wrote {message}"
            return
        if self.ids.setdefault(said, message["id"]) != message["id"]:
            yield f"{self.user}: twice, as {self.ids[said]} and {message['id']}: {said.text!r}"
        if (said.id or message["id"]) != message["id"]:
            yield f"{self.user}: {said.text!r} was acknowledged as {said.id}, and is {message['id']}"
        said.id, said.seq = message["id"], message["seq"]
        journal.by_id[said.id] = said
        yield from self._state(said, message)

    def _state(self, said, message):
        recalled = message.get("recalled", False)
        if recalled and not said.may_be_recalled() or not recalled and said.must_be_recalled():
            yield f"{self.user}: recalled is {recalled} of {said.text!r}, the recall was {said.recall and said.recall.state}"
        if not recalled and message.get("text") not in said.texts():
            yield f"{self.user}: {message['text']!r} in the place of {' or '.join(map(repr, said.texts()))}"

    def lacks(self, said):
        """An acknowledged message that this user sees, and is not here."""
        is_mine = self.user in said.conversation.split("|") or said.conversation in self.in_groups
        return is_mine and said.state == DONE and said.shown is not None and said not in self.ids


class Checks:
    """`readers`: users, and which groups each is in; what is found goes to `faults`, and into the figures."""

    def __init__(self, place, journal, readers, devices, reviewers, commanders, phones):
        self.town, self.journal = place, journal
        self.readers = {user: Reader(user, in_groups) for user, in_groups in readers.items()}
        self.kept = []  # files: path, hash
        self.devices, self.reviewers, self.commanders, self.phones = devices, reviewers, commanders, phones
        self.lost, self.double, self.faults = 0, 0, []
        self.delivered = 0
        self.patience = 30

    def _lost(self, what):
        self.lost += 1
        self.faults.append(f"lost: {what}")

    def _await_reviews(self, admin):
        """Until nothing waits for a reviewer any more."""
        deadline = time.monotonic() + self.patience
        while waiting := admin.command("getStats")["reviewsWaiting"]:
            if time.monotonic() > deadline:
                self.faults.append(f"{waiting} reviews are not decided")
                return
            time.sleep(0.01)

    # ---- after each round

    def look(self, admin):
        self._await_reviews(admin)
        found = {user: reader.read(admin) for user, reader in self.readers.items()}
        for user, messages in found.items():
            self._wrong(self.readers[user].look(messages, self.journal))
        self._messages()
        self._edits()
        self._deliveries(found)
        self._hooks(found)
        self._pushes(admin)
        self._new_files()
        self._groups(admin)
        self._profiles(admin)
        self._reviews()
        self.journal.messages, self.journal.edits, self.journal.files = [], [], []

    def _wrong(self, faults):
        for fault in faults:
            self.double += "twice" in fault
            self.faults.append(fault)

    def _messages(self):
        for said in self.journal.messages:
            for reader in self.readers.values():
                if reader.lacks(said):
                    self._lost(f"{reader.user} does not have {said.text!r}, which was acknowledged")

    def _edits(self):
        for said, command in self.journal.edits:
            if said.may_be_recalled() or command.state == REFUSED:
                continue
            for reader in self.readers.values():
                times = reader.edits[command.command["text"]]
                if said in reader.ids and not (command.state == DONE) <= times <= 1:
                    self.faults.append(f"{reader.user} has the edit {command.command['text']!r} {times} times")

    def _deliveries(self, found):
        deadline = time.monotonic() + self.patience
        for device in self.devices:
            wanted = {message["id"]: message for message in found[device.user] if words.is_content(message)
                      and self.journal.find(message) not in self.journal.untold}
            awaited = wanted.keys() if not device.may_miss else {max(wanted, default=0)} & wanted.keys()
            device.await_seen(awaited, max(deadline - time.monotonic(), 0.1))
            missing = wanted.keys() - device.seen
            self.delivered += len(wanted) - len(missing)
            if len(missing) > device.may_miss:
                for number in missing:
                    self._lost(f"{device.client_id} was never given {wanted[number]}")
            device.may_miss = 0

    def _hook_keys(self, messages):
        for message in messages:
            if words.is_content(message):
                said = self.journal.find(message)
                if said not in self.journal.untold:
                    yield words.key_of("sent", message), message
            elif "recall" in message and "to" in message:
                said = self.journal.by_id.get(message["recall"]["id"])
                if said and said.seq:
                    yield words.key_of("recalled", {**message, "seq": said.seq}), message

    def _hooks(self, found):
        keys = {key: message for messages in found.values() for key, message in self._hook_keys(messages)}
        for key in self.town.hooks.await_told(keys.keys(), self.patience):
            self._lost(f"no web hook was called for {keys[key]}")
        self.journal.counts["hooks"] += len(keys)

    def _pushes(self, admin):
        """Each phone's message was pushed, or is in the queue still: then it is looked at once more next time."""
        wanted = {(token_of(self.phones[said.to], said.to), said.text): said
                  for said in self.journal.pushes if said.state == DONE}
        left = self.town.await_pushed(wanted.keys(), self.patience)
        waiting = {job["userID"] for job in admin.command("getPushJobs")["jobs"]} if left else set()
        for key in left:
            if wanted[key].to not in waiting:
                self._lost(f"no push, and no job for {wanted[key].text!r}")
        self.journal.pushes = [wanted[key] for key in left if wanted[key].to in waiting]
        self.journal.counts["push jobs"] += len(wanted) - len(left)

    def _new_files(self):
        for upload in self.journal.files:
            if upload.state == DONE:
                path = self.town.media / upload.answer["url"].removeprefix("/media/")
                self.kept.append((path, hashlib.sha256(upload.content).hexdigest()))
                if self.kept[-1][1] != upload.answer["sha256"]:
                    self.faults.append(f"another file was kept than was sent: {upload.answer}")
        self._files(self.kept[len(self.kept) - len(self.journal.files):])

    def _files(self, kept):
        for path, digest in kept:
            content = path.read_bytes() if path.exists() else None
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                self._lost(f"the file {path.name}: {'other bytes' if content else 'it is not there'}")

    def _groups(self, admin):
        for commander in self.commanders:
            for group in commander.groups:
                wrong = None if group.closed else groups.check(admin, group)
                if wrong:
                    self.faults.append(wrong)

    def _profiles(self, admin):
        for name, commands in self.journal.profiles.items():
            may = set()
            for command in commands:
                may = (set() if command.state == DONE else may) | {command.command["nickname"]}
            now = admin.command("getUsersInfo", userIDs=[name])["users"][0]["nickname"]
            if may and now not in may:
                self.faults.append(f"{name} is called {now!r} in the place of {may}")
            self.journal.profiles[name] = [command for command in commands if command.command["nickname"] == now]

    def _reviews(self):
        decided = sum((reviewer.decided for reviewer in self.reviewers), collections.Counter())
        for number, times in decided.items():
            if times > 1:
                self.double += 1
                self.faults.append(f"review {number} was decided {times} times")
        self.journal.counts["reviews decided"] += len(decided)
        for reviewer in self.reviewers:
            reviewer.decided.clear()

    # ---- at the end

    def look_at_all(self, admin):
        """From the beginning once more."""
        journal = self.journal
        self.readers = {user: Reader(user, old.in_groups) for user, old in self.readers.items()}
        for reader in self.readers.values():
            self._wrong(reader.look(reader.read(admin), journal))
        journal.messages = list(dict.fromkeys(journal.known.values()))
        self._messages()
        self._files(self.kept)
        for commander in self.commanders:
            for group in commander.groups:
                group.closed = False
        self._groups(admin)
