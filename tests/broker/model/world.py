# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What there is: users and their devices, groups, messages, and who receives what.

Positions stand for ids: the n-th stored message has position n. The id itself is learnt when a message is
seen for the first time (Message.seen) and must be the same for ever after."""
import re
from dataclasses import dataclass, field

ADMIN = "admin"
REVIEWS = "chat/review"
UNORDERED = "unordered"  # the lane in which any order is right
ON_THE_WIRE = 20  # messages to a client at a time: Mosquitto's max_inflight_messages
SYSTEM = "@system"
PRIVATE, PUBLIC, CHATROOM, LIVE = "Private", "Public", "ChatRoom", "AVChatRoom"


class Wrong(AssertionError):
    """The broker has done something else than the rules say."""


class Any:
    """Equal to whatever passes the test: what the rules leave open, or only the server knows."""

    def __init__(self, text, test=lambda value: True):
        self.text, self.test = text, test

    def __eq__(self, other):
        return self.test(other)

    def __repr__(self):
        return f"<{self.text}>"


class Known:
    """An id or time of a message, learnt here if it was not known before."""

    def __init__(self, message, name):
        self._message, self._name = message, name

    def __eq__(self, other):
        if getattr(self._message, self._name) is None and isinstance(other, int):
            setattr(self._message, self._name, other)
        return getattr(self._message, self._name) == other

    def __repr__(self):
        return f"{self._name} of {self._message}"


NUMBER = Any("a number", lambda value: isinstance(value, int))
TEXT = Any("a string", lambda value: isinstance(value, str))


def one_of(*values):
    return Any(f"one of {values}", lambda value: value in values)


def in_any_order(values):
    """A list that has these items. Compared as sets of items would be, for items that are no keys."""

    def same(other):
        left = list(values)
        for item in other if isinstance(other, list) else [None]:
            found = next((n for n, wanted in enumerate(left) if wanted == item), None)
            if found is None:
                return False
            del left[found]
        return not left

    return Any(f"in any order {values}", same)


@dataclass
class Message:
    """One that was stored, or was only handed round (position None)."""

    lane: object  # the conversation: ("pair", a, b), ("group", id), ("notices", user); ("deletions", user) is none
    body: dict  # everything but id and time, as it is given now; never changed, but replaced
    device: object = None  # that has sent it; tips and notices have none
    position: int = None
    action: int = 0  # messages of one action have no promised order
    id: int = None
    time: int = None
    edits: list = field(default_factory=list)  # the messages that edit this one

    def __post_init__(self):
        """What an edit does not change."""
        self.silent, self.random = bool(self.body.get("noUnread")), self.body.get("random")
        self.imported = self.read_by_all = False

    @property
    def is_content(self):
        """Of people: it has a seq of its own, and counts."""
        return not {"tips", "notice", "recall", "edit", "purge", "deletion"} & self.body.keys()

    @property
    def is_recalled(self):
        return "recalled" in self.body

    @property
    def stamp(self):
        return {name: self.body[name] for name in ("seq", "sender", "to", "group") if name in self.body}

    def seen(self, data, body=None):
        """Holds what was delivered or answered against this message; the first time teaches id and time."""
        stamp = {"time": data.get("time")}
        if self.position is not None:
            stamp["id"] = data.get("id")
        if data != {**stamp, **(body or self.body)} or not all(isinstance(v, int) for v in stamp.values()):
            return False
        if self.position is None:
            return True
        if self.id is None:
            self.id, self.time = data["id"], data["time"]
        return (self.id, self.time) == (data["id"], data["time"])

    def __repr__(self):
        return f"message {self.id or ''} {self.body}"


@dataclass
class Delivery:
    """What a device must get, or (optional) may."""

    topic: str
    message: object = None
    event: dict = None
    optional: bool = False

    def __post_init__(self):
        self.body = self.message and self.message.body  # as it was then

    @property
    def lane(self):
        if self.message:
            return lane_of(self.message.lane, self.body)
        return "reviews" if self.topic == REVIEWS else lane_of_event(self.event["event"])

    def matches(self, topic, data):
        right = self.message.seen(data, self.body) if self.message else self.event == data
        return topic == self.topic and right

    def __repr__(self):
        return f"{'perhaps ' * self.optional}{self.topic}: {self.message or self.event}"


def lane_of_event(name):
    """What becomes of one's own messages comes when it is decided about each; and conversations are purged in the
    background."""
    return UNORDERED if name in ("sent", "rejected", "purged") else "events"


def lane_of(conversation, body):
    """Within which the order is promised: a conversation, but `onlineOnly` messages may overtake the stored, and who is
    told of a dismissal is told later."""
    if body.get("notice", {}).get("type") == "dismissed":
        return ("late", conversation)
    return conversation if "seq" in body else ("online", conversation)


@dataclass
class Cursor:
    """What a device has had of a subscription: every position up to `had`. After a crash the server may
    remember less, but not less than it saved when the session before ended."""

    had: int
    low: int
    saved: int

    def rise(self, position):
        self.had = self.low = position


@dataclass(eq=False)
class Device:
    id: str
    version: int
    connected: bool = False
    kept: bool = False  # the session outlives the connection
    subscriptions: dict = field(default_factory=dict)  # filter -> QoS
    cursors: dict = field(default_factory=dict)  # filter -> Cursor
    passed: set = field(default_factory=set)  # positions handed over in this connection
    background: bool = False
    login: int = 0  # the position when it came
    told: bool = False  # on this connection, what was deleted
    place: int = None  # the number of the login by which it has one; 0: it has lost it, None: never came
    sent_away: dict = None  # why, when it has not been told yet

    @property
    def user(self):
        return self.id.split(":")[0]

    @property
    def platform(self):
        return self.id.split(":")[1]

    @property
    def inbox(self):
        return f"chat/user/{self.user}"

    @property
    def feed(self):
        return f"chat/user/{self.user}/#"

    @property
    def event_topic(self):
        return f"chat/user/{self.user}/event"

    def had(self, position):
        for name in self.subscriptions:
            if name in self.cursors:
                self.cursors[name].rise(position)

    def save(self, name):
        if name in self.cursors:
            self.cursors[name].saved = self.cursors[name].had

    def __repr__(self):
        return self.id


@dataclass
class Member:
    role: str
    joined: int  # the position when it began
    since: object  # the time
    nameCard: str = ""
    receiveOption: str = "AcceptAndNotify"
    discarded: list = field(default_factory=list)  # positions of what came while he discarded
    begin: int = None  # for who was in it elsewhere, the position behind which the messages are that are theirs

    def has(self, message):
        """Whether it was sent while they were in it."""
        if message.imported and isinstance(self.since, int):
            return message.time >= self.since
        return message.position > (self.joined if self.begin is None else self.begin)


@dataclass(eq=False)
class Group:
    id: str
    type: str
    info: dict
    created: object  # the time, as far as it is known
    members: dict = field(default_factory=dict)  # user -> Member; a live group: its owner
    muted: dict = field(default_factory=dict)  # user -> Any(until): outlasts leaving
    waiting: dict = field(default_factory=dict)  # user -> application, the oldest first
    handled: set = field(default_factory=set)
    joined: list = field(default_factory=list)  # a live group: devices that have joined
    history: list = field(default_factory=list)  # a live group: its last messages
    attributes: dict = field(default_factory=dict)
    banned: set = field(default_factory=set)
    attributes_version: int = 0
    seq: int = 0
    dismissed: bool = False

    @property
    def topic(self):
        return f"chat/group/{self.id}"

    @property
    def lane(self):
        return ("group", self.id)

    @property
    def live(self):
        return self.type == LIVE

    @property
    def owner(self):
        return next((user for user, member in self.members.items() if member.role == "owner"), "")

    def people(self):
        """Who is in it: the members, in a live group its owner and who has joined."""
        return list(dict.fromkeys([*self.members, *(device.user for device in self.joined)]))

    def role(self, user):
        if user in self.members:
            return self.members[user].role
        return "member" if user in self.people() else None


class World:
    """The state, and the post: whatever is delivered is put down in `due`, by device, for the player."""

    def __init__(self, devices, limits=None, live_history=20, rewinds=False):
        self.devices = {device.id: device for device in devices}
        self.users = {}
        self.made = []  # all there ever were, in the order in which they were made for the first time
        self.pairs = set()  # that have begun
        self.absent = set()  # (user, lane): a pair in which who was deleted is not again yet
        self.profiles = {}
        self.groups = {}
        self.log = []  # all stored messages; log[n - 1] has position n
        self.seqs = {}  # pair -> the last seq
        self.read = {}  # (user, lane) -> position
        self.deleted = {}  # user -> positions
        self.cleared = {}  # (user, lane) -> position: a conversation was deleted up to here
        self.hidden = {}  # (user, lane) -> position: gone from the list until something newer comes
        self.pinned = set()  # (user, lane)
        self.too_late = set()  # "recall", "edit": for whom is no app admin
        self.words = {}  # word -> what stands in its place, None: it is refused
        self.blacklists = {}  # user -> users
        self.muted = {"c2c": set(), "group": set()}  # by muteUser
        self.banned = set()  # by banUser
        self.kicked = {}  # user -> when, in seconds: userSigs from before are dead
        self.closing = []  # devices that have been told to go
        self.logins = 0
        self.media = False  # can files be uploaded?
        self.uploads = []  # those that are open
        self.files = {}  # url -> (user, content)
        self.purging = []  # (who was purged, the conversation that is told of it soon, somebody who can read it)
        self.counting = False  # the server still counts what a purge has left
        self.pages = {}  # (kind, next) -> how many of the kind came before: getUsers, getGroups
        self.broadcast_live = False  # there was one
        self.later = []  # notices that come soon, after whatever else happens meanwhile
        self.randoms = {}  # (user, conversation, random) -> what was stored
        self.due = {device: [] for device in devices}
        self.erased = {}  # device -> what it must be told of as deleted before a replay, and what it may
        self.limits = limits or {PRIVATE: 200, PUBLIC: 2000, CHATROOM: 6000}
        self.live_history = live_history
        self.rewinds = rewinds  # an end without DISCONNECT is noticed, and messages come twice
        self.action = 0
        self.reviewed, self.review_default = set(), "pass"
        self.held = []  # what waits for a reviewer
        self.deserted = False  # nobody was there to decide for so long that nothing waits any more
        self.player = None  # who knows what is answered later

    @property
    def now(self):
        return len(self.log)

    # ---- who is where

    def connected(self, user):
        return [d for d in self.devices.values() if d.user == user and d.connected]

    def others(self, device):
        return [d for d in self.connected(device.user) if d is not device]

    def in_group(self, group_id):
        """The group, or None when it is not there any more."""
        group = self.groups.get(group_id)
        return group if group and not group.dismissed else None

    def filtered(self, user, text):
        """The text with other words in the place of some, or None where one of them is refused. Anywhere in a text,
        the leftmost and then the longest first, ASCII letters without case; not for app admins."""
        if user == ADMIN or not self.words:
            return text
        words = sorted(self.words, key=len, reverse=True)
        found = re.compile("|".join(map(re.escape, words)), re.IGNORECASE | re.ASCII)
        if any(self.words[match.lower()] is None for match in found.findall(text)):
            return None
        return found.sub(lambda match: self.words[match[0].lower()], text)

    # ---- what reaches whom

    def is_in_pair(self, user, lane):
        """One with who was deleted is still there; who was deleted is in it again from the next message on."""
        return lane in self.pairs and (user, lane) not in self.absent

    def may_have(self, user, message):
        """Whether a stored message is part of what the user finds by sync."""
        if self.has_deleted(user, message):
            return False
        kind, *names = message.lane
        if kind != "group":
            return user in names and kind != "deletions"
        group = self.in_group(names[0])
        member = group and group.members.get(user)
        return bool(member) and member.has(message)

    def has_deleted(self, user, message):
        return message.position in self.deleted.get(user, ()) or self.has_cleared(user, message)

    def has_cleared(self, user, message):
        gone = (user, message.lane) in self.absent
        return gone or message.position <= self.cleared.get((user, message.lane), 0)

    def is_replayed(self, device, message):
        """Whether a device that has not had the message gets it later."""
        if message.device is device or message.imported or not self.may_have(device.user, message):
            return False
        if message.lane[0] != "group":
            return True
        member = self.groups[message.lane[1]].members[device.user]
        return member.receiveOption != "Discard" and message.position not in member.discarded

    def topic_for(self, device, message):
        """On which topic a subscription of the device brings this message, or None."""
        kind, *names = message.lane
        feed = device.feed in device.subscriptions
        if kind != "group":
            return device.inbox if feed or device.inbox in device.subscriptions else None
        topic = f"chat/group/{names[0]}"
        if feed and not self.groups[names[0]].live:
            return f"chat/user/{device.user}/group/{names[0]}"
        return topic if topic in device.subscriptions else None

    def hand(self, device, message, optional=False):
        topic = self.topic_for(device, message)
        if not topic or message.position in device.passed:
            return
        self.due[device].append(Delivery(topic, message, optional=optional))
        if message.position:
            device.passed.add(message.position)

    def event(self, user, but=None, **fields):
        """To all connected devices of the user but one."""
        for device in self.connected(user):
            if device is not but:
                self.event_to(device, **fields)

    def event_to(self, device, optional=False, **fields):
        self.due[device].append(Delivery(device.event_topic, event=fields, optional=optional))

    def tell_group(self, group, writer, event):
        """An event to all who are in it and connected but one device; in a live group on its own topic."""
        for user in group.people():
            for device in self.connected(user):
                listens = group.live and device in group.joined and group.topic in device.subscriptions
                if device is not writer and (listens or not group.live or user in group.members):
                    self.due[device].append(Delivery(group.topic if listens else device.event_topic, event=event))

    def store(self, message):
        message.position, message.action = self.now + 1, self.action
        self.log.append(message)
        return message

    def post(self, message, users):
        """Hands it to all devices of these users but the one that has sent it."""
        for user in users:
            for device in self.connected(user):
                if device is not message.device:
                    self.hand(device, message)

    def post_group(self, group, message, stored=True):
        if group.live:
            for device in group.joined:
                if device is not message.device:
                    self.hand(device, message)
            return
        if stored:
            self.store(message)
        discarding = [m for m in group.members.values() if m.receiveOption == "Discard"]
        for member in discarding:
            member.discarded.append(message.position)
        self.post(message, [u for u, m in group.members.items() if m not in discarding])

    def tip(self, group, type, operator, members=(), **more):
        tips = {"type": type, "operator": operator, **more}
        if members:
            tips["members"] = list(members)
        body = {"seq": group.seq, "sender": operator, "group": group.id, "tips": tips}
        self.post_group(group, Message(group.lane, body))

    def notice(self, user, type, group, operator, reason=None):
        told = {"type": type, "group": group.id, "operator": operator}
        if reason:
            told["reason"] = reason
        self.write_notice(user, told)

    def write_notice(self, user, told):
        body = {"seq": 0, "sender": SYSTEM, "to": user, "notice": told}
        self.post(self.store(Message(("notices", user), body)), [user])

    def notice_later(self, *notice):
        self.later.append(notice)

    def post_later(self):
        for notice in self.later:
            self.notice(*notice)
        self.later.clear()

    # ---- reviews

    def reviewer(self):
        return next((d for d in self.devices.values() if d.connected and REVIEWS in d.subscriptions), None)

    def give(self, item):
        """To the reviewer, if there is one: in a story there is one at most."""
        reviewer = self.reviewer()
        if reviewer and not item.given and not item.verdict:
            item.given = reviewer
            self.due[reviewer].append(Delivery(REVIEWS, event=item.question(self)))

    def take_back(self):
        """What a reviewer had who is none any more."""
        for item in self.held if not self.reviewer() else ():
            item.given = None

    # ---- coming and going

    def settle(self):
        """After a step: whatever was due has arrived, so what is subscribed to has been had up to now."""
        for device in self.devices.values():
            if device.connected:
                device.had(self.now)
        self.erased.clear()
        self.action += 1

    def connect(self, device, kept, session_present):
        if session_present != (device.kept and kept):
            raise Wrong(f"{device}: session present is {session_present}")
        if not session_present:
            device.subscriptions.clear()
        self.create(device.user)
        device.connected, device.kept = True, kept
        device.background, device.place = False, self.next_login()
        device.passed.clear()
        device.login, device.told = self.now, False
        if device.sent_away:
            self.tell_sent_away(device)
            return
        for name in device.subscriptions:
            self.tell_erased(device, device.cursors.get(name))
            self.replay(device, name)

    def create(self, user):
        self.users[user] = None
        if user not in self.made:
            self.made.append(user)

    def meet(self, lane):
        """With the next message both are in a private conversation again."""
        self.pairs.add(lane)
        for user in lane[1:]:
            if (user, lane) in self.absent:
                self.absent.remove((user, lane))
                self.cleared[user, lane] = self.now

    def next_login(self):
        self.logins += 1
        return self.logins

    def tell_sent_away(self, device):
        """At its next login it gets this and nothing else."""
        self.event_to(device, event="forceOffline", **device.sent_away)
        device.sent_away, device.place = None, 0
        self.closing.append(device)

    def end(self, device, abruptly=False):
        """The connection ends: properly, or without DISCONNECT. Of many messages in a short time the last may still
        have waited in the broker: they may come again."""
        device.connected = False
        for name in device.subscriptions:
            device.save(name)
        for cursor in device.cursors.values():
            if (abruptly and self.rewinds and not device.kept) or len(device.passed) > ON_THE_WIRE:
                cursor.low = cursor.saved = 0
        for group in self.groups.values():
            self.leave_live(group, device)
        if not device.kept:
            device.subscriptions.clear()
        self.take_back()

    def stop(self, crash):
        """The broker ends. Nothing of Mosquitto's sessions outlives it, nor of live groups."""
        for device in self.devices.values():
            if not device.connected:
                pass
            elif crash:
                for cursor in device.cursors.values():
                    cursor.low = min(cursor.low, cursor.saved)
                device.connected = False
            else:
                self.end(device)
            device.kept = False
            device.subscriptions.clear()
        self.uploads.clear()
        self.take_back()
        self.deserted = False
        for group in self.groups.values():
            group.joined.clear()
            if group.live:
                group.history.clear()
                group.seq = 0

    def start(self, device, name):
        """Where a subscription begins: where the device was with it or its feed, the higher of the two; else
        where the user's most advanced other device is (a feed counts for all); else at the beginning."""
        family = [d for d in self.devices.values() if d.user == device.user and d is not device]
        for some in ([device], family):
            known = [d.cursors[n] for d in some for n in {name, device.feed} if n in d.cursors]
            if known:
                had, low = max(cursor.had for cursor in known), max(cursor.low for cursor in known)
                return Cursor(had, low, device.cursors[name].saved if name in device.cursors else 0)
        return Cursor(0, 0, 0)

    def subscribe(self, device, name, qos):
        """Whether it is granted."""
        if name == REVIEWS:
            return self.subscribe_reviewer(device, qos)
        group = self.in_group(name[len("chat/group/") :]) if name.startswith("chat/group/") else None
        if name not in (device.inbox, device.feed, device.event_topic):
            if not group or not (group.live or device.user in group.members):
                return False
            if device.user in group.banned and device.user != ADMIN:
                return False
        again = name in device.subscriptions
        device.subscriptions[name] = qos
        if group and group.live:
            self.join_live(group, device, again)
        elif name != device.event_topic:
            itself, feed = name in device.cursors, device.feed in device.cursors
            device.cursors[name] = self.start(device, name)
            if itself or feed:
                self.tell_erased(device, device.cursors[name], perhaps=not itself)
            self.replay(device, name)
        return True

    def subscribe_reviewer(self, device, qos):
        if device.user != ADMIN:
            return False
        device.subscriptions[REVIEWS], self.deserted = qos, False
        for item in self.held:
            self.give(item)
        return True

    def join_live(self, group, device, again):
        if not again or device not in group.joined:
            for message in group.history:
                if message.device is not device:
                    self.hand(device, message)
        if device not in group.joined:
            group.joined.append(device)

    def leave_live(self, group, device):
        """Delivery ends; to receive again takes a SUBSCRIBE, in a kept session too."""
        if device in group.joined:
            group.joined.remove(device)
            device.subscriptions.pop(group.topic, None)

    def unsubscribe(self, device, name):
        device.save(name)
        device.subscriptions.pop(name, None)
        self.take_back()
        for group in self.groups.values():
            if group.topic == name:
                self.leave_live(group, device)

    def replay(self, device, name):
        cursor = device.cursors.get(name)
        if not cursor:
            return
        for message in self.log[cursor.low :]:
            if self.covers(device, name, message) and self.is_replayed(device, message):
                self.hand(device, message, optional=self.has_had(device, message))

    def tell_erased(self, device, cursor, perhaps=False):
        """What the user's other devices have deleted while it was away, once on a connection. How much goes into one
        event is not foreseen."""
        if not cursor:
            return
        must, may = self.erased.setdefault(device, (set(), set()))
        for message in self.log[cursor.low : device.login]:
            if message.lane == ("deletions", device.user):
                may.add(message.body["deletion"])
                sure = self.is_certain(message) and message.position > cursor.had == cursor.low and not device.told
                by_others = message.device is not device and not perhaps
                must.update([message.body["deletion"]] if sure and by_others else [])
        device.told = device.told or not perhaps

    def is_certain(self, message):
        """Whether devices that were away are told of this deletion: of a group, while the user is in it; of a message,
        unless all of its conversation was deleted later."""
        (what, name), user = message.body["deletion"], message.lane[1]
        if what == "deleted":
            gone = any(m.id == name and self.has_cleared(user, m) for m in self.log)
            return message.body["certain"] and not gone
        if what == "to":
            return message.body["certain"]
        member = self.in_group(name) and self.groups[name].members.get(user)
        return message.body["certain"] and bool(member) and member.joined < message.position

    def has_had(self, device, message):
        """By whatever subscription: what the device has had of its inbox may come again with the feed, or not."""
        cursors = device.cursors.items()
        return any(message.position <= cursor.had and self.covers(device, n, message) for n, cursor in cursors)

    def covers(self, device, name, message):
        if name == device.feed:
            return True
        if message.lane[0] == "group":
            return name == f"chat/group/{message.lane[1]}"
        return name == device.inbox
