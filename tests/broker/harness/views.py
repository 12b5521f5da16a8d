# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Ways to look at what a user has: history in pages, the list of conversations, a store that is behind."""
import contextlib
import sqlite3


def where_of(name):
    """The field that names a conversation: "group:g1" is a group, anything else the other user."""
    kind, _, group = name.partition(":")
    return {"group": group} if kind == "group" else {"to": name}


def pages_back(user, limit=100, **where):
    """All pages of a conversation from the newest to the oldest."""
    before, complete = {}, False
    while not complete:
        page = user.command("getHistory", limit=limit, **where, **before)
        assert page["messages"] or page["complete"] or "before" in page, "an empty page that leads nowhere"
        yield page["messages"]
        before = {"before": page["messages"][0]["id"] if page["messages"] else page.get("before")}
        complete = page["complete"]


def pages_on(user, after=0, limit=100, **where):
    """All pages of a conversation from the oldest, or from an id, to the newest."""
    complete = False
    while not complete:
        page = user.command("getHistory", limit=limit, after=after, **where)
        assert page["messages"] or page["complete"] or "after" in page, "an empty page that leads nowhere"
        yield page["messages"]
        after = page["messages"][-1]["id"] if page["messages"] else page.get("after")
        complete = page["complete"]


def history(user, limit=100, **where):
    """Everything of a conversation that the user may see, by rising id."""
    return [message for page in reversed(list(pages_back(user, limit, **where))) for message in page]


def texts(messages):
    return [message.get("text") for message in messages if "text" in message]


def conversations(user, limit=100):
    """The whole list, in its order, as {name: entry}."""
    found, before, complete = {}, {}, False
    while not complete:
        page = user.command("getConversations", limit=limit, **before)
        for entry in page["conversations"]:
            name = f"group:{entry['group']}" if "group" in entry else entry["to"]
            assert name not in found, f"{name} is in the list twice"
            found[name] = entry
        complete = page["complete"]
        if not complete:
            before = {"before": page["conversations"][-1]["lastMessage"]["id"]}
    return found


def sync_all(user, after=0, limit=500):
    """All messages of all kinds, as sync has them."""
    out, complete = [], False
    while not complete:
        page = user.command("sync", after=after, limit=limit)
        out += page["messages"]
        after = page["messages"][-1]["id"] if page["messages"] else page.get("after")
        complete = page["complete"]
    return out


@contextlib.contextmanager
def stalled_store(broker):
    """While this lasts nothing gets into the database: what is read comes from memory and from the ring."""
    with contextlib.closing(sqlite3.connect(broker.database, isolation_level=None)) as database:
        database.execute("PRAGMA busy_timeout = 10000")
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")
