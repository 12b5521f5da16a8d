# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The blocks of docs/clients.md, as they stand but for host, port and userSig: they hear what is for alice, and write to bob."""
import re
import shutil
import signal
import subprocess
import sys

import pytest

from harness.settings import CHECKOUT


def block(language):
    """The first of that language."""
    return re.search(rf"```{language}\n(.*?)```", (CHECKOUT / "docs/clients.md").read_text(), re.DOTALL)[1]


def shell(folder, text):
    (folder / "example.sh").write_text(text)
    return ["sh", folder / "example.sh"]


def python(folder, text):
    (folder / "example.py").write_text(text)
    return [sys.executable, folder / "example.py"]


def javascript(folder, text):
    modules = CHECKOUT / "web/node_modules"
    if not shutil.which("node") or not (modules / "mqtt").exists():
        pytest.skip("node, or MQTT.js below web/, is not installed")
    (folder / "node_modules").symlink_to(modules)
    (folder / "example.mjs").write_text(text)
    return ["node", folder / "example.mjs"]


def c(folder, text):
    (folder / "example.c").write_text(text)
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", folder / "example.c", "-o", folder / "example", "-lmosquitto"], check=True)
    return [folder / "example"]


@pytest.mark.parametrize(("language", "make"), [("sh", shell), ("python", python), ("js", javascript), ("c", c)])
def test_the_example_hears_and_writes(broker, tmp_path, language, make):
    broker.create("alice")
    bob = broker.user("bob").subscribe("chat/user/bob")
    text = block(language)
    for placeholder, value in {"USERSIG": broker.sig("alice"), "1883": str(broker.mqtt.number), "9001": str(broker.websocket.number)}.items():
        text = text.replace(placeholder, value)
    process = subprocess.Popen(make(tmp_path, text), stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert bob.content().get("text") == "hello"
        bob.send("alice", "hello yourself")
        assert "hello yourself" in next(line for line in process.stdout if "hello yourself" in line)
    finally:
        subprocess.run(["kill", f"-{signal.SIGTERM.value}", "--", f"-{process.pid}"], check=False)
        process.communicate(timeout=10)
