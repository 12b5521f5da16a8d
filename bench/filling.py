# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Writes databases as if somebody had chatted: the same one for the same numbers, but for the time, which ends
now. The first start of the plugin gives them their `state`."""
import contextlib
import heapq
import itertools
import pathlib
import random
import sqlite3
import time

SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "schema"
DAY_MS = 86400000
PRIVATE, PUBLIC, CHATROOM = range(3)
MEMBER, ADMIN, OWNER = 1, 2, 3
CONTENT, TIPS = 0, 1

# How many groups of a type, and how many members they have.
GROUPS = ((PUBLIC, 10, 2000, 2000), (CHATROOM, 10, 2000, 2000), (PRIVATE, 500, 3, 50), (PUBLIC, 400, 20, 150),
          (CHATROOM, 80, 20, 300))
PAIRS_EACH = 5          # of every user; as many again have him for a partner
BUSY, BUSY_PAIRS = 100, 150  # the first users have that many more
TALKERS = 50            # who writes in a group
GROUP_SHARE = 0.6       # of the messages
TIPS_SHARE = 0.02       # of those of a group
AWAY, MISSED = 1000, 100  # users with a device (as the load generator names it) that has missed the newest
DECK = 1 << 20

WORDS = ("the train leaves at nine and we meet at the north gate with lunch for everybody who said yes "
         "yesterday while the others come later by car because of the dog see you there do not forget the "
         "map").split()


def user_name(number):
    return f"u{number:05d}"


class Conversation:
    """`sent` and `sent_id` by the place in `members`."""

    def __init__(self, number, members, group_type=None):
        self.number, self.members, self.group_type = number, members, group_type
        self.last_seq = self.last_id = self.last_time = 0
        self.sent, self.sent_id = [0] * len(members), [0] * len(members)
        self.yesterday = (0, 0, self.sent)

    def note_read_position(self):
        """Where those stand who have not read the newest."""
        self.yesterday = (self.last_id, self.last_seq, list(self.sent))

    def read_position(self, place):
        """One in four has read nothing, one the most, the others all. id, seq, own messages up to there."""
        if place % 4 == 1:
            return 0, 0, 0
        if place % 4 == 2:
            return self.yesterday[0], self.yesterday[1], self.yesterday[2][place]
        return self.last_id, self.last_seq, self.sent[place]


def make_groups(dice, users):
    kinds = [(kind, dice.randint(least, most)) for kind, count, least, most in GROUPS for _ in range(count)]
    return [Conversation(number, dice.sample(range(users), min(size, users)), kind)
            for number, (kind, size) in enumerate(kinds, 1)]


def make_pairs(dice, users, first):
    pairs = {}
    for user in range(users):
        for _ in range(PAIRS_EACH + (BUSY_PAIRS if user < BUSY else 0)):
            other = dice.randrange(users)
            if other != user:
                pairs[min(user, other), max(user, other)] = True
    return [Conversation(number, list(pair)) for number, pair in enumerate(pairs, first)]


def make_deck(dice, groups, pairs):
    """A card names the conversation of the next message; a few are busy, most are not."""
    def weights(count):
        return list(itertools.accumulate((place + 10) ** -0.7 for place in range(count)))

    of_groups = int(DECK * GROUP_SHARE)
    deck = dice.choices(dice.sample(groups, len(groups)), cum_weights=weights(len(groups)), k=of_groups)
    deck += dice.choices(dice.sample(pairs, len(pairs)), cum_weights=weights(len(pairs)), k=DECK - of_groups)
    return deck


def make_bodies(dice):
    texts = [" ".join(dice.choices(WORDS, k=dice.randint(2, 30))) for _ in range(1000)]
    return [f'"text":"{text}"}}' for text in texts]


def messages(dice, deck, count, begin, span):
    """Rows of table message, in the order of ids and times; the conversations follow."""
    bodies, names = make_bodies(dice), {}
    tips = '"tips":{"type":"info","operator":"%s","info":{"notification":"see the map"}}}'
    chance, cards = dice.random, len(deck)
    for message in range(1, count + 1):
        conversation = deck[int(chance() * cards)]
        roll = chance()
        talkers = len(conversation.members)
        place = int(roll * (talkers if talkers < TALKERS else TALKERS))
        number = conversation.members[place]
        user = names.get(number)
        if user is None:
            names[number] = user = user_name(number), user_name(number) + ":ios:1"
        sender, client = user
        now = begin + span * message // count
        if conversation.group_type is not None and chance() < TIPS_SHARE:
            row = (message, conversation.number, conversation.last_seq, sender, "", now, TIPS, 0, 0,
                   tips % sender)
        else:
            conversation.last_seq += 1
            conversation.sent[place] += 1
            conversation.sent_id[place] = message
            row = (message, conversation.number, conversation.last_seq, sender, client, now, CONTENT, message,
                   1, bodies[int(chance() * 1000)])
        conversation.last_id, conversation.last_time = message, now
        yield row


def insert(db, table, columns, rows):
    places = ",".join("?" * len(columns.split(",")))
    db.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)


@contextlib.contextmanager
def without_indexes(db, *tables):
    """An index is made faster behind the rows than with them."""
    places = ",".join("?" * len(tables))
    indexes = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
                         f"AND tbl_name IN ({places})", tables).fetchall()
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    yield
    for _, sql in indexes:
        db.execute(sql)


def insert_messages(db, dice, conversations, deck, count, days):
    span = days * DAY_MS
    rows = messages(dice, deck, count, int(time.time() * 1000) - span, span)
    columns = "id, conversation, seq, sender, client, time, kind, random, push, body"
    with without_indexes(db, "message"):
        insert(db, "message", columns, itertools.islice(rows, count * 99 // 100))
        for conversation in conversations:
            conversation.note_read_position()
        insert(db, "message", columns, rows)


def insert_conversations(db, groups, pairs, begin):
    def member_rows(conversation):
        for place, number in enumerate(conversation.members):
            role = OWNER if place == 0 and conversation.group_type is not None else MEMBER
            if place == 1 and conversation.group_type in (PUBLIC, CHATROOM):
                role = ADMIN
            yield (conversation.number, user_name(number), role, begin, *conversation.read_position(place),
                   conversation.sent[place], conversation.sent_id[place])

    def ends(conversation):
        return conversation.last_seq, conversation.last_id, conversation.last_time

    insert(db, "conversation", "id, last_seq, last_id, last_time", ((g.number, *ends(g)) for g in groups))
    insert(db, "conversation", "id, user_a, user_b, last_seq, last_id, last_time",
           ((p.number, *map(user_name, p.members), *ends(p)) for p in pairs))
    insert(db, "chat_group", "conversation, group_id, type, name, introduction, notification, face_url, "
           "add_opt, invite_opt, owner, created, member_count",
           ((g.number, f"g{g.number}", g.group_type, f"group {g.number}", "", "", "",
             2 if g.group_type == PRIVATE else 0, 0, user_name(g.members[0]), begin, len(g.members))
            for g in groups))
    insert(db, "member", "conversation, user, role, joined, read_id, read_seq, read_sent, sent, sent_id",
           sorted(itertools.chain.from_iterable(map(member_rows, groups + pairs))))


def newest_ids(db, numbers):
    """Falling, as many as somebody has missed; 0 is where there are no more."""
    per_conversation = [[row[0] for row in db.execute(
        "SELECT id FROM message WHERE conversation = ? ORDER BY id DESC LIMIT ?", (number, MISSED))]
        for number in numbers]
    merged = itertools.chain(heapq.merge(*per_conversation, reverse=True), itertools.repeat(0))
    return list(itertools.islice(merged, MISSED))


def insert_devices(db, conversations, begin):
    of_user = {number: [] for number in range(AWAY)}
    for conversation in conversations:
        for number in conversation.members:
            if number < AWAY:
                of_user[number].append(conversation.number)
    devices = [(user_name(number), f"{user_name(number)}:linux:bench") for number in range(AWAY)]
    insert(db, "device", "client, user, platform, last_used",
           ((client, user, 5, int(time.time() * 1000)) for user, client in devices))
    insert(db, "subscription", "client, topic, qos, active, cursor",
           ((client, "feed", 1, 0, max(newest_ids(db, of_user[number])[-1] - 1, 0))
            for number, (_, client) in enumerate(devices)))


@contextlib.contextmanager
def create(path):
    """One transaction, which ends with the block."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("PRAGMA cache_size = -262144")
    version = 0
    for file in sorted(SCHEMA.glob("[0-9]*.sql")):
        db.executescript(file.read_text())
        version = int(file.name.split("_")[0])
    db.execute(f"PRAGMA user_version = {version}")
    db.execute("BEGIN")
    yield db
    db.execute("COMMIT")
    db.close()


def fill(path, users, messages, days, seed):
    """As it is after a week of chatting: docs/bench.md has what is in it."""
    dice = random.Random(seed)
    groups = make_groups(dice, users)
    pairs = make_pairs(dice, users, len(groups) + 1)
    begin = int(time.time() * 1000) - (days + 1) * DAY_MS
    with create(path) as db:
        insert(db, "user", "user, created, number",
               ((user_name(number), begin, number + 1) for number in range(users)))
        insert_messages(db, dice, groups + pairs, make_deck(dice, groups, pairs), messages, days)
        insert_conversations(db, groups, pairs, begin)
        insert_devices(db, groups + pairs, begin)


def fill_plainly(path, users, pairs=(), members=0, messages=0, days=7):
    """Users with a device each; pairs of two numbers of users, with as many messages each; and a group g1 of the first
    users, if there are to be members."""
    names = sorted(map(user_name, range(users)))
    groups = [Conversation(1, range(members), PUBLIC)] if members else []
    found = [Conversation(number, sorted(pair, key=user_name)) for number, pair in enumerate(pairs, 2)]
    begin = int(time.time() * 1000) - (days + 1) * DAY_MS
    with create(path) as db, without_indexes(db, "user", "device", "conversation", "member"):
        insert(db, "user", "user, created, number", ((user, begin, number) for number, user in enumerate(names, 1)))
        insert(db, "device", "client, user, platform, last_used",
               ((f"{user}:linux:bench", user, 5, begin) for user in names))
        if messages:
            insert_messages(db, random.Random(1), found, found, messages, days)
        insert_conversations(db, groups, found, begin)
