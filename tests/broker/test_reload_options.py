# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""mosquitto.conf is changed, SIGHUP: each option that may change has its effect, each other one is named in the log."""
import contextlib
import dataclasses
import datetime
import itertools
import os
import re
import sqlite3
import time
import typing

import pytest

from harness.media import Upload, files, upload
from harness.raw import Closed
from harness.review import is_review, reviewer
from harness.settings import CHECKOUT, PATIENCE
from harness.user import ACCEPTED
from test_coexistence import passwords
from test_reload import OTHER_KEY, burst, ends, logs_in, reload, texts
from test_retention import ask

DAY = 86400
EXAMPLE = (CHECKOUT / "mosquitto.conf.example").read_text()
OPTIONS = re.findall(r"^#?plugin_opt_(\w+) ", EXAMPLE, re.MULTILINE)
numbers = itertools.count(1)


def fresh(what="u"):
    """A name that nobody has had."""
    return f"{what}{next(numbers)}"


def someone(broker, device=None, name=None, **how):
    return broker.user(name or fresh(), device, **how)


def change(broker, **options):
    """What the log says of a SIGHUP with these options in mosquitto.conf."""
    broker.write_config(**options)
    return reload(broker)


def said(lines):
    return [line.partition("reload: ")[2] for line in lines if "reload: " in line]


def until(true, step=lambda: None):
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "no effect"
        step()
        time.sleep(0.02)


# ---- what is seen of each: called before and after, with a broker that has the old value and then the new one


def admin_command_of_boss(broker):
    return someone(broker, f"other:{fresh()}", "boss").code("pushDone", jobs=[1])


def login_with_the_other_key(broker):
    return logs_in(broker, fresh(), OTHER_KEY)


def login_of_a_sensor(broker):
    return broker.raw().connect(fresh("probe"), "probe", "pass").code


def subscription_to_another_topic(broker):
    return someone(broker).try_subscribe("sensors/#") < 0x80


def first_stays(first, second):
    """Of two devices of one user, when the second comes."""

    def probe(broker):
        name = fresh()
        device = someone(broker, f"{first}:1", name)
        someone(broker, f"{second}:2", name).fence()
        try:
            device.event("forceOffline", timeout=0.3)
        except AssertionError:
            return True
        return False

    return probe


def burst_to_a_user(broker):
    broker.create("bob")
    return burst(someone(broker), "bob", 20)


def burst_to_a_group(broker):
    user = someone(broker)
    return burst(user, user.group("Public", fresh("g")), 20)


def commands_in_a_row(broker):
    return {answer.get("code", 0) for answer in someone(broker).batch([{"command": "getUnread"}] * 20)}


def name_of_a_group_that_the_database_has_renamed(broker):
    """What is in memory is not read again."""
    group = fresh("g")
    someone(broker).group("Public", group, groupName="before")
    until(lambda: ask(broker, f"SELECT count(*) FROM chat_group WHERE group_id = '{group}'") == 1)
    with contextlib.closing(sqlite3.connect(broker.database, timeout=PATIENCE)) as db, db:
        db.execute("UPDATE chat_group SET name = 'after' WHERE group_id = ?", (group,))
    admin = broker.admin(f"other:{fresh()}")
    admin.fence(), admin.fence()
    return admin.command("getGroupInfo", groupID=group)["groupName"]


def messages_of_long_ago(broker):
    """The clock goes on by so much that what the call before has sent is old, and the next round is due."""
    return ask(broker, "SELECT count(*) FROM message WHERE kind = 0")


def belief_in_the_clock(broker):
    return "is believed from now on" in broker.log()


def message_of_350_bytes(broker):
    broker.create("bob")
    return someone(broker).publish("chat/user/bob", "x" * 350) in ACCEPTED


def members_of(kind):
    """Of three that are asked for."""

    def probe(broker):
        group = fresh("g")
        broker.create("bob", "carol")
        user = someone(broker)
        user.request("createGroup", groupType=kind, groupID=group,
                     members=[{"userID": "bob"}, {"userID": "carol"}])
        found = user.request("getGroupMembers", groupID=group)
        return len(found["data"]["members"]) if "data" in found else 0

    return probe


def to_a_message_of_ones_own(command, **fields):
    def probe(broker):
        broker.create("bob")
        user = someone(broker)
        user.send("bob", "hello")
        return user.code(command, to="bob", id=user.synced()[-1]["id"], **fields)

    return probe


def replayed(broker):
    name = fresh()
    broker.create(name)
    someone(broker).send_many(name, ["m1", "m2", "m3"])
    user = someone(broker, None, name).subscribe(f"chat/user/{name}/#")
    user.fence()
    return texts(user.take_all())


def shown_of_a_live_group(broker):
    owner = someone(broker)
    topic = owner.group("AVChatRoom", fresh("g"))
    owner.send_many(topic, ["m1", "m2", "m3"])
    viewer = someone(broker).subscribe(topic)
    owner.send(topic, "now")
    return texts(viewer.contents("now"))[:-1]


def all_of_a_backlog(broker):
    """By WebSockets: there nobody knows what TCP has brought. Three quarters of 100 are handed out at once."""
    name = fresh()
    broker.create(name)
    someone(broker).send_many(name, [f"m{n}" for n in range(200)])
    user = someone(broker, "web:1", name, transport="websockets").subscribe(f"chat/user/{name}")
    try:
        user.contents("m199", timeout=1)
    except AssertionError:
        return False
    return True


def receipt_before_the_commit(broker):
    sender, other = someone(broker), someone(broker)
    sender.subscribe(sender.inbox)
    with broker.uncommitted():
        sender.send(other.name, {"text": "a", "random": 1})
        for text in "bc":
            other.send(sender.name, {"text": text})
            sender.text(text)
        return bool(sender.pending(lambda m: m.get("event") == "sent"))


def syncs_of_a_commit(broker):
    broker.create("bob")
    before = ask(broker, "SELECT count(*) FROM message")
    with broker.faults.rule("sync", "chat.db-wal", error=0) as calls:
        someone(broker).send("bob", "hello")
        until(lambda: ask(broker, "SELECT count(*) FROM message") > before)
        return calls() > 0


def phone(broker, name):
    user = someone(broker, "ios:1", name)
    user.command("setPushToken", provider="fcm", token=f"token-{name}")
    user.disconnect()


def lease_of_a_job(broker):
    """In whole minutes."""
    name = fresh()
    phone(broker, name)
    worker = broker.admin(f"web:{fresh()}").subscribe("chat/push")
    someone(broker).send(name, "hello")
    worker.wait(lambda m: m.topic == "chat/push" and m.get("userID") == name)
    where = f"user = '{name}' AND state = 1"
    until(lambda: ask(broker, f"SELECT count(*) FROM push_job WHERE {where}") == 1)
    due = ask(broker, f"SELECT due FROM push_job WHERE {where}")
    worker.disconnect()
    return round((due / 1000 - time.time()) / 60)


def jobs_that_wait(broker):
    return ask(broker, "SELECT count(*) FROM push_job")


def silent_jobs_of_a_reader(broker):
    name, other = fresh(), fresh()
    phone(broker, name), phone(broker, other)
    sender, mac = someone(broker), someone(broker, "mac:1", name)
    sender.send(name, "hello")
    mac.command("markRead", to=sender.name)
    sender.send(other, "end")
    until(lambda: ask(broker, f"SELECT count(*) FROM push_job WHERE user = '{other}'") == 1)
    return ask(broker, f"SELECT count(*) FROM push_job WHERE user = '{name}' AND conversation = 0")


def a_bad_word(broker):
    broker.create("bob")
    user = someone(broker)
    user.publish("chat/user/bob", "so bad")
    user.fence()
    return [message.get("code") for message in user.take_all(lambda m: m.get("event") == "rejected")]


def start_a_review(broker):
    """Who has sent a message; the reviewer does nothing."""
    if not any(user.client_id == "admin:other:reviewer" for user in broker.users):
        reviewer(broker)
        broker.user("bob").subscribe("chat/user/bob")
    user = someone(broker)
    user.send("bob", user.name)
    return user


def one(broker, client_id):
    return next(user for user in broker.users if user.client_id == client_id)


def reviews_of_a_message(broker):
    start_a_review(broker).fence()
    judge = one(broker, "admin:other:reviewer")
    judge.fence()
    return len(judge.take_all(is_review))


def end_of_a_review(broker):
    """None when it has none in two seconds."""
    user = start_a_review(broker)
    bob = one(broker, "bob")
    end = time.monotonic() + 2
    while time.monotonic() < end:
        if bob.pending(lambda m: m.get("text") == user.name):
            return "passed"
        if user.pending(lambda m: m.get("event") == "rejected"):
            return "refused"
        time.sleep(0.02)
    return None


def code_of_a_backup(broker):
    return broker.admin(f"other:{fresh()}").code("startBackup", name=f"{fresh('copy')}.db")


def url_of_a_file(broker):
    return upload(someone(broker), b"hello")["url"].partition("/m/")[0]


def upload_of_1500_bytes(broker):
    return someone(broker).code("createUpload", name="a", contentType="b", size=1500)


def second_upload(broker):
    user = someone(broker)
    Upload(user, b"x" * 900)
    return user.code("createUpload", name="a", contentType="b", size=900)


def files_of_long_ago(broker):
    return len(files(broker.options["media_dir"]))


# ---- before the change, and after it


def with_sensors(broker):
    broker.conf.append(f"password_file {passwords(broker, probe='pass')}")


def with_other_keys(broker):
    path = broker.folder / "other.key"
    path.write_text(OTHER_KEY + "\n")
    path.chmod(0o600)
    broker.secrets.append(OTHER_KEY)


def with_words(broker):
    (broker.folder / "words").write_text("bad\n")


def with_small_queues(broker):
    broker.conf.append("max_queued_messages 100")


def with_folders(broker):
    for name in ("media", "backups"):
        (broker.folder / name).mkdir()


def pass_days(days):
    def step(broker):
        broker.faults.set_clock(wall=days * DAY, steady=days * DAY)

    return step


def some_messages(broker):
    broker.create("bob")
    someone(broker).send_many("bob", ["m1", "m2", "m3"])
    until(lambda: messages_of_long_ago(broker) == 3)
    pass_days(8)(broker)


def doubted(broker):
    broker.faults.set_clock(wall=8 * DAY)
    broker.await_log("nothing is removed for its age until")


def a_job(broker):
    phone(broker, "bob")
    someone(broker).send("bob", "hello")
    until(lambda: jobs_that_wait(broker) == 1)
    pass_days(0.1)(broker)


def a_file(broker):
    upload(someone(broker, keepalive=0), b"hello")
    pass_days(2)(broker)


@dataclasses.dataclass
class Row:
    option: str
    old: object
    new: object
    probe: typing.Callable
    before: object
    after: object
    prepare: typing.Callable = lambda broker: None  # before the start
    begin: typing.Callable = lambda broker: None  # after it
    later: typing.Callable = lambda broker: None  # after the reload
    options: dict = dataclasses.field(default_factory=dict)
    faults: bool = False


def in_folder(name):
    return lambda broker: broker.folder / name


UPLOADS = {"prepare": with_folders, "options": {"media_dir": in_folder("media")}}
REVIEWED = {"options": {"review": "c2c", "review_seconds": 1}}
ROWS = [
    Row("secret_key_file", in_folder("secret.key"), in_folder("other.key"), login_with_the_other_key, False, True,
        with_other_keys),
    Row("admins", "admin", "admin,boss", admin_command_of_boss, 60010, 0),
    Row("other_users", "refuse", "defer", login_of_a_sensor, 5, 0, with_sensors),
    Row("other_topics", "defer", "allow", subscription_to_another_topic, False, True),
    Row("login_policy", "multi", "single", first_stays("ios", "mac"), True, False),
    Row("instances_per_platform", 1, 2, first_stays("ios", "ios"), False, True),
    Row("web_instances", 5, 1, first_stays("web", "web"), True, False),
    Row("user_rate", 0, 1, burst_to_a_user, 20, 5),
    Row("group_rate", 0, 1, burst_to_a_group, 20, 1),
    Row("command_rate", 0, 1, commands_in_a_row, {0}, {0, 10023}),
    Row("cache_seconds", 604800, 0, name_of_a_group_that_the_database_has_renamed, "before", "after"),
    Row("retention_days", 0, 7, messages_of_long_ago, 3, 1, begin=some_messages, later=pass_days(8.1), faults=True),
    Row("clock_checked", 0, f"{datetime.date.today() + datetime.timedelta(8):%Y%m%d}", belief_in_the_clock, False, True,
        begin=doubted, faults=True),
    Row("max_message_bytes", 300, 400, message_of_350_bytes, False, True),
    Row("max_members_private", 1, 3, members_of("Private"), 1, 3),
    Row("max_members_public", 3, 2, members_of("Public"), 3, 2),
    Row("max_members_chatroom", 1, 3, members_of("ChatRoom"), 1, 3),
    Row("recall_seconds", 0, 120, to_a_message_of_ones_own("recallMessage"), 20016, 0),
    Row("edit_seconds", 0, 120, to_a_message_of_ones_own("editMessage", text="b"), 20016, 0),
    Row("replay_limit", 1000, 2, replayed, ["m1", "m2", "m3"], ["m2", "m3"]),
    Row("live_history", 0, 2, shown_of_a_live_group, [], ["m2", "m3"]),
    Row("device_rate", 1, 100000, all_of_a_backlog, False, True, with_small_queues),
    Row("sync", "off", "full", syncs_of_a_commit, False, True, faults=True),
    Row("sent_after", "accepted", "committed", receipt_before_the_commit, True, False),
    Row("push_lease_seconds", 3600, 600, lease_of_a_job, 60, 10),
    Row("push_ttl_seconds", 86400, 60, jobs_that_wait, 1, 0, begin=a_job, later=pass_days(0.2), faults=True),
    Row("push_badge", "true", "false", silent_jobs_of_a_reader, 1, 0),
    Row("words_file", None, in_folder("words"), a_bad_word, [], [80001], with_words),
    Row("review", None, "c2c", reviews_of_a_message, 0, 1),
    Row("review_seconds", 30, 1, end_of_a_review, None, "passed", options={"review": "c2c"}),
    Row("review_default", "pass", "refuse", end_of_a_review, "passed", "refused", **REVIEWED),
    Row("backup_dir", None, in_folder("backups"), code_of_a_backup, 10026, 0, with_folders),
    Row("media_url", "/a/m/", "/b/m/", url_of_a_file, "/a", "/b", **UPLOADS),
    Row("max_media_bytes", 1024, 2048, upload_of_1500_bytes, 93000, 0, **UPLOADS),
    Row("media_retention_days", 0, 1, files_of_long_ago, 1, 0, begin=a_file, later=pass_days(2.1), faults=True,
        **UPLOADS),
    Row("media_user_bytes", 0, 1024, second_upload, 0, 93000, **UPLOADS),
]
# option, old, new, what the log says of the new one
FIXED = [
    ("sdkappid", 1400000000, 5, "5"),
    ("database", in_folder("chat.db"), in_folder("other.db"), "other.db"),
    ("ring_file", None, in_folder("other.ring"), "other.ring"),
    ("ring_bytes", 8 << 20, 16 << 20, "16777216"),
    ("media_dir", None, in_folder("media"), "media"),
    ("settings_file", None, in_folder("settings"), "settings"),
]


def valued(broker, options):
    """A value that is a function wants to know the broker."""
    return {name: value(broker) if callable(value) else value for name, value in options.items()}


def started(broker_factory, row):
    broker = broker_factory(start=False, faults=row.faults)
    row.prepare(broker)
    broker.options.update(valued(broker, {row.option: row.old, **row.options}))
    return broker.start()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.option)
def test_an_option_that_may_change_has_its_effect_after_SIGHUP_and_is_named(broker_factory, row):
    broker = started(broker_factory, row)
    row.begin(broker)
    assert row.probe(broker) == row.before
    lines = change(broker, **valued(broker, {row.option: row.new}))
    row.later(broker)
    until(lambda: row.probe(broker) == row.after)
    assert said(lines) == [f"{row.option} changed"]


@pytest.mark.parametrize("option, old, new, shown", FIXED, ids=[row[0] for row in FIXED])
def test_an_option_that_cannot_change_is_named_once_and_stays(broker_factory, option, old, new, shown):
    broker = broker_factory(start=False)
    broker.options.update(valued(broker, {option: old}))
    broker.start()
    (line,) = [line for line in said(change(broker, **valued(broker, {option: new}))) if option in line]
    assert re.fullmatch(rf"plugin_opt_{option} has changed to \S*{shown}; it counts from the next start on", line)
    assert said(reload(broker)) == []
    broker.admin().command("getUnread")
    back = said(change(broker, **valued(broker, {option: old})))
    assert f"plugin_opt_{option} is again what is in force" in back


def test_every_option_has_its_row_here():
    rows = [row.option for row in ROWS] + [row[0] for row in FIXED]
    assert sorted(rows) == sorted(OPTIONS)


# ---- what is wrong


def settings_of(broker, text):
    path = broker.options["settings_file"] = broker.folder / "settings"
    path.write_text(text)
    return path


def line_of(broker, name):
    return 1 + broker.config_file.read_text().split("\n").index(next(
        line for line in broker.config_file.read_text().split("\n") if name in line))


@pytest.mark.parametrize("name, value, why", [
    ("group_rate", "many", '"many" is not a whole number from 0 to 1000000'),
    ("group_rat", 5, "is not an option; did you mean plugin_opt_group_rate?"),
    ("sdkappid", 0, '"0" is not a whole number from 1 to 4294967295'),
])
def test_one_wrong_line_changes_nothing_and_is_named_with_its_file_and_number(broker, name, value, why):
    (line,) = said(change(broker, max_message_bytes=400, **{name: value}))
    place = f"{broker.config_file}, line {line_of(broker, name + ' ')}: plugin_opt_{name}"
    assert re.fullmatch(rf"no option is changed: {re.escape(place)}:? {re.escape(why)}", line)
    assert message_of_350_bytes(broker)
    broker.create("bob")
    assert someone(broker).publish("chat/user/bob", "x" * 500) in ACCEPTED


def test_an_option_that_is_missing_changes_nothing(broker):
    assert said(change(broker, database=None, user_rate=1)) == [
        "no option is changed: plugin_opt_database is missing; it has no default"]
    assert burst_to_a_user(broker) == 20


def test_a_wrong_settings_file_keeps_mosquitto_conf_from_counting(broker_factory):
    broker = broker_factory(start=False)
    path = settings_of(broker, "group_rate 0\n")
    broker.start()
    path.write_text("group_rate none\n")
    (line,) = said(change(broker, user_rate=1))
    assert line.startswith(f"no option is changed: settings_file {path}, line 1: group_rate: ")
    assert burst_to_a_user(broker) == 20


def test_a_file_that_loads_another_plugin_changes_nothing(broker):
    text = broker.config_file.read_text()
    broker.config_file.write_text(text.replace(f"plugin {broker.plugin}", "plugin /nowhere.so"))
    (line,) = said(reload(broker))
    assert line == f"no option is changed: {broker.config_file} has no line that loads {broker.plugin}"


def test_a_new_key_file_without_keys_changes_nothing(broker):
    (line,) = said(change(broker, secret_key_file=broker.folder / "nothing", user_rate=1))
    assert line.startswith("no option is changed: secret_key_file: ")
    assert burst_to_a_user(broker) == 20


def test_a_key_that_has_to_go_goes_whatever_is_wrong_with_the_options(broker):
    broker.write_keys(OTHER_KEY)
    assert len(said(change(broker, user_rate="many"))) == 1
    assert login_with_the_other_key(broker)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be followed by another user")
def test_a_file_that_the_broker_may_not_read_changes_nothing_and_settings_file_counts_all_the_same(broker_factory):
    broker = broker_factory(start=False, run_as="nobody")
    path = settings_of(broker, "max_message_bytes 300\n")
    for owned in (broker.folder, broker.key_file, path):
        os.chown(owned, 65534, 65534)
    broker.start()
    path.write_text("max_message_bytes 400\n")
    broker.write_config(user_rate=1)
    broker.config_file.chmod(0o600)
    os.chown(broker.config_file, 0, 0)
    unread, changed = said(reload(broker))
    assert unread == (f"{broker.config_file} cannot be opened: Permission denied; so what mosquitto.conf says to this plugin "
                      "stays as it was read before")
    assert changed == "max_message_bytes changed"
    assert message_of_350_bytes(broker) and burst_to_a_user(broker) == 20


# ---- where it stands


def test_a_relative_path_is_found_again(broker_factory):
    broker = broker_factory(start=False, wrapper=["sh", "-c", 'exec "$0" -c mosquitto.conf'])
    broker.start()
    assert said(change(broker, user_rate=1)) == ["user_rate changed"]


def test_a_file_of_a_folder_that_is_included_is_read_again(broker_factory):
    broker = broker_factory(start=False)
    folder = broker.folder / "conf.d"
    folder.mkdir()
    broker.conf.append(f"include_dir {folder}")
    chat, broker.has_plugin = folder / "chat.conf", False
    chat.write_text("\n".join(broker.plugin_lines()) + "\n")
    broker.start()
    chat.write_text("\n".join([*broker.plugin_lines(), "plugin_opt_edit_seconds 5"]) + "\n")
    assert said(reload(broker)) == ["edit_seconds changed"]
    chat.write_text("\n".join([*broker.plugin_lines(), "plugin_opt_edit_seconds soon"]) + "\n")
    (line,) = said(reload(broker))
    assert line.startswith(f"no option is changed: {chat}, line {len(broker.plugin_lines()) + 1}: plugin_opt_edit_seconds: ")


def test_what_settings_file_says_counts_and_that_is_said(broker_factory):
    broker = broker_factory(start=False)
    path = settings_of(broker, "user_rate 0\n")
    broker.start()
    assert said(change(broker, user_rate=1)) == [
        f"plugin_opt_user_rate has changed, but settings_file ({path}) says something else, and counts"]
    assert burst_to_a_user(broker) == 20
    path.write_text("")
    assert said(reload(broker)) == ["user_rate changed"]
    assert burst_to_a_user(broker) == 5


# ---- who has something of it already


def test_who_is_no_admin_any_more_hears_nothing_more_of_what_only_admins_hear(broker_factory):
    broker = broker_factory(admins="admin,boss")
    boss = broker.user("boss").subscribe("chat/feed", "chat/review")
    broker.create("bob")
    someone(broker).send("bob", "before")
    boss.wait(lambda m: m.topic == "chat/feed" and "before" in str(m.data))
    assert said(change(broker, admins="admin")) == ["admins changed"]
    boss.take_all(lambda m: True)
    someone(broker).send("bob", "after")
    boss.fence()
    assert [m.data for m in boss.pending(lambda m: m.topic == "chat/feed") if "after" in str(m.data)] == []


def test_other_words_and_none_at_all(broker_factory):
    broker = broker_factory(start=False)
    first, second = broker.folder / "first", broker.folder / "second"
    first.write_text("bad\n"), second.write_text("good\n")
    broker.options["words_file"] = first
    broker.start()
    assert a_bad_word(broker) == [80001]
    change(broker, words_file=second)
    until(lambda: a_bad_word(broker) == [])
    change(broker, words_file=first)
    until(lambda: a_bad_word(broker) == [80001])
    assert said(change(broker, words_file=None)) == ["words_file changed"]
    assert a_bad_word(broker) == []


def test_sensors_that_are_there_stay_when_others_are_refused(broker_factory):
    broker = broker_factory(start=False, other_users="defer", other_topics="allow")
    with_sensors(broker)
    broker.start()
    sensor = broker.raw()
    assert sensor.connect("probe-1", "probe", "pass").code == 0
    lines = change(broker, other_users="refuse")
    assert said(lines) == ["other_users changed"] and ends(lines) == []
    sensor.ping()
    assert login_of_a_sensor(broker) == 5


def test_who_came_without_a_name_goes_when_others_are_refused(broker_factory):
    broker = broker_factory(other_users="defer", conf=["allow_anonymous true"])
    nobody = broker.raw()
    assert nobody.connect("nameless").code == 0
    change(broker, other_users="refuse")
    nobody.wait_closed()
