# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who does something: each knows what of it was answered. What there is to do is drawn, and goes on over the rounds."""
import http.client
import itertools
import time

from harness.deeds import DONE, OPEN, REFUSED, UNSURE, Actor, Command, Deed, Message
from harness.settings import ADMIN

from . import words

NOTHING = None


class Said(Message):
    """A message of the load. `edits` and `recall` are commands about it, `seq` is what it was read with."""

    def __init__(self, sender, to, text, **how):
        kind = "group" if to.startswith("g-") else "user"
        super().__init__(sender, f"chat/{kind}/{to}", text, **how)
        self.conversation = to if kind == "group" else words.pair(sender, to)
        self.to, self.shown, self.edits, self.recall, self.seq = to, words.shown(text), [], None, None

    def texts(self):
        """What it may say now."""
        now = {self.shown}
        for edit in self.edits:
            if edit.state == DONE:
                now = {edit.command["text"]}
            elif edit.state in (OPEN, UNSURE):
                now.add(edit.command["text"])
        return now

    def may_be_recalled(self):
        return self.recall is not None and self.recall.state != REFUSED

    def must_be_recalled(self):
        return self.recall is not None and self.recall.state == DONE


class Person(Actor):
    """One of the load, whose deeds go into the journal."""

    def __init__(self, town, journal, name, chance, rate, device=None, window=10, version=5):
        super().__init__(town.broker, name, device, window, rate, version, chance)
        self.journal, self.chance = journal, chance

    def done(self, deed):
        self.journal.answered(deed)

    def settle(self):
        settled = super().settle()
        if not settled:
            self.complaints.append(f"{self.client_id} could not send again what was unsure: {len(self._unsure)} left")
        return settled


class Writer(Person):
    """Numbered texts to somebody, or to a group. `again`: with a `random`. `fated`: some are for reviewers to refuse."""

    def __init__(self, town, journal, name, to, chance, rate, qos=1, again=True, fated=False, **how):
        super().__init__(town, journal, name, chance, rate, **how)
        self.to, self.qos, self.again, self.fated = to, qos, again, fated

    def deeds(self):
        for number in itertools.count(1):
            fate = self.chance.choices(words.FATES, (6, 1, 1, 2))[0] if self.fated else "pass"
            yield self.journal.say(Said(self.name, self.to, f"{self.name} to {self.to} {number} {fate}", qos=self.qos,
                                        number=number if self.again else None))


class Editor(Writer):
    """Edits and recalls some of what it has written in this round."""

    def __init__(self, *arguments, **how):
        super().__init__(*arguments, **how)
        self._mine, self._by_random = [], {}

    def start(self):
        self._mine, self._by_random = [], {}
        super().start()

    def told(self, topic, data):
        if data.get("event") == "sent" and "id" in data:
            said = self._by_random.get(data["random"])
            if said:
                said.id = data["id"]
                self.journal.by_id[said.id] = said
                self._mine.append(said)

    def _change(self):
        """A command about one of which all earlier ones were answered."""
        free = [said for said in self._mine if not said.recall and all(edit.state == DONE for edit in said.edits)]
        if not free:
            return NOTHING
        said = self.chance.choice(free)
        if self.chance.random() < 0.7:
            text = f"edit {len(said.edits) + 1} of {said.text}"
            said.edits.append(Command(command="editMessage", id=said.id, text=text))
            return self.journal.edit(said, said.edits[-1])
        said.recall = Command(command="recallMessage", id=said.id)
        return self.journal.ask(said.recall)

    def deeds(self):
        for said in super().deeds():
            self._by_random[said.members["random"]] = said
            yield said
            yield self._change()


class Pusher(Writer):
    """A message to each of the phones in each round, which are all away."""

    def __init__(self, town, journal, name, phones, chance, rate):
        super().__init__(town, journal, name, "", chance, rate)
        self._phones, self._todo = phones, []

    def start(self):
        self._todo = self.chance.sample(self._phones, len(self._phones))
        super().start()

    def deeds(self):
        for number in itertools.count(1):
            to = self._todo.pop() if self._todo else None
            yield self.journal.push(Said(self.name, to, f"push {number} to {to}", number=number)) if to else NOTHING


class Importer(Person):
    """Old messages, some at a time."""

    def __init__(self, town, journal, to, chance, rate):
        super().__init__(town, journal, ADMIN, chance, rate, device=f"other:import-{to}", window=1)
        self._to, self._time = to, int(time.time() * 1000) - 400 * 86400000

    def _row(self, sender, number):
        said = self.journal.say(Said(sender, self._to, f"{sender} to {self._to} long ago {number}", number=number), told=False)
        self._time += 1000
        where = {"group": said.to} if said.to.startswith("g-") else {"to": said.to}
        return said, {"sender": sender, **where, "time": self._time, "text": said.text, **said.members}

    def deeds(self):
        numbers = itertools.count(1)
        while True:
            some = itertools.islice(numbers, self.chance.randint(1, 20))
            pairs = [self._row("ivan", number) for number in some]
            deed = Command(again=True, command="importMessages", messages=[row for _, row in pairs])
            deed.imported = [said for said, _ in pairs]
            yield self.journal.ask(deed)

    def done(self, deed):
        for said, place in zip(deed.imported, deed.response.get("data", {}).get("messages", [])):
            said.state, said.id = DONE, place["id"]
        super().done(deed)


class Upload(Deed):
    """The whole way of a file. `answer` is what finishUpload has said."""

    def __init__(self, content):
        super().__init__()
        self.content, self.answer, self._left, self._id = content, None, 0, None

    def begin(self, client, done):
        self._client, self._done = client, done
        client.begin_command({"command": "createUpload", "name": "a.bin", "contentType": "application/octet-stream",
                              "size": len(self.content), "chunkBytes": 16384}, self._created)

    def _end(self, response):
        self.state = REFUSED
        self.code = response.get("code", 0)
        if not self.code:
            self.state, self.answer = DONE, response["data"]
        self._done()

    def _created(self, response):
        if response.get("code"):
            self._end(response)
            return
        data = response["data"]
        self._id, size = data["uploadID"], data["chunkBytes"]
        chunks = [self.content[at:at + size] for at in range(0, len(self.content), size)]
        self._left = len(chunks)
        for number, chunk in enumerate(chunks):
            self._client.begin_publish(f"chat/upload/{self._id}/{number}", chunk, 1 + number % 2, self._taken)

    def _taken(self, _code):
        self._left -= 1
        if self._left == 0:
            self._client.begin_command({"command": "finishUpload", "uploadID": self._id}, self._end)


class Uploader(Person):
    def deeds(self):
        while True:
            size = self.chance.choice((1, 1000, 16384, 50000, 150000))
            yield self.journal.upload(Upload(self.chance.randbytes(size)))


class Describer(Person):
    """Says of themselves one thing after the other."""

    def deeds(self):
        for number in itertools.count(1):
            yield self.journal.describe(self.name, Command(command="setSelfInfo", nickname=f"{self.name} the {number}th"))


class Caller(Writer):
    """Writes over HTTP, one after the other: what was not answered with 200 is sent again."""

    def __init__(self, town, *arguments, **how):
        super().__init__(town, *arguments, window=1, **how)
        self._client = town.gate.client(self.name)

    def _send(self, said):
        """True: it was answered."""
        try:
            status, answer = self._client.ask("POST", f"/v1/user/{said.to}", {"text": said.text, **said.members})
        except (OSError, http.client.HTTPException, ValueError):
            return False
        if status == 200:
            said.state, said.id = DONE, answer["id"]
            self.done(said)
        return status == 200

    def _work(self, deeds):
        for said in itertools.chain(self._unsure[:], deeds):
            if said not in self._unsure:
                self._unsure.append(said)
                said.state = UNSURE
            if self._send(said):
                self._unsure.remove(said)
            elif not self._over.is_set():
                self._over.wait(0.05)
            if self._rate:
                self._over.wait(self.chance.expovariate(self._rate))

    def settle(self, patience=30):
        deadline = time.monotonic() + patience
        self._over.clear()
        while self._unsure and time.monotonic() < deadline:
            self._work(())
        return not self._unsure
