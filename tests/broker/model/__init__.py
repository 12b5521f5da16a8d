# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A second reading of docs/rules.md and docs/protocol.md, and a player that holds a broker to it.

    world.py    what there is: users, devices, groups, messages; who receives what, live and later
    rules.py    the group commands: who may, what changes, who is told
    sending.py  what a publish does, and sendMessage
    reading.py  history, sync, the list, what is unread, receipts
    changing.py messages are recalled, edited, deleted
    uploads.py  files
    people.py   profiles, blacklists, devices, and what only administrators do
    steps.py    what may happen
    draw.py     draws the next one at random, by what there is
    play.py     does it to a real broker and compares every answer and every delivery
    story.py    tells a story from a seed; shortens one that fails"""
