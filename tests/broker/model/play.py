# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Plays steps on a real broker and on the world side by side. Each story has a broker of its own and begins
alike, so one that fails can be told again, shorter."""
import itertools
import json
import select
import time

from harness import packets
from harness.broker import Broker
from harness.raw import Closed
from harness.settings import PATIENCE
from harness.user import CONTROL, RESPONSE
from model import changing, people, reading, review, rules, sending, uploads
from model.rules import Call
from model.steps import (DEVICES, OTHERS, USERS, After, Ago, Command, Connect, Disconnect, Of, Review, Subscribe,
                         UploadID)  # fmt: skip
from model.world import (ADMIN, LIVE, REVIEWS, SYSTEM, UNORDERED, Device, World, Wrong, lane_of,
                         lane_of_event)  # fmt: skip

PARTS = (rules, sending, reading, changing, people, uploads, review)
COMMANDS = {function.__name__: function for part in PARTS for function in part.COMMANDS}
MEDIA = {"max_media_bytes": uploads.LARGEST, "media_user_bytes": uploads.OF_A_USER}
WORDS = {"badword": None, "bad": "", "darn": "d***", "groupname 2": "\u00e4" * 20}
LIMITS = {"Private": 4, "Public": 4, "ChatRoom": 5}
LIVE_HISTORY = 3
REVIEW_SECONDS = 30
NOTHING = {}
SESSION = {packets.SESSION_EXPIRY: 3600}
BEGINNING = [
    Command(
        "ann:ios:1",
        "createGroup",
        {"groupType": "Private", "groupID": "pri", "members": [{"userID": "bob"}]},
    ),
    Command(
        "ann:ios:1",
        "createGroup",
        {
            "groupType": "Public",
            "groupID": "pub",
            "inviteOpt": "NeedPermission",
            "members": [{"userID": "bob", "role": "admin"}, {"userID": "cid"}],
        },
    ),
    Command("bob:ios:1", "createGroup", {"groupType": "ChatRoom", "groupID": "room"}),
    Command("cid:ios:1", "createGroup", {"groupType": "AVChatRoom", "groupID": "live"}),
]


class Player:
    def __init__(self, settings, patience=PATIENCE):
        limits = {f"max_members_{kind.lower()}": limit for kind, limit in LIMITS.items()}
        # Nobody stays in memory a moment longer than needed: what is read again has to be the same.
        limits["cache_seconds"] = 0
        # What is there after kill -9 does not depend on fsync, and hundreds of brokers would wait for it.
        seconds = {f"{what}_seconds": 0 if what in settings.late else 3600 for what in ("recall", "edit")}
        options = {"live_history": LIVE_HISTORY, "sync": "off", **limits, **seconds}
        if settings.review:
            options |= {"review": ",".join(settings.review), "review_default": settings.default,
                        "review_seconds": REVIEW_SECONDS}  # fmt: skip
        self.broker, self.ahead = Broker(options, faults=bool(settings.review)), 0
        if settings.words:
            self.write_words()
        if settings.media:
            folder = self.broker.folder / "media"
            folder.mkdir()
            self.broker.options |= {"media_dir": folder, **MEDIA}
        self.broker.start()
        self.patience = patience
        probes = {f"{user}:other:probe": 5 for user in [*USERS, "fay"]}
        devices = [Device(name, version) for name, version in {**DEVICES, **OTHERS, **probes, review.JUDGE: 5}.items()]
        self.world = World(devices, LIMITS, LIVE_HISTORY, rewinds=self.broker.version >= (2, 1))
        self.world.media = settings.media
        self.world.reviewed, self.world.review_default, self.world.player = {*settings.review}, settings.default, self
        self.world.words, self.world.too_late = WORDS if settings.words else {}, settings.late
        self.clients, self.answers = {}, {}
        self.arrived, self.acks = {d: [] for d in devices}, {d: {} for d in devices}
        self.numbers = itertools.count(1)
        self.steps = 0

    def write_words(self):
        path = self.broker.options["words_file"] = self.broker.folder / "words"
        lines = [word if other is None else f"{word}={other}" for word, other in WORDS.items()]
        path.write_text("# words\n" + "\n".join(lines) + "\n")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        alive = self.broker.process.alive()
        self.broker.kill()  # a clean end is for the tests of clean ends
        self.broker.close()
        assert alive or kind, "the broker is gone"

    # ---- the wire

    def read(self, device, until, patience=None):
        """Reads packets of the device, keeping all of them, until something is true."""
        while not (found := until()):
            packet = self.clients[device].receive(patience or self.patience)
            if packet.kind == packets.PUBLISH:
                self.keep(device, packet)
            else:
                self.acks[device][packet.kind, packet.mid] = packet
        return found

    def ack(self, device, kind, mid=0):
        """The packet of this kind, as soon as it is there."""
        return self.read(device, lambda: self.acks[device].pop((kind, mid), None))

    def keep(self, device, packet):
        data = json.loads(packet.payload)
        if packet.topic != RESPONSE:
            self.arrived[device].append((packet.topic, data))
            return
        for answer in data["responses"]:
            self.answers[answer.pop("correlationData")] = answer

    def send_command(self, device, name, fields, qos=1):
        mark = f"c{next(self.numbers)}"
        payload = {"commands": [{"command": name, **fields, "correlationData": mark}]}
        self.clients[device].start_publish(CONTROL, payload, qos=qos)
        return mark

    def answer_of(self, device, mark):
        return self.read(device, lambda: self.answers.pop(mark, None))

    def fence(self):
        """What was queued for a client in one turn of the broker is sent in the next, so: two questions. Of more
        than 20 messages the rest waits for acknowledgements, which answers do not: so one more while they come."""
        self.ask_all()
        while self.ask_all():
            pass

    def ask_all(self):
        """Asks every client something. Whether anything else came before the answers."""
        before = self.count_arrived()
        marks = {device: self.send_command(device, "getUnread", {}, qos=0) for device in self.clients}
        for device, mark in marks.items():
            self.answer_of(device, mark)
        return self.count_arrived() > before

    def count_arrived(self):
        return sum(map(len, self.arrived.values()))

    # ---- a step

    def begin(self):
        """The first devices are connected with their feeds; there is a group of each type."""
        for name in DEVICES:
            self.step(Connect(name))
            self.step(Subscribe(name, f"chat/user/{name.split(':')[0]}/#"))
        if self.world.reviewed:
            self.step(Connect(review.JUDGE))
            self.step(Subscribe(review.JUDGE, REVIEWS))
        for step in BEGINNING:
            self.step(step)
            if self.world.held:
                self.step(Command(review.JUDGE, "reviewed", {"review": Review(1), "action": "pass"}))

    def step(self, step):
        self.steps += 1
        getattr(self, f"do_{type(step).__name__}")(step)
        review.sweep(self.world)
        self.compare(step)

    def device(self, step):
        """The device when it is connected, else None: the step is passed over."""
        device = self.world.devices[step.device]
        return device if device.connected else None

    def start(self, step):
        """Sends a command or publish; what finish() wants."""
        device = self.device(step)
        if not device:
            return None
        if isinstance(step, Command):
            fields = self.found(str(step.fields.get("as") or device.user), step.fields)
            return device, self.send_command(device, step.name, fields), fields
        return device, self.clients[device].start_publish(step.topic, encoded(step.payload), qos=step.qos)

    def finish(self, step, started):
        if not started:
            return
        device, mark, *fields = started
        if isinstance(step, Command):
            self.finish_command(Command(step.device, step.name, *fields), device, mark)
            self.close_sent_away()
        else:
            self.finish_publish(step, device, mark)

    def found(self, user, fields):
        """The fields with what Of and After stand for."""
        out = {}
        for name, value in fields.items():
            if isinstance(value, list):
                value = [self.find(user, item) for item in value if self.find(user, item) is not None]
            value = self.find(user, value)
            if value is not None:
                out[name] = value
        return out

    def find(self, user, value):
        if isinstance(value, After):
            return self.id_before(value.back)
        if isinstance(value, UploadID):
            return self.upload_id(value.back)
        if isinstance(value, Review):
            return self.review_number(value.number)
        if isinstance(value, Ago):
            return int((time.time() - value.seconds) * 1000)
        if isinstance(value, dict):
            return self.found(user, value)
        if not isinstance(value, Of):
            return value
        kind, name = value.where
        lane = ("pair", *sorted((user, name))) if kind == "to" else ("group", name)
        known = [m for m in self.world.log if m.lane == lane and m.id and (m.is_content or value.what != "seq")]
        if not 0 < value.back <= len(known):
            return None
        message = known[-value.back]
        return message.body["seq"] if value.what == "seq" else getattr(message, value.what)

    def review_number(self, number):
        there = [item.number for item in self.world.held if item.given]
        return there[number - 1] if 0 < number <= len(there) else 2**40

    def upload_id(self, back):
        there = self.world.uploads
        return there[-back].id if 0 < back <= len(there) else "0" * 32

    def id_before(self, back):
        bound = {}
        for message in self.world.log:
            if message.lane[0] != "deletions":
                bound.setdefault(message.action, []).append(message.id)
        known = [max(ids) for ids in bound.values() if None not in ids]
        return known[-back] if 0 < back <= len(known) else 0

    def finish_command(self, step, device, mark):
        """It is answered now, or when a reviewer has decided."""
        how, hold = self.look(step, device, mark)
        if how == "refuse":
            self.compare_answer(step, self.answer_of(device, mark), {hold})
        elif how == "pass":
            self.check(step, device, self.answer_of(device, mark))
        elif not (answer := self.answer_soon(device, mark)):
            hold()
        elif "code" not in answer:
            raise Wrong(f"{step} has not waited: {answer}")
        else:
            self.check(step, device, answer)

    def look(self, step, device, mark):
        """pass; wait, and how; or refuse, and the code."""
        world, fields = self.world, step.fields
        kind = review.kind_of_command(world, device, step.name, fields)
        if not kind:
            return "pass", None
        codes, after = review.try_command(world, device, step.name, fields, COMMANDS)
        if codes:
            return "pass", None
        if kind != "edit":
            how = review.look(world, device.user, kind)
            return how, 10016 if how == "refuse" else lambda: review.hold_command(
                world, device, step.name, fields, mark)  # fmt: skip
        edit = after.log[-1].body["edit"]
        message = next(m for m in world.log if m.id == edit["id"])
        how = review.look(world, device.user, "c2c" if message.lane[0] == "pair" else "group")
        code = 20006 if message.lane[0] == "pair" else 10016
        return how, code if how == "refuse" else lambda: review.hold_edit(
            world, device, message, edit["message"], mark)  # fmt: skip

    def answer_soon(self, device, mark):
        """The answer, or None where it does not come before those to later questions."""
        for _ in range(2):
            self.answer_of(device, self.send_command(device, "getUnread", {}, qos=0))
        return self.answers.pop(mark, None)

    def answer_of_held(self, item):
        """None: the connection has ended, and nobody is answered."""
        there = item.device.connected and item.device.place == item.login
        return self.answer_of(item.device, item.mark) if there else None

    def conclude(self, item, codes):
        answer = self.answer_of_held(item)
        if answer:
            self.compare_answer(item, answer, codes)

    def execute(self, item, fields, refused=()):
        """What has waited is done now."""
        answer = self.answer_of_held(item)
        call = Call(self.world, review.actor(item), item.name, fields, answer)
        call.refused = refused
        data = COMMANDS[item.name](call)
        if answer:
            self.compare_answer(item, answer, call.codes, data)

    def check(self, step, device, answer):
        """Holds an answer against the world, which changes accordingly."""
        call = Call(self.world, device, step.name, step.fields, answer)
        data = COMMANDS[step.name](call)
        self.compare_answer(step, answer, call.codes, data)

    def compare_answer(self, step, answer, codes, data=NOTHING):
        wanted = f"one of {sorted(codes)}" if codes else {"data": data}
        right = answer.get("code") in codes if codes else (
            "code" not in answer and data == answer.get("data", {})
        )  # fmt: skip
        if not right or answer["command"] != step.name:
            raise Wrong(f"{step}\n  answered {answer}\n  wanted {wanted}")

    def finish_publish(self, step, device, mid):
        accepted = sending.publish(self.world, device, step.topic, step.payload)
        self.finish_ack(step, device, mid, accepted)

    def finish_ack(self, step, device, mid, accepted):
        if step.qos == 0:
            return
        code = self.acked(device, mid, step.qos)
        expected = (0, 0x10) if accepted or device.version == 4 else (0x87,)
        if code not in expected:
            raise Wrong(f"{step}: acknowledged with {code:#x}")

    def acked(self, device, mid, qos):
        code = self.ack(device, packets.PUBACK if qos == 1 else packets.PUBREC, mid).code
        if qos == 2 and code < 0x80:
            self.clients[device].send(packets.ack(packets.PUBREL, mid))
            self.ack(device, packets.PUBCOMP, mid)
        return code

    def finish_all(self, steps, started):
        """One action after the other; who is told of a dismissal may be told in between."""
        late = any(isinstance(step, Command) and step.name == "dismissGroup" for step in steps)
        for step, what in zip(steps, started):
            self.finish(step, what)
            self.world.action += not late

    def do_Command(self, step):
        self.finish(step, self.start(step))

    do_Publish = do_Command

    def do_Chunk(self, step):
        device = self.device(step)
        if not device:
            return
        upload = next((upload for upload in self.world.uploads if upload.id == self.upload_id(step.upload)), None)
        data = upload.right(step.number) if upload and isinstance(step.number, int) else b"x" * 1024
        data = data.upper() if step.other else data
        data = data[: len(data) + step.change] if step.change < 0 else data + b"x" * step.change
        topic = f"chat/upload/{self.upload_id(step.upload)}/{step.number}"
        mid = self.clients[device].start_publish(topic, data, qos=step.qos)
        accepted = uploads.publish_chunk(self.world, device, topic, data)
        self.finish_ack(step, device, mid, accepted)

    def do_Together(self, step):
        with self.broker.one_turn():
            started = [self.start(one) for one in step.steps]
        self.finish_all(step.steps, started)

    def do_Burst(self, step):
        started = [self.start(one) for one in step.steps]
        self.finish_all(step.steps, started)

    def do_Subscribe(self, step):
        device = self.device(step)
        if not device:
            return
        mid = self.clients[device].next_mid()
        self.clients[device].send(packets.subscribe(device.version, mid, [step.filter], step.qos))
        code = self.ack(device, packets.SUBACK, mid).code
        granted = self.world.subscribe(device, step.filter, step.qos)
        refused = 0x87 if device.version == 5 else 0x80
        if code != (step.qos if granted else refused):
            raise Wrong(f"{step}: SUBACK {code:#x}")

    def do_Unsubscribe(self, step):
        device = self.device(step)
        if not device:
            return
        mid = self.clients[device].next_mid()
        self.clients[device].send(packets.packet(packets.UNSUBSCRIBE, 2, packets.subscribe(
            device.version, mid, [], 0)[2:] + packets.binary(step.filter)))  # fmt: skip
        self.ack(device, packets.UNSUBACK, mid)
        self.world.unsubscribe(device, step.filter)

    def do_Connect(self, step):
        device = self.world.devices[step.device]
        if device.connected:
            return
        self.await_second_after(self.world.kicked.get(device.user, 0))
        client = self.clients[device] = self.broker.raw(device.version)
        self.acks[device].clear()
        client.send(packets.connect(device.version, device.id, device.user, self.broker.sig(device.user),
                                    clean=not step.kept, keepalive=600,
                                    props=SESSION if step.kept else None))  # fmt: skip
        connack = self.ack(device, packets.CONNACK)
        if bool(connack.code) != (device.user in self.world.banned):
            raise Wrong(f"{step}: CONNACK {connack.code:#x}")
        if connack.code:
            self.clients.pop(device).close()
            return
        self.world.connect(device, step.kept, connack.session_present)
        self.close_sent_away()

    def await_second_after(self, moment):
        """A userSig of that second or before is refused."""
        time.sleep(max(0, int(moment) + 1 - time.time()))

    def close_sent_away(self):
        """The broker closes these half a second after they were told."""
        while self.world.closing:
            device = self.world.closing.pop()
            try:
                self.read(device, lambda: False, PATIENCE)
            except Closed:
                pass
            self.clients.pop(device).close()
            self.world.end(device, abruptly=True)

    def do_Disconnect(self, step):
        device = self.device(step)
        if device:
            client = self.clients.pop(device)
            client.disconnect() if step.properly else client.drop()
            self.world.end(device, abruptly=not step.properly)

    def do_Wait(self, _):
        if self.world.reviewed:
            self.ahead += REVIEW_SECONDS + 1
            self.broker.faults.set_clock(steady=self.ahead)
            review.time_out(self.world)

    def do_Restart(self, step):
        self.broker.restart(kill=step.crash)
        self.forget_connections()
        self.world.stop(step.crash)
        self.inspect()

    def do_Crash(self, step):
        device, payloads = self.device(step), [{"text": f"crash {n}"} for n in range(step.count)]
        kind, name = step.topic.split("/")[1:]
        if not device or sending.refusals(self.world, device, kind, name, payloads[0]):
            return
        group = self.world.groups.get(name) if kind == "group" else None
        if group and (group.live or not group.members):
            return
        witness = device.user if not group or device.user in group.members else next(iter(group.members))
        if witness in self.world.banned:
            return
        how = review.look(self.world, device.user, review.kind_of(self.world, kind, name))
        if how == "refuse":
            return
        mids = [self.clients[device].start_publish(step.topic, payload) for payload in payloads]
        for mid in mids[: step.acks]:
            self.acked(device, mid, 1)
        self.broker.kill()
        self.drain()
        self.broker.start()
        stored = self.waiting_of(payloads) if how == "wait" else self.stored_of(witness, payloads)
        if stored < min(step.acks, step.count):
            raise Wrong(f"{step}: only {stored} are there")
        for payload in payloads[:stored]:
            sending.publish(self.world, device, step.topic, payload)
        self.accept_drained()
        self.forget_connections()
        self.world.stop(crash=True)
        self.inspect()

    def drain(self):
        """What the kernel still had of a broker that is dead."""
        for device in self.clients:
            try:
                self.read(device, lambda: False)
            except Closed:
                pass

    def stored_of(self, user, payloads):
        """How many of these are found by sync: they must be the first ones."""
        found = self.synced(user)
        known = {message.id for message in self.world.log}
        texts = [m["text"] for m in found if m.get("text", "").startswith("crash") and m["id"] not in known]
        if texts != [payload["text"] for payload in payloads[: len(texts)]]:
            raise Wrong(f"found after the crash: {texts}")
        return len(texts)

    def waiting_of(self, payloads):
        """How many of these wait for a reviewer: they come behind what has waited before."""
        client, texts = self.broker.raw(5), []
        client.login(ADMIN, f"{ADMIN}:other:clerk")
        client.subscribe(REVIEWS)
        for _ in range(2):
            client.start_publish(CONTROL, {"commands": [{"command": "getUnread"}]}, qos=0)
            while (message := client.next_message()).topic != RESPONSE:
                texts.append(json.loads(message.payload).get("message", {}).get("text"))
        client.disconnect()
        texts = texts[len([item for item in self.world.held if not item.verdict]) :]
        if texts != [payload["text"] for payload in payloads[: len(texts)]]:
            raise Wrong(f"waiting after the crash: {texts}")
        return len(texts)

    def owner_of(self, group):
        return self.ask_clerk(ADMIN, {"command": "getGroupInfo", "groupID": group})["owner"]

    def ask_clerk(self, user, command):
        """By a device of the user that the world knows nothing of."""
        client = self.broker.raw(5)
        client.login(user, f"{user}:other:clerk")
        client.start_publish(CONTROL, {"commands": [command]}, qos=0)
        data = json.loads(client.next_message().payload)["responses"][0]["data"]
        client.disconnect()
        return data

    def synced(self, user):
        """All that sync has for a user, asked by a device that the world knows nothing of."""
        self.await_second_after(self.world.kicked.get(user, 0))
        client, found, complete = self.broker.raw(5), [], False
        client.login(user, f"{user}:other:clerk")
        while not complete:
            ask = {"command": "sync", "after": found[-1]["id"] if found else 0, "limit": 500}
            client.start_publish(CONTROL, {"commands": [ask]}, qos=0)
            data = json.loads(client.next_message().payload)["responses"][0]["data"]
            found, complete = found + data["messages"], data["complete"]
        client.disconnect()
        return found

    def accept_drained(self):
        """What a device had received when the broker died it may get again, the rest it must get."""
        for device, deliveries in self.world.due.items():
            for delivery in deliveries:
                delivery.optional = True
            found = Difference.between(device, list(deliveries), self.arrived[device])
            if found:
                raise Wrong(f"before the crash\n{found}")
            ids = [data["id"] for _, data in self.arrived[device] if "id" in data]
            for message in self.world.log[-len(deliveries) :] if ids else ():
                if message.id == ids[-1]:
                    device.had(message.position)
            deliveries.clear()
            self.arrived[device].clear()

    def forget_connections(self):
        for client in self.clients.values():
            client.close()
        self.clients.clear()

    def inspect(self):
        """Everything that can be asked, by a device of everybody that has no other purpose. Files are as they were."""
        for url, (_, content) in self.world.files.items():
            if (self.broker.folder / url.lstrip("/")).read_bytes() != content:
                raise Wrong(f"{url} has changed")
        for name in sorted(self.world.users):
            probe = f"{name}:other:probe"
            self.step(Connect(probe))
            for command, fields in (("getJoinedGroups", {}), ("getUnread", {}), ("getGroupApplications", {}),
                                    ("sync", {"after": 0, "limit": 500}), ("getConversations", {})):  # fmt: skip
                self.step(Command(probe, command, fields))
            for group in self.world.groups if name == ADMIN else ():
                self.step(Command(probe, "getGroupInfo", {"groupID": group}))
                self.step(Command(probe, "getGroupMembers", {"groupID": group}))
                self.step(Command(probe, "getHistory", {"group": group, "limit": 100}))
            self.step(Disconnect(probe))

    # ---- what has arrived

    def compare(self, step):
        deadline = time.monotonic() + self.patience
        self.await_late_notices()
        self.await_purges()
        self.await_counts()
        self.fence()
        while (found := self.difference()) and found.missing and time.monotonic() < deadline:
            self.wait_for_more()
            self.fence()
        if found:
            raise Wrong(f"{step}\n{found}")
        for device in self.arrived:
            self.arrived[device].clear()
            self.world.due[device].clear()
        self.check_ids()
        self.world.settle()

    def await_late_notices(self):
        """The members of a dismissed group are told within some seconds: returns when they have been."""
        deadline = time.monotonic() + self.patience
        for user, kind, group, _ in self.world.later:
            if user in self.world.banned:
                continue
            told = {"type": kind, "group": group.id}.items()
            while not any(told <= m.get("notice", {}).items() for m in self.synced(user)):
                if time.monotonic() > deadline:
                    raise Wrong(f"{user} is not told that {group.id} was dismissed")
                self.wait_for_more()
        self.world.post_later()

    def await_purges(self):
        """Conversations are told of who was deleted in the background: returns when they have been."""
        deadline = time.monotonic() + self.patience
        known = {message.id for message in self.world.log}
        for user, lane, reader in self.world.purging:
            if reader in self.world.banned:
                continue
            ask = {"group": lane[1]} if lane[0] == "group" else {"to": user}
            new = lambda m: m.get("purge", {}).get("sender") == user and m["id"] not in known  # noqa: E731
            while not any(new(m) for m in self.told_in(reader, ask)):
                if time.monotonic() > deadline:
                    raise Wrong(f"{lane} is not told of the purge of {user}")
                self.wait_for_more()
        self.world.purging.clear()

    def told_in(self, reader, ask):
        """Of a group its history, and what a user has of another, be it deleted."""
        if "to" in ask:
            return [message for message in self.synced(reader) if message["sender"] == ask["to"]]
        return self.ask_clerk(ADMIN, {"command": "getHistory", "limit": 100, **ask})["messages"]

    def await_counts(self):
        """After a purge, what is unread follows in the background."""
        deadline = time.monotonic() + self.patience
        for device in list(self.clients) if self.world.counting else ():
            while True:
                answer = self.answer_of(device, self.send_command(device, "getUnread", {}, qos=0))
                if answer["data"]["totalUnread"] == reading.unread(self.world, device.user):
                    break
                if time.monotonic() > deadline:
                    raise Wrong(f"{device}: unread after a purge are {answer}")
        self.world.counting = False

    def wait_for_more(self):
        """Some things take their time (who is told of a dismissal waits for the disk). Asking without a pause
        would keep the machine from its disk."""
        select.select([client.fileno() for client in self.clients.values()], [], [], 0.05)

    def difference(self):
        """The first device that has got something else than it should, or None."""
        for device, deliveries in self.world.due.items():
            arrived = [(topic, data) for topic, data in self.arrived[device] if not self.is_gathered(data)]
            if device in self.world.erased:
                erased = [data for _, data in arrived if data.get("event") == "deleted"]
                arrived = [(topic, data) for topic, data in arrived if data not in erased]
                wrong = self.wrong_erased(device, erased)
                if wrong:
                    return wrong
            found = Difference.between(device, deliveries, arrived)
            if found:
                return found
        return None

    def wrong_erased(self, device, events):
        """Before a replay a device is told, in whatever portions, what was deleted while it was away."""
        must, may = self.world.erased[device]
        told = set()
        for event in events:
            told |= {("deleted", id) for id in event.get("ids", [])} or {tuple(event.items())[1]}
        return None if must <= told <= may else Difference(device, told <= may, f"told {told}, must {must}, may {may}")

    def is_gathered(self, data):
        """Joins and leaves of a live group are told at most once a second: when is not foreseen, but what."""
        tips, group = data.get("tips"), self.world.groups.get(data.get("group"))
        if not tips or not group or group.type != LIVE or tips["type"] not in ("join", "quit"):
            return False
        if tips["operator"] != tips["members"][0] or tips["count"] != len(set(tips["members"])):
            raise Wrong(f"a tip of {data}")
        return True

    def check_ids(self):
        """Ids rise with the actions, times within a conversation."""
        last, ids, times = 0, {}, {}
        for message in self.world.log:
            if message.id is None:
                continue
            ids.setdefault(message.action, []).append(message.id)
            if message.time < times.get(message.lane, 0) and not message.imported:
                raise Wrong(f"time goes back at {message}")
            times[message.lane] = message.time
        for some in ids.values():
            if min(some) <= last:
                raise Wrong(f"ids {some} after {last}")
            last = max(some)


class Difference:
    def __init__(self, device, missing, text):
        self.device, self.missing, self.text = device, missing, text

    def __str__(self):
        return f"  {self.device}: {self.text}"

    @classmethod
    def between(cls, device, deliveries, arrived):
        """Conversation by conversation, in order; what is optional may be left out."""
        lanes = {}
        for delivery in deliveries:
            lanes.setdefault(delivery.lane, []).append(delivery)
        for topic, data in arrived:
            lane = lanes.get(lane_of_arrived(device, data), [])
            if lane_of_arrived(device, data) == UNORDERED:
                at = next((n for n, delivery in enumerate(lane) if delivery.matches(topic, data)), 0)
                lane[:0] = [lane.pop(at)] if lane else []
            while lane and not lane[0].matches(topic, data) and lane[0].optional:
                lane.pop(0)
            if not lane or not lane[0].matches(topic, data):
                wanted = f"{lane[0]}\n  of {deliveries}" if lane else "nothing"
                return cls(device, False, f"got {topic} {data}\n  wanted {wanted}")
            lane.pop(0)
        left = [delivery for lane in lanes.values() for delivery in lane if not delivery.optional]
        return cls(device, True, f"did not get {left}") if left else None


def lane_of_arrived(device, data):
    """As Delivery.lane."""
    if "review" in data:
        return "reviews"
    if "event" in data:
        return lane_of_event(data["event"])
    if data["sender"] == SYSTEM:
        return lane_of(("notices", device.user), data)
    pair = ("pair", *sorted((data["sender"], data.get("to", ""))))
    return lane_of(("group", data["group"]) if "group" in data else pair, data)


def encoded(payload):
    return json.dumps(payload) if isinstance(payload, dict) else payload
