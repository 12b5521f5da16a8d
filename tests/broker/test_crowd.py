# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A live group with many in it, some of whom come and go all the time."""
import collections
import itertools
import json
import re
import shutil
import subprocess

import pytest

from harness.settings import PATIENCE, PRELOAD
from harness.user import CONTROL

TOPIC = "chat/group/live"
NAMES_MAX = 20


class Crowd:
    """An owner, `stayers` who are there from the beginning, and `comers` of whom each move makes one come or
    go: by SUBSCRIBE and UNSUBSCRIBE, or by the connection."""

    def __init__(self, broker, stayers, comers):
        self.broker = broker
        self.owner = broker.user("owner")
        self.owner.group("AVChatRoom", "live")
        self.stayers = [self.there(f"stayer{n}") for n in range(stayers)]
        self.here = collections.deque()
        self.away = collections.deque(f"comer{n}" for n in range(comers))
        self.unsubscribed = collections.deque()
        self.moves = itertools.cycle((self.come, self.come, self.unsubscribe, self.come, self.leave))

    def there(self, name):
        client = self.broker.raw()
        client.login(name)
        assert client.subscribe(TOPIC, 0) == 0
        return client

    def come(self):
        if self.unsubscribed:
            client = self.unsubscribed.popleft()
            assert client.subscribe(TOPIC, 0) == 0
            self.here.append(client)
        elif self.away:
            self.here.append(self.there(self.away.popleft()))

    def unsubscribe(self):
        if self.here:
            client = self.here.popleft()
            client.unsubscribe(TOPIC)
            self.unsubscribed.append(client)

    def leave(self):
        if self.here:
            client = self.here.popleft()
            client.disconnect()
            self.away.append(client.client_id)

    def move(self, times):
        for _, move in zip(range(times), self.moves):
            move()

    def size(self):
        return self.owner.command("getGroupInfo", groupID="live")["onlineCount"]


def texts(messages):
    return [text for m in messages if (text := json.loads(m.payload).get("text"))]


def test_three_hundred_get_every_message_in_order_while_others_come_and_go(broker):
    crowd = Crowd(broker, 300, 30)
    for number in range(20):
        crowd.owner.start_publish(TOPIC, f"m{number}")
        crowd.move(5)
    crowd.owner.send(TOPIC, "end")
    for client in crowd.stayers:
        found = texts(client.messages_until(lambda m: b'"end"' in m.payload))
        assert found == [f"m{number}" for number in range(20)], client.client_id


def test_three_hundred_get_every_change_of_the_attributes_once_and_in_order(broker):
    crowd = Crowd(broker, 300, 0)
    for number in range(20):
        change = {"command": "setGroupAttributes", "groupID": "live", "set": {"seat": f"m{number}"}}
        crowd.owner.start_publish(CONTROL, {"commands": [change]})
    crowd.owner.send(TOPIC, "end")
    for client in crowd.stayers:
        found = [json.loads(m.payload) for m in client.messages_until(lambda m: b'"end"' in m.payload)]
        changes = [(data["version"], data["set"]) for data in found if data.get("event") == "attributes"]
        assert changes == [(n + 1, {"seat": f"m{n}"}) for n in range(20)], client.client_id


def test_the_number_of_those_there_is_right_whatever_way_they_come_and_go(broker):
    crowd = Crowd(broker, 10, 20)
    for _ in range(12):
        crowd.move(7)
        assert crowd.size() == 10 + len(crowd.here)


def test_somebody_with_two_devices_is_there_once_until_both_have_gone(broker):
    crowd = Crowd(broker, 1, 0)
    devices = [broker.user("bob", device).subscribe(TOPIC) for device in ("ios:1", "web:1")]
    listed = crowd.owner.command("getGroupMembers", groupID="live")["members"]
    assert [member["userID"] for member in listed] == ["bob", "stayer0"]
    assert crowd.size() == 2
    devices[0].disconnect()
    assert crowd.size() == 2
    devices[1].unsubscribe(TOPIC)
    assert crowd.size() == 1


def test_a_page_of_those_there_begins_with_the_last_comer(broker):
    crowd = Crowd(broker, 12, 0)
    pages = [
        crowd.owner.command("getGroupMembers", groupID="live", offset=offset, limit=5)
        for offset in (0, 5, 10, 15)
    ]
    assert [[m["userID"] for m in page["members"]] for page in pages] == [
        [f"stayer{n}" for n in range(11, 6, -1)],
        [f"stayer{n}" for n in range(6, 1, -1)],
        ["stayer1", "stayer0"],
        [],
    ]
    assert [page.get("next") for page in pages] == [5, 10, None, None]


# ---- tips


def next_tip(client):
    while True:
        data = json.loads(client.next_message().payload)
        if "tips" in data:
            return data


@pytest.fixture
def told(broker):
    """What a stayer was told while a crowd moved, until the tips have caught up with it."""
    crowd = Crowd(broker, 1, 60)
    watcher = crowd.stayers[0]
    assert next_tip(watcher)["tips"]["members"] == ["stayer0"]
    crowd.move(150)
    tips, there = [], 0
    while there != len(crowd.here) or len(tips) < 3:
        tips.append(next_tip(watcher))
        there += tips[-1]["tips"]["count"] * {"join": 1, "quit": -1}[tips[-1]["tips"]["type"]]
        if there == len(crowd.here) and len(tips) < 3:
            crowd.move(5)
    return tips


def test_tips_of_a_crowd_come_at_most_once_a_second(told):
    times = [tip["time"] for tip in told]
    assert all(later - earlier >= 1000 for earlier, later in zip(times, times[1:])), times


def test_tips_of_a_crowd_have_some_names_and_the_number_of_all(told):
    for tip in (tip["tips"] for tip in told):
        assert len(set(tip["members"])) == len(tip["members"]) <= min(tip["count"], NAMES_MAX), tip
    assert any(tip["tips"]["count"] > NAMES_MAX for tip in told), "a crowd"


@pytest.fixture
def rename(broker):
    """Sends, without waiting, a command that is a tip."""
    client = broker.raw()
    client.login("owner", "owner:web:1")
    payload = {"commands": [{"command": "setGroupInfo", "groupID": "live", "groupName": "new"}]}
    return lambda: client.start_publish(CONTROL, payload)


def test_no_message_overtakes_a_tip_of_the_same_turn(broker, rename):
    crowd = Crowd(broker, 2, 0)
    sender, watcher = crowd.stayers
    with broker.one_turn():
        rename()
        sender.start_publish(TOPIC, "after")
    found = watcher.messages_until(lambda m: b'"after"' in m.payload)
    assert any(b'"groupName"' in m.payload for m in found)


def test_who_comes_after_a_tip_of_the_same_turn_begins_with_the_last_messages(broker, rename):
    crowd = Crowd(broker, 1, 0)
    crowd.owner.send(TOPIC, "before")
    newcomer = broker.raw()
    newcomer.login("newcomer")
    with broker.one_turn():
        rename()
        newcomer.start_subscribe(TOPIC, 0)
    assert texts([newcomer.next_message()]) == ["before"]


# ---- once, however many receive it


class Calls:
    """How often each function was called, by callgrind's output."""

    def __init__(self, text):
        self.count, names, callee = collections.Counter(), {}, None
        for line in text.splitlines():
            if match := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
                number, name = match.groups()
                names.setdefault(number, name)
                callee = names[number]
            elif match := re.match(r"calls=(\d+)", line):
                self.count[callee] += int(match.group(1))

    def __getitem__(self, name):
        return self.count[name]


def instrument(broker, on):
    command = ["callgrind_control", "-i", on, str(broker.process.pid)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)


def calls_for(broker_factory, receivers):
    """What the plugin does for a message of each QoS and a tip, with that many in the group."""
    broker = broker_factory(start=False)
    output = broker.folder / "callgrind.out"
    broker.wrapper = [
        "valgrind",
        "--tool=callgrind",
        "--instr-atstart=no",
        f"--callgrind-out-file={output}",
    ]
    broker.start(timeout=6 * PATIENCE)
    crowd, told = Crowd(broker, receivers, 0), 0
    while told < receivers:
        told += next_tip(crowd.stayers[0])["tips"]["count"]
    instrument(broker, "on")
    for qos in (0, 1, 2):
        crowd.owner.send(TOPIC, f"at {qos}", qos=qos)
    crowd.owner.command("setGroupInfo", groupID="live", groupName="new")
    for client in crowd.stayers:
        client.messages_until(lambda m: b'"groupName"' in m.payload)
    instrument(broker, "off")
    assert broker.stop(timeout=6 * PATIENCE) == 0
    return Calls(output.read_text())


@pytest.mark.valgrind
@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not there")
@pytest.mark.skipif(bool(PRELOAD), reason="valgrind and a sanitizer do not go together")
def test_nothing_is_parsed_stamped_or_copied_more_than_once_however_many_receive_it(broker_factory):
    few, many = calls_for(broker_factory, 3), calls_for(broker_factory, 40)
    asked = many["deliver_may_read"] - few["deliver_may_read"]
    searched = many["session_find"] - few["session_find"]
    assert asked >= 37 * 4, "READ is asked for each receiver"
    assert asked - searched >= 37 * 2, "at QoS 0 and 1 who is asked about is the one expected"
    for work in ("payload_parse", "stamp_write", "make_payload", "live_history_add", "broker_send"):
        assert few[work] == many[work] > 0, work
