# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""deleteMessages and deleteConversation: gone for the caller, on all of his devices, and for nobody else."""
import pytest

from harness.views import conversations, history, pages_on, stalled_store, sync_all, texts


@pytest.fixture
def alice(broker):
    broker.create("bob", "carol", "admin")
    return broker.user("alice")


@pytest.fixture
def bob(broker, alice):
    """Has five messages of alice's, m1 to m5."""
    alice.send_many("bob", numbered(1, 5))
    return broker.user("bob")


def numbered(first, last):
    return [f"m{number}" for number in range(first, last + 1)]


def ids_of(user, *wanted, **where):
    """The ids of messages by their texts."""
    found = {m.get("text"): m["id"] for m in history(user, **where)}
    return [found[text] for text in wanted]


def unread(user):
    return user.command("getUnread")["totalUnread"]


def view(user, *names):
    """Everything a user can see of conversations, for comparing."""
    fields = {name: {"group": name[6:]} if name.startswith("group:") else {"to": name} for name in names}
    return (
        {name: history(user, **where) for name, where in fields.items()},
        sync_all(user),
        conversations(user),
        unread(user),
    )


def is_deleted(message):
    return message.get("event") == "deleted"


# ---- deleteMessages


def test_deleted_messages_are_gone_from_history_and_sync(bob):
    assert bob.command("deleteMessages", ids=ids_of(bob, "m2", "m4", to="alice")) == {}
    assert texts(history(bob, to="alice")) == texts(sync_all(bob)) == ["m1", "m3", "m5"]
    assert texts(m for page in pages_on(bob, to="alice") for m in page) == ["m1", "m3", "m5"]


def test_the_other_side_sees_them_as_before(alice, bob):
    before = view(alice, "bob")
    bob.command("deleteMessages", ids=ids_of(bob, *numbered(1, 5), to="alice"))
    assert view(alice, "bob") == before


def test_own_messages_are_deleted_for_oneself(alice, bob):
    alice.command("deleteMessages", ids=ids_of(alice, "m1", to="bob"))
    assert texts(history(alice, to="bob")) == numbered(2, 5)
    assert texts(history(bob, to="alice")) == numbered(1, 5)


def test_deleted_messages_are_not_unread(bob):
    bob.command("deleteMessages", ids=ids_of(bob, "m2", "m4", to="alice"))
    assert unread(bob) == 3 == conversations(bob)["alice"]["unread"]
    bob.command("markRead", to="alice", id=ids_of(bob, "m3", to="alice")[0])
    assert unread(bob) == 1
    bob.command("deleteMessages", ids=ids_of(bob, "m5", to="alice"))
    assert unread(bob) == 0


def test_deleting_what_was_read_or_is_ones_own_changes_no_count(alice, bob):
    bob.send("alice", "mine")
    bob.command("markRead", to="alice", id=ids_of(bob, "m2", to="alice")[0])
    bob.command("deleteMessages", ids=ids_of(bob, "m1", "m2", "mine", to="alice"))
    assert (unread(bob), unread(alice)) == (3, 1)


def test_what_is_recalled_and_deleted_is_taken_off_once(alice, bob):
    ids = ids_of(bob, "m1", "m2", to="alice")
    alice.command("recallMessage", id=ids[0])
    bob.command("deleteMessages", ids=ids)
    alice.command("recallMessage", id=ids[1])
    assert unread(bob) == 3
    recalls = [m["recall"]["id"] for m in history(bob, to="alice") if "recall" in m]
    assert recalls == ids and len(history(bob, to="alice")) == 5


def test_the_last_message_of_the_list_is_the_last_one_left(bob):
    bob.command("deleteMessages", ids=ids_of(bob, "m4", "m5", to="alice"))
    assert conversations(bob)["alice"]["lastMessage"]["text"] == "m3"


def test_a_conversation_without_a_message_left_leaves_the_list_until_the_next_one(alice, bob):
    bob.command("deleteMessages", ids=ids_of(bob, *numbered(1, 5), to="alice"))
    assert conversations(bob) == {} and unread(bob) == 0
    alice.send("bob", "again")
    assert conversations(bob)["alice"]["lastMessage"]["text"] == "again" and unread(bob) == 1


def test_deleting_twice_is_fine(bob):
    ids = ids_of(bob, "m1", "m2", to="alice")
    bob.command("deleteMessages", ids=ids + ids)
    bob.command("deleteMessages", ids=ids)
    assert texts(history(bob, to="alice")) == numbered(3, 5) and unread(bob) == 3


def test_messages_of_several_conversations_tips_and_notices_are_deleted_in_one_command(broker, alice, bob):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "g")
    every = sync_all(bob)
    assert {"tips", "notice"} <= {key for m in every for key in m}
    bob.command("deleteMessages", ids=[m["id"] for m in every])
    assert (sync_all(bob), unread(bob), conversations(bob)) == ([], 0, {})
    assert history(bob, group="g1") == history(bob, to="@system") == []
    assert texts(history(alice, group="g1")) == ["g"]


def test_the_other_devices_learn_it_and_the_caller_does_not(broker, alice, bob):
    other = broker.user("bob", "web:1")
    ids = ids_of(bob, "m1", "m3", to="alice")
    bob.command("deleteMessages", ids=ids)
    assert other.event("deleted") == {"event": "deleted", "ids": ids}
    assert bob.silent(is_deleted) == alice.silent(is_deleted) == []
    assert texts(history(other, to="alice")) == ["m2", "m4", "m5"]


@pytest.mark.parametrize("topic", ["chat/user/bob/#", "chat/user/bob"])
def test_a_device_that_was_away_does_not_get_them(broker, alice, topic):
    other = broker.user("bob", "ios:1")
    alice.send_many("bob", numbered(1, 5))
    other.command("deleteMessages", ids=ids_of(other, "m1", "m3", "m5", to="alice"))
    away = broker.user("bob", "web:1").subscribe(topic)
    alice.send("bob", "end")
    assert [m.get("text") for m in away.contents("end")] == ["m2", "m4", "end"]


def test_a_kept_session_does_not_get_them_when_it_returns(broker, alice):
    away = broker.user("bob", "web:1", clean=False).subscribe("chat/user/bob/#")
    away.disconnect()
    alice.send_many("bob", numbered(1, 3))
    here = broker.user("bob")
    here.command("deleteMessages", ids=ids_of(here, "m2", to="alice"))
    away.connect()
    assert [m.get("text") for m in away.contents("m3")] == ["m1", "m3"]


def test_nothing_is_deleted_if_one_of_the_ids_is_not_there(bob):
    (first,) = ids_of(bob, "m1", to="alice")
    assert bob.code("deleteMessages", ids=[first, 10**12]) == 20022
    assert texts(history(bob, to="alice")) == numbered(1, 5)


def test_what_one_may_not_see_looks_like_what_is_not_there(broker, alice, bob):
    """Of others, of a group one is not in, from before joining, before a deleted conversation's end."""
    topic = alice.group("Private", "g1")
    alice.send(topic, "before")
    hidden = [m["id"] for m in history(alice, group="g1")] + ids_of(alice, "m1", to="bob")
    carol = broker.user("carol")
    alice.command("inviteGroupMember", groupID="g1", members=["carol"])
    for number in hidden:
        there = carol.request("deleteMessages", ids=[number])
        absent = carol.request("deleteMessages", ids=[10**12])
        assert there["code"] == absent["code"] == 20022
        assert there["error"] == absent["error"].replace(str(10**12), str(number))


def test_an_app_admin_who_is_no_member_has_nothing_to_delete(broker, alice):
    topic = alice.group("Public", "g1", ["admin"])
    alice.send(topic, "a")
    admin = broker.admin()
    (number,) = ids_of(admin, "a", group="g1")
    admin.command("quitGroup", groupID="g1")
    assert admin.code("deleteMessages", ids=[number]) == 20022
    assert texts(history(admin, group="g1")) == ["a"]


@pytest.mark.parametrize(
    "ids",
    [None, 5, "5", {}, [], [0], [-1], [1.5], [2**53], [1e300], ["5"], [None], [[1]], [True], [1] * 101],
)
def test_a_wrong_list_of_ids_is_refused(bob, ids):
    response = bob.request("deleteMessages", ids=ids)
    assert response.get("code") == 10004 and "ids" in response["error"]


def test_100_messages_are_deleted_at_once(alice, bob):
    alice.send_many("bob", numbered(6, 100))
    found = [m["id"] for m in history(bob, to="alice")]
    assert len(found) == 100
    bob.command("deleteMessages", ids=found)
    assert history(bob, to="alice") == []


# ---- pages over what is not there


def test_pages_pass_over_deleted_messages(alice, bob):
    alice.send_many("bob", numbered(6, 60))
    keep = {7, 30, 31, 58}
    gone = [f"m{n}" for n in range(1, 61) if n not in keep]
    bob.command("deleteMessages", ids=ids_of(bob, *gone, to="alice"))
    for limit in (1, 2, 3, 100):
        assert texts(history(bob, limit=limit, to="alice")) == ["m7", "m30", "m31", "m58"]
        found = [m for page in pages_on(bob, limit=limit, to="alice") for m in page]
        assert texts(found) == ["m7", "m30", "m31", "m58"]
        assert texts(sync_all(bob, limit=limit)) == ["m7", "m30", "m31", "m58"]


def test_more_deleted_messages_than_a_page_has_patience_for_are_passed_over_in_steps(alice, bob):
    alice.send_many("bob", numbered(6, 2300))
    found = history(bob, to="alice")
    gone = [m["id"] for m in found[1:-1]]
    for first in range(0, len(gone), 100):
        bob.command("deleteMessages", ids=gone[first : first + 100])
    assert texts(history(bob, to="alice")) == ["m1", "m2300"]
    assert texts(m for page in pages_on(bob, to="alice") for m in page) == ["m1", "m2300"]
    assert texts(sync_all(bob)) == ["m1", "m2300"]
    assert unread(bob) == 2 and conversations(bob)["alice"]["unread"] == 2


def test_a_page_without_a_message_says_where_to_go_on(alice, bob):
    alice.send_many("bob", numbered(6, 2300))
    found = [m["id"] for m in history(bob, to="alice")]
    for first in range(0, len(found), 100):
        bob.command("deleteMessages", ids=found[first : first + 100])
    for command, fields, name in (
        ("getHistory", {"to": "alice"}, "before"),
        ("getHistory", {"to": "alice", "after": 0}, "after"),
        ("sync", {"after": 0}, "after"),
    ):
        page = bob.command(command, **fields)
        assert page["messages"] == [] and page["complete"] is False and page[name] in found
        rest = bob.command(command, **{**fields, name: page[name]})
        assert rest["messages"] == [] and (command == "sync" or rest["complete"] is True)


# ---- deleteConversation


def test_a_deleted_conversation_is_gone_from_everywhere(bob):
    assert bob.command("deleteConversation", to="alice") == {}
    assert view(bob, "alice") == ({"alice": []}, [], {}, 0)


def test_the_other_side_of_a_deleted_conversation_sees_it_as_before(alice, bob):
    before = view(alice, "bob")
    bob.command("deleteConversation", to="alice")
    after = view(alice, "bob")
    for (entry,) in (before[2].values(), after[2].values()):
        del entry["peerReadID"]
    assert after == before


def test_the_sender_of_what_was_unread_hears_that_it_has_been_read(alice, bob):
    bob.command("deleteConversation", to="alice")
    assert alice.event("read")["id"] == conversations(alice)["bob"]["peerReadID"] > 0


def test_a_deleted_conversation_comes_back_with_its_next_message_and_only_that(broker, alice, bob):
    bob.command("setConversation", to="alice", pinned=True)
    bob.command("deleteConversation", to="alice")
    alice.send("bob", "again")
    assert texts(history(bob, to="alice")) == texts(sync_all(bob)) == ["again"]
    entry = conversations(bob)["alice"]
    assert (entry["unread"], entry["pinned"], entry["lastMessage"]["seq"]) == (1, False, 6)


@pytest.mark.parametrize("kill", [None, False, True])
def test_a_conversation_that_keeps_its_messages_is_only_not_in_the_list(broker, alice, bob, kill):
    bob.command("setConversation", to="alice", pinned=True)
    before = view(bob, "alice")
    assert bob.command("deleteConversation", to="alice", keepMessages=True) == {}
    if kill is not None:
        broker.restart(kill=kill)
        alice, bob = broker.user("alice"), broker.user("bob")
    assert view(bob, "alice") == (before[0], before[1], {}, 0)
    alice.send("bob", "again")
    entry = conversations(bob)["alice"]
    assert (entry["unread"], entry["pinned"], entry["lastMessage"]["seq"]) == (1, False, 6)
    assert texts(history(bob, to="alice")) == [*numbered(1, 5), "again"]


def test_a_conversation_taken_from_the_list_is_not_back_with_a_message_that_is_deleted(alice, bob):
    bob.command("deleteConversation", to="alice", keepMessages=True)
    alice.send("bob", "again")
    bob.command("deleteMessages", ids=ids_of(bob, "again", to="alice"))
    assert conversations(bob) == {} and texts(history(bob, to="alice")) == numbered(1, 5)


def test_a_group_taken_from_the_list_is_back_with_a_tip(broker, alice):
    topic = alice.group("Public", "g1", ["bob"])
    alice.send(topic, "x")
    bob = broker.user("bob")
    bob.command("deleteConversation", group="g1", keepMessages=True)
    assert conversations(bob) == {}
    alice.command("setGroupInfo", groupID="g1", introduction="new")
    assert list(conversations(bob)) == ["group:g1"]


def test_the_other_devices_learn_that_the_messages_are_kept(broker, bob):
    other = broker.user("bob", "web:2")
    bob.command("deleteConversation", to="alice", keepMessages=True)
    assert other.event("deleted") == {"event": "deleted", "to": "alice", "keepMessages": True}


@pytest.mark.parametrize("value", [1, "true", None, []])
def test_keepMessages_is_true_or_false(bob, value):
    response = bob.request("deleteConversation", to="alice", keepMessages=value)
    assert response.get("code") == 10004 and "keepMessages" in response["error"]
    assert list(conversations(bob)) == ["alice"]


def test_the_list_forgets_only_the_conversation_that_was_deleted(broker, alice, bob):
    broker.user("carol").send("bob", "of carol")
    bob.command("deleteConversation", to="alice")
    assert list(conversations(bob)) == ["carol"] and unread(bob) == 1
    assert texts(sync_all(bob)) == ["of carol"]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_a_deleted_group_conversation_is_still_a_group_one_is_in(broker, alice, kind):
    topic = alice.group(kind, "g1", ["bob"])
    alice.send_many(topic, numbered(1, 3))
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    bob.command("deleteConversation", group="g1")
    assert history(bob, group="g1") == [] and conversations(bob) == {} and unread(bob) == 0
    assert [g["groupID"] for g in bob.command("getJoinedGroups")["groups"]] == ["g1"]
    alice.send(topic, "again")
    bob.text("again")
    assert texts(history(bob, group="g1")) == ["again"]
    assert unread(bob) == (0 if kind == "ChatRoom" else 1)
    assert texts(history(alice, group="g1")) == [*numbered(1, 3), "again"]


@pytest.mark.parametrize("kind", ["Private", "ChatRoom"])
def test_what_was_deleted_stays_gone_when_one_leaves_and_comes_back(broker, alice, kind):
    options = {} if kind == "Private" else {"inviteOpt": "FreeAccess"}
    topic = alice.group(kind, "g1", ["bob"], **options)
    alice.send_many(topic, numbered(1, 3))
    bob = broker.user("bob")
    bob.command("deleteConversation", group="g1")
    bob.command("quitGroup", groupID="g1")
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    alice.send(topic, "again")
    assert texts(history(bob, group="g1")) == ["again"]


def test_a_message_deleted_in_a_chatroom_stays_gone_when_one_leaves_and_comes_back(broker, alice):
    topic = alice.group("ChatRoom", "g1", ["bob"], inviteOpt="FreeAccess")
    alice.send_many(topic, numbered(1, 3))
    bob = broker.user("bob")
    bob.command("deleteMessages", ids=ids_of(bob, "m2", group="g1"))
    bob.command("quitGroup", groupID="g1")
    alice.command("inviteGroupMember", groupID="g1", members=["bob"])
    assert texts(history(bob, group="g1")) == ["m1", "m3"]


def test_notices_are_deleted_as_a_conversation(broker, alice):
    alice.group("Private", "g1", ["bob"])
    bob = broker.user("bob")
    bob.command("deleteConversation", to="@system")
    assert history(bob, to="@system") == []
    alice.group("Private", "g2", ["bob"])
    assert [m["notice"]["group"] for m in history(bob, to="@system")] == ["g2"]


def test_deleting_a_conversation_twice_or_one_that_is_not_there_is_fine(broker, alice, bob):
    for _ in range(2):
        assert bob.code("deleteConversation", to="alice") == 0
    assert bob.code("deleteConversation", to="carol") == 0
    assert view(bob, "alice") == ({"alice": []}, [], {}, 0)


@pytest.mark.parametrize(
    "fields,code",
    [
        ({}, 10004),
        ({"to": "alice", "group": "g1"}, 10004),
        ({"to": 5}, 10004),
        ({"to": "nobody"}, 20003),
        ({"to": "bob"}, 20003),
        ({"group": "none"}, 10010),
        ({"group": "g1"}, 10007),
    ],
)
def test_a_wrong_deleteConversation_is_refused(alice, bob, fields, code):
    alice.group("Private", "g1")
    assert bob.code("deleteConversation", **fields) == code


@pytest.mark.parametrize("where", ["to", "group"])
def test_the_other_devices_learn_which_conversation_was_deleted(broker, alice, bob, where):
    alice.send(alice.group("Private", "g1", ["bob"]), "g")
    other = broker.user("bob", "web:1")
    name = {"to": "alice", "group": "g1"}[where]
    bob.command("deleteConversation", **{where: name})
    assert other.event("deleted") == {"event": "deleted", where: name}
    assert bob.silent(is_deleted) == alice.silent(is_deleted) == []


def test_a_device_that_was_away_gets_nothing_of_a_deleted_conversation(broker, alice, bob):
    broker.user("carol").send("bob", "of carol")
    bob.command("deleteConversation", to="alice")
    away = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    alice.send("bob", "end")
    assert [m.get("text") for m in away.contents("end")] == ["of carol", "end"]


@pytest.mark.options(replay_limit=10000)
def test_a_replay_brings_nothing_of_a_conversation_that_was_deleted_meanwhile(broker, alice):
    """It is paced: what is far behind is deleted before it comes there."""
    alice.send_many("bob", numbered(1, 4000))
    here, other = broker.user("bob"), broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    other.text("m1")
    here.command("deleteConversation", to="alice")
    alice.send("bob", "end")
    other.text("end")
    seen = [m.get("text") or m.get("event") for m in other.pending(lambda m: True)]
    told = seen.index("deleted")
    assert seen[told + 1 :] == [], "after the event that it was deleted"
    assert seen[:told] == numbered(2, told + 1) and told < 3900


def test_reading_goes_on_after_a_deleted_conversation(alice, bob):
    bob.command("deleteConversation", to="alice")
    alice.send_many("bob", ["x", "y", "z"])
    assert unread(bob) == 3
    bob.command("markRead", to="alice", id=ids_of(bob, "y", to="alice")[0])
    assert unread(bob) == 1


# ---- learnt by who was away


def newest(user):
    return sync_all(user)[-1]["id"]


@pytest.mark.parametrize("kill", [False, True], ids=["restart", "kill"])
def test_devices_that_were_away_learn_by_sync_what_was_deleted(broker, alice, bob, kill):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many(topic, numbered(1, 3))
    last = newest(bob)
    gone = ids_of(bob, "m2", "m4", to="alice")
    bob.command("deleteMessages", ids=gone)
    bob.command("deleteConversation", group="g1")
    bob.command("deleteMessages", ids=ids_of(bob, "m5", to="alice") * 2)
    broker.restart(kill=kill)
    for device in ("web:1", "ios:2"):
        away = broker.user("bob", device)
        answer = away.command("sync", after=last)
        place = answer.pop("after")
        assert answer.pop("deleted") == [*gone, ids_of(alice.connect(), "m5", to="bob")[0]]
        assert answer == {"messages": [], "cleared": [{"group": "g1", "id": last}], "complete": True}
        assert away.command("sync", after=place) == {"messages": [], "complete": True}
    alice.send("bob", "new")
    assert texts(away.command("sync", after=place)["messages"]) == ["new"], "no id comes before the place"


def test_who_has_nothing_yet_and_others_learn_of_no_deletion(broker, alice, bob):
    last = newest(bob)
    bob.command("deleteMessages", ids=ids_of(bob, "m2", to="alice"))
    bob.command("deleteConversation", to="alice")
    assert broker.user("bob", "web:1").command("sync", after=0) == {"messages": [], "complete": True}
    assert alice.command("sync", after=last) == {"messages": [], "complete": True}


def test_deletions_come_in_the_page_of_their_place(alice, bob):
    position, expected = newest(bob), []
    for n in range(1, 5):
        bob.command("deleteMessages", ids=ids_of(bob, f"m{n}", to="alice"))
        expected.append([f"m{n + 5}", ids_of(alice, f"m{n}", to="bob")[0]])
        alice.send("bob", f"m{n + 5}")
    for text, gone in expected:
        page = bob.command("sync", after=position, limit=1)
        assert (texts(page["messages"]), page["deleted"]) == ([text], [gone])
        assert "after" not in page
        position = page["messages"][-1]["id"]
    assert page["complete"] is True


def test_more_deletions_than_an_answer_has_come_in_several(alice, bob):
    alice.send_many("bob", numbered(6, 1200))
    found, position = [m["id"] for m in history_all(bob)], newest(bob)
    for first in range(0, len(found), 100):
        bob.command("deleteMessages", ids=found[first : first + 100])
    alice.send("bob", "end")
    gone, seen, answers = [], [], 0
    while not answers or not page["complete"]:
        page = bob.command("sync", after=position)
        assert len(page.get("deleted", [])) <= 500
        gone, seen, answers = gone + page.get("deleted", []), seen + texts(page["messages"]), answers + 1
        position = page["after"] if "after" in page else page["messages"][-1]["id"]
    assert (sorted(gone), seen) == (sorted(found), ["end"]) and answers <= 4


def history_all(user):
    return [m for page in pages_on(user, limit=100, to="alice") for m in page]


# ---- told before a replay


def heard(device):
    """Takes what has come, in its order: texts, and what the events `deleted` have."""
    found = device.take_all(lambda m: m.get("text") or is_deleted(m))
    return [m.get("text") or {k: v for k, v in m.data.items() if k != "event"} for m in found]


def away_with(broker, *filters, device="web:1", **how):
    """A device of bob's that has had what there was, and has left."""
    away = broker.user("bob", device, **how).subscribe(*filters)
    away.text("m5")
    away.fence()
    away.take_all(lambda m: True)
    away.disconnect()
    return away


BY_NAME = ["chat/user/bob", "chat/group/g1"]


@pytest.mark.parametrize("filters", [["chat/user/bob/#"], BY_NAME, BY_NAME[::-1]], ids=["feed", "names", "turned"])
@pytest.mark.parametrize("kill", [None, False, True], ids=["running", "restart", "kill"])
def test_who_was_away_is_told_of_deletions_once_and_before_the_messages(broker, alice, bob, filters, kill):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many(topic, ["g1", "g2"])
    away = away_with(broker, *filters)
    last = newest(bob)
    gone = ids_of(bob, "m2", "m4", to="alice")
    bob.command("deleteMessages", ids=gone)
    bob.command("deleteConversation", group="g1")
    alice.send(topic, "between")
    bob.command("deleteMessages", ids=ids_of(bob, "m5", to="alice"))
    fifth = ids_of(alice, "m5", to="bob")
    if kill is not None:
        broker.restart(kill=kill)
        alice.connect()
    alice.send(topic, "end")
    alice.send("bob", "end too")
    away.connect().subscribe(*filters)
    told = [{"ids": gone}, {"group": "g1", "id": last}, {"ids": fifth}]
    away.text("end")
    away.text("end too")
    assert heard(away) == [*told, "between"]
    away.fence()
    away.disconnect()
    away.connect().subscribe(*filters)
    assert away.silent(is_deleted) == []


def test_who_was_told_at_once_and_who_deleted_are_not_told_when_they_return(broker, alice, bob):
    """As mosquitto_sub is, which leaves properly."""
    devices = [broker.user("bob", name, version=4).subscribe("chat/user/bob/#") for name in ("web:1", "web:2")]
    alice.send("bob", "m6")
    for device in devices:
        device.text("m6")
    devices[0].command("deleteMessages", ids=ids_of(bob, "m2", to="alice"))
    devices[0].command("deleteConversation", to="alice")
    devices[1].event("deleted", to="alice")
    for device in devices:
        device.fence()
        device.take_all(lambda m: True)
        device.disconnect()
        device.connect().subscribe("chat/user/bob/#")
        assert device.silent(lambda m: is_deleted(m) or m.is_content()) == []


@pytest.mark.options(replay_limit=10000, device_rate=10000, faults=True)
def test_who_was_told_at_once_while_a_replay_went_on_is_not_told_again(broker, alice, bob):
    alice.send_many("bob", numbered(6, 2000))
    other = broker.user("bob", "web:1", version=4).subscribe("chat/user/bob/#")
    bob.command("deleteMessages", ids=ids_of(bob, "m2000", to="alice"))
    other.text("m1999")
    other.event("deleted")
    other.fence()
    broker.faults.set_clock(steady=1)  # or the last page may still be in doubt, and come again, with the deletion behind it
    other.disconnect()
    other.take_all()
    other.connect().subscribe("chat/user/bob/#")
    assert other.silent(lambda m: is_deleted(m) or m.is_content()) == []


def test_a_crash_takes_back_that_a_device_was_told(broker, alice, bob):
    other = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    other.text("m5")
    gone = ids_of(bob, "m2", to="alice")
    bob.command("deleteMessages", ids=gone)
    other.event("deleted")
    broker.restart(kill=True)
    other.connect().subscribe("chat/user/bob/#")
    assert other.event("deleted")["ids"] == gone


def test_a_kept_session_is_told_as_well(broker, alice, bob):
    away = away_with(broker, "chat/user/bob/#", clean=False)
    gone = ids_of(bob, "m2", to="alice")
    bob.command("deleteMessages", ids=gone)
    alice.send("bob", "end")
    assert away.connect().session_present
    away.text("end")
    assert [m.get("ids") for m in away.take_all(is_deleted)] == [gone]


def test_a_new_device_is_not_told_of_what_it_never_had(broker, alice, bob):
    bob.command("deleteMessages", ids=ids_of(bob, "m2", to="alice"))
    new = broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    new.text("m5")
    assert new.silent(is_deleted) == []


def test_more_deletions_than_an_event_has_come_in_several_before_the_messages(broker, alice, bob):
    away = away_with(broker, "chat/user/bob/#")
    alice.send_many("bob", numbered(6, 1230))
    found = [m["id"] for m in history_all(bob)]
    for first in range(0, len(found), 70):
        bob.command("deleteMessages", ids=found[first : first + 70])
    alice.send("bob", "end")
    away.connect().subscribe("chat/user/bob/#")
    away.text("end")
    told = [m.data["ids"] for m in away.take_all(is_deleted)]
    assert [i for ids in told for i in ids] == found and max(map(len, told)) <= 100
    assert away.silent() == []


# ---- how it lasts


@pytest.mark.parametrize("kill", [False, True], ids=["restart", "kill"])
def test_deletions_outlast_the_broker(broker, alice, bob, kill):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many(topic, numbered(1, 3))
    bob.command("deleteMessages", ids=ids_of(bob, "m2", "m5", to="alice"))
    bob.command("deleteConversation", group="g1")
    alice.send(topic, "again")
    before = view(bob, "alice", "group:g1", "@system")
    assert texts(before[1]) == ["m1", "m3", "m4", "again"] and before[3] == 4
    broker.restart(kill=kill)
    assert view(bob.connect(), "alice", "group:g1", "@system") == before
    fresh = broker.user("bob", "web:1")
    assert view(fresh, "alice", "group:g1", "@system") == before


def test_deletions_are_seen_while_the_store_cannot_write_and_after_a_kill(broker, alice, bob):
    topic = alice.group("Private", "g1", ["bob"])
    alice.send_many(topic, numbered(1, 3))
    broker.restart()
    alice.connect(), bob.connect()
    with stalled_store(broker):
        alice.send("bob", "young")
        bob.command("deleteMessages", ids=ids_of(bob, "m2", "young", to="alice"))
        bob.command("deleteConversation", group="g1")
        before = view(bob, "alice", "group:g1", "@system")
        assert texts(before[1]) == ["m1", "m3", "m4", "m5"] and before[3] == 4
        assert list(before[2]) == ["alice"]
        assert bob.code("deleteMessages", ids=ids_of(bob, "m1", to="alice") * 2) == 0
        assert unread(bob) == 3
        broker.kill()
    broker.start()
    after = view(bob.connect(), "alice", "group:g1", "@system")
    assert texts(after[1]) == ["m3", "m4", "m5"] and after[3] == 3
    assert after[2]["alice"] == {**before[2]["alice"], "unread": 3}


def test_a_message_deleted_elsewhere_is_not_pushed(broker, alice):
    phone = broker.user("bob", "ios:1")
    phone.command("setPushToken", provider="apns", token="aa")
    phone.disconnect()
    carols = broker.user("carol", "ios:1")
    carols.command("setPushToken", provider="apns", token="bb")
    carols.disconnect()
    alice.send("bob", "a")
    web = broker.user("bob", "web:1")
    web.command("deleteMessages", ids=ids_of(web, "a", to="alice"))
    alice.send("carol", "sentinel")
    worker = broker.admin("web:1").subscribe("chat/push")
    worker.wait(lambda m: m.topic == "chat/push" and m.get("body") == "sentinel")
    assert [m.data for m in worker.pending(lambda m: m.topic == "chat/push")] == []
