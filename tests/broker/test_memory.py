# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A broker whose plugin runs out of memory again and again refuses, and goes on. tests/memory/ has each allocation by
itself; this is all of it together, in a real broker, while people chat."""
import collections
import threading
import time

import pytest

from harness.raw import Closed
from harness.settings import PRELOAD
from harness.user import CONTROL

SECONDS = 4
PEOPLE = {"alice": "chat/user/bob", "bob": "chat/group/g1", "carol": "chat/group/g1", "dave": "chat/user/alice"}
COMMANDS = [
    {"command": "createGroup", "groupType": "Public", "members": [{"userID": "bob"}, {"userID": "carol"}]},
    {"command": "setGroupInfo", "groupID": "g1", "introduction": "all about memory"},
    {"command": "inviteGroupMember", "groupID": "g1", "members": ["eve"]},
    {"command": "deleteGroupMember", "groupID": "g1", "members": ["eve"]},
    {"command": "getConversations"},
    {"command": "sync", "after": 0},
    {"command": "setSelfInfo", "nickname": "somebody"},
    {"command": "addToBlacklist", "userIDs": ["eve"]},
    {"command": "watchStatus", "userIDs": ["alice", "bob"]},
]


class Person:
    """Connects as often as the connection ends, and does things until the time is over and all of them are acked."""

    def __init__(self, broker, name, device, sig=None):
        self._broker, self.name, self._client_id = broker, name, f"{name}:{device}"
        self._sig = sig or broker.sig
        self.sent, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._live)

    def act(self, client):
        raise NotImplementedError

    def _stay_connected(self):
        client = self._broker.raw()
        try:
            if client.connect(self._client_id, self.name, self._sig(self.name)).code != 0:
                return
            client.subscribe(f"chat/user/{self.name}/#")
            while not self._over.is_set():
                self.act(client)
        finally:
            client.close()

    def _live(self):
        while not self._over.is_set():
            try:
                self._stay_connected()
            except (Closed, OSError):
                pass

    def start(self):
        self._thread.start()

    def join(self):
        self._over.set()
        self._thread.join()


class Talker(Person):
    """What was not acked is sent again with the same `random`."""

    def text(self, number):
        return f"{self.name} {number}"

    def act(self, client):
        number = self.sent + 1
        client.publish(PEOPLE[self.name], {"text": self.text(number), "random": number})
        self.sent = number

    def acked(self):
        return [self.text(number) for number in range(1, self.sent + 1)]


class Commander(Person):
    def act(self, client):
        command = COMMANDS[self.sent % len(COMMANDS)]
        client.publish(CONTROL, {"commands": [command]})
        self.sent += 1


def texts_of(user):
    """What this user finds, of those who talk."""
    return collections.Counter(m["text"] for m in user.synced() if m.get("text", "").partition(" ")[0] in PEOPLE)


def lost_and_double(broker, talkers):
    found = collections.Counter()
    for name in PEOPLE:
        found |= texts_of(broker.user(name, "iot:1"))
    acked = {text for talker in talkers for text in talker.acked()}
    return acked - found.keys(), {text for text, n in found.items() if n != 1}


def assert_all_is_there(broker, talkers):
    lost, double = lost_and_double(broker, talkers)
    assert lost == set(), "acknowledged and lost"
    assert double == set(), "stored twice"


@pytest.mark.skipif(bool(PRELOAD), reason="the sanitizers have their own malloc in front")
@pytest.mark.parametrize("one_in, seed", [(20, 1), (200, 2)])
def test_a_broker_whose_plugin_runs_out_of_memory_refuses_and_goes_on(broker_factory, one_in, seed):
    broker = broker_factory(faults=True, user_rate=0, group_rate=0)
    broker.create(*PEOPLE, "eve")
    broker.user("alice", "iot:1").group("Private", "g1", [name for name in PEOPLE if name != "alice"])
    talkers = [Talker(broker, name, "linux:1") for name in PEOPLE]
    people = [*talkers, Commander(broker, "alice", "web:1")]
    with broker.faults.memory(one_in, seed) as failed:
        for person in people:
            person.start()
        time.sleep(SECONDS)
        assert failed() > 50
    for person in people:
        person.join()
    assert all(person.sent > 0 for person in people)
    assert_all_is_there(broker, talkers)
    broker.restart()
    assert_all_is_there(broker, talkers)
    assert "please report" not in broker.log()
    assert not broker.database.with_name("chat.db.bad").exists()
