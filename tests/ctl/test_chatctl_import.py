# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""chatctl import: files of users, groups, members and messages become what they say, each row once."""
import contextlib
import json
import os
import re
import resource
import select
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

from harness import usersig
from harness.broker import Broker
from harness.settings import ADMIN, CHATCTL, PATIENCE, PRELOAD
from harness.views import history

LONG_AGO = 1600000000000


@pytest.fixture
def write(home):
    """write(name, text): a file in the folder where chatctl runs."""
    def write(name, text):
        path = home / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path
    return write


@pytest.fixture
def bring(chatctl):
    """bring(kind, file, option...): the summary, when all went well."""
    def bring(kind, file, *options):
        done = chatctl("import", kind, file, "--json", *options)
        assert (done.returncode, done.stderr) == (0, "")
        return counts(done)
    return bring


def counts(done):
    report = json.loads(done.stdout)
    return report["imported"], report["there"], report["refused"]


def asked(says, *arguments):
    return json.loads(says(*arguments, "--json"))["data"]


def profile(says, user):
    return asked(says, "getUser", f"userID={user}")["nickname"]


def talk(count, sender, to, begin=LONG_AGO):
    rows = [f"{sender},{to},{begin + n * 1000},{sender} says {n}" for n in range(count)]
    return "sender,to,time,text\n" + "\n".join(rows) + "\n"


def said(broker, user, **where):
    return [message["text"] for message in history(broker.user(user), **where) if "text" in message]


def empty_groups(broker, *names):
    for name in names:
        broker.admin().command("createGroup", groupType="Public", groupID=name, owner="", createTime=LONG_AGO)


# ---- what comes in


def test_users_come_with_what_they_say_of_themselves(bring, says, write):
    write("users.csv", 'userID,nickname,faceURL,selfSignature\nu1,"Ann, the ""first""",http://x/a.png,\nu2,,,\n')
    assert bring("users", "users.csv") == (2, 0, 0)
    found = asked(says, "getUsersInfo", "userIDs=u1,u2")["users"]
    assert [(u["nickname"], u["faceURL"]) for u in found] == [('Ann, the "first"', "http://x/a.png"), ("", "")]


def test_a_profile_that_somebody_has_given_themselves_stays(bring, says, write):
    write("own.csv", "userID,nickname\nown1,From the file\n")
    says("importUsers", "userIDs=own1")
    says("setSelfInfo", "nickname=My own", "--as", "own1")
    assert bring("users", "own.csv") == (0, 1, 0)
    assert profile(says, "own1") == "My own"


def test_who_is_there_without_a_profile_gets_it(bring, says, write):
    write("late.csv", "userID,nickname\nlate1,Late\n")
    says("importUsers", "userIDs=late1")
    assert bring("users", "late.csv") == (0, 1, 0)
    assert profile(says, "late1") == "Late"


def test_groups_come_with_their_owner_and_their_time_and_tell_nobody(broker, bring, says, write):
    broker.create("owner1")
    write("groups.csv", f"groupID,groupType,groupName,owner,createTime\ng1,Work,Friends,owner1,{LONG_AGO}\ng2,Public,,,\n")
    assert bring("groups", "groups.csv") == (2, 0, 0)
    first, second = (asked(says, "getGroupInfo", f"groupID={group}") for group in ("g1", "g2"))
    assert (first["groupType"], first["groupName"], first["owner"], first["createTime"]) == ("Private", "Friends", "owner1", LONG_AGO)
    assert (second["owner"], second["memberCount"], second["lastSeq"]) == ("", 0, 0)
    assert history(broker.user("owner1"), group="g1") == []


def test_members_come_with_role_time_and_name_card(broker, bring, says, write):
    broker.create("m1", "m2")
    empty_groups(broker, "mg1", "mg2")
    write("members.csv", "groupID,userID,role,joinTime,nameCard\n"
          f"mg1,m1,admin,{LONG_AGO},The boss\nmg2,m1,,,\nmg1,m2,,{LONG_AGO + 5},\n")
    assert bring("members", "members.csv") == (3, 0, 0)
    found = asked(says, "getGroupMembers", "groupID=mg1")["members"]
    assert [(m["userID"], m["role"], m["nameCard"], m["joinTime"]) for m in found] == [
        ("m1", "admin", "The boss", LONG_AGO), ("m2", "member", "", LONG_AGO + 5)]
    assert [m["userID"] for m in asked(says, "getGroupMembers", "groupID=mg2")["members"]] == ["m1"]


def test_messages_come_into_pairs_and_groups_with_their_time(broker, bring, says, write):
    broker.create("s1", "s2")
    says("createGroup", "groupType=Public", "groupID=sg1", "owner=s1", f"createTime={LONG_AGO}")
    write("messages.csv", "sender,to,group,time,text,image,random\n"
          f"s1,s2,,{LONG_AGO},hello,,7\ns2,s1,,{LONG_AGO + 1},\"two\nlines, and \"\"more\"\"\",,\n"
          f"s2,,sg1,{LONG_AGO + 2},,\"{{\"\"url\"\":\"\"http://x/a.png\"\"}}\",\n")
    assert bring("messages", "messages.csv") == (3, 0, 0)
    first, second = history(broker.user("s1"), to="s2")
    assert (first["text"], first["random"], first["time"], first["sender"]) == ("hello", 7, LONG_AGO, "s1")
    assert (second["text"], second["sender"]) == ('two\nlines, and "more"', "s2")
    assert [m["image"] for m in history(broker.user("s1"), group="sg1")] == [{"url": "http://x/a.png"}]


@pytest.mark.parametrize("name, before, between, behind", [
    ("array.json", "[", ",", "]"), ("lines.json", "", "\n", "\n"), ("more.ndjson", "\ufeff \n", "\n\n", ""), ("spaced.json", " [\n", " ,\n", "\n]\n")])
def test_JSON_is_an_array_or_objects_one_after_the_other(broker, bring, write, name, before, between, behind):
    one, two = f"{name[:3]}1", f"{name[:3]}2"
    broker.create(one, two)
    rows = [{"sender": one, "to": two, "time": LONG_AGO + n, "text": f'a "[{n}]" {{ä', "extra": {"a": [n, None]}} for n in range(3)]
    write(name, before + between.join(json.dumps(row, ensure_ascii=False) for row in rows) + behind)
    assert bring("messages", name) == (3, 0, 0)
    assert [(m["text"], m["extra"]) for m in history(broker.user(one), to=two)] == [(r["text"], r["extra"]) for r in rows]


def test_what_is_null_or_empty_is_not_there(bring, says, write):
    write("null.json", '[{"userID":"null1","nickname":null},{"userID":"null2","nickname":"Two","faceURL":""}]')
    assert bring("users", "null.json") == (2, 0, 0)
    assert (profile(says, "null1"), profile(says, "null2")) == ("", "Two")
    write("nobody.json", '{"groupID":"null3","groupType":"Public","owner":""}')
    assert bring("groups", "nobody.json") == (1, 0, 0)
    write("to.json", f'{{"sender":"null1","to":"","group":"null3","time":{LONG_AGO},"text":"x"}}')
    assert bring("messages", "to.json") == (1, 0, 0)


def test_a_byte_order_mark_and_line_ends_of_Windows_are_no_data(bring, says, write):
    write("windows.csv", b"\xef\xbb\xbfuserID,nickname\r\n\r\nwin1,\"One\r\nand a half\"\r\nwin2,Two")
    assert bring("users", "windows.csv") == (2, 0, 0)
    assert (profile(says, "win1"), profile(says, "win2")) == ("One\r\nand a half", "Two")


def test_messages_can_be_unread(broker, bring, says, write):
    broker.create("un1", "un2")
    write("unread.csv", talk(3, "un1", "un2"))
    assert bring("messages", "unread.csv", "--unread") == (3, 0, 0)
    assert asked(says, "getUnread", "--as", "un2")["totalUnread"] == 3


def test_the_summary_is_a_line_for_people(chatctl, write):
    write("many.csv", "userID\n" + "".join(f"many{n}\n" for n in range(1234)))
    done = chatctl("import", "users", "many.csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "imported 1,234, were there 0, refused 0\n", "")


def test_the_help_names_the_columns_that_there_are(run, write):
    shown = run("help", "import").stdout
    for kind in ("users", "groups", "members"):
        write("x.csv", "zzz\n")
        columns = run("import", kind, "x.csv", "--dry-run").stderr.partition("it has ")[2].partition(" (")[0]
        assert "groupID" in columns or "userID" in columns
        assert re.search(rf"^ +{kind} +{columns}$", shown, re.MULTILINE)


# ---- what is wrong


@pytest.mark.parametrize("kind, name, text, words", [
    ("users", "a.csv", "userID,nick\na,b\n", ["a.csv:1: there is no column nick; it has userID, nickname, faceURL"]),
    ("users", "a.csv", "nickname\na\n", ["a.csv:1: the column userID is missing"]),
    ("users", "a.csv", "userID,userID\n", ["a.csv:1: the column userID is there twice"]),
    ("users", "a.csv", "userID,\n", ["a.csv:1: a column has no name"]),
    ("users", "a.csv", "userID;nickname\n", ["must be separated by commas"]),
    ("users", "a.csv", b"userID,\xff\n", ["a.csv:1: the name of column 2 is not UTF-8"]),
    ("users", "a.csv", '"userID\n', ["a quote that begins in this row is not closed"]),
    ("groups", "a.csv", "groupType\nPublic\n", ["the column groupID is missing"]),
    ("members", "a.csv", "groupID\n", ["the column userID is missing"]),
    ("messages", "a.csv", "sender,time,text\n", ["the column to, or group, is missing"]),
    ("users", "a.txt", "userID\n", ["must be a file .csv or .json"]),
    ("things", "a.csv", "userID\n", ["takes users, groups, members or messages"]),
])
def test_a_file_that_cannot_be_meant_is_wrong_usage(run, write, kind, name, text, words):
    write(name, text)
    done = run("import", kind, name, "--dry-run")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert not [word for word in words if word not in done.stderr]


@pytest.mark.parametrize("text, word", [("", "is empty"), (b"\xff\xfea\0", "is UTF-16")])
def test_a_file_that_is_no_text_fails(run, write, text, word):
    write("a.csv", text)
    done = run("import", "users", "a.csv", "--dry-run")
    assert done.returncode == 1 and word in done.stderr


@pytest.mark.parametrize("kind, name, rows, fault", [
    ("users", "a.csv", "userID,nickname\nok,\n.bad,\n", "a.csv:3: userID must be a userID"),
    ("users", "a.csv", "userID,nickname\nok,\n,x\n", "a.csv:3: userID is missing: a userID"),
    ("users", "a.csv", 'userID,nickname\n"ok","\n\n"\na,b,c\n', "a.csv:5: has 3 cells, and there are 2 columns"),
    ("users", "a.csv", "userID,nickname\nok,\na,%s\n" % ("x" * 65), "a.csv:3: nickname must be text of at most 64 bytes"),
    ("users", "a.csv", 'userID,nickname\nok,\na,5" x\n', "a.csv:3: a quote inside of a cell"),
    ("users", "a.csv", 'userID,nickname\nok,\na,"b" c\n', "a.csv:3: behind the closing quote"),
    ("users", "a.csv", b"userID,nickname\nok,\na,\xe4\n", "a.csv:3: nickname is not UTF-8"),
    ("groups", "a.csv", "groupID,groupType\nok,Public\na,Open\n", "a.csv:3: groupType must be one of Private (Work), Public"),
    ("groups", "a.csv", "groupID,groupType,createTime\nok,Public,\na,Public,1600000000\n", "a.csv:3: createTime is before 1973: it must be in milliseconds"),
    ("groups", "a.csv", "groupID,groupType,createTime\nok,Public,\na,Public,May\n", "a.csv:3: createTime must be a whole number"),
    ("members", "a.csv", "groupID,userID,role\nok,b,\na,b,boss\n", "a.csv:3: role must be one of admin, member"),
    ("messages", "a.csv", "sender,to,time,text\na,b,1600000000000,x\na,b,,x\n", "a.csv:3: time is missing"),
    ("messages", "a.csv", "sender,to,group,time\na,b,,1600000000000\na,b,g,1600000000000\n", "a.csv:3: either to or group, not both"),
    ("messages", "a.csv", "sender,to,time,random\na,b,1600000000000,1\na,b,1600000000000,1.5\n", "a.csv:3: random must be a whole number"),
    ("users", "a.json", '[{"userID":"ok"},\n{"userID":7}]', "a.json:2: userID must be a userID"),
    ("users", "a.json", '{"userID":"ok"}\n{"userID":"a","x":1}', "a.json:2: there is no column x; it has userID"),
    ("users", "a.json", '{"userID":"ok"}\n{"userID":"a",}', "a.json:2: is not valid JSON"),
    ("users", "a.json", '{"userID":"ok"}\n{"userID":"a","userID":"b"}', "a.json:2: has userID twice"),
    ("users", "a.json", '{"userID":"ok"}\n{"userID":"a\\u0000"}', "a.json:2: has a \\u0000"),
    ("messages", "a.json", '{"sender":"a","to":"b","time":1600000000000}\n{"sender":"a","to":"b","time":1600000000000,"x":%s1%s}' % ("[" * 60, "]" * 60), "a.json:2: is nested too deep"),
    ("messages", "a.json", '{"sender":"a","to":"b","time":1600000000000}\n{"sender":"a","to":"b","time":"1"}', "a.json:2: time must be a whole number"),
])
def test_a_row_with_a_fault_is_told_with_its_line_and_the_others_are_good(run, write, kind, name, rows, fault):
    write(name, rows)
    done = run("import", kind, name, "--dry-run", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["good"], report["refused"]) == (1, 1, 1)
    assert done.stderr.startswith(fault) and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name, text, fault", [
    ("a.csv", 'userID,nickname\nok,\na,"b\nc,d\n', "a.csv:3: a quote that begins in this row is not closed"),
    ("a.csv", "userID,nickname\nok,\na,%s\n" % ("x" * 200001), "a.csv:3: the row is longer than 200000 bytes"),
    ("a.json", '[{"userID":"ok"}\n{"userID":"a"}]', "a.json:2: a comma is missing"),
    ("a.json", '[{"userID":"ok"},\n', "a.json:2: the array is not closed"),
    ("a.json", '[{"userID":"ok"},\n{"userID":"a"', "a.json:2: the object that begins here is not closed"),
    ("a.json", '[{"userID":"ok"},\n7]', "a.json:2: here must be an object"),
    ("a.json", '[{"userID":"ok"}]\n[]', "a.json:2: something stands behind the end"),
])
def test_behind_what_cannot_be_read_nothing_is_imported(run, write, name, text, fault):
    write(name, text)
    done = run("import", "users", name, "--dry-run", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["good"], report["complete"]) == (1, 1, False)
    assert fault in done.stderr


def test_a_dry_run_finds_all_faults_and_sends_nothing(run, write):
    write("a.csv", "userID\n" + "".join(f"{'' if n % 2 else '.'}a{n}\n" for n in range(60)))
    done = run("import", "users", "a.csv", "--dry-run", "-p", 1)
    assert (done.returncode, done.stdout) == (1, "good 30, refused 30; nothing was sent\n")
    assert done.stderr.splitlines()[19:] == ["a.csv:40: userID must be a userID", "... more are refused"]
    assert not list((write("x", "").parent).glob("a.csv.*"))


@pytest.mark.parametrize("kind, rows, reason", [
    ("groups", "groupID,groupType,owner\nr1,Public,nobody\n", "2: 20003: the user does not exist"),
    ("members", "groupID,userID\nnothere,a\n", "2: 10010: the group does not exist"),
    ("members", "groupID,userID\nrefuses,nobody\n", "2: cannot be a member: there is no such user"),
    ("messages", "sender,to,time,text\nnobody,refuser,1600000000000,x\n", "2: 20003: the user does not exist"),
    ("messages", "sender,to,time,txt\nrefuser2,refuser,1600000000000,x\n", "2: 90002:"),
    ("messages", "sender,to,time,text\nrefuser2,refuser,4600000000000,x\n", "2: 10004: time: is still to come"),
])
def test_what_the_broker_refuses_is_told_with_its_line(broker, chatctl, home, write, kind, rows, reason):
    broker.create("refuser", "refuser2", "refuses")
    chatctl("createGroup", "groupType=Public", "groupID=refuses")
    write("r.csv", rows)
    done = chatctl("import", kind, "r.csv", "--json")
    assert (done.returncode, counts(done)) == (1, (0, 0, 1))
    assert done.stderr.startswith("r.csv:" + reason)
    assert (home / "r.csv.refused").read_text() == done.stderr


def test_the_rows_beside_a_refused_one_come_in(broker, chatctl, home, write):
    broker.create("be1", "be2")
    lines = talk(250, "be1", "be2").splitlines()
    for bad in (3, 100, 101, 201):
        lines[bad] = lines[bad].replace("be1", "nobody", 1)
    write("b.csv", "\n".join(lines))
    done = chatctl("import", "messages", "b.csv", "--json")
    assert counts(done) == (246, 0, 4)
    assert [line.split(":")[1] for line in (home / "b.csv.refused").read_text().splitlines()] == ["4", "101", "102", "202"]
    assert len(said(broker, "be1", to="be2")) == 246


def test_a_group_of_another_type_and_one_that_was_dismissed_are_not_taken_for_it(chatctl, says, write):
    says("createGroup", "groupType=Public", "groupID=other")
    says("createGroup", "groupType=Public", "groupID=gone")
    says("dismissGroup", "groupID=gone")
    write("g.csv", "groupID,groupType\nother,Private\ngone,Public\n")
    done = chatctl("import", "groups", "g.csv")
    assert "another group, of the type Public" in done.stderr and "has been dismissed" in done.stderr


def test_who_is_no_administrator_is_told_so_once(broker, run, write):
    broker.create("nobody_special")
    write("n.csv", "userID\n" + "".join(f"n{n}\n" for n in range(300)))
    done = run("import", "users", "n.csv", "-p", broker.mqtt.number, "-u", "nobody_special", "-P", usersig.mint("nobody_special"))
    assert done.returncode == 1 and done.stderr.startswith("chatctl: import: 60010: ") and done.stderr.count("\n") == 1


def test_without_a_broker_it_ends_with_3_and_leaves_nothing(run, home, write):
    write("w.csv", "userID\na\n")
    done = run("import", "users", "w.csv", "-p", 1, "-u", "a", "-P", "x")
    assert done.returncode == 3 and not list(home.glob("w.csv.*"))


# ---- each row once


@pytest.mark.parametrize("kind, text", [
    ("users", "userID,nickname\nd1,One\nd2,\nd3,Three\n"),
    ("groups", f"groupID,groupType,createTime\ndg1,Work,{LONG_AGO}\ndg2,Public,\n"),
    ("members", "groupID,userID,nameCard\nmembers-of,da,A\nmembers-of,db,\n"),
    ("messages", f"sender,to,group,time,text\nda,db,,{LONG_AGO},x\ndb,da,,{LONG_AGO},y\nda,,messages-of,{LONG_AGO},z\n"),
])
def test_a_second_run_finds_all_there(broker, bring, home, write, kind, text):
    broker.create("da", "db")
    if kind in ("members", "messages"):
        empty_groups(broker, f"{kind}-of")
    write(f"{kind}.csv", text)
    rows = text.count("\n") - 1
    assert bring(kind, f"{kind}.csv") == (rows, 0, 0)
    assert bring(kind, f"{kind}.csv") == (0, rows, 0)
    assert not list(home.glob("*.csv.*"))


def forget_randoms(broker):
    """As after five minutes. The broker must not run."""
    with contextlib.closing(sqlite3.connect(broker.database)) as db, db:
        db.execute("UPDATE message SET random = 0")


def test_messages_are_known_again_when_the_broker_does_not_know_their_random_any_more(broker_of_mine, write):
    broker, chatctl = broker_of_mine
    broker.create("k1", "k2")
    write("k.csv", talk(230, "k1", "k2") + f"k1,k2,{LONG_AGO + 229000},the same second\n")
    assert counts(chatctl("import", "messages", "k.csv", "--json")) == (231, 0, 0)
    broker.stop()
    forget_randoms(broker)
    broker.start()
    assert counts(chatctl("import", "messages", "k.csv", "--json")) == (0, 231, 0)
    with open(write("x", "").parent / "k.csv", "a") as file:
        file.write(f"k2,k1,{LONG_AGO + 229500},more of this second\nk2,k1,{LONG_AGO + 300000},and later\n")
    assert counts(chatctl("import", "messages", "k.csv", "--json")) == (2, 231, 0)
    assert said(broker, "k1", to="k2")[-3:] == ["the same second", "more of this second", "and later"]


def test_a_purged_message_does_not_come_back(broker, bring, write):
    broker.create("re1")
    empty_groups(broker, "reg")
    write("re.csv", f"sender,group,time,text\nre1,reg,{LONG_AGO + 1000},one\nre1,reg,{LONG_AGO + 1500},two\n")
    bring("messages", "re.csv")
    broker.admin().command("purgeMessages", group="reg", userID="re1")
    assert bring("messages", "re.csv") == (0, 2, 0)
    assert said(broker, ADMIN, group="reg") == []


def test_two_messages_of_one_random_are_told_apart(broker, chatctl, write):
    broker.create("ra1", "ra2")
    write("ra.csv", f"sender,to,time,text,random\nra1,ra2,{LONG_AGO},one,5\nra1,ra2,{LONG_AGO},one,5\nra1,ra2,{LONG_AGO + 9000},two,5\n")
    done = chatctl("import", "messages", "ra.csv", "--json")
    assert counts(done) == (1, 1, 1)
    assert "ra.csv:4: random: 5 is that of another message of this sender there" in done.stderr


# ---- interruptions


@pytest.fixture
def broker_of_mine(run):
    """A broker for a test alone, and chatctl with its configuration."""
    broker = Broker({"ring_bytes": 64 << 20}).start()
    yield broker, lambda *arguments: run(*arguments, "--config", broker.folder / "mosquitto.conf")
    broker.close()


@pytest.fixture
def begin(home):
    """begin(broker, argument...): chatctl, running; it is ended with the test."""
    running = []

    def begin(broker, *arguments):
        running.append(subprocess.Popen([CHATCTL, *arguments, "--config", str(broker.folder / "mosquitto.conf")], cwd=home, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], "HOME": str(home)}))
        return running[-1]
    yield begin
    for process in running:
        process.kill()
        process.communicate()


def await_progress(home, name, process, least=1):
    """Until the import has written down that it has come to a place."""
    path, end = home / f"{name}.progress", time.monotonic() + PATIENCE
    while time.monotonic() < end:
        lines = path.read_text().split("\n") if path.exists() else []
        if len(lines) > 2 and int(lines[2].split()[0]) >= least:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    raise AssertionError("no progress")


def many_messages(count):
    rows = [f"i{n % 50},i{50 + n % 50},{LONG_AGO + n * 1000},message {n}" for n in range(count)]
    return "sender,to,time,text\n" + "\n".join(rows) + "\n"


def interrupt(broker, home, begin, number, count=20000):
    broker.create(*[f"i{n}" for n in range(100)])
    (home / "i.csv").write_text(many_messages(count))
    process = begin(broker, "import", "messages", "i.csv")
    await_progress(home, "i.csv", process)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0, "it was over before it was interrupted"
    return out, err


def stored(broker):
    return sum(len(all_of(broker, f"i{n}", f"i{n + 50}")) for n in range(50))


def all_of(broker, user, other):
    """How many messages there are, and that each is there once and in its order."""
    found = broker.admin().command("getHistory", **{"as": user, "to": other, "limit": 1})["messages"]
    return range(found[0]["seq"] if found else 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_import_goes_on_where_it_was(broker_of_mine, home, begin, number):
    broker, chatctl = broker_of_mine
    out, err = interrupt(broker, home, begin, number)
    if number == signal.SIGINT:
        assert re.search(r"interrupted behind line \d+; the same command goes on there", err) and "imported" in out
    done = chatctl("import", "messages", "i.csv", "--json")
    assert done.returncode == 0 and re.match(r"chatctl: i.csv: goes on behind line \d+\n$", done.stderr)
    imported, there, refused = counts(done)
    assert (imported + there, refused, stored(broker)) == (20000, 0, 20000)
    assert not list(home.glob("i.csv.*"))


def test_the_refused_rows_before_an_interruption_are_not_told_twice(broker_of_mine, home, begin):
    broker, chatctl = broker_of_mine
    broker.create(*[f"i{n}" for n in range(100)])
    lines = many_messages(20000).splitlines()
    bad = [2, 3, 500, 19000]
    for line in bad:
        lines[line] = lines[line].replace("i", "nobody", 1)
    (home / "i.csv").write_text("\n".join(lines))
    process = begin(broker, "import", "messages", "i.csv")
    await_progress(home, "i.csv", process)
    process.kill()
    process.communicate()
    with open(home / "i.csv.refused", "a") as file:
        file.write(f"i.csv:9999: told before it was written down how far it was, {'x' * 200}\n")
    chatctl("import", "messages", "i.csv")
    assert [int(line.split(":")[1]) for line in (home / "i.csv.refused").read_text().splitlines()] == [line + 1 for line in bad]


def test_a_place_of_another_file_or_another_broker_is_not_gone_on_at(broker_of_mine, home, begin):
    broker, chatctl = broker_of_mine
    interrupt(broker, home, begin, signal.SIGKILL)
    text = (home / "i.csv").read_text()
    (home / "i.csv").write_text(text.replace("message 0\n", "message X\n", 1))
    done = chatctl("import", "messages", "i.csv", "--json")
    assert "is of another file: it begins anew" in done.stderr
    assert counts(done)[2] == 1 and "i.csv:2: 10004" in done.stderr  # the changed row, which would come behind the others


def test_a_broker_that_has_lost_what_was_imported_gets_it_again(broker_of_mine, home, begin):
    broker, chatctl = broker_of_mine
    interrupt(broker, home, begin, signal.SIGKILL)
    broker.stop()
    for file in broker.folder.glob("chat.db*"):
        file.unlink()
    broker.start()
    broker.create(*[f"i{n}" for n in range(100)])
    done = chatctl("import", "messages", "i.csv", "--json")
    assert "the broker does not have what was imported up to there: it begins anew" in done.stderr
    assert (counts(done), stored(broker)) == ((20000, 0, 0), 20000)


@pytest.mark.parametrize("kill", [True, False], ids=["killed", "stopped"])
def test_a_broker_that_goes_away_is_waited_for(broker_of_mine, home, begin, kill):
    broker, _ = broker_of_mine
    broker.create(*[f"i{n}" for n in range(100)])
    (home / "i.csv").write_text(many_messages(20000))
    process = begin(broker, "import", "messages", "i.csv", "--json")
    await_progress(home, "i.csv", process)
    broker.restart(kill=kill)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and "waiting for it" in err
    assert [json.loads(out)[name] for name in ("imported", "there", "refused")] == [20000, 0, 0]
    assert stored(broker) == 20000


class BreakingLine:
    """Between chatctl and a broker: it breaks when the broker has answered the first importMessages, and keeps the answer; the next
    one gets through when `mended` is set."""

    def __init__(self, port):
        self.server, self.target = socket.create_server(("127.0.0.1", 0)), port
        self.port, self.broken, self.mended = self.server.getsockname()[1], threading.Event(), threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with self.server:
            self.carry(breaks=True)
            self.broken.set()
            self.mended.wait(PATIENCE)
            self.carry(breaks=False)

    def carry(self, breaks):
        client, _ = self.server.accept()
        broker = socket.create_connection(("127.0.0.1", self.target))
        other = {client: broker, broker: client}
        with client, broker:
            while True:
                for end in select.select(list(other), [], [])[0]:
                    data = end.recv(65536)
                    if not data or (breaks and end is broker and b'"importMessages"' in data):
                        return
                    other[end].sendall(data)


def test_what_was_done_but_not_answered_is_not_done_again(broker_of_mine, home, begin):
    broker, _ = broker_of_mine
    broker.create("l1", "l2")
    (home / "l.csv").write_text(talk(250, "l1", "l2"))
    line = BreakingLine(broker.mqtt.number)
    process = begin(broker, "import", "messages", "l.csv", "--json", "-p", str(line.port))
    assert line.broken.wait(PATIENCE)
    broker.stop()
    forget_randoms(broker)
    broker.start()
    line.mended.set()
    out, err = process.communicate(timeout=PATIENCE)
    assert ([json.loads(out)[name] for name in ("imported", "there", "refused")], err.count("waiting for it")) == ([250, 0, 0], 1)
    assert said(broker, "l1", to="l2") == [f"l1 says {n}" for n in range(250)]


def test_a_broker_whose_disk_is_slow_is_asked_again(broker, home, begin):
    broker.create("slow1", "slow2")
    text = "x" * 3000
    (home / "s.csv").write_text(talk(5000, "slow1", "slow2").replace("says", text))
    with broker.uncommitted():  # its ring of 8 MiB takes no more than half of this
        process = begin(broker, "import", "messages", "s.csv", "--json")
        await_progress(home, "s.csv", process, least=4_000_000)
        assert process.poll() is None
    out, err = process.communicate(timeout=PATIENCE)
    assert (err, [json.loads(out)[name] for name in ("imported", "there", "refused")]) == ("", [5000, 0, 0])


def test_two_at_a_time_do_not_import_one_file(broker_of_mine, home, begin):
    broker, chatctl = broker_of_mine
    (home / "i.csv").write_text("userID\n" + "".join(f"i{n}\n" for n in range(20000)))
    process = begin(broker, "import", "users", "i.csv")
    await_progress(home, "i.csv", process)
    process.send_signal(signal.SIGSTOP)
    done = chatctl("import", "users", "i.csv")
    process.send_signal(signal.SIGCONT)
    assert done.returncode == 1 and "this file is being imported already" in done.stderr
    assert process.wait(PATIENCE) == 0


def small_memory():
    resource.setrlimit(resource.RLIMIT_DATA, (16 << 20, 16 << 20))


def test_twenty_thousand_rows_are_a_matter_of_seconds_and_of_little_memory(broker_of_mine, home):
    broker, _ = broker_of_mine
    (home / "u.csv").write_text("userID\n" + "".join(f"i{n}\n" for n in range(20000)))
    (home / "m.csv").write_text(many_messages(20000))
    begun = time.monotonic()
    for kind, name in (("users", "u.csv"), ("messages", "m.csv")):
        subprocess.run([CHATCTL, "import", kind, name, "--config", broker.folder / "mosquitto.conf"], cwd=home, check=True,
                       preexec_fn=None if PRELOAD else small_memory, env={"PATH": os.environ["PATH"], "HOME": str(home)}, timeout=PATIENCE)
    assert time.monotonic() - begun < 30
    assert stored(broker) == 20000
