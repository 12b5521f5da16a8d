# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Memory that ends: each allocation of the plugin in turn (tests/memory), and a broker that may have 64 MiB while many
make it keep whatever a client can."""
import collections
import contextlib
import itertools
import json
import os
import re
import resource
import socket
import subprocess
import time

import suites
import test_memory
from harness import packets
from harness.broker import Broker
from harness.media import upload
from harness.raw import Closed
from harness.settings import BUILD_DIR, PATIENCE
from harness.user import CONTROL, RESPONSE, ChatError
from plan import Outcome

WHAT = ("Each allocation of the plugin may fail, alone and with all that follow; a broker that may have 64 MiB refuses and lives, "
        "loses nothing that it has acked, and serves everybody when those who flood it have gone.")

MIB = 1 << 20
LIMIT = 64 * MIB
SHORT_ROOM = 8 * MIB  # of a run of seconds, in which nobody fills 64
PAUSE = 0.05  # of who talks: below all rates
REFUSED, DONE = "refused", "done"
UNIT_LINE = re.compile(r": (\d+) allocations, (\d+) faults")


# ---- each allocation in turn


def each_allocation(plan, outcome):
    """The unit tests; they are in ctest too, so the short run leaves them out."""
    if plan.scale == "short":
        return
    environment = {**os.environ, **({"MEMORY_THOROUGH": "1"} if plan.scale == "long" else {})}
    done = subprocess.run(["ctest", "--test-dir", BUILD_DIR, "-R", "^test_memory_", "-V", "-j2"], env=environment,
                          cwd=suites.ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    found = [tuple(map(int, groups)) for groups in UNIT_LINE.findall(done.stdout)]
    outcome.add(allocations_that_failed_in_turn=sum(count for count, _ in found), sweeps=len(found))
    if not found or done.returncode or any(faults for _, faults in found):
        outcome.faults.append(f"ctest -R test_memory_ ended with {done.returncode}: {done.stdout[-3000:]}")


# ---- who floods


class Flood(test_memory.Person):
    """One who makes the broker keep something, again and again. What became of it is counted."""

    numbers = itertools.count(1)

    def __init__(self, place):
        self.place, self.counts, self.kept = place, collections.Counter(), []
        super().__init__(place.broker, "flood", "other:1")

    def _live(self):
        while not self._over.is_set():
            try:
                self.step()
            except (Closed, OSError, AssertionError, TimeoutError):
                self.counts[REFUSED] += 1
        for client in self.kept:
            client.close()

    def step(self):
        raise NotImplementedError

    def count(self, code):
        self.counts[DONE if code == 0 else REFUSED] += 1
        return code

    def come(self, name=None, **how):
        """Somebody new, or one with this name. Raises Closed when that is refused."""
        client = self._broker.raw()
        try:
            name = name or f"f{next(Flood.numbers)}"
            if client.connect(f"{name}:other:1", name, self._broker.sig(name), **how).code != 0:
                raise Closed("refused")
        except (Closed, OSError):
            client.close()
            raise
        finally:
            self._broker.raw_clients.remove(client)  # by thousands they are ours
        client.name = name
        return client

    @contextlib.contextmanager
    def visit(self, name=None, **how):
        client = self.come(name, **how)
        try:
            yield client
        finally:
            client.close()

    def times(self, count):
        """So often, unless it is over."""
        return itertools.takewhile(lambda _: not self._over.is_set(), range(count))

    def pour(self, client, topic, payloads):
        """Publishes all of them before the first ack is awaited."""
        count = sum(1 for payload in payloads if client.start_publish(topic, payload))
        for _ in self.times(count):
            client.expect(packets.PUBACK)
            self.count(0)

    def stay(self, client, most):
        """Keeps the connection; too many go without a word."""
        self.kept.append(client)
        while len(self.kept) > most:
            self.kept.pop(0).close()

    def ask(self, client, *commands):
        """The codes of the responses, counted."""
        client.start_publish(CONTROL, json.dumps({"commands": commands}), qos=0)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and not self._over.is_set():
            message = client.next_message()
            if message.topic == RESPONSE:
                return [self.count(r.get("code", 0)) for r in json.loads(message.payload)["responses"]]
        return []


class Connections(Flood):
    """Connections, each of a user there never was, with a kept session that is subscribed to all it can be."""

    def step(self):
        client = self.come(clean=False)
        for name in ("chat/feed", f"chat/user/{client.name}", f"chat/user/{client.name}/#"):
            self.count(0 if client.subscribe(name) < 0x80 else 1)
        self.stay(client, 300)


class Groups(Flood):
    """Groups with long texts, attributes, members, bans."""

    def step(self):
        with self.visit() as client:
            for n in self.times(10):
                group = f"{client.name}-{n}"
                self.ask(client, {"command": "createGroup", "groupType": "Public", "groupID": group,
                                  "introduction": "i" * 240, "notification": "n" * 300, "faceURL": "u" * 100,
                                  "members": [{"userID": name} for name in test_memory.PEOPLE]},
                         {"command": "setGroupAttributes", "groupID": group,
                          "attributes": {f"k{k}": "v" * 3900 for k in range(4)}},
                         {"command": "banGroupMember", "groupID": group, "userID": "eve", "seconds": 60, "reason": "r" * 250})


class Profiles(Flood):
    """Long profiles, blacklists and push tokens of ever new devices."""

    def step(self):
        with self.visit() as client:
            self.ask(client, {"command": "setSelfInfo", "nickname": "n" * 60, "faceURL": "u" * 100, "selfSignature": "s" * 490},
                     {"command": "addToBlacklist", "userIDs": list(test_memory.PEOPLE)},
                     {"command": "watchStatus", "userIDs": list(test_memory.PEOPLE)},
                     {"command": "setPushToken", "provider": "fcm", "token": client.name + "t" * 4000})


class Uploads(Flood):
    """Uploads that are begun, get a chunk, and are left."""

    def step(self):
        client = self.come()
        self.stay(client, 50)
        for _ in self.times(5):
            client.start_publish(CONTROL, json.dumps({"commands": [{
                "command": "createUpload", "name": "n" * 200, "contentType": "image/png", "size": 8 * MIB}]}), qos=0)
            while (message := client.next_message()).topic != RESPONSE:
                pass
            answer = json.loads(message.payload)["responses"][0]
            if self.count(answer.get("code", 0)) == 0:
                client.publish(f"chat/upload/{answer['data']['uploadID']}/0", b"x" * answer["data"]["chunkBytes"])


class Unread(Flood):
    """Long messages to who reads nothing: each to one, so that no payload is shared."""

    def step(self):
        reader = self.come()
        reader.subscribe(f"chat/user/{reader.name}/#")
        reader._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.stay(reader, 40)
        with self.visit() as sender:
            for _ in self.times(5):
                self.pour(sender, f"chat/user/{reader.name}", ['{"text":"' + "x" * 12000 + '"}'] * 100)


class Unasked(Flood):
    """Batches of commands whose answers nobody reads."""

    def step(self):
        client = self.come()
        client._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.stay(client, 40)
        client._socket.settimeout(1)
        ask = json.dumps({"commands": [{"command": "getUsersInfo", "userIDs": list(test_memory.PEOPLE)}] * 50})
        for _ in self.times(30):
            client.start_publish(CONTROL, ask, qos=0)
            self.count(0)


class Conversations(Flood):
    """One who writes to everybody: conversations without end."""

    def step(self):
        with self.visit() as client:
            for n in self.times(100):
                self.pour(client, f"chat/user/f{n + 1}", ['{"text":"hello"}'])
            self.ask(client, {"command": "getConversations", "limit": 100})


FLOODS = (Connections, Groups, Profiles, Uploads, Unread, Unread, Unasked, Conversations)


# ---- the broker and those who chat


class Talker(test_memory.Talker):
    def act(self, client):
        super().act(client)
        time.sleep(PAUSE)


def status(broker, name):
    """Of /proc, in bytes."""
    with open(f"/proc/{broker.process.pid}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


class Place:
    """The limits are those of mosquitto.conf.example, for a machine that has 64 MiB for the broker: Mosquitto counts what it
    takes for itself (memory_limit), the kernel what all of the process has written to (RLIMIT_DATA). A limit of addresses
    (RLIMIT_AS) would count the ring and the libraries, and a cgroup kills where this one refuses."""

    def __init__(self):
        self.broker = Broker({"user_rate": None, "group_rate": 1000, "command_rate": None, "cache_seconds": 2},
                             conf=[f"memory_limit {24 * MIB}", "max_packet_size 524288",
                                   "persistent_client_expiration 1d"], faults=True)
        (self.broker.folder / "media").mkdir()
        self.broker.options.update(media_dir=self.broker.folder / "media", media_url="http://localhost/")
        self.peak = 0

    def start(self, room):
        """`room`: bytes that it may still take; None: LIMIT in all."""
        self.broker.start()
        self.limit = status(self.broker, "VmData") + room if room else LIMIT
        self.bound(self.limit)

    def bound(self, most):
        resource.prlimit(self.broker.process.pid, resource.RLIMIT_DATA, (most, resource.RLIM_INFINITY))

    def look(self):
        self.peak = max(self.peak, status(self.broker, "VmData"))
        return self.broker.process.alive()


def comes_late(broker):
    """Somebody new makes a group, uploads a file, and has a name. None, or what was refused."""
    late = broker.unconnected(f"late{next(Flood.numbers)}")
    try:
        late.connect()
        late.group("Public", late.name)
        upload(late, b"x" * 300000, name="a.bin", contentType="application/octet-stream", chunkBytes=65536)
        late.command("setSelfInfo", nickname="late")
        return None
    except (AssertionError, ChatError) as error:
        return repr(error)
    finally:
        late.close()
        broker.users.remove(late)


def serves(place, outcome, talkers):
    """As if nothing had been."""
    before = [talker.sent for talker in talkers]
    end = time.monotonic() + 6 * PATIENCE
    while any(t.sent <= sent + 1 for t, sent in zip(talkers, before)) and time.monotonic() < end:
        time.sleep(0.05)
    slow = [t.name for t, sent in zip(talkers, before) if t.sent <= sent + 1]
    outcome.faults += [f"{name} gets nothing acked after the flood" for name in slow]
    while (refusal := comes_late(place.broker)):
        if time.monotonic() > end:
            outcome.faults.append(f"who comes after the flood is not served: {refusal}: {place.broker.log()[-1500:]}")
            return
        time.sleep(0.5)


def flood(place, plan, outcome, talkers):
    """Everybody floods, for some seconds; then they go."""
    floods = [kind(place) for kind in FLOODS]
    for one in floods:
        one.start()
    end = time.monotonic() + plan.pick(8, 60, 600)
    while time.monotonic() < end and place.look():
        time.sleep(0.1)
    for one in floods:
        one.join()
        place.look()
    plan.say(", ".join(f"{type(one).__name__} {one.counts[DONE]} and {one.counts[REFUSED]} refused" for one in floods))
    for one in floods:
        outcome.add(things_kept=one.counts[DONE], refusals=one.counts[REFUSED])
        if not one.counts[DONE]:
            outcome.faults.append(f"{type(one).__name__} had nothing kept at all")
    if not place.broker.process.alive():
        outcome.faults.append(f"the broker has ended: {place.broker.log()[-2000:]}")
        return
    serves(place, outcome, talkers)


def small_broker(plan, outcome):
    place = Place()
    broker, talkers = place.broker, []
    try:
        place.start(plan.pick(SHORT_ROOM, None, None))
        broker.create(*test_memory.PEOPLE, "eve")
        broker.user("alice", "iot:1").group("Private", "g1", [name for name in test_memory.PEOPLE if name != "alice"])
        talkers = [Talker(broker, name, "linux:1") for name in test_memory.PEOPLE]
        for talker in talkers:
            talker.start()
        for number in range(plan.pick(1, 3, 10)):
            flood(place, plan, outcome, talkers)
            ours, others = broker.faults.starved()
            plan.say(f"flood {number + 1}: {place.peak // MIB} of {place.limit // MIB} MiB, {ours} and {others} allocations without memory")
            if outcome.faults:
                break
        outcome.figures["allocations of the plugin without memory"], outcome.figures["of Mosquitto"] = ours, others
        outcome.figures["peak MiB"] = place.peak // MIB
        outcome.figures["after MiB"] = status(broker, "VmData") // MIB if broker.process.alive() else 0
    finally:
        for talker in talkers:
            talker.join()
    try:
        if not outcome.faults:
            place.bound(resource.RLIM_INFINITY)  # long pages are read now
            lost, double = test_memory.lost_and_double(broker, talkers)
            outcome.faults += [f"{text} was acknowledged, and is lost" for text in sorted(lost)]
            outcome.faults += [f"{text} is stored twice" for text in sorted(double)]
            outcome.add(messages_acked=sum(talker.sent for talker in talkers), messages_lost=len(lost))
    finally:
        broker.close()


def run(plan):
    outcome = Outcome()
    each_allocation(plan, outcome)
    small_broker(plan, outcome)
    for name in ("refusals", "things kept", "messages acked"):
        if not outcome.figures.get(name):
            outcome.faults.append(f"nothing was tried: {name}")
    return outcome
