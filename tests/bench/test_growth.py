# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""bench/growth without its brokers: what it says of figures, and the databases that it makes."""
import sqlite3

import pytest


@pytest.fixture(scope="module")
def growth(script):
    return script("growth")


def costs(growth, *instructions):
    return [growth.Cost(10 ** place, number, 100, 1.5, 0.1) for place, number in enumerate(instructions, 1)]


@pytest.mark.parametrize("last, word", [(1000, "flat."), (1100, "flat."), (1101, "NOT FLAT."), (500, "flat.")])
def test_what_grows_by_more_than_a_tenth_is_not_called_flat(growth, last, word):
    said = growth.verdict(growth.AXES["users"], costs(growth, 1000, 700, last))
    assert said == f"100 times as many users: {last / 1000:.2f} times the instructions, {word}"


def test_a_group_that_hears_is_judged_by_what_each_listener_adds(growth):
    found = [growth.Cost(x, 20_000 + 6000 * heard, 0, 0, 0) for x, heard in ((2, 1), (6000, 60))]
    assert growth.verdict(growth.AXES["connected"], found) == "One who hears it more: 6,000 instructions."


def test_a_table_has_a_row_for_each_point(growth):
    rows = growth.table(growth.AXES["listeners"], costs(growth, 4164, 2602)).splitlines()
    assert [cell.strip() for cell in rows[-1].strip("|").split("|")] == ["100", "2,602", "100", "1.5", "0.1"]
    assert len(rows) == 4


@pytest.mark.parametrize("axis", ["members", "connected", "conversations", "users"])
def test_a_database_has_as_many_as_its_point_says(growth, axis, tmp_path):
    database = growth.provide(growth.AXES[axis], 200, tmp_path)
    db = sqlite3.connect(database)
    found = {"members": "SELECT count(*) FROM member WHERE conversation = 1",
             "connected": "SELECT member_count FROM chat_group",
             "conversations": "SELECT count(*) FROM member WHERE user = 'u00000'",
             "users": "SELECT count(*) FROM user"}
    messages = {"users": 10 ** 5}.get(axis, 0)
    assert db.execute(found[axis]).fetchone() == (200,)
    assert db.execute("SELECT count(*) FROM message").fetchone() == (messages,)


def test_the_users_of_a_pair_are_in_the_order_of_their_names(script, tmp_path):
    import filling
    filling.fill_plainly(tmp_path / "db", 3, pairs=[(1, 0), (99999, 100000)])
    pairs = sqlite3.connect(tmp_path / "db").execute("SELECT user_a, user_b FROM conversation").fetchall()
    assert pairs == [("u00000", "u00001"), ("u100000", "u99999")]
