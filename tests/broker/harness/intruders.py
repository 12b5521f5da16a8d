# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""For test_intruders.py: the town that is attacked, and what an attacker does. An attack is called with the town and tells what
became of it: a code, or one of the words below."""
import dataclasses
import itertools
import json
import re
import sqlite3
import time

from harness import packets
from harness.media import Upload, files, upload
from harness.raw import Closed
from harness.user import CONTROL, RESPONSE

REFUSED, GRANTED, CLOSED, TAKEN = "refused", "granted", "closed", "taken"
SECRET, FORGED = "secret", "forged"  # what mallory must not see; what the others must not see
MESSAGE = json.dumps({"text": FORGED})
EVENT = json.dumps({"event": FORGED})

_numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Known:
    """Something that mallory knows of others: an attribute of the town, such as the id of a message."""

    name: str


def told(town, value):
    """The value, with what is Known in its place."""
    if isinstance(value, Known):
        return getattr(town, value.name)
    if isinstance(value, dict):
        return {key: told(town, item) for key, item in value.items()}
    return [told(town, item) for item in value] if isinstance(value, list) else value


class Mallory:
    """A bare MQTT 5 connection of somebody with a valid userSig, who keeps all that comes."""

    def __init__(self, town, user="mallory", **how):
        self.raw, self.got, self.codes = town.broker.raw(5), [], []
        self.raw.login(user, f"{user}:other:{next(_numbers)}", **how)

    def command(self, command, /, **fields):
        """Sends one; the whole response, None when the connection is closed. All that came before is read."""
        mark = f"m{next(_numbers)}"
        self.raw.start_publish(CONTROL, {"commands": [{"command": command, "correlationData": mark, **fields}]}, qos=0)
        return self.until(lambda response: response.get("correlationData") == mark)

    def until(self, wanted):
        """Reads up to the first response that is wanted; None when the connection is closed."""
        try:
            while True:
                found = self.raw.receive()
                if found.kind == packets.DISCONNECT:
                    return None
                self.got.append(found)
                for response in filter(wanted, responses_of(found)):
                    return response
        except Closed:
            return None

    def fence(self):
        """Reads all there is, twice as in User.fence(). False when the connection is closed."""
        try:
            return bool(self.command("getUnread") and self.command("getUnread"))
        except Closed:
            return False

    def rejected(self):
        """The codes of the events that say so."""
        texts = [data_of(found) for found in self.got if found.kind == packets.PUBLISH]
        return [text["code"] for text in texts if isinstance(text, dict) and text.get("event") == "rejected"]

    def saw(self, text):
        return any(text.encode() in found.payload for found in self.got if found.kind == packets.PUBLISH)

    def verdict(self):
        """What became of what was sent."""
        if not self.fence():
            return CLOSED
        acks = {found.code for found in self.got if found.kind in (packets.PUBACK, packets.PUBREC)}
        codes = set(self.rejected())
        return codes.pop() if len(codes) == 1 else codes or (TAKEN if acks <= {0, 0x10} else REFUSED)


def data_of(found):
    try:
        return json.loads(found.payload)
    except ValueError:
        return None


def responses_of(found):
    """The responses in a packet, if it is an answer."""
    data = data_of(found) if found.kind == packets.PUBLISH else None
    return data.get("responses") or [] if isinstance(data, dict) else []


# ---- what is done


def subscribe(*names, **how):
    """GRANTED must show nothing: town.check() sends secrets."""
    def act(town):
        me = town.intrude()
        try:
            me.raw.send(packets.subscribe(5, 1, names, **how))
            codes = {code for suback in [me.raw.expect(packets.SUBACK)] for code in suback.codes}
        except Closed:
            return CLOSED
        return GRANTED if all(code < 0x80 for code in codes) else REFUSED
    return act


def publish(topic, payload=MESSAGE, qos=1, user="mallory", **how):
    def act(town):
        me = town.intrude(user)
        name = topic if isinstance(topic, bytes) else topic.format(**vars(town))
        me.raw.start_publish(name, payload, qos, **how)
        return me.verdict()
    return act


def send(*pieces):
    """These bytes, after the login."""
    def act(town):
        me = town.intrude()
        me.raw.send(b"".join(pieces))
        return me.verdict()
    return act


def command(name, /, user="mallory", **fields):
    """The code of the answer."""
    def act(town):
        answer = town.intrude(user).command(name, **told(town, fields))
        return CLOSED if answer is None else answer.get("code", 0)
    return act


def request(payload, **how):
    """A payload on the topic of commands, whatever it is: the codes of its first answer."""
    def act(town):
        me = town.intrude()
        me.raw.start_publish(CONTROL, payload, **how)
        answered = me.until(lambda response: True)
        return CLOSED if answered is None else answered.get("code", 0)
    return act


def connect(client_id, user="mallory", sig=None, **how):
    """A CONNECT: GRANTED or REFUSED, with a code or, as it depends on the version of Mosquitto, without a word."""
    def act(town):
        raw = town.broker.raw(5)
        own = town.broker.sig(user) if sig is None and isinstance(user, str) else told(town, sig)
        try:
            return REFUSED if raw.connect(client_id, user, own, **how).code else GRANTED
        except Closed:
            return REFUSED
        finally:
            raw.close()
    return act


def signature(make):
    """A userSig, for a login that must be refused, and for a renewal: its code."""
    def act(town):
        sig = make() if callable(make) else make
        assert connect("mallory:other:sig", sig=sig)(town) == REFUSED
        return command("renewUserSig", userSig=sig)(town)
    return act


def die_with_will(topic, payload=MESSAGE, delay=0, **how):
    """TAKEN when the broker takes the CONNECT. The connection breaks; when this returns the will would have come."""
    def act(town):
        props = {packets.SESSION_EXPIRY: 60} if delay else None
        will = packets.Will(topic, payload, 1, properties={packets.WILL_DELAY: delay} if delay else {}, **how)
        try:
            Mallory(town, will=will, props=props).raw.abort()
        except Closed:
            return CLOSED
        end = f"sensors/{next(_numbers)}"
        Mallory(town, will=packets.Will(end, b"end")).raw.abort()
        town.alice.wait(lambda message: message.topic == end)
        return TAKEN
    return act


def go_on_after(end, **fields):
    """What becomes of a message that was on its way when an administrator ended the sender's sessions with a command."""
    def act(town):
        name = f"user{next(_numbers)}"
        me = town.intrude(name)
        town.admin.command(end, userID=name, **fields)
        me.raw.start_publish("chat/user/alice", MESSAGE)
        return me.verdict()
    return act


def store(content, **named):
    """The extension under which a file is stored, or the code."""
    def act(town):
        answer = upload(town.uploader, content, **named)
        town.kept.add(answer["url"].rpartition("/")[2])
        return answer["url"].rpartition(".")[2]
    return act


# ---- who is attacked


class Town:
    """alice and bob, who see whatever the broker shows them, what they own, and what mallory knows of it."""

    def __init__(self, broker):
        self.broker, self.connections, self.kept = broker, [], set()
        broker.create("mallory", "carol", "banned", "deleted", "kicked")
        self.alice, self.bob = (broker.user(name, "ios:1").subscribe(f"chat/user/{name}/#", "#") for name in ("alice", "bob"))
        self.uploader, self.admin = broker.user("mallory", "iot:up"), broker.admin("web:1").subscribe("chat/push")
        self.secrets = itertools.count(1)
        self._found()
        self._old()
        self.first_line = len(broker.process.lines)
        self.before = self.state()

    def _found(self):
        """Groups: g1 without mallory, club with him as a plain member, those he was in or is banned from."""
        self.alice.group("Private", "g1", ["bob"], introduction=SECRET)
        for name in ("club", "left", "thrown", "ended"):
            self.alice.group("Public", name, ["bob", "mallory"], introduction="about")
        self.alice.command("setGroupAttributes", groupID="g1", set={"seat": SECRET})
        self.alice.group("AVChatRoom", "live")
        self.alice.command("banGroupMember", groupID="live", userID="mallory", seconds=3600)
        self.alice.group("Private", "late")
        self.alice.send("chat/group/late", SECRET)
        self.alice.command("inviteGroupMember", groupID="late", members=["bob", "mallory"])
        self.uploader.command("quitGroup", groupID="left")
        self.alice.command("deleteGroupMember", groupID="thrown", members=["mallory"])
        self.alice.command("dismissGroup", groupID="ended")

    def _old(self):
        """What there is from before: messages, an upload, and userSigs that have been ended."""
        made = int(time.time()) - 60
        for name in ("kicked", "banned", "deleted"):
            setattr(self, f"sig_of_{name}", self.broker.sig(name, created=made))
        self.admin.command("kickUser", userID="kicked")
        self.admin.command("banUser", userID="banned", seconds=3600)
        self.admin.command("deleteUser", userID="deleted")
        self.sig_of_alice = self.broker.sig("alice")
        self.private_id = self._sent("bob", "chat/user/bob")
        self.group_id = self._sent("group", "chat/group/g1")
        self.club_id = self._sent("group", "chat/group/club", text="hello")
        recalled = self._sent("group", "chat/group/club")
        self.recalled_id = recalled
        self.alice.command("recallMessage", id=recalled)
        open_upload = Upload(self.alice, b"x" * 100)
        self.upload_id = open_upload.id

    def _sent(self, random, topic, text=SECRET):
        number = next(_numbers)
        self.alice.send(topic, {"text": text, "random": number})
        return self.alice.event("sent", random=number)["id"]

    def intrude(self, user="mallory"):
        """A connection that check() looks at."""
        made = Mallory(self, user)
        self.connections.append(made)
        return made

    def state(self):
        """What nobody but its owners may change."""
        groups = [{"command": name, "groupID": group} for group in ("g1", "club", "left", "thrown", "live")
                  for name in ("getGroupInfo", "getGroupMembers", "getGroupAttributes", "getGroupBans")]
        users = [{"command": "getUser", "userID": name} for name in ("alice", "bob", "carol")]
        asked = [answer.get("data") for answer in self.admin.batch(groups + users)] + [
            answer.get("data") for answer in self.alice.batch([{"command": "getBlacklist"}, {"command": "getDevices"}])]
        media = [path for path in files(self.broker.folder / "media") if path.rpartition("/")[2] not in self.kept]
        return [without_moving(item) for item in asked] + [media, files(self.broker.folder / "backups")]

    def check(self):
        """Nothing was read, nothing forged, nothing changed, and the log is one."""
        text = f"{SECRET} {next(self.secrets)}"
        for topic in ("chat/user/bob", "chat/group/g1", "chat/group/thrown", "chat/group/left", "chat/group/live"):
            self.alice.send(topic, text)
        for topic in ("chat/user/bob", "chat/user/bob/group/g1"):
            self.bob.wait(lambda message: message.topic == topic and message.get("text") == text, "alice is not heard any more")
        for connection in self.connections:
            connection.fence()
            assert not connection.saw(SECRET), "mallory saw a secret"
            connection.raw.close()
        self.connections.clear()
        for user in (self.alice, self.bob):
            assert user.silent(lambda message: FORGED.encode() in message.payload) == []
            user.take_all(lambda message: True)
        assert self.state() == self.before
        self.check_log()

    def check_log(self):
        """Each line is one of Mosquitto's, and has nothing that controls a terminal."""
        for line in self.broker.process.lines[self.first_line:]:
            assert re.match(r"\d+: \S", line) and line.isprintable(), ascii(line)
            assert FORGED not in line and SECRET not in line, line

    def stored(self):
        """The bodies of all messages in the database, when the broker has ended."""
        with sqlite3.connect(self.broker.database) as database:
            return [str(body) for (body,) in database.execute("SELECT body FROM message")]


MOVING = {"unread", "lastSeq", "lastID", "onlineCount", "lastUsed", "lastMessage", "status"}


def without_moving(value):
    """Without what changes by the secrets that check() sends."""
    if isinstance(value, dict):
        return {key: without_moving(item) for key, item in value.items() if key not in MOVING}
    return [without_moving(item) for item in value] if isinstance(value, list) else value
