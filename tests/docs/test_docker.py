# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Dockerfile and compose.yaml name only what there is, keep the usual rules, and start-broker makes what is needed. (No engine
is needed here: nothing is built.)"""
import fnmatch
import os
import re
import subprocess

import pytest
import source
from manual import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
START = ROOT / "packages/docker/start-broker"


def instructions():
    """[(stage, instruction, arguments)]"""
    lines = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE)).split("\n")
    stage, found = None, []
    for name, _, arguments in (line.partition(" ") for line in lines if line):
        if name == "FROM":
            stage = arguments.split(" AS ")[1]
        found.append((stage, name, arguments))
    return found


def of(name, stage=None):
    return [arguments for one, found, arguments in instructions() if found == name and stage in (None, one)]


SERVICES = re.findall(r"^    build: \{context: \., target: (\w+)\}", COMPOSE, re.MULTILINE)
FOLDERS = {"/config", "/data", "/media", "/backup", "/incoming"}


def test_each_service_is_a_stage_of_the_dockerfile():
    assert SERVICES == ["broker", "gate", "pushd"] == re.findall(r"^  (\w+):\n    <<", COMPOSE, re.MULTILINE)
    assert set(SERVICES) <= {stage for stage, _, _ in instructions()}


def test_what_is_copied_is_there_and_is_not_ignored():
    ignored = [line for line in (ROOT / ".dockerignore").read_text().split("\n") if line and line[0] != "#"]
    sources = [word for arguments in of("COPY") if not arguments.startswith("--") for word in arguments.split()[:-1]]
    built = re.findall(r"^ *file\(GLOB .*", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)
    needed = {*sources, *re.findall(r"[ (](\w+)/\S*\*\.c", "".join(built))}
    assert "packages/docker/start-broker" in needed and {"schema", "gate", "lib"} <= needed
    for path in needed - {"bench", "tests"}:  # the options leave them out
        assert (ROOT / path).exists()
        assert not [pattern for pattern in ignored if fnmatch.fnmatch(path.rstrip("/"), pattern)]


def test_options_of_the_build_are_options_of_cmakelists():
    named = re.findall(r"-D(CHAT_\w+|BUILD_\w+)=", DOCKERFILE)
    assert named and all(f"option({name} " in (ROOT / "CMakeLists.txt").read_text() for name in named)


def test_the_build_installs_what_scripts_deps_does():
    lines = re.search(r"^    # build\n(.*?)^    # run", (ROOT / "scripts/deps").read_text(), re.DOTALL | re.MULTILINE)[1]
    wanted = " ".join(line for line in lines.split("\n") if "#" not in line).split()
    (installed,) = of("RUN", "build")[:1]
    assert len(wanted) > 12
    assert sorted(re.search(r"--no-install-recommends (.*?) &&", installed)[1].split()) == sorted(wanted)


def test_images_have_a_tag_and_nothing_is_root_in_the_end():
    for arguments in of("FROM"):
        image = arguments.split()[0]
        assert re.fullmatch(r"[a-z]+:\d[\w.-]*", image) or image == "common"
    for service in SERVICES:
        assert of("USER", service) == ["mosquitto"]
        assert all(text.startswith("[") for name in ("CMD", "ENTRYPOINT") for text in of(name, service))
        assert len(of("CMD", service)) == 1


def test_the_rules_of_hadolint_that_can_be_read_off():
    for arguments in of("RUN"):
        assert "sudo" not in arguments and " cd " not in arguments and "apt-get upgrade" not in arguments
        assert "|" not in arguments.replace("||", "")  # else SHELL with pipefail
        if "apt-get install" in arguments:
            assert arguments.count("apt-get update") == 1 and "-y --no-install-recommends" in arguments
            assert arguments.endswith("rm -rf /var/lib/apt/lists/*")
    assert not of("ADD") and not of("MAINTAINER")
    assert all(arguments.startswith("/") for arguments in of("WORKDIR"))


def test_folders_that_are_mounted_belong_to_the_user_in_the_image():
    mounted = set(re.findall(r"^      - \w+:(/\w+)", COMPOSE, re.MULTILINE))
    made = set(re.findall(r"/\w+", re.search(r"install -d .*?&& apt-get", of("RUN", "common")[0])[0]))
    assert mounted == FOLDERS <= made
    declared = {folder for service in SERVICES for text in of("VOLUME", service) for folder in re.findall(r'"(/\w+)"', text)}
    assert declared == FOLDERS
    volumes = re.search(r"^volumes:\n(.*)", COMPOSE, re.DOTALL | re.MULTILINE)[1]
    assert set(re.findall(r"^  (\w+):$", volumes, re.MULTILINE)) == set(re.findall(r"^      - (\w+):/", COMPOSE, re.MULTILINE))


def test_ports_are_those_of_the_examples_and_open_to_this_machine_only():
    published = re.findall(r'^      (# )?- "([\d.:]+)"', COMPOSE, re.MULTILINE)
    listeners = re.findall(r"^#?listener (\d+)", (ROOT / "mosquitto.conf.example").read_text(), re.MULTILINE)
    http = next(option.default for option in source.conf_options("gate/config.c", "http_options") if option.name == "port")
    inside = {port.rsplit(":", 1)[1] for _, port in published}
    assert inside == {*listeners, http} == {port for text in of("EXPOSE") for port in text.split()}
    assert all(port.startswith("127.0.0.1:") for commented, port in published if not commented)


def test_health_is_asked_of_what_is_there():
    asked = "".join(of("HEALTHCHECK"))
    assert '"chatctl", "stats"' in asked and "/healthz" in asked
    assert '"/healthz"' in "".join(path.read_text() for path in (ROOT / "gate").rglob("*.c"))


def test_the_rights_of_a_container_are_as_few_as_can_be():
    service = COMPOSE.partition("services:")[0]
    assert all(line in service for line in ("read_only: true", "cap_drop: [ALL]", '"no-new-privileges:true"'))
    assert COMPOSE.count("<<: *service") == len(SERVICES)


# ---- start-broker


@pytest.fixture
def start(tmp_path):
    """start(): its exit code and what it says, over folders of the test's."""
    for name in ("config", "data", "examples"):
        (tmp_path / name).mkdir()
    for example in ("mosquitto.conf.example", "chatgate.conf.example"):
        (tmp_path / "examples" / example).write_text((ROOT / example).read_text())

    def start(**environment):
        folders = {f"{name.upper()}_DIR": str(tmp_path / name) for name in ("config", "data", "examples")}
        done = subprocess.run([START, "echo", "started"], capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], **folders, **environment})
        return done.returncode, done.stdout, done.stderr
    return start


def changed(example, made):
    """The lines of the second that are not in the first."""
    lines = (ROOT / example).read_text().split("\n")
    return [line for line in made.read_text().split("\n") if line not in lines]


def test_the_first_start_makes_a_key_and_says_so(start, tmp_path):
    code, out, says = start()
    key = tmp_path / "config/chat.key"
    assert (code, out) == (0, "started\n") and "made a new one" in says
    assert re.fullmatch(r"[0-9a-f]{64}\n", key.read_text()) and key.stat().st_mode & 0o777 == 0o600
    assert key.read_text().strip() not in says


def test_the_configurations_are_the_examples_with_the_folders_of_the_container(start, tmp_path):
    start(SDKAPPID="1400123456", ADMINS="administrator,ops")
    config, data = tmp_path / "config", tmp_path / "data"
    assert changed("mosquitto.conf.example", config / "mosquitto.conf") == [
        "listener 1883", "plugin_opt_sdkappid 1400123456", f"plugin_opt_secret_key_file {config}/chat.key",
        f"plugin_opt_database {data}/chat.db", "plugin_opt_admins administrator,ops", "plugin_opt_backup_dir /backup",
        "plugin_opt_media_dir /media"]
    assert changed("chatgate.conf.example", config / "chatgate.conf") == [
        "host = broker", "sdkappid = 1400123456", f"secret_key_file = {config}/chat.key",
        "address = 0.0.0.0", "temp_dir = /incoming", "admins = administrator,ops", "media_dir = /media",
        "web_dir = /usr/share/mosquitto-chat/web", "web_broker = ws://{host}:9001"]


def test_what_is_there_stays_as_it_is(start, tmp_path):
    start()
    kept = {path: path.read_text() for path in (tmp_path / "config").iterdir()}
    assert len(kept) == 3 and start(SDKAPPID="7") == (0, "started\n", "")
    assert {path: path.read_text() for path in (tmp_path / "config").iterdir()} == kept


def test_a_database_without_its_key_gets_no_other(start, tmp_path):
    (tmp_path / "data/chat.db").write_text("")
    code, out, says = start()
    assert (code, out) == (1, "") and "put the key back" in says
    assert not (tmp_path / "config/chat.key").exists()
