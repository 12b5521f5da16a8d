# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Commands of the broker, given by chatctl: what is checked before, what is sent, and what comes back."""
import json
import os
import pathlib
import re
import socket
import subprocess
import threading

import pytest

from harness import settings, usersig
from harness.broker import Broker
from harness.media import png

CHATCTL = settings.CHATCTL


def fails(done, code, *words):
    """One line on stderr that has the words, nothing on stdout."""
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert done.stderr.startswith("chatctl: ")
    assert not [word for word in words if word not in done.stderr]


def asked(says, *arguments):
    """The data of an answer."""
    return json.loads(says(*arguments, "--json"))["data"]


# What is sent


def test_a_command_is_given_with_its_fields(broker, says):
    broker.create("owner1")
    says("createGroup", "groupType=Public", "groupID=g1", "groupName=A = B", "--as", "owner1")
    info = asked(says, "getGroupInfo", "groupID=g1")
    assert (info["groupName"], info["owner"]) == ("A = B", "owner1")


@pytest.mark.parametrize("group, members", [("l1", "bob,carol"), ("l2", '[{"userID":"bob"},{"userID":"carol"}]')])
def test_a_list_is_names_between_commas_or_JSON(broker, says, group, members):
    broker.create("bob", "carol")
    says("createGroup", "groupType=Public", f"groupID={group}", f"members={members}")
    found = asked(says, "getGroupMembers", f"groupID={group}")["members"]
    assert {member["userID"] for member in found} >= {"bob", "carol"}


def test_numbers_and_booleans_are_no_texts(broker, says):
    broker.create("dora")
    says("createGroup", "groupType=Public", "groupID=n1", "members=dora")
    says("setGroupInfo", "groupID=n1", "allMuted=true")
    says("muteGroupMember", "groupID=n1", "userID=dora", "seconds=60")
    assert asked(says, "getGroupInfo", "groupID=n1")["allMuted"] is True
    assert len(asked(says, "getGroupMembers", "groupID=n1", "muted=true")["members"]) == 1


def test_an_object_is_JSON(says):
    says("createGroup", "groupType=Public", "groupID=o1")
    says("setGroupAttributes", "groupID=o1", 'set={"seat":"erna"}')
    assert asked(says, "getGroupAttributes", "groupID=o1", "keys=seat")["attributes"] == {"seat": "erna"}


def test_all_other_fields_of_sendMessage_are_the_message(broker, says):
    broker.create("fritz", "gabi")
    says("sendMessage", "sender=fritz", "to=gabi", "text=17", 'ext={"a":1}', "noUnread=true",
         "random=1000000000000000")
    message = asked(says, "getHistory", "to=fritz", "--as", "gabi")["messages"][0]
    assert (message["text"], message["ext"], message["noUnread"]) == ("17", {"a": 1}, True)
    assert type(message["random"]) is int


# What is not sent


@pytest.mark.parametrize("arguments, words", [
    (["createGroup", "groupType=Public", "x=1"], ["there is no field x; it has groupType, groupID"]),
    (["createGroup"], ["groupType is missing", "Public"]),
    (["createGroup", "groupType=Odd"], ["groupType must be one of Private", "AVChatRoom"]),
    (["createGroup", "groupType=Public", "groupID=a b"], ["groupID must be a groupID"]),
    (["createGroup", "groupType=Public", "groupName=" + "x" * 31], ["groupName must be text of at most 30 bytes"]),
    (["createGroup", "groupType=Public", "silent=yes"], ["silent must be true or false"]),
    (["createGroup", "groupType=Public", 'members=[{"userID":"a","rank":1}]'], ["members: there is no field rank"]),
    (["createGroup", "groupType=Public", "members=[a"], ["members must be a list"]),
    (["createGroup", "groupType=Public", "groupType=Public"], ["groupType is given twice"]),
    (["createGroup", "Public"], ['"Public" is not field=value']),
    (["getHistory", "to=a", "limit=101"], ["limit must be a whole number from 1 to 100"]),
    (["getHistory", "to=a", "limit=ten"], ["limit must be a whole number"]),
    (["getHistory"], ["to or group is missing"]),
    (["getHistory", "to=a", "group=b"], ["not both"]),
    (["muteUser", "userID=a"], ["c2cSeconds or groupSeconds is missing"]),
    (["importUsers", "userIDs="], ["userIDs must be a list"]),
    (["deleteMessages", "ids=1,x"], ["ids must be a list"]),
    (["setGroupAttributes", "groupID=a", 'set={"a":1}'], ["set must be a JSON object of texts"]),
    (["getUser", "userID=a", "as=b"], ["--as"]),
    (["getUser", "userID=a", "--as", "a b"], ["--as"]),
    (["logout", "--as", "a"], ["not for --as"]),
    (["getStats", "--foo"], ["--foo"]),
    (["getStats", "-p"], ["-p needs a value"]),
    (["getStats", "-V", "5"], ["-V: leave it out"]),
    (["getStats", "--psk", "ab12"], ["--psk: there is no TLS by a shared key here"]),
    (["send", "bob"], ["send: takes USER"]),
    (["-h", "localhost", "getStats"], ["options stand behind the command"]),
])
def test_what_is_wrong_is_said_before_anything_is_sent(run, arguments, words):
    fails(run(*arguments), 2, *words)


def test_other_fields_are_taken_by_those_commands_whose_message_they_are(run):
    table = (settings.CHECKOUT / "acl/commands.def").read_text()
    taken = re.findall(r'All other fields are the message. \*/\nCOMMAND\(\w+, "(\w+)"', table)
    every = re.findall(r'^COMMAND\(\w+, "(\w+)"', table, re.MULTILINE)
    assert taken and taken == [name for name in every if "no field zzz" not in run(name, "zzz=1").stderr]


# Answers


def test_a_refusal_is_the_code_and_exit_code_1(chatctl):
    fails(chatctl("getGroupInfo", "groupID=nothere"), 1, "getGroupInfo: 10010: the group does not exist")


def test_a_refusal_for_programs_is_on_stdout(chatctl):
    done = chatctl("getGroupInfo", "groupID=nothere", "--json")
    assert (done.returncode, done.stderr, json.loads(done.stdout)["code"]) == (1, "", 10010)


def test_lists_are_tables_and_the_rest_is_lines(broker, says):
    broker.create("hanna", "ida")
    says("setSelfInfo", "nickname=Häns\u202e\n", "--as", "hanna")
    lines = says("getUsersInfo", "userIDs=hanna,ida").splitlines()
    assert lines[0] == "users:" and lines[1].split()[:2] == ["userID", "nickname"]
    assert re.match(r"hanna +H\u00e4ns\?\? ", lines[2]) and lines[3].startswith("ida ")
    assert lines[2].index(lines[2].split()[1]) == lines[1].index("nickname")


def test_a_long_cell_is_cut_between_characters(broker, says):
    broker.create("vera")
    says("setSelfInfo", "selfSignature=" + "\u00e4" * 100, "--as", "vera")
    assert " " + "\u00e4" * 59 + "~" in says("getUsersInfo", "userIDs=vera")


def test_the_names_of_members_are_safe_for_a_terminal_too(broker, says):
    broker.create("wim", "xaver")
    says("sendMessage", "sender=wim", "to=xaver", "text=a", "\u202e\u009b" + "x" * 100 + "=1")
    assert " ??" + "x" * 57 + "~\n" in says("getHistory", "to=wim", "--as", "xaver")


def test_objects_of_several_kinds_are_a_line_each(broker, says):
    broker.create("ute")
    lines = says("exportUser", "userID=ute").splitlines()
    assert any(line.startswith("kind=profile userID=ute ") for line in lines)


def test_what_has_no_data_is_ok(broker, says):
    broker.create("jens")
    assert says("kickUser", "userID=jens") == "ok\n"


def test_stats_are_a_line_for_each_counter(says):
    assert re.search(r"^[a-zA-Z_/ ]+ +\d+$", says("stats"), re.MULTILINE)


# Sending


def test_send_brings_a_text_from_the_administrator(broker, says):
    broker.create("karl")
    says("send", "karl", "hello = you")
    message = asked(says, "getHistory", f"to={settings.ADMIN}", "--as", "karl")["messages"][0]
    assert message["text"] == "hello = you"


def test_send_as_somebody_to_a_group(broker, says):
    broker.create("lena")
    says("createGroup", "groupType=Public", "groupID=s1", "members=lena")
    says("send", "group:s1", "hello", "--as", "lena")
    assert asked(says, "getHistory", "group=s1", "limit=1")["messages"][0]["sender"] == "lena"


# Where the broker is, and who we are


def test_no_run_leaves_a_device_behind(says):
    says("getJoinedGroups", "-u", "otto")
    says("getJoinedGroups", "-u", "otto")
    devices = asked(says, "getDevices", "-u", "otto")["devices"]
    assert [device["online"] for device in devices] == [True]


def test_a_userSig_and_a_port_need_no_configuration(broker, run):
    done = run("getUser", f"userID={settings.ADMIN}", "-p", broker.mqtt.number, "-u", settings.ADMIN, "-P",
               broker.sig(settings.ADMIN))
    assert (done.returncode, done.stderr) == (0, "")


def test_key_file_and_sdkappid_make_a_userSig_for_who_is_named(broker, run):
    done = run("getJoinedGroups", "-p", broker.mqtt.number, "-u", "mia", "--key-file", broker.key_file, "--sdkappid",
               settings.SDKAPPID)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_port_is_that_of_the_first_listener_for_plain_MQTT(broker, run, home):
    (home / "mosquitto.conf").write_text(
        f"listener 0 /nowhere\nlistener 1\nprotocol websockets\nlistener 2\ncertfile x\nlistener {broker.mqtt.number}\n"
        f"listener 3\nprotocol websockets\nplugin_opt_sdkappid {settings.SDKAPPID}\n"
        f"plugin_opt_secret_key_file {broker.key_file}\nplugin_opt_admins {settings.ADMIN}, another\n")
    done = run("getStats", "--config", "mosquitto.conf")
    assert (done.returncode, done.stderr) == (0, "")


CONNECTIONS = [
    ("tls", "--cafile {pki}/ca.crt", 0),
    ("tls", "--cafile {pki}/other.crt", 3),
    ("tls", "--capath {pki}", 0),
    ("tls", "--tls-use-os-certs", 3),
    ("elsewhere", "--cafile {pki}/ca.crt", 3),
    ("elsewhere", "--cafile {pki}/ca.crt --insecure", 0),
    ("mutual", "--cafile {pki}/ca.crt", 3),
    ("mutual", "--cafile {pki}/ca.crt --cert {pki}/here.crt --key {pki}/here.key", 0),
]


@pytest.mark.parametrize("listener, options, code", CONNECTIONS, ids=[f"{where} {how}" for where, how, _ in CONNECTIONS])
def test_TLS_is_for_whom_it_is_meant_for(with_tls, run, listener, options, code):
    done = run("getStats", "-p", with_tls.ports[listener], "-u", settings.ADMIN, "-P", with_tls.sig(settings.ADMIN),
               *options.format(pki=with_tls.pki).split())
    assert done.returncode == code, done.stderr


def test_a_URL_says_where_and_as_whom(with_tls, run):
    sig, port = with_tls.sig(settings.ADMIN), with_tls.ports["tls"]
    plain = run("getStats", "-L", f"mqtt://{settings.ADMIN}:{sig}@localhost:{with_tls.mqtt.number}/topic")
    assert (plain.returncode, plain.stderr) == (0, "")
    with_authority = run("getStats", "-L", f"mqtts://{settings.ADMIN}@127.0.0.1:{port}", "-P", sig, "--cafile",
                         with_tls.pki / "ca.crt")
    assert (with_authority.returncode, with_authority.stderr) == (0, "")
    fails(run("getStats", "-L", f"mqtts://{settings.ADMIN}:{sig}@127.0.0.1:{port}"), 3, "TLS")


def test_a_socket_file_is_a_broker_too(with_tls, run):
    as_admin = ["-u", settings.ADMIN, "-P", with_tls.sig(settings.ADMIN)]
    done = run("getStats", "-h", "nowhere", "--unix", with_tls.socket, *as_admin)
    assert (done.returncode, done.stderr) == (0, "")


def test_TLS_without_a_port_is_8883_and_8883_is_TLS(run, with_tls):
    host = f"127.{os.getpid() >> 16}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 | 2}"  # nobody else's
    as_admin = ["-h", host, "-u", settings.ADMIN, "-P", "x"]
    fails(run("getStats", *as_admin, "--cafile", with_tls.pki / "ca.crt"), 3, f"{host}:8883")
    try:
        server = socket.create_server((host, 8883))
    except OSError as error:
        pytest.skip(f"port 8883 is somebody else's here: {error}")
    with server:
        process = subprocess.Popen([CHATCTL, "getStats", *as_admin, "-p", "8883"], stderr=subprocess.DEVNULL)
        client, _ = server.accept()
        assert client.recv(1) == b"\x16"  # a handshake
        client.close()
        assert process.wait(timeout=20) == 3


@pytest.mark.parametrize("arguments, code, words", [
    (["-L", "http://x"], 2, "-L: a URL begins with mqtt:// or mqtts://"),
    (["-L", "mqtt://"], 2, "-L: the URL has no host"),
    (["-L", "mqtt://[::1"], 2, "-L: the ] of"),
    (["-L", "mqtt://x:70000"], 2, "-p: must be"),
    (["--cert", "/dev/null", "--cafile", "/dev/null"], 2, "--cert and --key go together"),
    (["--cert", "/dev/null", "--key", "/dev/null"], 2, "--cert: goes with --cafile"),
    (["--capath", "/nowhere"], 1, "--capath: /nowhere: No such file"),
    (["--unix", "/nowhere"], 1, "--unix: /nowhere: No such file"),
])
def test_what_leads_to_no_connection_is_said(run, arguments, code, words):
    fails(run("getStats", "-u", "a", "-P", "x", *arguments), code, words)


def test_options_stand_in_a_file_of_the_users(broker, run, home):
    (home / ".config/chatctl").write_text(
        f"# mine\n\n--config {broker.folder}/mosquitto.conf\n-u nobody\n --as  {settings.ADMIN} \n--json\n")
    done = run("getJoinedGroups", "-u", settings.ADMIN)
    assert (done.returncode, json.loads(done.stdout)["command"]) == (0, "getJoinedGroups")


def test_a_line_of_that_file_which_is_no_option_is_an_error(run, home):
    (home / ".config/chatctl").write_text("host x\n")
    fails(run("getJoinedGroups"), 1, '"host" is not an option')


def test_who_is_no_administrator_is_refused_by_the_broker(chatctl):
    fails(chatctl("getStats", "-u", "nina"), 1, "60010")


def test_without_an_administrator_in_the_configuration_one_must_be_named(broker, run):
    fails(run("getStats", "--key-file", broker.key_file, "--sdkappid", settings.SDKAPPID), 2, "-u USER is missing")


def test_no_broker_is_exit_code_3(run):
    fails(run("getStats", "-p", 1, "-u", "a", "-P", "x"), 3, "127.0.0.1:1")


def test_a_login_that_is_refused_is_exit_code_3(broker, run):
    wrong = usersig.mint(settings.ADMIN, key="another")
    fails(run("getStats", "-p", broker.mqtt.number, "-u", settings.ADMIN, "-P", wrong), 3, "refused")


def test_a_broker_that_goes_away_after_the_command_was_sent_may_have_done_it(run):
    def let_in_and_go():
        client, _ = server.accept()
        client.recv(4096)
        client.sendall(b"\x20\x02\0\0")  # CONNACK
        heard = b""
        while b"getStats" not in heard:
            heard += client.recv(4096)
        client.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=let_in_and_go, daemon=True)
        thread.start()
        fails(run("getStats", "-p", server.getsockname()[1], "-u", "a", "-P", "x"), 3, "may have been done")


# Help and completion


def test_help_tells_the_fields_of_a_command(run):
    done = run("help", "createGroup")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"groupType +one of Private .*; required", done.stdout)


def test_the_help_names_every_command(run):
    table = (settings.CHECKOUT / "acl/commands.def").read_text()
    names = set(re.findall(r'^COMMAND\(\w+, "(\w+)"', table, re.MULTILINE))
    assert len(names) > 60 and names <= set(run("help").stdout.split())


def test_the_man_page_has_every_command_and_option_of_ours(run):
    page = (settings.CHECKOUT / "ctl/chatctl.1").read_text().replace("\\-", "-")
    names = set(re.findall(r"^  chatctl ([a-z]+)", run("help").stdout, re.MULTILINE))
    options = set(run("complete", "--", "getStats", "--").stdout.split())
    assert len(names) == 15 and len(options) == 18
    assert not [name for name in names | options if not re.search(rf"(?<![a-z-]){re.escape(name)}(?![a-z-])", page)]


@pytest.mark.parametrize("words, candidates", [
    (["check", "--"], ["--json", "--strict"]),
    (["sen"], ["send", "sendMessage", "sendNotice"]),
    (["help", "createG"], ["createGroup"]),
    (["createGroup", "group"], ["groupType=", "groupID=", "groupName="]),
    (["createGroup", "groupType=P"], ["groupType=Private", "groupType=Public"]),
    (["setGroupInfo", "allMuted="], ["allMuted=true", "allMuted=false"]),
    (["markRead", ""], ["to=", "group=", "id=", "seq="]),
    (["getStats", "--j"], ["--json"]),
    (["import", ""], ["users", "groups", "members", "messages"]),
    (["import", "users", "fil"], []),
    (["import", "users", "--dr"], ["--dry-run"]),
    (["export", "u"], ["user"]),
    (["push", ""], ["list", "retry", "drop"]),
    (["push", "list", "--st"], ["--state"]),
    (["top", "--e"], ["--every"]),
    (["nothing", ""], []),
])
def test_words_are_completed_from_the_table(run, words, candidates):
    done = run("complete", "--", *words)
    assert (done.returncode, done.stdout.splitlines()) == (0, candidates)


def test_bash_takes_what_complete_prints(run, home):
    script = f"""eval "$({CHATCTL} complete)"
COMP_LINE='{CHATCTL} createGroup groupType=P' COMP_POINT=1000
_chatctl {CHATCTL} 2>/dev/null; echo "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=home, timeout=20)
    assert done.stdout == "Private Public\n"


# ---- files


@pytest.fixture(scope="module")
def with_media(tmp_path_factory):
    broker = Broker({"media_dir": str(tmp_path_factory.mktemp("media"))}).start()
    yield broker
    broker.close()


@pytest.mark.parametrize(("name", "content", "kind", "members"), [
    ("cat.png", png(3, 2), "image", {"width": 3, "height": 2}),
    ("letter.txt", b"dear bob", "file", {"name": "letter.txt"}),
    ("large.bin", bytes(range(256)) * 20000, "file", {"name": "large.bin"}),
], ids=["a picture", "a text", "5 MB"])
def test_a_file_is_uploaded_and_sent(run, with_media, home, name, content, kind, members):
    bob = with_media.user("bob").subscribe("chat/user/bob")
    with_media.create("alice")
    (home / name).write_bytes(content)
    done = run("send", "bob", "--file", name, "--as", "alice", "--config", with_media.folder / "mosquitto.conf")
    assert (done.returncode, done.stderr) == (0, "")
    message = bob.content()
    found = message.get(kind)
    assert message.get("sender") == "alice"
    assert {**found, **members, "size": len(content)} == found
    stored = pathlib.Path(with_media.options["media_dir"]) / found["url"].removeprefix("/media/")
    assert stored.read_bytes() == content
    bob.disconnect()


@pytest.mark.parametrize(("arguments", "code", "words"), [
    (["send", "bob", "text", "--file", "x"], 2, "or --file FILE in its place"),
    (["send", "bob", "--file", "missing"], 1, "missing: No such file or directory"),
    (["send", "bob", "--file", "."], 1, "not a file, or an empty one"),
    (["getStats", "--file", "x"], 2, "--file: is for send"),
])
def test_what_is_no_file_to_send_is_said(run, with_media, arguments, code, words):
    done = run(*arguments, "--config", with_media.folder / "mosquitto.conf")
    assert (done.returncode, done.stdout) == (code, "") and words in done.stderr


def test_without_a_folder_for_files_there_are_none(chatctl, home, broker):
    broker.create("bob")
    (home / "x").write_text("x")
    done = chatctl("send", "bob", "--file", "x")
    assert done.returncode == 1 and "createUpload: 10026" in done.stderr
