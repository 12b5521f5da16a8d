# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the tables of the source have is in the tables of the docs, and the other way round. (Commands and their fields:
tests/unit/test_commands.c.)"""
import re

import pytest
import source
from manual import PAGES, ROOT, names, read, rows, tables

PLUGIN = {option.name: option for option in source.plugin_options()}


def plain(cell):
    """Without its backquotes."""
    return cell.replace("`", "").strip()


def one_each(found):
    """The same, where nothing is twice."""
    found = list(found)
    assert len(found) == len(set(found)), sorted(name for name in found if found.count(name) > 1)
    return set(found)


# ---- options of the plugin


@pytest.fixture(scope="module")
def manual():
    """{option: its row in docs/configuration.md}"""
    found = rows("docs/configuration.md", "option", "default", "values", "at a reload")
    one_each(name for row in found for name in names(row["option"]))
    return {names(row["option"])[0]: row for row in found}


def test_the_plugin_s_options_are_those_of_the_manual(manual):
    assert set(manual) == set(PLUGIN)


@pytest.mark.parametrize("name", PLUGIN)
def test_the_manual_tells_default_values_and_whether_an_option_may_change(manual, name):
    option, row = PLUGIN[name], manual[name]
    default = plain(row["default"])
    if option.required or option.default is None:
        assert default == "required" if option.required else default.startswith("none") or "<database>" in default
    else:
        assert default == option.default
    if option.kind == "NUMBER":
        assert plain(row["values"]) == f"{option.min}..{option.max}"
    if option.words:
        assert set(option.words) <= set(re.findall(r"\w+", row["values"]))
    assert re.match("yes$" if option.running else "no(: .+)?$", row["at a reload"])


def test_the_operator_is_told_which_options_wait_for_a_start():
    (sentence,) = re.findall(r"waits for the next start: those are (.*?)\. ", read("docs/operating.md"), re.DOTALL)
    assert set(names(sentence)) == {name for name, option in PLUGIN.items() if not option.running}


def test_the_example_has_each_option_of_the_plugin_once():
    assert one_each(re.findall(r"^#?plugin_opt_(\w+) ", read("mosquitto.conf.example"), re.MULTILINE)) == set(PLUGIN)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_no_option_of_the_plugin_that_there_is_not(page):
    assert set(re.findall(r"\bplugin_opt_([a-z_]+\w)", read(page))) <= set(PLUGIN)


# ---- options of chatgate and chatpushd


def sections(page, everywhere=()):
    """[(section, option, default)] of its table; a section stands in its first row only. `everywhere` are those of the
    row that is about all but [broker]."""
    found, current = [], ()
    for row in rows(page, "section", "option", "default"):
        if row["section"]:
            named = [name.strip("[]").partition(":")[0] for name in names(row["section"])]
            current = everywhere if row["section"].startswith("all but") else named
        defaults = row["default"].replace(",", " ").split()
        for section in current:
            for at, option in enumerate(names(row["option"])):
                several = len(defaults) == len(names(row["option"]))
                found.append((section, option, plain(defaults[at] if several else row["default"])))
    return found


def known(table):
    return {(section, option.name): option for section, place in table.items() for option in source.conf_options(*place)}


DAEMONS = [("docs/gate.md", source.GATE_SECTIONS, ()), ("docs/push.md", source.PUSH_SECTIONS, ("apns", "fcm", "webhook"))]


@pytest.mark.parametrize(("page", "table", "everywhere"), DAEMONS)
def test_a_program_s_options_are_those_of_its_manual(page, table, everywhere):
    assert one_each((section, option) for section, option, _ in sections(page, everywhere)) == set(known(table))


@pytest.mark.parametrize(("page", "table", "everywhere"), DAEMONS)
def test_a_manual_tells_the_default_that_an_option_has(page, table, everywhere):
    options = known(table)
    wrong = [(section, option, default) for section, option, default in sections(page, everywhere)
             if (given := options[section, option].default) is not None and given not in default.replace(",", " ").split()]
    assert not wrong


@pytest.mark.parametrize(("page", "table"), [daemon[:2] for daemon in DAEMONS])
def test_a_manual_tells_which_options_may_change_while_a_program_runs(page, table):
    said, meant = {}, {}
    for row in rows(page, "section", "option", "default", "running"):
        for name in names(row["option"]):
            said.setdefault(name, set()).add(row["running"])
    for (_, name), option in known(table).items():
        meant.setdefault(name, set()).add("yes" if option.running else "no")
    assert said == meant


@pytest.mark.parametrize(("example", "table"), [("chatgate.conf.example", source.GATE_SECTIONS),
                                                ("chatpushd.conf.example", source.PUSH_SECTIONS)])
def test_an_example_has_every_option_and_no_other(example, table):
    section, found = None, set()
    for line in read(example).split("\n"):
        if named := re.match(r"#?\[(\w+)(:[^\]]+)?\]$", line):
            section = named[1]
        elif option := re.match(r"#?([a-z0-9_]+) = ", line):
            found.add((section, option[1]))
    everywhere = {"url", "ca_file", "timeout_seconds", "business_id"}  # shown in one section
    missing = {(section, name) for section, name in set(known(table)) - found
               if name not in everywhere or not any(name == other for _, other in found)}
    assert not missing and found <= set(known(table))


# ---- codes


def codes_of(row):
    """Without the ranges that a reviewer chooses from."""
    return {int(code) for code in re.findall(r"\d+", re.sub(r"\d+ to \d+", "", row["code"]))}


def test_the_protocol_lists_every_code_once():
    listed = [code for row in rows("docs/protocol.md", "code", "meaning") for code in codes_of(row)]
    assert one_each(listed) == set(source.codes()) - {0}


def test_the_codes_of_a_reviewer_are_those_of_the_source():
    said = dict(re.findall(r"#define (\w*REVIEW_CODE_M\w+) +(\d+)", source.read("acl/code.h")))
    for low, high in (("REVIEW_CODE_MIN", "REVIEW_CODE_MAX"), ("GROUP_REVIEW_CODE_MIN", "GROUP_REVIEW_CODE_MAX")):
        assert f"{said[low]} to {said[high]} |" in read("docs/protocol.md")


def test_no_other_table_of_the_protocol_has_a_code_that_there_is_not():
    found = {code for table in tables("docs/protocol.md") if "code" in table[0] for row in table for code in codes_of(row)}
    assert found <= set(source.codes())


# ---- what the server tells


def test_the_protocol_has_a_row_for_every_event():
    listed = one_each(name for row in rows("docs/protocol.md", "event", "fields", "when") for name in names(row["event"]))
    assert listed == source.quoted_members("event", "plugin/delivery/event.c", "plugin/delivery/reply.c")


def test_the_protocol_has_a_row_for_every_reason_to_be_sent_away():
    found = re.findall(r'\[OFFLINE_\w+\] = "(\w+)"', source.read("plugin/delivery/event.c"))
    listed = one_each(names(row["`reason` of `forceOffline`"])[0]
                      for row in rows("docs/protocol.md", "`reason` of `forceOffline`"))
    assert listed == set(found)


def test_the_protocol_has_a_row_for_every_kind_of_the_feed():
    found = set(re.findall(r'\bbegin\("(\w+)"\)', source.read("plugin/delivery/happening.c")))
    listed = one_each(name for row in rows("docs/protocol.md", "kind", "members", "when") for name in names(row["kind"]))
    assert len(found) > 6 and listed == found


def actions(of):
    column = f"`action` of `{of}`"
    return one_each(name for row in rows("docs/protocol.md", column) for name in names(row[column]))


def test_the_protocol_has_a_row_for_every_action_of_a_group():
    sources = "".join(path.read_text() for path in sorted((ROOT / "plugin").rglob("*.c")))
    found = set(re.findall(r'struct group_happening[^{;]*\{\s*\.action = "(\w+)"', sources))
    assert len(found) > 8 and actions("group") == found


def test_the_protocol_has_a_row_for_every_counter():
    listed = set()
    for row in rows("docs/protocol.md", "below `$SYS/broker/chat/`", "in `getStats`"):
        listed |= set(zip(names(row["below `$SYS/broker/chat/`"]), names(row["in `getStats`"]), strict=True))
    assert listed == set(source.counters())


def test_the_manual_of_chatgate_has_a_row_for_every_metric_with_its_type():
    listed = {(name, row["type"]) for row in rows("docs/gate.md", "metric `mosquitto_chat_..`", "type")
              for name in names(row["metric `mosquitto_chat_..`"])}
    assert listed == set(source.metrics().items())


def test_chatgate_has_every_counter_as_a_metric():
    text = source.read("gate/metrics.c")
    found = set(re.findall(r'^ +\{"(\w+)",\s+"\w+",\s+"(?:gauge|counter)"', text, re.MULTILINE))
    found |= set(re.findall(r'number_of\(stats, "(\w+)"\)', text)) | set(re.findall(r'\{"(turns\w+)", "', text))
    assert found == {name for _, name in source.counters()}


# ---- chatctl


def chatctl_commands():
    found = re.findall(r'^    \{"([a-z]+)", ?$|^    \{"([a-z]+)", "', source.read("ctl/chatctl.c"), re.MULTILINE)
    return {one or other for one, other in found}


@pytest.mark.parametrize("page", ["docs/chatctl.md", "ctl/chatctl.1"])
def test_a_manual_of_chatctl_tells_each_of_its_own_commands(page):
    assert len(chatctl_commands()) > 8
    told = re.findall(r"\bchatctl ([a-z]+)|\\fB([a-z]+)\\fR|^\.B (?:chatctl )?([a-z]+)", read(page), re.MULTILINE)
    assert chatctl_commands() <= {name for names in told for name in names}


# ---- options of command lines


def long_options():
    found = re.findall(r'^    \{"([a-z-]+)", (?:no|required)_argument', source.read("ctl/options.c"), re.MULTILINE)
    assert len(found) > 15
    return set(found)


@pytest.mark.parametrize("page", ["docs/chatctl.md", "ctl/chatctl.1"])
def test_a_manual_of_chatctl_tells_each_option(page):
    told = set(re.findall(r"--([a-z][a-z-]+)", read(page).replace("\\-", "-")))
    assert not long_options() - told


@pytest.mark.parametrize(("program", "page"), [("gate/chatgate.c", "gate/chatgate.8"), ("push/chatpushd.c", "push/chatpushd.8")])
def test_a_manual_tells_each_option_of_its_program(program, page):
    usage = re.search(r"\busage\[\] =\n(.*?);\n", source.read(program), re.DOTALL)[1]
    options = set(re.findall(r"--[a-z-]+", usage)) - {"--help", "--version"}
    assert options and options <= set(re.findall(r"--[a-z-]+", read(page).replace("\\-", "-")))
