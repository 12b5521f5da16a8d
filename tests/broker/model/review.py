# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What waits for a reviewer, and what becomes of it: docs/protocol.md, section 14."""
import copy
from dataclasses import dataclass

from model import sending
from model.reading import SAFE
from model.rules import Call
from model.world import ADMIN, NUMBER, TEXT, Device, one_of

JUDGE = "admin:other:judge"
KINDS = {"createGroup": "create", "joinGroup": "join", "inviteGroupMember": "invite"}
ACTIONS = ("pass", "refuse", "drop", "replace")
ANSWER = {"data": {"groupID": "dry", "members": []}}  # of what is only tried


@dataclass(eq=False)
class Item:
    """A message, an edit (`about`), or a command, in the order in which they came."""

    device: object
    login: int  # its connection: `place` of the device then
    topic: str  # where it is addressed to, or ""
    content: dict
    lane: object = None  # the conversation whose order it keeps
    name: str = None  # of the command
    mark: str = None  # by which its answer is known
    about: int = None
    number: int = None
    given: object = None  # the device that is to decide
    verdict: tuple = None  # it may go on with this, and waits for those before it only

    @property
    def user(self):
        return self.device.user

    @property
    def address(self):
        return self.topic.split("/")[1:] if self.topic else (None, None)

    def question(self, world):
        kind, name = self.address
        where = {"to": name} if kind == "user" else {}
        if kind == "group":
            where = {"group": name, "groupType": world.groups[name].type}
        about = {"edit": self.about} if self.about else {}
        what = {"command" if self.name in KINDS else "message": self.content}
        who = {"userID": self.user, "clientID": self.device.id, "platform": self.device.platform}
        return Question(self, who | where | {"address": "127.0.0.1", "time": NUMBER} | about | what)


class Question:
    """As a reviewer gets it. The number is learnt when it comes for the first time."""

    def __init__(self, item, wanted):
        self.item, self.wanted = item, wanted

    def __eq__(self, data):
        number = data.get("review")
        if self.item.number is None and isinstance(number, int) and data == {"review": number, **self.wanted}:
            self.item.number = number
        return data == {"review": self.item.number, **self.wanted}

    def __repr__(self):
        return f"review {self.item.number} {self.wanted}"


# ---- coming


def kind_of(world, place, name):
    return "c2c" if place == "user" else "live" if world.groups[name].live else "group"


def look(world, user, kind):
    """pass, refuse, or wait: what is to become of it now."""
    if user == ADMIN or kind not in world.reviewed:
        return "pass"
    return world.review_default if world.deserted else "wait"


def is_waiting(world, user, topic, random):
    """The same message, once more."""
    same = lambda item: (item.user, item.topic, item.content.get("random")) == (user, topic, random)  # noqa: E731
    return bool(random) and any(same(item) and not item.name for item in world.held)


def hold(world, item):
    world.held.append(item)
    world.give(item)


def hold_message(world, device, topic, lane, body):
    hold(world, Item(device, device.place, topic, body, lane))


def default_code(topic):
    return 20006 if topic.startswith("chat/user/") else 10016


def kind_of_command(world, device, name, fields):
    """What it would be reviewed as, or None. What administrators do is not, as somebody neither."""
    if device.user == ADMIN or (name not in KINDS and name != "editMessage"):
        return None
    if name == "editMessage":
        return "edit" if {"c2c", "group"} & world.reviewed else None
    return KINDS[name] if KINDS[name] in world.reviewed else None


def try_command(world, device, name, fields, commands):
    """What it may be refused with, and the world as it would be after it."""
    player, world.player = world.player, None
    after, same_device = copy.deepcopy((world, device))
    world.player = player
    call = Call(after, same_device, name, fields, ANSWER)
    commands[name](call)
    return call.codes, after


def hold_command(world, device, name, fields, mark):
    topic = f"chat/group/{fields['groupID']}" if name != "createGroup" else ""
    sent = {"command": name, **fields, "correlationData": mark}
    hold(world, Item(device, device.place, topic, sent, name=name, mark=mark))


def hold_edit(world, device, message, body, mark):
    place = "group" if "group" in message.body else "user"
    pair = [user for user in message.lane[1:] if user != device.user]
    topic = f"chat/{place}/{message.body['group'] if place == 'group' else pair[0]}"
    hold(world, Item(device, device.place, topic, body, message.lane, "editMessage", mark, message.id))


# ---- the decision


def reviewed(call):
    world, action, number = call.world, call.choice("action", ACTIONS), call.number("review", 0, SAFE)
    call.refuse(60010, call.me != ADMIN)
    call.refuse(10004, action is None or number is None)
    item = next((i for i in world.held if i.number == number and i.given is call.device and not i.verdict), None)
    call.refuse(10004, not item)
    message, refused = call.fields.get("message"), call.fields.get("refused", ())
    if action == "replace" and item:
        call.refuse(10004, item.name in KINDS or not isinstance(message, dict))
        call.refuse(10004, isinstance(message, dict) and bool(sending.code_of(message)))
    if call.codes:
        return None
    shown = action in ("pass", "replace")
    verdict = (action, message if action == "replace" else item.content, refused)
    if action in ("refuse", "drop"):
        verdict = (action, code_of_refusal(item, call.fields.get("code")), call.fields.get("error") or TEXT)
    if shown and item.lane and item is not first_of(world, item.lane):
        item.verdict, item.given = verdict, None
    else:
        end(world, item, verdict)
    return {}


def code_of_refusal(item, code):
    least, most = (120001, 130000) if default_code(item.topic) == 20006 else (10100, 10200)
    return code if isinstance(code, int) and least <= code <= most else default_code(item.topic)


def first_of(world, lane):
    return next((item for item in world.held if item.lane == lane), None)


def end(world, item, verdict):
    """And what has waited for it goes on."""
    world.held.remove(item)
    (end_command if item.name else end_message)(world, item, *verdict)
    ahead = item.lane and first_of(world, item.lane)
    if ahead and ahead.verdict:
        end(world, ahead, ahead.verdict)


def end_message(world, item, action, what, more=()):
    if action == "refuse":
        reject(world, item, {what}, more)
    elif action == "drop":
        drop(world, item)
    else:
        pass_message(world, item, what)


def reject(world, item, codes, error=TEXT):
    random = item.content.get("random")
    if item.device.connected:
        event = {"event": "rejected", "topic": item.topic, "code": one_of(*codes), "error": error}
        world.event_to(item.device, **event, **({"random": random} if random else {}))


def drop(world, item):
    """It looks as if it were sent."""
    (kind, name), random = item.address, item.content.get("random")
    stored = not item.content.get("onlineOnly") and not (kind == "group" and world.groups[name].live)
    if item.device.connected and random and stored:
        where = {"to" if kind == "user" else "group": name}
        world.event_to(item.device, event="sent", **where, time=NUMBER, random=random)


def pass_message(world, item, body):
    """The random stays the sender's."""
    (kind, name), random = item.address, item.content.get("random")
    codes = sending.refusals(world, item.device, kind, name, body, passing=True)
    if codes:
        reject(world, item, codes)
        return
    message = sending.send(world, item.user, item.device, kind, name, body)
    if message.position and random:
        message.random = random
        world.randoms[item.user, sending.conversation_of(world, kind, name), random] = message
        if item.device.connected:
            sending.receipt(world, item.device, message)


def end_command(world, item, action, what, more=()):
    """Executed or refused all the same when nobody is answered any more."""
    if action == "drop" and item.about:
        world.player.conclude(item, codes=set())
    elif action in ("refuse", "drop"):
        world.player.conclude(item, codes={what})
    elif item.about:
        world.player.execute(item, {"id": item.about, **what})
    else:
        world.player.execute(item, {n: v for n, v in what.items() if n not in ("command", "correlationData")}, more)


def actor(item):
    """With which connection it is executed: that of the client id, or none."""
    return item.device if item.device.connected else Device(f"{item.user}:none", 5)


# ---- nobody decides, or there is nothing to decide any more


def time_out(world):
    world.deserted = not world.reviewer()
    for item in list(world.held):
        if item in world.held and not item.verdict:
            refusal = ("refuse", default_code(item.topic), TEXT)
            end(world, item, refusal if world.review_default == "refuse" else ("pass", item.content))


def sweep(world):
    """With its receiver, its group, or its sender, what waits goes."""
    gone = [(item, code) for item in world.held if (code := code_of_loss(world, item))]
    for item, _ in gone:
        item.verdict = None
    for item, code in gone:
        end(world, item, ("refuse", code, TEXT))


def code_of_loss(world, item):
    kind, name = item.address
    if item.user not in world.users or (kind == "user" and name not in world.users):
        return 20003
    return 10010 if kind == "group" and not world.in_group(name) else 0


COMMANDS = [reviewed]
