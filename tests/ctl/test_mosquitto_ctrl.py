# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""mosquitto_ctrl chat: chatctl as a module of the stock tool. Mosquitto's own, and with MOSQUITTO_2_1 the one beside that."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from harness import settings
from harness.settings import ADMIN, BUILD_DIR

FAILED = 13  # MOSQ_ERR_UNKNOWN: the tool prints nothing of its own then
MODULE = BUILD_DIR / "mosquitto_ctrl_chat.so"
TOOLS = {"stock": shutil.which("mosquitto_ctrl")}
if settings.MOSQUITTO_2_1:
    beside = pathlib.Path(settings.MOSQUITTO_2_1).resolve().parent
    places = [beside / "mosquitto_ctrl", beside.parent / "bin/mosquitto_ctrl",
              beside.parent / "apps/mosquitto_ctrl/mosquitto_ctrl"]  # installed, or in a build folder
    TOOLS["2.1"] = next((place for place in places if place.exists()), places[0])


@pytest.fixture(params=TOOLS)
def tool(request):
    assert TOOLS[request.param], "mosquitto_ctrl is not there: apt-get install mosquitto"
    return TOOLS[request.param]


@pytest.fixture
def environment(home):
    preload = {"LD_PRELOAD": settings.PRELOAD, "ASAN_OPTIONS": "detect_leaks=0"} if settings.PRELOAD else {}
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LD_LIBRARY_PATH": str(BUILD_DIR), **preload}


@pytest.fixture
def ctrl(tool, home, environment):
    """ctrl(argument...): mosquitto_ctrl, in a folder where there is no configuration."""
    def ctrl(*arguments, **more):
        return subprocess.run([tool, *map(str, arguments)], cwd=home, capture_output=True, text=True, timeout=30,
                              env={**environment, **more})
    return ctrl


@pytest.fixture
def as_admin(broker):
    return ["-u", ADMIN, "-P", broker.sig(ADMIN)]


def is_fine(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fails(done, *words):
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (FAILED, "", 1)
    assert done.stderr.startswith("mosquitto_ctrl chat: ")
    assert not [word for word in words if word not in done.stderr]


# ---- commands


@pytest.mark.parametrize("arguments", [["help"], ["help", "createGroup"], ["--help"], ["send", "--help"]])
def test_its_help_is_that_of_chatctl_with_the_name_of_the_tool(ctrl, run, arguments):
    def lines(text):
        """Without those about files of options and exit codes."""
        return [line for line in text.splitlines() if not re.match("Lines of|CONNECTION stands|Exit code", line)]
    ours = is_fine(ctrl("chat", *arguments))
    assert lines(ours.replace("mosquitto_ctrl chat", "chatctl")) == lines(run(*arguments).stdout)
    assert "mosquitto_ctrl chat " in ours and not re.search(r"(?<!/)chatctl", ours)


def test_a_command_is_given_with_its_fields_and_its_answer_is_that_of_chatctl(ctrl, broker, as_admin, chatctl):
    broker.create("ann")
    before = ["-h", "127.0.0.1", "-p", broker.mqtt.number, *as_admin]
    answer = is_fine(ctrl(*before, "chat", "getUsersInfo", "userIDs=ann", "--json"))
    assert json.loads(answer)["data"]["users"][0]["userID"] == "ann"
    assert answer == chatctl("getUsersInfo", "userIDs=ann", "--json").stdout
    assert re.search(r"^ringBytes +\d", is_fine(ctrl(*before, "chat", "stats")), re.MULTILINE)
    assert is_fine(ctrl(*before, "chat", "send", "ann", "hello from the stock tool"))
    history = json.loads(is_fine(ctrl(*before, "chat", "getHistory", f"to={ADMIN}", "--as", "ann", "--json")))
    assert history["data"]["messages"][0]["text"] == "hello from the stock tool"


def test_a_refusal_is_the_code_on_stderr_and_the_only_exit_code_there_is(ctrl, broker, as_admin):
    before = ["-p", broker.mqtt.number, *as_admin, "chat"]
    fails(ctrl(*before, "getGroupInfo", "groupID=nothere"), "getGroupInfo: 10010: the group does not exist")
    for_programs = ctrl(*before, "getGroupInfo", "groupID=nothere", "--json")
    assert (for_programs.returncode, json.loads(for_programs.stdout)["code"]) == (FAILED, 10010)


@pytest.mark.parametrize("arguments, words", [
    (["nothing"], ['there is no command "nothing" (see mosquitto_ctrl chat help)']),
    (["getUser", "x=1"], ["getUser: there is no field x; it has userID"]),
    (["getStats", "--foo"], ["getStats: --foo is not an option"]),
    (["getStats", "-p"], ["-p needs a value"]),
    (["verify", "x"], ["verify: USER is missing"]),
    (["restore"], ["restore: takes a file"]),
    (["getStats", "-u", "a", "-P", "x", "-p", "1"], ["broker 127.0.0.1:1: Connection refused"]),
])
def test_what_is_wrong_is_said_in_one_line(ctrl, arguments, words):
    fails(ctrl("chat", *arguments), *words)


def test_a_userSig_is_made_and_checked_without_a_broker(ctrl, broker):
    keys = ["--key-file", broker.key_file, "--sdkappid", settings.SDKAPPID]
    user_sig = is_fine(ctrl("chat", "usersig", "ann", *keys)).strip()
    assert is_fine(ctrl("chat", "verify", user_sig, *keys)).startswith("ann: ok, expires ")


def test_it_listens_until_it_is_told_to_end(tool, environment, broker, as_admin):
    at = len(broker.process.lines)
    process = subprocess.Popen([tool, "-p", str(broker.mqtt.number), *as_admin, "chat", "listen"], env=environment)
    try:
        broker.await_log(r":other:chatctl-\d+ 1 chat/feed", start=at)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()


# ---- the connection


CONNECTIONS = [
    ("tls", "--cafile {pki}/ca.crt", 0),
    ("tls", "--cafile {pki}/other.crt", FAILED),
    ("tls", "--capath {pki}", 0),
    ("elsewhere", "--cafile {pki}/ca.crt", FAILED),
    ("elsewhere", "--cafile {pki}/ca.crt --insecure", 0),
    ("mutual", "--cafile {pki}/ca.crt --cert {pki}/here.crt --key {pki}/here.key", 0),
]


@pytest.mark.parametrize("listener, options, code", CONNECTIONS, ids=[f"{where} {how}" for where, how, _ in CONNECTIONS])
def test_TLS_is_as_the_tool_was_told(ctrl, with_tls, listener, options, code):
    done = ctrl("-h", "127.0.0.1", "-p", with_tls.ports[listener], "-u", ADMIN, "-P", with_tls.sig(ADMIN),
                *options.format(pki=with_tls.pki).split(), "chat", "getStats")
    assert done.returncode == code, done.stderr


def test_a_URL_and_a_socket_file_are_as_the_tool_was_told(ctrl, with_tls):
    sig = with_tls.sig(ADMIN)
    is_fine(ctrl("-L", f"mqtt://{ADMIN}:{sig}@127.0.0.1:{with_tls.mqtt.number}/topic", "chat", "getStats"))
    is_fine(ctrl("--unix", with_tls.socket, "-u", ADMIN, "-P", sig, "chat", "getStats"))


@pytest.mark.parametrize("arguments", [
    ["-L", "mqtts://a:x@127.0.0.1:{port}/", "chat", "getStats"],
    ["chat", "getStats", "-L", "mqtts://a:x@127.0.0.1:{port}"],
    ["-p", "{port}", "-u", "a", "-P", "x", "chat", "getStats", "--tls-use-os-certs"],
])
def test_TLS_that_was_asked_for_is_never_left_out(tool, environment, home, arguments):
    """2.0 itself speaks plain MQTT to the port of mqtts://."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = [word.format(port=server.getsockname()[1]) for word in arguments]
        process = subprocess.Popen([tool, *words], env=environment, cwd=home, stderr=subprocess.DEVNULL)
        client, _ = server.accept()
        assert client.recv(1) == b"\x16"  # a handshake
        client.close()
        assert process.wait(timeout=20) == FAILED


def test_what_stands_behind_the_command_counts_more(ctrl, broker, as_admin):
    is_fine(ctrl("-h", "nowhere", "-p", "1", "-u", "nobody", "-P", "x", "chat", "getStats", *as_admin, "-h", "127.0.0.1",
                 "-p", broker.mqtt.number))


def test_the_file_of_the_tool_counts_and_that_of_chatctl_does_not(ctrl, broker, as_admin, home):
    (home / ".config/chatctl").write_text("-h nowhere\n")
    (home / ".config/mosquitto_ctrl").write_text(
        f"# mine\n-h 127.0.0.1\n-p {broker.mqtt.number}\n-u {ADMIN}\n-P {broker.sig(ADMIN)}\n-i me\n")
    is_fine(ctrl("chat", "getStats"))


def test_without_a_host_the_configuration_of_the_broker_tells_the_port_and_the_administrator(ctrl, broker):
    config = broker.folder / "mosquitto.conf"
    is_fine(ctrl("chat", "getStats", "--config", config))
    is_fine(ctrl("chat", "getStats", CHAT_CONFIG=str(config)))


@pytest.mark.parametrize("options", ["--psk ab12 --psk-identity me", "--proxy socks5h://nowhere", "--tls-version tlsv1.3",
                                     "--ciphers ALL", "--tls-alpn mqtt", "-A 127.0.0.1"])
@pytest.mark.parametrize("place", ["before the module", "in the file"])
def test_what_would_be_another_connection_is_refused(ctrl, home, place, options):
    words = options.split()
    if place == "in the file":
        pairs = zip(words[::2], words[1::2])
        (home / ".config/mosquitto_ctrl").write_text("".join(f"{name} {value}\n" for name, value in pairs))
        words = []
    fails(ctrl(*words, "-u", "a", "-P", "x", "chat", "getStats", "-p", "1"), options.split()[0] + ": ")


def test_what_is_of_no_consequence_is_left_out(ctrl, broker, as_admin):
    is_fine(ctrl("-i", "me", "-q", "0", "-V", "mqttv311", "-p", broker.mqtt.number, *as_admin, "chat", "getStats"))


# ---- the module


def test_nothing_but_its_two_entries_is_seen_by_the_tool():
    listed = subprocess.run(["nm", "-D", "--defined-only", MODULE], capture_output=True, text=True, check=True).stdout
    assert sorted(line.split()[-1] for line in listed.splitlines()) == ["ctrl_help", "ctrl_main"]


def test_a_release_whose_structure_is_not_known_is_refused(ctrl, environment):
    preload = ":".join(filter(None, (environment.get("LD_PRELOAD"), str(BUILD_DIR / "later_mosquitto.so"))))
    fails(ctrl("chat", "help", LD_PRELOAD=preload), "Mosquitto 2.2 is not known here")


CALLS = """
import ctypes, sys
class Head(ctypes.Structure):
    _fields_ = [("id", ctypes.c_char_p), ("version", ctypes.c_int), ("keepalive", ctypes.c_int), ("host", ctypes.c_char_p),
                ("port", ctypes.c_int), ("qos", ctypes.c_int), ("bind", ctypes.c_char_p), ("debug", ctypes.c_bool),
                ("quiet", ctypes.c_bool), ("username", ctypes.c_char_p), ("password", ctypes.c_char_p),
                ("rest", ctypes.c_void_p * 50)]
head = Head(host=b"localhost", port=int(sys.argv[2]), username=sys.argv[3].encode(), password=sys.argv[4].encode())
module = ctypes.CDLL(sys.argv[1])
for words in ([b"getStats", b"--json"], [b"getUser", b"--x"], [b"getStats", b"--json"], [b"usersig", b"--y"], [b"help"]):
    print(module.ctrl_main(len(words), (ctypes.c_char_p * (len(words) + 1))(*words), ctypes.byref(head)), flush=True)
print(head.host, head.port)
"""


def test_it_can_be_called_again_and_leaves_the_process_and_the_structure_alone(broker, environment):
    done = subprocess.run([sys.executable, "-c", CALLS, MODULE, str(broker.mqtt.number), ADMIN, broker.sig(ADMIN)],
                          capture_output=True, text=True, env=environment, timeout=30)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^(-?\d+)$", done.stdout, re.MULTILINE) == ["-1", "13", "-1", "13", "-1"]
    assert done.stdout.count('"command":"getStats"') == 2
    assert done.stdout.endswith(f"b'localhost' {broker.mqtt.number}\n")


@pytest.mark.parametrize("line, candidates", [
    ("chat createGroup groupType=P", "Private Public"),
    ("-h x chat sen", "send sendMessage sendNotice"),
    ("dynsec crea", ""),
    ("cha", ""),
])
def test_bash_completes_what_stands_behind_chat(ctrl, tool, environment, home, line, candidates):
    (home / "completion").write_text(is_fine(ctrl("chat", "complete")))
    script = f"""source completion
COMP_LINE='{tool} {line}' COMP_POINT=1000
_chatctl_module {tool} 2>/dev/null; echo "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, cwd=home, timeout=20)
    assert done.stdout == candidates + "\n"
