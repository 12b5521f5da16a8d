# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A broker that serves sensors as well as chat users."""
import json
import os
import shutil
import subprocess

import pytest

from harness import packets, usersig
from harness.packets import Will

VERSIONS = pytest.mark.parametrize("version", [4, 5])
NOT_AUTHORIZED = {4: 5, 5: 0x87}
ACL = "user probe\ntopic readwrite #\n\nuser alice\ntopic read sensors/#\n"


def passwords(broker, **users):
    """Writes a password_file for mosquitto."""
    path = broker.folder / "passwords"
    path.touch(mode=0o600)
    for name, password in users.items():
        subprocess.run(["mosquitto_passwd", "-b", str(path), name, password], check=True, capture_output=True)
    return path


@pytest.fixture
def mixed(broker_factory):
    """mixed(other_topics="..."): a broker with the sensor `probe` in its password_file, and an acl_file."""

    def make(acl=ACL, **options):
        broker = broker_factory(start=False, other_users="defer", **options)
        broker.expired_sig = usersig.expired("alice")
        path = passwords(broker, probe="pass", alice="alices-old-password", sigged=broker.expired_sig)
        broker.conf.append(f"password_file {path}")
        if acl:
            (broker.folder / "acl").write_text(acl)
            broker.conf.append(f"acl_file {broker.folder / 'acl'}")
        return broker.start()

    return make


def probe(broker, version=4, client_id="probe-1", **how):
    client = broker.raw(version)
    assert client.connect(client_id, "probe", "pass", **how).code == 0
    return client


@VERSIONS
def test_a_sensor_logs_in_with_its_password(mixed, version):
    broker = mixed()
    client = probe(broker, version)
    client.subscribe("sensors/#")
    client.publish("sensors/1", b"21.5")
    assert client.next_message().payload == b"21.5"


@VERSIONS
def test_a_wrong_password_is_refused_by_the_password_file(mixed, version):
    broker = mixed()
    assert broker.raw(version).connect("p", "probe", "wrong").code == NOT_AUTHORIZED[version]
    assert broker.raw(version).connect("p", "nobody", "pass").code == NOT_AUTHORIZED[version]


def test_a_refused_userSig_is_never_left_to_the_password_file(mixed):
    broker = mixed()
    assert broker.raw().connect("s", "sigged", broker.expired_sig).code == 5
    broker.await_log(r"\b70013\b")


def test_without_defer_a_password_is_refused_although_the_file_has_it(broker_factory):
    broker = broker_factory(start=False)
    broker.conf.append(f"password_file {passwords(broker, probe='pass')}")
    broker.start()
    assert broker.raw().connect("p", "probe", "pass").code == 5
    broker.user("alice")


@VERSIONS
@pytest.mark.parametrize("anonymous", ["true", "false"])
def test_who_names_nobody_is_let_in_as_allow_anonymous_says(broker_factory, version, anonymous):
    broker = broker_factory(conf=[f"allow_anonymous {anonymous}"], other_users="defer")
    broker.create("bob")
    client = broker.raw(version)
    allowed = anonymous == "true"
    assert client.connect("sensor-1").code == (0 if allowed else NOT_AUTHORIZED[version])
    if allowed:
        broker.reload()
        assert client.subscribe("chat/user/bob") >= 0x80
    assert broker.raw(version).connect("bob:iot:1").code == broker.refused(version, 0x85)


def test_who_names_nobody_is_refused_without_defer(broker_factory):
    broker = broker_factory(conf=["allow_anonymous true"])
    assert broker.raw().connect("sensor-1").code == 5
    broker.await_log(r"\b7003\b")


def test_a_name_without_a_password_is_an_empty_userSig(mixed):
    broker = mixed()
    assert broker.raw().connect("p", "probe").code == 5
    broker.await_log(r"\b70002\b")


def test_a_login_by_password_is_no_chat_user(mixed):
    broker = mixed()
    probe(broker)
    assert broker.user("alice").refusal("chat/user/probe", "x")["code"] == 20003


@VERSIONS
def test_every_chat_topic_and_command_is_closed_to_a_sensor(mixed, version):
    broker = mixed(other_topics="allow")
    broker.create("bob")
    alice = broker.user("alice")
    alice.group("Public", "g1", ["bob"])
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    client = probe(broker, version)
    filters = [
        "chat/user/bob",
        "chat/user/probe",
        "chat/user/probe/#",
        "chat/group/g1",
        "chat/#",
        "chat/push",
        "$SYS/broker/chat/#",
        "$CONTROL/chat/v1/response",
        "$share/x/chat/#",
    ]
    assert {name: client.subscribe(name) >= 0x80 for name in filters} == dict.fromkeys(filters, True)
    for topic in ("chat/user/bob", "chat/group/g1", "chat/user/bob/event", "chat/x"):
        code = client.publish(topic, b"raw")
        assert code == (0x87 if version == 5 else 0)
    alice.send("bob", "fence")
    assert bob.content().get("text") == "fence"
    assert bob.silent(lambda m: b"raw" in m.payload) == []


def test_a_sensor_gives_no_commands(mixed):
    broker = mixed(other_topics="allow")
    client = probe(broker)
    client.start_publish(
        "$CONTROL/chat/v1",
        {"commands": [{"command": "createGroup", "groupType": "Public", "groupID": "mine"}]},
    )
    client.close()
    again = probe(broker, client_id="probe-2")
    again.ping()
    assert broker.user("alice").code("getGroupInfo", groupID="mine") == 10010


def test_a_sensor_that_reads_everything_reads_no_chat(mixed):
    broker = mixed(other_topics="allow")
    spy = probe(broker)
    assert spy.subscribe("#") < 0x80
    broker.create("bob")
    alice = broker.user("alice")
    alice.send("bob", "secret")
    alice.send(alice.group("Private", "g1", ["bob"]), "secret")
    alice.publish("sensors/end", "end")
    assert [m.topic for m in spy.messages_until(lambda m: m.topic == "sensors/end")] == []


def test_a_sensor_does_not_take_a_chat_users_session(mixed):
    broker = mixed()
    alice = broker.raw()
    alice.login("alice", "alice:web:1")
    assert broker.raw().connect("alice:web:1", "probe", "pass").code == 5
    alice.ping()


def test_a_sensors_name_is_its_own_business(mixed):
    broker = mixed()
    for client_id in ("probe", "any thing", "x:y:z", ""):
        probe(broker, client_id=client_id)


@VERSIONS
def test_a_sensors_will_on_a_chat_topic_is_not_published(mixed, version):
    broker = mixed(other_topics="allow")
    bob = broker.user("bob").subscribe("chat/user/bob/#", "sensors/#")
    probe(broker, version, will=Will("chat/user/bob", b"raw", qos=1)).abort()
    probe(broker, version, "probe-2", will=Will("sensors/gone", b"1")).abort()
    bob.wait(lambda m: m.topic == "sensors/gone")
    assert bob.silent(lambda m: m.payload == b"raw") == []


@VERSIONS
@pytest.mark.parametrize(
    "option,reads,writes", [("allow", True, True), ("defer", True, False), ("deny", False, False)]
)
def test_what_a_chat_user_may_do_with_other_topics(mixed, version, option, reads, writes):
    """The acl_file lets alice read sensors/#, and not write."""
    broker = mixed(other_topics=option)
    sensor = probe(broker)
    sensor.subscribe("#")
    alice = broker.raw(version)
    alice.login("alice")
    granted = alice.subscribe("sensors/#")
    sensor.publish("sensors/1", b"warm")
    if reads:
        assert granted < 0x80 and alice.next_message().payload == b"warm"
    alice.publish("sensors/2", b"forged")
    alice.ping()
    sensor.publish("end", b"")
    seen = [m.topic for m in sensor.messages_until(lambda m: m.topic == "end")]
    assert ("sensors/2" in seen) == writes
    alice.ping()
    if not reads:
        assert not alice._messages


@VERSIONS
def test_without_an_acl_file_mosquitto_denies_what_is_deferred(broker, version):
    alice = broker.raw(version)
    alice.login("alice")
    assert alice.subscribe("sensors/#") >= 0x80
    code = alice.publish("sensors/1", b"x")
    assert code == (0x87 if version == 5 else 0)


@pytest.mark.options(other_topics="allow")
def test_open_topics_keep_retained_messages_and_wills_of_chat_users(broker):
    alice = broker.raw()
    alice.login("alice", will=Will("status/alice", b"offline", retain=True))
    alice.publish("status/alice", b"online", retain=True)
    bob = broker.user("bob").subscribe("status/#")
    assert bob.wait(lambda m: m.topic == "status/alice").payload == b"online"
    alice.abort()
    assert bob.wait(lambda m: m.topic == "status/alice").payload == b"offline"


def test_chat_works_beside_the_sensors(mixed):
    broker = mixed()
    sensor = probe(broker)
    sensor.subscribe("#")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    broker.user("alice").send("bob", "hello")
    bob.text("hello")
    broker.reload()
    sensor.ping()
    broker.user("carol").send("bob", "after the reload")
    bob.text("after the reload")


# ---- what a sensor may do is what it may do without the plugin


ALL = "user probe\ntopic readwrite #\n\nuser second\ntopic read sensors/#\ntopic write sensors/second/#\n"


def second(broker, version=4, client_id="second-1", **how):
    client = broker.raw(version)
    assert client.connect(client_id, "second", "pass", **how).code == 0
    return client


@pytest.fixture(params=["without the plugin", "with it"])
def sensors(request, broker_factory):
    """Two sensors' broker, once without the plugin: the tests that take it must say the same of both."""
    plugin = request.param == "with it"
    broker = broker_factory(start=False, plugin=plugin, other_users="defer", conf=["allow_anonymous false"])
    (broker.folder / "acl").write_text(ALL)
    broker.conf += [
        f"password_file {passwords(broker, probe='pass', second='pass')}",
        f"acl_file {broker.folder / 'acl'}",
    ]
    return broker.start()


@VERSIONS
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_sensors_publish_and_subscribe_at_every_qos(sensors, version, qos):
    reader = probe(sensors, version)
    assert reader.subscribe("sensors/#", qos) == qos
    second(sensors, version).publish("sensors/second/1", b"21.5", qos=qos)
    found = reader.next_message()
    assert (found.topic, found.payload, found.qos) == ("sensors/second/1", b"21.5", qos)


@VERSIONS
def test_the_acl_file_holds_for_sensors(sensors, version):
    one, two = probe(sensors, version), second(sensors, version)
    one.subscribe("#")
    two.subscribe("#")
    one.publish("elsewhere", b"not for the second")
    assert two.publish("sensors/probe/1", b"forged") == (0 if version == 4 else 0x87)
    two.publish("sensors/second/1", b"end")
    found = [[m.topic for m in client.messages_until(lambda m: m.payload == b"end")] for client in (one, two)]
    assert found == [["elsewhere"], []]


@VERSIONS
def test_sensors_have_retained_messages(sensors, version):
    second(sensors, version).publish("sensors/second/1", b"21.5", retain=True)
    reader = probe(sensors, version)
    reader.subscribe("sensors/#")
    found = reader.next_message()
    assert found.retain and found.payload == b"21.5"


@VERSIONS
def test_sensors_have_wills(sensors, version):
    reader = probe(sensors, version)
    reader.subscribe("sensors/#")
    second(sensors, version, will=Will("sensors/second/gone", b"1", qos=1)).abort()
    assert reader.next_message().topic == "sensors/second/gone"


@VERSIONS
def test_sensors_have_kept_sessions(sensors, version):
    expiry = {"props": {packets.SESSION_EXPIRY: 3600}} if version == 5 else {}
    reader = probe(sensors, version, clean=False, **expiry)
    reader.subscribe("sensors/#")
    reader.disconnect()
    writer = second(sensors, version)
    for number in range(20):
        writer.publish(f"sensors/second/{number}", b"x")
    again = sensors.raw(version)
    assert again.connect("probe-1", "probe", "pass", clean=False, **expiry).session_present
    assert [again.next_message().topic for _ in range(20)] == [f"sensors/second/{n}" for n in range(20)]


@VERSIONS
def test_sensors_share_subscriptions(sensors, version):
    readers = [probe(sensors, version, f"probe-{n}") for n in range(2)]
    for reader in readers:
        reader.subscribe("$share/both/sensors/#")
    writer = second(sensors, version)
    for number in range(10):
        writer.publish("sensors/second/1", str(number).encode())
    for reader in readers:
        reader.ping()
    found = [message.payload for reader in readers for message in reader._messages]
    assert sorted(found) == [b"%d" % number for number in range(10)]


# ---- what is the chat's is closed to them

WIDE = ["#", "+/#", "+/user/+", "+/+/+", "+/user/bob/#", "+/user/bob/group/+", "$share/x/#"]


@VERSIONS
@pytest.mark.parametrize("other_topics", ["defer", "allow", "deny"])
def test_no_wide_filter_of_anybody_shows_chat(mixed, version, other_topics):
    """A sensor may read everything, by the acl_file, and eve as well; she is a chat user, but no receiver."""
    acl = "user probe\ntopic readwrite #\n\nuser eve\ntopic readwrite #\n"
    broker = mixed(acl=acl, other_topics=other_topics)
    eve = broker.raw(version)
    eve.login("eve")
    spies = [probe(broker, version), eve]
    for spy in spies:
        for name in WIDE:
            spy.subscribe(name, 2)
    phone = broker.user("bob", "iot:1").subscribe("chat/user/bob/#")
    alice, bob = broker.user("alice"), broker.user("bob", "iot:2", version=4).subscribe("chat/user/bob")
    groups = [alice.group("Private", "g1", ["bob"]), alice.group("AVChatRoom", "live")]
    bob.subscribe(*groups)
    for qos in (0, 1, 2):
        alice.publish("chat/user/bob", "secret", qos=qos)
        alice.publish("chat/user/bob", {"text": "secret", "onlineOnly": True}, qos=qos)
        for topic in groups:
            alice.publish(topic, "secret", qos=qos)
    alice.send("bob", "end")
    for device in (phone, bob):
        device.text("end")
        device.fence()
    for spy in spies:
        spy.ping()
        assert [(m.topic, m.payload) for m in spy._messages] == []


@pytest.mark.options(other_topics="allow")
def test_a_wide_filter_beside_the_feed_brings_nothing_twice(broker):
    bob = broker.user("bob", version=4).subscribe("#", "chat/user/bob/#", "+/user/bob")
    alice = broker.user("alice")
    topic = alice.group("Private", "g1", ["bob"])
    alice.send("bob", "private")
    alice.send(topic, "group")
    alice.send("bob", "end")
    assert [(m.topic, m.get("text")) for m in bob.contents("end")] == [
        ("chat/user/bob", "private"),
        ("chat/user/bob/group/g1", "group"),
        ("chat/user/bob", "end"),
    ]
    assert bob.silent() == []


@VERSIONS
def test_counters_are_closed_to_who_reads_all_of_SYS(mixed, version):
    broker = mixed(other_topics="allow")
    spy = probe(broker, version)
    assert spy.subscribe("$SYS/#") < 0x80
    admin = broker.admin().subscribe("$SYS/broker/chat/#")
    admin.wait(lambda m: m.topic.startswith("$SYS/broker/chat/"), timeout=15)
    spy.ping()
    assert [m.topic for m in spy._messages if m.topic.startswith("$SYS/broker/chat/")] == []


def test_a_client_id_of_a_chat_user_is_closed_to_a_sensor(mixed):
    broker = mixed()
    broker.create("bob")
    closed = ("bob", "bob:ios:1", "bob:", "bob:anything at all")
    found = {name: broker.raw().connect(name, "probe", "pass").code for name in closed}
    assert found == dict.fromkeys(closed, 5)
    broker.await_log(r"login refused.*probe.* 7004 ")
    probe(broker, client_id="bobby:ios:1")


def test_a_sensor_does_not_get_the_kept_session_of_a_chat_user(mixed):
    broker = mixed()
    bob = broker.user("bob", "ios:1", clean=False).subscribe("chat/user/bob/#")
    bob.disconnect()
    broker.user("alice").send("bob", "hello")
    assert broker.raw().connect("bob:ios:1", "probe", "pass", clean=False).code == 5
    assert bob.connect().session_present
    bob.text("hello")


def test_who_has_a_chat_users_name_and_a_password_is_not_that_user(mixed):
    broker = mixed(other_topics="allow")
    alice = broker.user("alice", "web:1").subscribe("chat/user/alice/#")
    namesake = broker.raw()
    assert namesake.connect("namesake", "alice", "alices-old-password").code == 0
    assert namesake.subscribe("chat/user/alice/#") == 0x80
    namesake.publish("chat/user/alice", b"raw")
    broker.user("bob").send("alice", "hello")
    alice.text("hello")
    assert alice.silent() == []


@VERSIONS
@pytest.mark.parametrize("delay", [0, 1])
def test_a_sensors_delayed_will_on_a_chat_topic_is_not_published(mixed, version, delay):
    broker = mixed(other_topics="allow")
    bob = broker.user("bob").subscribe("chat/user/bob/#", "sensors/#")
    props = {packets.WILL_DELAY: delay} if version == 5 else {}
    expiry = {"props": {packets.SESSION_EXPIRY: 60}} if version == 5 else {}
    for number, topic in enumerate(("chat/user/bob", "sensors/gone")):
        will = Will(topic, b"raw", qos=1, properties=props)
        probe(broker, version, f"probe-{number}", will=will, **expiry).abort()
    bob.wait(lambda m: m.topic == "sensors/gone")
    assert bob.silent(lambda m: m.topic != "sensors/gone" and m.payload == b"raw") == []


# ---- beside Mosquitto's dynamic-security plugin

DYNSEC = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
DYNSEC_TOPIC = "$CONTROL/dynamic-security/v1"


@pytest.fixture
def dynsec(broker_factory):
    """dynsec(other_topics=...): a broker with dynamic-security behind ours, its admin is `boss`."""
    if not os.path.exists(DYNSEC) or not shutil.which("mosquitto_ctrl"):
        pytest.skip("needs mosquitto_dynamic_security.so and mosquitto_ctrl")

    def make(**options):
        broker = broker_factory(start=False, other_users="defer", **options)
        file = broker.folder / "dynsec.json"
        init = ["mosquitto_ctrl", "dynsec", "init", str(file), "boss", "pass"]
        subprocess.run(init, check=True, capture_output=True)
        # The harness writes our options last: what stands behind the last of them is another plugin.
        broker.options["live_history"] = f"20\nplugin {DYNSEC}\nplugin_opt_config_file {file}"
        return broker.start()

    return make


def ask_dynsec(client, command, **fields):
    client.start_publish(DYNSEC_TOPIC, {"commands": [{"command": command, **fields}]})
    while True:
        message = client.next_message()
        if message.topic == DYNSEC_TOPIC + "/response":
            return json.loads(message.payload)["responses"][0]


def dynsec_admin(broker, version=4):
    boss = broker.raw(version)
    assert boss.connect("boss", "boss", "pass").code == 0
    assert boss.subscribe(DYNSEC_TOPIC + "/response") < 0x80
    return boss


def add_sensor(boss):
    """A user `s1` of dynamic-security, who may do everything with sensors/#."""
    acls = [
        {"acltype": kind, "topic": "sensors/#", "allow": True}
        for kind in ("publishClientSend", "publishClientReceive", "subscribePattern")
    ]
    for command, fields in (
        ("createRole", {"rolename": "sensor", "acls": acls}),
        ("createClient", {"username": "s1", "password": "pass", "roles": [{"rolename": "sensor"}]}),
    ):
        assert "error" not in ask_dynsec(boss, command, **fields)


@VERSIONS
@pytest.mark.parametrize("other_topics", ["defer", "deny"])
def test_dynamic_security_serves_its_users_beside_chat(dynsec, version, other_topics):
    broker = dynsec(other_topics=other_topics)
    boss = dynsec_admin(broker, version)
    add_sensor(boss)
    sensor = broker.raw(version)
    assert sensor.connect("s1", "s1", "pass").code == 0
    assert sensor.subscribe("sensors/#") < 0x80
    sensor.publish("elsewhere", b"1")
    sensor.publish("sensors/1", b"21.5")
    assert sensor.next_message().payload == b"21.5"
    assert broker.raw(version).connect("s2", "s1", "wrong").code == NOT_AUTHORIZED[version]

    bob = broker.user("bob", version=version).subscribe("chat/user/bob/#")
    broker.user("alice").send("bob", "hello")
    bob.text("hello")
    assert ask_dynsec(boss, "listClients")["data"]["totalCount"] == 2


@pytest.mark.parametrize("who", ["s1", "boss"])
def test_users_of_dynamic_security_are_no_chat_users(dynsec, who):
    broker = dynsec()
    add_sensor(dynsec_admin(broker))
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    client = broker.raw()
    client.connect("x", who, "pass")
    assert client.subscribe("chat/user/bob") == client.subscribe("chat/#") == 0x80
    client.publish("chat/user/bob", b"raw")
    client.ping()
    assert bob.silent() == []


@VERSIONS
@pytest.mark.parametrize("other_topics", ["defer", "deny", "allow"])
def test_chat_users_do_not_get_into_dynamic_security(dynsec, version, other_topics):
    """Not even an admin of the chat, and not with all other topics open."""
    broker = dynsec(other_topics=other_topics)
    boss = dynsec_admin(broker)
    for name in ("eve", "admin"):
        chat_user = broker.raw(version)
        chat_user.login(name)
        assert chat_user.subscribe(DYNSEC_TOPIC + "/response") >= 0x80
        command = {"command": "createClient", "username": "mole", "password": "pass"}
        chat_user.start_publish(DYNSEC_TOPIC, {"commands": [command]})
        chat_user.ping()
    assert ask_dynsec(boss, "listClients")["data"]["totalCount"] == 1


def test_chat_and_dynamic_security_go_on_after_a_reload(dynsec):
    broker = dynsec()
    boss = dynsec_admin(broker)
    add_sensor(boss)
    sensor = broker.raw()
    sensor.connect("s1", "s1", "pass")
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    broker.reload()
    sensor.subscribe("sensors/#")
    sensor.publish("sensors/1", b"1")
    assert sensor.next_message().payload == b"1"
    broker.user("alice").send("bob", "hello")
    bob.text("hello")
    boss.ping()


def test_a_chat_users_client_id_is_closed_also_while_nobody_can_be_looked_up(mixed):
    broker = mixed(faults=True)
    broker.create("bob")
    broker.restart()
    broker.user("alice")
    with broker.faults.rule("read", "chat.db"):
        assert broker.raw().connect("bob:ios", "probe", "pass").code == 5
    broker.await_log("database read failed")
    probe(broker)
