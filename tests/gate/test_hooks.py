# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Web hooks: what happens is told to a URL, as Tencent's callbacks are."""
import hashlib
import hmac
import json
import subprocess

import pytest
from callbacks import Callbacks, Hookhouse, answer
from gatehouse import GATE, make
from harness.settings import ADMIN, SDKAPPID

TEXT = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
BEFORE = ["C2C.CallbackBeforeSendMsg", "Group.CallbackBeforeSendMsg", "Group.CallbackBeforeCreateGroup",
          "Group.CallbackBeforeApplyJoinGroup", "Group.CallbackBeforeInviteJoinGroup"]
REVIEWED = {"review": "c2c,group,live,create,join,invite", "review_seconds": 5}


@pytest.fixture
def callbacks():
    made = Callbacks()
    yield made
    made.close()


@pytest.fixture
def house(gatehouse, callbacks):
    """Not started yet."""
    return Hookhouse(gatehouse, callbacks)


@pytest.fixture(scope="module")
def told(request):
    """One gate with hooks for all tests that do no more than look at bodies."""
    made = Callbacks()
    request.addfinalizer(made.close)
    house = Hookhouse(make(request, recall_seconds=600), made).start()
    house.broker.create("bob", "carol")
    house.alice = house.broker.user("alice", "ios:1").subscribe("chat/user/alice/#")
    return house


def whole(house, command, unknown=(), **members):
    """The body of the next such call, without what cannot be known before, which must be whole numbers above 0."""
    body = house.callbacks.body(command, **members)
    assert body.pop("CallbackCommand") == command
    for name in unknown:
        assert isinstance(body[name], int) and body.pop(name) > 0, name
    return body


# ---- bodies: each is compared as a whole


def test_a_private_message(told):
    told.alice.send("bob", {"text": "hello", "random": 7, "cloudCustomData": "mine"})
    body = whole(told, "C2C.CallbackAfterSendMsg", ["MsgTime"], From_Account="alice", CloudCustomData="mine")
    key = body.pop("MsgKey").split("_")
    assert key[:2] == [str(body["MsgSeq"]), "7"] and int(key[2]) > 1_600_000_000
    assert body == {"From_Account": "alice", "To_Account": "bob", "MsgSeq": 1, "MsgRandom": 7, "OnlineOnlyFlag": 0,
                    "MsgBody": TEXT, "CloudCustomData": "mine", "SendMsgResult": 0, "ErrorInfo": "send msg succeed",
                    "UnreadMsgNum": 1}


def test_a_message_for_who_is_online_only(told):
    told.alice.send("carol", {"text": "hello", "onlineOnly": True})
    body = whole(told, "C2C.CallbackAfterSendMsg", ["MsgTime"], To_Account="carol")
    assert (body["OnlineOnlyFlag"], body["MsgSeq"], body["MsgKey"][:4]) == (1, 0, "0_0_")


def test_a_private_message_that_was_refused(told):
    told.broker.create("dora")
    told.broker.user("dora").command("addToBlacklist", userIDs=["alice"])
    told.alice.refusal("chat/user/dora", {"text": "hello", "random": 8})
    body = whole(told, "C2C.CallbackAfterSendMsg", ["MsgTime"], To_Account="dora")
    assert body.pop("MsgKey").startswith("0_8_") and body.pop("ErrorInfo")
    assert body == {"From_Account": "alice", "To_Account": "dora", "MsgSeq": 0, "MsgRandom": 8, "OnlineOnlyFlag": 0,
                    "MsgBody": [], "CloudCustomData": "", "SendMsgResult": 20007, "UnreadMsgNum": -1}


def test_messages_that_were_read(told):
    erin = told.broker.user("erin", "web:1").subscribe("chat/user/erin/#")
    told.alice.send("erin", "hello")
    erin.text("hello")
    erin.command("markRead", to="alice")
    body = whole(told, "C2C.CallbackAfterMsgReport", ["LastReadTime"], Report_Account="erin")
    assert body == {"Report_Account": "erin", "Peer_Account": "alice", "UnreadMsgNum": 0}


def test_a_private_message_that_was_recalled(told):
    told.broker.create("fred")
    told.alice.send("fred", {"text": "hello", "random": 9})
    told.alice.command("recallMessage", to="fred", seq=1)
    sent = told.callbacks.body("C2C.CallbackAfterSendMsg", To_Account="fred")
    assert whole(told, "C2C.CallbackAfterMsgWithDraw", To_Account="fred") == {
        "From_Account": "alice", "To_Account": "fred", "MsgKey": sent["MsgKey"], "UnreadMsgNum": 0}


def test_a_message_in_a_group(told):
    topic = told.alice.group("Public", "g-send", ["bob"])
    told.alice.send(topic, {"text": "hello", "random": 10})
    body = whole(told, "Group.CallbackAfterSendMsg", ["MsgTime", "EventTime"], GroupId="g-send")
    assert body == {"GroupId": "g-send", "Type": "Public", "From_Account": "alice", "Operator_Account": "alice",
                    "Random": 10, "OnlineOnlyFlag": 0, "MsgBody": TEXT, "CloudCustomData": "", "MsgSeq": 1}


def test_a_message_in_a_group_that_was_refused(told):
    told.broker.user("gina").group("Public", "g-refused")
    told.alice.refusal("chat/group/g-refused", {"text": "hello", "random": 11})
    body = whole(told, "Group.CallbackSendMsgException", ["EventTime"], GroupId="g-refused")
    assert body.pop("ErrorInfo")
    assert body == {"GroupId": "g-refused", "From_Account": "alice", "Operator_Account": "alice", "Random": 11,
                    "OnlineOnlyFlag": 0, "MsgBody": [], "CloudCustomData": "", "ErrorCode": 10007}


def test_a_message_in_a_group_that_was_recalled(told):
    topic = told.alice.group("Public", "g-recall")
    told.alice.send(topic, "hello")
    told.alice.command("recallMessage", group="g-recall", seq=1)
    assert whole(told, "Group.CallbackAfterRecallMsg", ["EventTime"], GroupId="g-recall") == {
        "GroupId": "g-recall", "Type": "Public", "Operator_Account": "alice", "MsgSeqList": [{"MsgSeq": 1}]}


def test_a_group_that_was_made(told):
    told.alice.command("createGroup", groupType="Public", groupID="@TGS#1", groupName="Hikers",
                       members=[{"userID": "bob"}])
    assert whole(told, "Group.CallbackAfterCreateGroup", ["EventTime"], GroupId="@TGS#1") == {
        "GroupId": "@TGS#1", "Type": "Public", "Operator_Account": "alice", "Owner_Account": "alice", "Name": "Hikers",
        "CreateGroupNum": 0, "MemberList": [{"Member_Account": "bob"}], "UserDefinedDataList": []}


def test_who_comes_into_a_group(told):
    told.alice.group("Public", "g-join")
    told.alice.command("setGroupInfo", groupID="g-join", addOpt="FreeAccess")
    told.broker.user("hugo").command("joinGroup", groupID="g-join")
    told.broker.admin().command("inviteGroupMember", groupID="g-join", members=["bob", "carol"])
    for kind, operator, members in ("Apply", "hugo", ["hugo"]), ("Invited", ADMIN, ["bob", "carol"]):
        assert whole(told, "Group.CallbackAfterNewMemberJoin", ["EventTime"], GroupId="g-join") == {
            "GroupId": "g-join", "Type": "Public", "JoinType": kind, "Operator_Account": operator,
            "NewMemberList": [{"Member_Account": name} for name in members]}


def test_who_leaves_a_group(told):
    told.alice.group("Public", "g-exit", ["bob", "carol"])
    told.alice.command("deleteGroupMember", groupID="g-exit", members=["bob"])
    told.broker.user("carol", "web:1").command("quitGroup", groupID="g-exit")
    for kind, operator, member in ("Kicked", "alice", "bob"), ("Quit", "carol", "carol"):
        assert whole(told, "Group.CallbackAfterMemberExit", ["EventTime"], GroupId="g-exit") == {
            "GroupId": "g-exit", "Type": "Public", "ExitType": kind, "Operator_Account": operator,
            "ExitMemberList": [{"Member_Account": member}]}


def test_a_group_that_was_changed(told):
    told.alice.group("Public", "g-info")
    told.alice.command("setGroupInfo", groupID="g-info", groupName="New", introduction="i", notification="n",
                       faceURL="https://f", addOpt="DisableApply", allMuted=True)
    assert whole(told, "Group.CallbackAfterGroupInfoChanged", ["EventTime"], GroupId="g-info") == {
        "GroupId": "g-info", "Type": "Public", "Operator_Account": "alice", "Name": "New", "Introduction": "i",
        "Notification": "n", "FaceUrl": "https://f", "ApplyJoinOption": "DisableApply", "MuteAllMember": "On"}


def test_a_group_that_was_dismissed(told):
    told.alice.group("Public", "g-end", ["bob"], groupName="The end")
    told.alice.command("dismissGroup", groupID="g-end")
    body = whole(told, "Group.CallbackAfterGroupDestroyed", ["EventTime"], GroupId="g-end")
    assert sorted(entry["Member_Account"] for entry in body.pop("MemberList")) == ["alice", "bob"]
    assert body == {"GroupId": "g-end", "Type": "Public", "Owner_Account": "alice", "Name": "The end"}


def test_who_is_lost_in_a_live_group(told):
    told.alice.group("AVChatRoom", "g-live")
    ivan = told.broker.user("ivan", "web:1").subscribe("chat/group/g-live")
    assert told.callbacks.body("Group.CallbackAfterNewMemberJoin", GroupId="g-live")["NewMemberList"] == [
        {"Member_Account": "ivan"}]
    ivan.disconnect()
    assert whole(told, "Group.CallbackOnMemberStateChange", ["EventTime"], GroupId="g-live") == {
        "GroupId": "g-live", "EventType": "Offline", "MemberList": [{"Member_Account": "ivan"}]}


def test_a_profile_that_was_changed(told):
    told.alice.command("setSelfInfo", nickname="Al", faceURL="https://a", selfSignature="hi")
    assert whole(told, "Profile.CallbackPortraitSet", ["EventTime"], From_Account="alice") == {
        "From_Account": "alice", "Operator_Account": "alice", "ProfileItem": [
            {"Tag": "Tag_Profile_IM_Nick", "Value": "Al"}, {"Tag": "Tag_Profile_IM_Image", "Value": "https://a"},
            {"Tag": "Tag_Profile_IM_SelfSignature", "Value": "hi"}]}


def test_blacklists(told):
    judy = told.broker.user("judy")
    judy.command("addToBlacklist", userIDs=["bob", "carol"])
    judy.command("removeFromBlacklist", userIDs=["bob"])
    for command, users in ("Sns.CallbackBlackListAdd", ["bob", "carol"]), ("Sns.CallbackBlackListDelete", ["bob"]):
        pairs = [{"From_Account": "judy", "To_Account": user} for user in users]
        assert whole(told, command, ["EventTime"], PairList=pairs) == {"PairList": pairs}


def of_user(name):
    return lambda body: body["Info"]["To_Account"] == name


def test_connections_that_begin_and_end(told):
    kate = told.broker.user("kate", "ios:1")
    call = told.callbacks.take("State.StateChange", of_user("kate"))
    assert call.query["OptPlatform"] == "IOS" and call.query["ClientIP"] == "127.0.0.1"
    body = call.body
    assert body.pop("EventTime") > 0 and body == {
        "CallbackCommand": "State.StateChange",
        "Info": {"Action": "Login", "To_Account": "kate", "Reason": "Register"}}
    kate.disconnect()
    body = told.callbacks.take("State.StateChange", of_user("kate")).body
    assert body["Info"] == {"Action": "Disconnect", "To_Account": "kate", "Reason": "LinkClose"}


def test_who_is_signed_out_by_another_device(told):
    told.broker.user("lena", "ios:1")
    told.broker.user("lena", "ios:2")
    bodies = [told.callbacks.take("State.StateChange", of_user("lena")).body for _ in range(3)]
    kicked = [body for body in bodies if "KickedDevice" in body]
    assert len(kicked) == 1 and kicked[0]["KickedDevice"] == [{"Platform": "IOS"}]
    assert kicked[0]["Info"]["Action"] == "Disconnect"


# ---- the request


def test_a_request_has_tencents_query(told):
    told.broker.user("mona", "android:1").send("bob", "from mona")
    call = told.callbacks.take("C2C.CallbackAfterSendMsg", From_Account="mona")
    assert call.path == "/hook" and call.headers["Content-Type"] == "application/json"
    assert call.query == {"SdkAppid": str(SDKAPPID), "CallbackCommand": "C2C.CallbackAfterSendMsg",
                          "contenttype": "json", "ClientIP": "127.0.0.1", "OptPlatform": "Android"}


def test_what_a_backend_writes_comes_from_RESTAPI(told):
    told.gatehouse.rest("openim/sendmsg", {"From_Account": "bob", "To_Account": "carol", "MsgRandom": 5, "MsgBody": TEXT})
    call = told.callbacks.take("C2C.CallbackAfterSendMsg", From_Account="bob")
    assert call.query["OptPlatform"] == "RESTAPI" and call.body["MsgRandom"] == 5


def test_a_request_is_signed_by_token_and_secret(house, tmp_path):
    for name, text in ("token", "xxxxyyyy"), ("secret", "a secret of the hooks"):
        (tmp_path / name).write_text(text + "\n")
        (tmp_path / name).chmod(0o600)
    house.gatehouse.set("callback", token_file=tmp_path / "token", secret_file=tmp_path / "secret")
    house.start().broker.create("bob")
    house.broker.user("alice").send("bob", "hello")
    call = house.callbacks.take("C2C.CallbackAfterSendMsg")
    assert call.query["Sign"] == hashlib.sha256(b"xxxxyyyy" + call.query["RequestTime"].encode()).hexdigest()
    signed = call.headers["X-Chat-Timestamp"].encode() + b"." + call.raw
    wanted = "sha256=" + hmac.new(b"a secret of the hooks", signed, hashlib.sha256).hexdigest()
    assert call.headers["X-Chat-Signature"] == wanted


def test_only_the_commands_that_are_named_are_called(house):
    house.gatehouse.set("callback", command=["Group.CallbackAfterSendMsg", "Profile.CallbackPortraitSet"])
    house.start().broker.create("bob")
    alice = house.broker.user("alice")
    alice.send("bob", "hello")
    alice.command("setSelfInfo", nickname="Al")
    house.callbacks.take("Profile.CallbackPortraitSet")
    assert house.callbacks.calls == []


# ---- order, and again


def numbers(calls):
    return [int(call.body["MsgBody"][0]["MsgContent"]["Text"]) for call in calls]


def test_calls_of_one_conversation_come_in_order_and_one_at_a_time(house):
    house.gatehouse.set("callback", command="C2C.CallbackAfterSendMsg")
    house.start().broker.create("bob")
    house.broker.user("alice").send_many("chat/user/bob", [str(number) for number in range(200)])
    assert numbers(house.callbacks.await_count("C2C.CallbackAfterSendMsg", 200)) == list(range(200))
    assert house.callbacks.most_at_once == 1


def test_64_are_called_at_once_over_all(house):
    hold = house.callbacks.closing
    house.callbacks.reply = lambda _handler, _call: hold.wait(10)
    house.gatehouse.set("callback", command="C2C.CallbackAfterSendMsg", timeout_seconds=10)
    house.start()
    names = [f"user{number}" for number in range(100)]
    house.broker.create(*names)
    alice = house.broker.user("alice")
    for name in names:
        alice.send(name, "hello")
    house.callbacks.await_count("C2C.CallbackAfterSendMsg", 64)
    assert house.gatehouse.rest("im_open_login_svc/account_check", {"CheckItem": [{"UserID": "x"}]})["ErrorCode"] == 0
    assert house.callbacks.most_at_once == 64
    hold.set()


def to_bob(calls):
    return numbers([call for call in calls if call.body["To_Account"] == "bob"])


@pytest.mark.parametrize("how", ["gate", "broker"])
def test_what_was_not_answered_before_a_kill_comes_again(house, how):
    hold, fine = house.callbacks.closing, house.callbacks.reply
    house.gatehouse.set("callback", command="C2C.CallbackAfterSendMsg", timeout_seconds=10)
    house.start().broker.create("bob", "carol")
    alice = house.broker.user("alice")
    alice.send("bob", "0")
    house.callbacks.await_count("C2C.CallbackAfterSendMsg", 1)
    house.callbacks.reply = lambda handler, call: (
        hold.wait(10) if call.body["To_Account"] == "bob" else fine(handler, call))
    for number in 1, 2, 3:
        alice.send("bob", str(number))
    alice.send_many("chat/user/carol", [str(number) for number in range(150)])  # more than an ack waits for
    assert to_bob(house.callbacks.await_count("C2C.CallbackAfterSendMsg", 151)) == [1]
    if how == "broker":
        house.broker.kill()
    house.gatehouse.kill()
    house.callbacks.reply = fine
    hold.set()
    if how == "broker":
        house.broker.start()
    house.start()
    assert to_bob(house.callbacks.await_count("C2C.CallbackAfterSendMsg", 153))[-3:] == [1, 2, 3]


def test_after_a_kill_of_the_broker_nothing_is_lost_and_nothing_told_twice(house):
    house.gatehouse.set("callback", command="C2C.CallbackAfterSendMsg")
    house.start().broker.create("bob")
    alice = house.broker.user("alice")
    alice.send("bob", "0")
    house.callbacks.await_count("C2C.CallbackAfterSendMsg", 1)
    before = len(house.gatehouse.process.lines)
    house.broker.restart(kill=True)
    alice.connect()
    alice.send("bob", "1")
    assert house.gatehouse.process.await_line("subscribed to chat/feed", start=before)
    alice.send("bob", "2")
    assert numbers(house.callbacks.await_count("C2C.CallbackAfterSendMsg", 2)) == [1, 2]


def test_what_is_under_way_at_the_end_is_answered_and_acked(house):
    house.gatehouse.set("callback", command="C2C.CallbackAfterSendMsg")
    house.start().broker.create("bob")
    alice = house.broker.user("alice")
    alice.send("bob", "0")
    house.callbacks.await_count("C2C.CallbackAfterSendMsg", 1)
    assert house.gatehouse.stop() == 0
    alice.send("bob", "1")
    house.start()
    assert numbers(house.callbacks.await_count("C2C.CallbackAfterSendMsg", 1)) == [1]


# ---- those that decide


@pytest.fixture
def deciding(request):
    """A gate whose answers decide, with alice and bob; `house.decide` is what the next answers are."""
    made = Callbacks()
    request.addfinalizer(made.close)
    house = Hookhouse(make(request, **REVIEWED), made, command=BEFORE).start()
    house.broker.create("bob", "carol")
    house.alice = house.broker.user("alice", "ios:1").subscribe("chat/user/alice")
    house.bob = house.broker.user("bob", "web:1").subscribe("chat/user/bob/#")
    return house


def decide(house, **answered):
    house.callbacks.reply = answer({"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": 0, **answered})


def test_a_private_message_is_asked_about(deciding):
    deciding.alice.send("bob", {"text": "hello", "random": 7, "cloudCustomData": "mine"})
    assert deciding.bob.content().data["text"] == "hello"
    call = deciding.callbacks.take("C2C.CallbackBeforeSendMsg")
    assert (call.query["OptPlatform"], call.query["ClientIP"]) == ("iOS", "127.0.0.1")
    body = call.body
    assert body.pop("MsgTime") > 0 and body.pop("MsgKey").startswith("0_7_")
    assert body == {"CallbackCommand": "C2C.CallbackBeforeSendMsg", "From_Account": "alice", "To_Account": "bob",
                    "MsgSeq": 0, "MsgRandom": 7, "OnlineOnlyFlag": 0, "MsgBody": TEXT, "CloudCustomData": "mine"}


def test_a_message_in_a_group_is_asked_about(deciding):
    topic = deciding.alice.group("Public", "g1", ["bob"])
    deciding.alice.send(topic, {"text": "hello", "random": 7})
    assert deciding.bob.content().data["text"] == "hello"
    assert whole(deciding, "Group.CallbackBeforeSendMsg", ["EventTime"]) == {
        "GroupId": "g1", "Type": "Public", "From_Account": "alice", "Operator_Account": "alice", "Random": 7,
        "OnlineOnlyFlag": 0, "MsgBody": TEXT, "CloudCustomData": ""}


def test_a_new_group_is_asked_about(deciding):
    deciding.alice.group("Public", "g1", ["bob"], groupName="Hikers")
    assert whole(deciding, "Group.CallbackBeforeCreateGroup", ["EventTime"]) == {
        "Operator_Account": "alice", "Owner_Account": "alice", "Type": "Public", "Name": "Hikers", "CreateGroupNum": 0,
        "MemberList": [{"Member_Account": "bob"}]}


def test_who_wants_to_join_is_asked_about(deciding):
    deciding.alice.group("ChatRoom", "g1", addOpt="FreeAccess")
    decide(deciding, ErrorCode=1)
    assert deciding.bob.code("joinGroup", groupID="g1") == 10016
    assert whole(deciding, "Group.CallbackBeforeApplyJoinGroup", ["EventTime"]) == {
        "GroupId": "g1", "Type": "ChatRoom", "Requestor_Account": "bob"}


def test_an_invitation_is_asked_about_and_some_of_the_invited_refused(deciding):
    deciding.alice.group("Private", "g1")
    decide(deciding, RefusedMembers_Account=["carol"])
    found = deciding.alice.command("inviteGroupMember", groupID="g1", members=["bob", "carol"])
    assert {member["userID"]: member["result"] for member in found["members"]} == {"bob": 1, "carol": 0}
    assert whole(deciding, "Group.CallbackBeforeInviteJoinGroup", ["EventTime"]) == {
        "GroupId": "g1", "Type": "Private", "Operator_Account": "alice",
        "DestinationMembers": [{"Member_Account": "bob"}, {"Member_Account": "carol"}]}


@pytest.mark.parametrize("code, wanted", [(1, 20006), (120001, 120001), (130000, 130000), (77, 20006), (-1, 20006)])
def test_an_answer_refuses_with_its_sentence(deciding, code, wanted):
    decide(deciding, ErrorCode=code, ErrorInfo="no advertising")
    deciding.alice.send("bob", {"text": "buy", "random": 7})
    event = deciding.alice.event("rejected", random=7)
    assert (event["code"], event["error"]) == (wanted, "no advertising")
    assert deciding.bob.silent() == []


def test_an_answer_drops(deciding):
    decide(deciding, ErrorCode=2)
    deciding.alice.send("bob", {"text": "buy", "random": 7})
    assert "id" not in deciding.alice.event("sent", random=7)
    assert deciding.bob.silent() == []


def test_an_answer_puts_another_message_in_the_place(deciding):
    decide(deciding, MsgBody=[{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x" * 9000}}], CloudCustomData="new")
    deciding.alice.send("bob", {"text": "buy", "random": 7})
    found = deciding.bob.content().data
    assert (found["text"], found["cloudCustomData"]) == ("x" * 9000, "new")
    assert deciding.alice.event("sent", random=7)["id"] == found["id"]


@pytest.mark.parametrize("default, code", [("pass", None), ("refuse", 20006)])
@pytest.mark.parametrize("body", [
    [{"MsgType": "TIMNoElem", "MsgContent": {}}],
    [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x" * 20000}}]])
def test_a_message_that_cannot_be_one_is_no_answer(request, default, code, body):
    callbacks = Callbacks()
    request.addfinalizer(callbacks.close)
    house = Hookhouse(make(request, **REVIEWED), callbacks, command=BEFORE, before_default=default).start()
    bob = house.broker.user("bob").subscribe("chat/user/bob")
    alice = house.broker.user("alice").subscribe("chat/user/alice")
    decide(house, MsgBody=body)
    alice.send("bob", {"text": "buy", "random": 7})
    if code:
        assert alice.event("rejected", random=7)["code"] == code
    else:
        assert bob.content().data["text"] == "buy"


def test_an_edit_is_asked_about_with_its_new_content(deciding):
    deciding.alice.send("bob", "hello")
    sent = deciding.bob.content().data
    decide(deciding, ErrorCode=1)
    assert deciding.alice.code("editMessage", id=sent["id"], text="buy") == 20006
    bodies = [call.body["MsgBody"][0]["MsgContent"]["Text"]
              for call in deciding.callbacks.await_count("C2C.CallbackBeforeSendMsg", 2)]
    assert bodies == ["hello", "buy"]


def test_what_has_no_callback_here_passes_at_once(request):
    callbacks = Callbacks()
    request.addfinalizer(callbacks.close)
    house = Hookhouse(make(request, **REVIEWED), callbacks, command="Group.CallbackBeforeSendMsg",
                      before_default="refuse").start()
    bob = house.broker.user("bob").subscribe("chat/user/bob")
    house.broker.user("alice").send("bob", "hello")
    bob.text("hello")
    assert callbacks.calls == []


def test_an_answer_in_the_time_of_others_is_not_waited_for(deciding):
    hold = deciding.callbacks.closing
    fine = answer()

    def reply(handler, call):
        if call.body.get("To_Account") == "bob":
            hold.wait(1.5)
        fine(handler, call)

    deciding.callbacks.reply = reply
    carol = deciding.broker.user("carol").subscribe("chat/user/carol")
    deciding.alice.send("bob", "slow")
    deciding.alice.send("carol", "fast")
    carol.text("fast")
    assert deciding.bob.silent() == []
    deciding.bob.text("slow")


# ---- readiness


def ready(gatehouse):
    status, _, body = gatehouse.ask("GET", "/readyz")
    return status, json.loads(body)["error"]


def test_a_gate_with_hooks_is_ready_when_it_is_subscribed_to_both(house):
    house.start()
    assert ready(house.gatehouse) == (200, "")


def test_a_gate_that_may_not_have_the_feed_is_not_ready_and_says_so(house):
    house.broker.options["admins"] = "somebody-else"
    house.gatehouse.start()
    assert house.gatehouse.process.await_line("admin may not subscribe to chat/feed")
    status, error = ready(house.gatehouse)
    assert status == 503 and "chat/feed" in error


# ---- the check


def said(lines, word):
    return [line for line in lines if word in line]


def test_a_check_says_that_feed_and_reviews_are_given(house):
    house.broker.start()
    code, lines = house.gatehouse.run("--check")
    assert code == 0 and len(said(lines, "[callback] chat/feed: ok")) == 1 and said(lines, "[callback] chat/review: ok")


def test_a_check_does_not_end_the_gate_that_runs(house):
    house.gatehouse.set("callback", command="C2C.CallbackAfterSendMsg")
    house.start()
    running = house.gatehouse.process
    house.gatehouse.set("http", port=house.gatehouse.port.number)
    other = subprocess.run([str(GATE), "-c", str(house.gatehouse.configure()), "--check"], capture_output=True, timeout=20)
    assert b"[callback] chat/feed: ok" in other.stdout
    assert not running.find("the connection ended")


def test_a_check_of_somebody_who_is_no_administrator_names_the_feed(house):
    house.broker.options["admins"] = "somebody-else"
    house.broker.start()
    code, lines = house.gatehouse.run("--check")
    assert code == 1 and said(lines, "[callback] chat/feed: FAILED") and said(lines, "may not subscribe to chat/feed")


def test_a_check_and_a_start_say_that_a_reviewer_has_less_time_than_an_answer(house):
    house.broker.options.update(review="c2c", review_seconds=3)
    house.gatehouse.set("callback", timeout_seconds=3)
    house.broker.start()
    code, lines = house.gatehouse.run("--check")
    assert code == 1 and said(lines, "timeout_seconds: FAILED, 3 is not below the broker's review_seconds (3)")
    house.start()
    assert house.gatehouse.process.await_line("timeout_seconds 3 is not below the broker's review_seconds")


@pytest.mark.parametrize("options, wanted", [
    ({"url": "http://localhost/"}, "url: must begin with https://"),
    ({"url": "ftp://localhost/", "allow_http": "yes"}, "url: must begin with https://"),
    ({"url": "https://localhost/#x"}, "url: must not have a #"),
    ({"command": "C2C.Nothing"}, "command: there is no such callback"),
    ({"before_default": "drop"}, "before_default: must be pass or refuse"),
    ({"allow_http": "1"}, "allow_http: must be yes or no"),
    ({"timeout_seconds": 0}, "timeout_seconds: must be a whole number from 1 to 29"),
    ({"retry": 101}, "retry: must be a whole number from 0 to 100"),
    ({"token_file": "/nowhere"}, "/nowhere"),
])
def test_a_wrong_option_is_named(gatehouse, options, wanted):
    code, lines = gatehouse.set("callback", **{"url": "https://localhost/", **options}).run()
    assert code == 1 and said(lines, wanted), lines
