# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The tables of the source that users meet: options, events, codes, counters."""
import dataclasses
import re

from manual import ROOT


def read(file):
    return (ROOT / file).read_text()


def array(file, name):
    """What is between the braces of `name[] = {...};`."""
    found = re.search(rf"\b{name}\[\] = \{{\n(.*?)^\}};", read(file), re.DOTALL | re.MULTILINE)
    assert found, f"{file} has no table {name}"
    return found[1]


@dataclasses.dataclass
class Option:
    name: str
    kind: str
    default: str  # None: it has none
    min: str
    max: str
    required: bool
    running: bool  # may change without a restart
    words: list


def number(text):
    """A limit as the source writes it."""
    text = {"UINT32_MAX": "4294967295", "RING_BYTES_MAX": "4294967296", "INT64_C(1) << 50": str(1 << 50)}.get(text, text)
    return text if re.fullmatch(r"-?\d+", text) else None


def plugin_options():
    words = dict(re.findall(r'^#define (\w+) +"([a-z0-9 ]+)"$', read("lib/plugin_options.c"), re.MULTILINE))
    found = []
    for line in re.findall(r"\{OPT\((.*)\},", array("lib/plugin_options.c", "option_rows")):
        name, kind, low, high, default, flags, named = re.split(r",\s*", line.replace(")", "", 1) if "<<" not in line
                                                                else line.replace(")", "", 1))
        found.append(Option(name, kind, None if default == "NULL" else default.strip('"'), number(low), number(high),
                            "REQUIRED" in flags, "RUNNING" in flags, words.get(named, "").split()))
    assert len(found) > 35
    return found


def conf_options(file, table):
    """Of chatgate.conf or chatpushd.conf."""
    pattern = r'\{"(\w+)", (CONF_\w+), [^,]+, ([A-Z_|0 ]+), (NULL|"[^"]*"), (\d+), (\d+)\}'
    found = [Option(name, kind, None if default == "NULL" else default.strip('"'), low, high,
                    "CONF_REQUIRED" in flags, "CONF_AT_START" not in flags, [])
             for name, kind, flags, default, low, high in re.findall(pattern, array(file, table))]
    assert len(found) == array(file, table).count('{"'), f"a row of {table} is not understood"
    return found


def running_names(sections):
    """The options of a program that count after a reload, by the names that they have in messages about them."""
    return {f"{section}.{option.name}" for section, place in sections.items()
            for option in conf_options(*place) if option.running}


class Effects(set):
    """Options that some test changes by a reload, and sees that they count."""

    def of(self, *names):
        """The test of these."""
        def keep(function):
            self.update(names)
            return function

        return keep


GATE_SECTIONS = {
    "broker": ("lib/daemon/link.c", "link_options"), "http": ("gate/config.c", "http_options"),
    "rest": ("gate/config.c", "rest_options"), "files": ("gate/config.c", "files_options"),
    "callback": ("gate/hook/hook_config.c", "hook_options"),
}
PUSH_SECTIONS = {
    "broker": ("lib/daemon/link.c", "link_options"), "apns": ("push/config.c", "apns_options"),
    "fcm": ("push/config.c", "fcm_options"), "webhook": ("push/config.c", "webhook_options"),
}


def codes():
    """{number: text}"""
    found = {int(number): text for number, text in re.findall(r'X\(\w+, (\d+), +"(.*)"\)', read("acl/code.h"))}
    assert len(found) > 45
    return found


def quoted_members(member, *files):
    """The words that these files give to a member: {"event":"read"} written by hand, or with cJSON."""
    text = "".join(read(file) for file in files)
    return set(re.findall(rf'\\"{member}\\":\\"(\w+)\\"', text) + re.findall(rf'"{member}", "(\w+)"\)', text))


def counters():
    """(topic, name in getStats) of each."""
    found = re.findall(r'\{"([a-z0-9/]+)", "(\w+)", AT_', read("plugin/commands/stats.c"))
    assert len(found) == len(set(found)) > 50
    return found


def metrics():
    """{name: type} of chatgate's."""
    found = dict(re.findall(r'"([a-z_]+)",\s+"(gauge|counter|histogram)"', read("gate/metrics.c")))
    assert len(found) > 15
    return found
