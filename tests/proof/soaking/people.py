# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Who is there, and what they do all the time. Each does one thing after the other, with pauses drawn at random."""
import asyncio
import itertools
import time
from typing import NamedTuple

from soaking.ledger import Guests, Ledger
from soaking.wire import Device, SlowDevice

LIVE, BUSY = "live", "busy"
SLOW_BYTES = 3000  # a second
BUSY_BYTES = 1500  # of a message
# What a user does, over and over.
DEEDS = ("upload say recall say edit say ask say live say say say recall say edit say live say ask say").split()


def _is_content(message):
    return "sender" in message and not {"tips", "notice", "purge"} & message.keys() and message["sender"] != "@system"


def _thing(message):
    """What it is, whoever gets it."""
    for kind in ("recall", "edit"):
        if kind in message:
            return kind, message[kind]["id"], message[kind].get("message", {}).get("text")
    return message.get("text")


class Caller(NamedTuple):
    """A device over HTTP, as far as it is counted."""

    user: str
    client_id: str


class People:
    """`users` write; each has one or two devices that stay. Groups, a live one among them; `guests` come and go; `slow`
    ones read less than is sent to them; one is there over HTTP."""

    def __init__(self, place, plan, users):
        self.place, self.plan, self.broker = place, plan, place.broker
        self.chance, self.numbers = plan.dice("soak"), itertools.count(1)
        self.users = [f"u{number}" for number in range(users)]
        self.guests = [f"guest{number}" for number in range(plan.pick(2, 6, 6))]
        self.slow = [f"slow{number}" for number in range(plan.pick(2, 5, 5))]
        self.deliveries, self.visits = Ledger("deliveries"), Guests()
        self.done = {"messages": 0, "group messages": 0, "live messages": 0, "recalls": 0, "edits": 0, "commands": 0,
                     "uploads": 0, "pushes": 0, "HTTP requests": 0, "visits": 0}
        self.longest_http = 0.0  # seconds
        self.stored, self.over, self.complaints = 0, asyncio.Event(), []
        self.devices, self.members, self.slow_devices = {}, {}, []  # devices by user, users by group

    # ---- who is there

    def found(self):
        """Users and groups, by an administrator."""
        admin, everybody = self.place.admin, [*self.users, *self.guests, *self.slow, "hal", "rest", "old"]
        for at in range(0, len(everybody), 50):
            admin.command("importUsers", userIDs=everybody[at:at + 50])
        for number in range(max(1, len(self.users) // 5)):
            self.members[f"g{number}"] = self.chance.sample(self.users, min(8, len(self.users))) + [self.guests[
                number % len(self.guests)]]
        self.members[BUSY] = [self.users[0], *self.slow]
        for name, members in self.members.items():
            admin.command("createGroup", **{"as": members[0]}, groupType="Public", groupID=name,
                          members=[{"userID": member} for member in members[1:]])
        admin.command("createGroup", **{"as": self.users[0]}, groupType="AVChatRoom", groupID=LIVE)

    def _import(self, messages):
        """All of them; where the ring has no room for a moment, it goes on behind the last that was taken."""
        self.stored += len(messages)
        while messages:
            response = self.place.admin.request("importMessages", messages=messages)
            if response.get("code") not in (None, 0, 10002):
                raise ValueError(f"importMessages: {response}")
            messages = messages[response["index"]:] if response.get("code") else []
            if messages:
                time.sleep(0.05)

    def fill(self, mib):
        """SQLite keeps up to 64 MiB of the database for the writer and 16 for readers (schema/database.c): with more than
        that in it, which then is read, these do not grow any more."""
        admin, text, begin = self.place.admin, "x" * 10000, 1_500_000_000_000
        while self.stored * len(text) < mib << 20:
            self._import([{"sender": "old", "to": "rest", "time": begin + self.stored + n, "text": text}
                          for n in range(20)])
        page = {"complete": False, "messages": [{"id": 0}]}
        while mib and not page["complete"]:
            page = admin.command("sync", **{"as": "rest"}, after=page["messages"][-1]["id"], limit=10)

    async def enter(self):
        self.devices["hal"] = [Caller("hal", "hal:web:1")]
        for number, user in enumerate(self.users):
            for platform in ("ios", "web")[:1 + number % 2]:
                device = Device(self.broker, user, f"{user}:{platform}:1", self.told)
                live = [f"chat/group/{LIVE}"] if platform == "ios" else []
                self.devices.setdefault(user, []).append(await device.open(f"chat/user/{user}/#", *live))
        for user in self.slow:
            device = SlowDevice(self.broker, user, f"{user}:iot:1", self.told, rate=SLOW_BYTES)
            self.slow_devices.append(await device.open(f"chat/user/{user}/#"))
            self.devices[user] = [device]

    def told(self, device, message):
        if not _is_content(message):
            return
        if device.user in self.guests:
            if "recall" not in message and "edit" not in message:
                self.visits.receive(device.client_id, message["id"])
        else:
            self.deliveries.receive(device.client_id, _thing(message))

    # ---- what is to come of something that was said

    def _expect(self, users, thing, but=None, number=None):
        for user in users:
            for device in self.devices.get(user, []):
                if device is not but:
                    self.deliveries.expect(device.client_id, thing)
            if user in self.guests and number:
                self.visits.expect(f"{user}:android:1", number)

    def _who(self, user, to):
        return self.members[to[1]] if to[0] == "group" else [user, to[1]]

    def _count(self, what):
        self.done[what] += 1

    # ---- what one does

    async def _say(self, device, to, text):
        receipt = await device.send(f"chat/{to[0]}/{to[1]}", {"text": text}, next(self.numbers))
        self._count("messages" if to[0] == "user" else "group messages")
        self.stored += 1
        self.place.hooks.ledger.expect("the hook", text)
        self._expect(self._who(device.user, to), text, device, receipt["id"])
        return receipt["id"]

    async def _say_live(self, device):
        text = f"live {next(self.numbers)}"
        await device.publish(f"chat/group/{LIVE}", {"text": text})
        self._count("live messages")
        for user in self.users:
            if self.devices[user][0] is not device:
                self.deliveries.expect(self.devices[user][0].client_id, text)

    async def _recall(self, device, to, number):
        await device.command("recallMessage", id=number)
        self._count("recalls")
        self._expect(self._who(device.user, to), ("recall", number, None))

    async def _edit(self, device, to, number):
        text = f"edit {next(self.numbers)}"
        await device.command("editMessage", id=number, text=text)
        self._count("edits")
        self._expect(self._who(device.user, to), ("edit", number, text))

    async def _ask(self, device):
        name, fields = self.chance.choice([
            ("getHistory", {"group": "g0", "limit": 20}) if device.user in self.members["g0"] else ("getUnread", {}),
            ("getConversations", {}), ("sync", {"after": 0, "limit": 20}), ("getJoinedGroups", {}),
            ("setSelfInfo", {"nickname": f"{device.user} the {next(self.numbers)}th"}), ("getDevices", {})])
        await device.command(name, **fields)
        self._count("commands")

    async def _upload(self, device):
        content = self.chance.randbytes(self.chance.choice((100, 5000, 40000)))
        begun = await device.command("createUpload", name="a.bin", contentType="application/octet-stream",
                                     size=len(content))
        size = begun["chunkBytes"]
        for number, at in enumerate(range(0, len(content), size)):
            await device.publish(f"chat/upload/{begun['uploadID']}/{number}", content[at:at + size])
        await device.command("finishUpload", uploadID=begun["uploadID"])
        self._count("uploads")

    def _address(self, user):
        groups = [name for name, members in self.members.items() if user in members and name != BUSY]
        if groups and self.chance.random() < 0.5:
            return "group", self.chance.choice(groups)
        others = [other for other in [*self.users, *self.guests, "hal"] if other != user]
        return "user", self.chance.choice(others)

    async def _pause(self, seconds):
        """False: all is over."""
        try:
            await asyncio.wait_for(self.over.wait(), self.chance.expovariate(1 / seconds))
        except asyncio.TimeoutError:
            return True
        return False

    async def _do(self, device, kind):
        if kind == "live":
            await self._say_live(self.devices[device.user][0])
        elif kind == "ask":
            await self._ask(device)
        elif kind == "upload":
            await self._upload(device)
        else:
            to = self._address(device.user)
            number = await self._say(device, to, f"said {next(self.numbers)}")
            if kind == "recall":
                await self._recall(device, to, number)
            elif kind == "edit":
                await self._edit(device, to, number)

    async def write(self, user):
        """One begins with this, another with that, so that in a short time all of it is done."""
        begin = 2 * self.users.index(user) % len(DEEDS)
        for kind in itertools.cycle(DEEDS[begin:] + DEEDS[:begin]):
            if not await self._pause(1.2):
                return
            await self._do(self.chance.choice(self.devices[user]), kind)

    async def write_much(self):
        """To those who read slowly, more than they do."""
        device = self.devices[self.users[0]][0]
        while await self._pause(0.3):
            await self._say(device, ("group", BUSY), f"said {next(self.numbers)} {'x' * BUSY_BYTES}")

    async def visit(self, user):
        """Comes, stays a while, goes or is cut off, and acks now and then what it has."""
        newest = 0

        def told(device, message):
            nonlocal newest
            newest = max(newest, message.get("id", 0))
            self.told(device, message)

        first = True
        while first or await self._pause(2):
            device = Device(self.broker, user, f"{user}:android:1", told)
            await device.open(f"chat/user/{user}/#", clean=self.chance.random() < 0.5)
            self._count("visits")
            stays, first = await self._pause(4), False
            if newest:
                await device.command("ack", id=newest)
            await device.close(politely=stays and self.chance.random() < 0.5)

    async def fetch(self, user):
        """What is left for one who was away in the end."""
        device = await Device(self.broker, user, f"{user}:android:1", self.told).open(f"chat/user/{user}/#")
        try:
            await self._until(lambda: all(one != f"{user}:android:1" for one, _ in self.visits.lost()))
        finally:
            await device.close()

    async def push(self, phones):
        """To each phone, when it has had the push before."""
        pushes = self.place.pushes
        device = self.devices[self.users[0]][0]
        while await self._pause(1):
            for user, token in phones.items():
                text = f"said {next(self.numbers)}"
                pushes.expect(token, text)
                await self._say(device, ("user", user), text)
                self._count("pushes")
            await self._until(lambda: self.place.collect_pushes() or pushes.even())

    async def _http(self, ask, *arguments):
        begun = time.monotonic()
        answer = await asyncio.to_thread(ask, *arguments)
        self.longest_http = max(self.longest_http, time.monotonic() - begun)
        return answer

    async def call(self):
        """Over HTTP: what others have written, and what one writes oneself; an administrator over REST."""
        client = self.place.gate.client("hal", "hal:web:1")
        listener = asyncio.ensure_future(self._listen(client))
        while await self._pause(0.5):
            to = self.chance.choice(self.users)
            text = f"said {next(self.numbers)}"
            receipt = await self._http(client.send, to, {"text": text, "random": next(self.numbers)})
            self._took(text, receipt["id"], to)
            text, to = f"said {next(self.numbers)}", self.chance.choice(self.users)
            answer = await self._http(self.place.gate.rest, "openim/sendmsg", {
                "From_Account": "rest", "To_Account": to, "MsgRandom": next(self.numbers),
                "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]})
            if answer["ErrorCode"]:
                raise ValueError(f"sendmsg: {answer}")
            self._took(text, None, to)
        await listener

    def _took(self, text, number, to):
        self._count("HTTP requests")
        self._count("messages")
        self.stored += 1
        self.place.hooks.ledger.expect("the hook", text)
        self._expect([to], text, number=number)

    async def _listen(self, client):
        ack = None
        while not self.over.is_set() or not self.deliveries.even():
            answer = await asyncio.to_thread(client.poll, 1, ack)
            self._count("HTTP requests")
            for entry in answer["messages"]:
                message = entry["message"]
                ack = message.get("id", ack)
                if _is_content(message):
                    self.deliveries.receive("hal:web:1", _thing(message))
            if self.gave_up:
                return

    # ---- until all is there

    gave_up = False

    async def _until(self, true, patience=60):
        deadline = asyncio.get_running_loop().time() + patience
        while not true() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.02)
        return true()

    async def work(self, seconds, phones):
        """All of it for so long, until everything has come or does not come."""
        tasks = [asyncio.ensure_future(task) for task in (
            *map(self.write, self.users), self.write_much(), *map(self.visit, self.guests), self.push(phones), self.call())]
        call = tasks[-1]
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        self.over.set()
        await asyncio.wait([task for task in tasks if task is not call], timeout=120)
        for device in self.slow_devices:
            device.hurry()
        await self._until(self.deliveries.even, self.plan.pick(60, 180, 600))
        self.gave_up = True
        await asyncio.wait([call], timeout=60)
        await asyncio.gather(*map(self.fetch, self.guests))
        await self._until(self.place.hooks.ledger.even)
        self.complaints += [f"{task.exception()!r}" for task in tasks if task.done() and task.exception()]
        self.complaints += [f"{task} did not end" for task in tasks if not task.done()]

    async def leave(self):
        for devices in self.devices.values():
            for device in devices:
                if isinstance(device, Caller):
                    continue
                if device.lost:
                    self.complaints.append(f"{device.client_id} was closed: {device.lost}")
                else:
                    await device.close()
