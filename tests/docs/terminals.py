# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Terminals in which the examples of the docs are typed, beside a server laid out as scripts/run does it."""
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time

from gatehouse import Gatehouse
from harness.ports import Port
from harness.process import LoggedProcess
from harness.settings import BUILD_DIR, PATIENCE
from manual import ROOT

# What stays in the foreground until Ctrl-C; with -W or in a pipe it ends.
STAYS = re.compile(r"^(hear|mosquitto_sub|python3 run|build/chatpushd|web \w+ events)\b(?!.*(-W |\|))", re.MULTILINE)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"


class Terminal:
    numbers = itertools.count(1)

    def __init__(self, world):
        self.world = world
        self.process = LoggedProcess(["bash"], env=world.environment, cwd=world.folder, stdin=subprocess.PIPE)
        self.begin = 0  # of what the last chunk has shown
        self.process.write("set -u; trap 'echo \"FAILED $? $BASH_COMMAND\"' ERR\n")

    def type(self, text):
        """Returns when it has ended, or, where it stays, when it listens."""
        self.begin = len(self.process.lines)
        heard = len(self.world.log().lines)
        mark = f"<done {next(self.numbers)}>"
        self.process.write(f"{text}\necho '{mark}'\n")
        deadline = time.monotonic() + PATIENCE
        while not self.process.await_line(mark, 0.02, self.begin):
            assert time.monotonic() < deadline, f"this does not end: {text}\n" + "\n".join(self.process.lines[self.begin:])
            if STAYS.search(text) and (self.world.log().find("Received SUBSCRIBE", heard) or self.world.hook_listens(text)):
                return
        self.no_failure(text)

    def no_failure(self, text):
        failed = self.process.find(r"^FAILED \d+", self.begin)
        assert not failed, f"{text}\n" + "\n".join(self.process.lines[self.begin:])

    def shown(self):
        return "\n".join(line for line in self.process.lines[self.begin:] if not line.startswith("<done "))

    def await_shown(self, text):
        assert self.process.await_line(re.escape(text), start=self.begin), f"{text!r} is not in\n{self.shown()}"

    def stop(self):
        """Ctrl-C."""
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/children") as children:
                for child in children.read().split():
                    os.kill(int(child), signal.SIGINT)
        mark = f"<done {next(self.numbers)}>"
        self.process.write(f"echo '{mark}'\n")
        assert self.process.await_line(mark)

    def close(self):
        self.stop()
        self.process.write("exit 0\n")
        self.process.wait()


class World:
    """A broker and a chatgate, and alice, bob and carol."""

    def __init__(self, folder):
        self.folder, self.terminals, self.last = folder, {}, 1
        self.hook = Port()
        (folder / "run/media").mkdir(parents=True)
        (folder / "run/backup").mkdir()
        self.gate = Gatehouse(admins="administrator,admin", media_dir=folder / "run/media", backup_dir=folder / "run/backup")
        self.gate.set("files", media_dir=folder / "run/media")
        self.broker = self.gate.broker
        self.broker.conf.append("log_type all")
        self.gate.start()
        self.broker.create("alice", "bob", "carol")
        self._lay_out()
        self.environment = {
            "PATH": f"{folder}/bin:{BUILD_DIR}:{os.environ['PATH']}", "HOME": str(folder),
            "CHAT_CONFIG": str(folder / "run/mosquitto.conf"), "SSL_CERT_DIR": os.devnull, "LC_ALL": "C.UTF-8",
            "PYTHONUNBUFFERED": "1"}  # as in a terminal

    def _lay_out(self):
        folder = self.folder
        (folder / "build").symlink_to(BUILD_DIR)
        (folder / "run/key").symlink_to(self.broker.key_file)
        (folder / "run/mosquitto.conf").symlink_to(self.broker.folder / "mosquitto.conf")
        self.note_pid()
        (folder / "cat.jpg").write_bytes(JPEG)
        (folder / ".config").mkdir()
        for program in ("mosquitto_pub", "mosquitto_sub", "mosquitto_rr"):
            (folder / ".config" / program).write_text(f"-p {self.broker.mqtt.number}\n")
        (folder / "bin").mkdir()
        for name, text in {"sudo": '#!/bin/sh\nexec "$@"\n', "python3": f'#!/bin/sh\nexec {sys.executable} "$@"\n'}.items():
            (folder / "bin" / name).write_text(text)
            (folder / "bin" / name).chmod(0o755)

    def note_pid(self):
        (self.folder / "run/mosquitto.pid").write_text(f"{self.broker.process.pid}\n")

    def log(self):
        return self.broker.process

    def hook_listens(self, text):
        if "server.py" not in text:
            return False
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.hook.number)) == 0

    def here(self, text):
        """With our ports in the place of the usual ones, as the text tells its reader to change them."""
        port = self.broker.mqtt.number
        for usual, ours in {"8080": self.gate.port.number, "8443": self.hook.number}.items():
            text = text.replace(f"localhost:{usual}", f"localhost:{ours}").replace(f'"localhost", {usual}',
                                                                                   f'"localhost", {ours}')
        return text.replace("[broker]\n", f"[broker]\nport = {port}\n")

    def terminal(self, number):
        if number not in self.terminals:
            self.terminals[number] = Terminal(self)
        return self.terminals[number]

    # ---- an example

    def play(self, block):
        """What a block's mark says, in its order."""
        for clause in re.split(r"; ", block.mark):
            self._do(clause, block)

    def _do(self, clause, block):
        if clause == "run" or clause == "go on":
            self._type(block.text)
        elif found := re.fullmatch(r"run in terminals ([\d ]+)", clause):
            for number in found[1].split():
                self.terminal(int(number)).type(self.here(block.text))
        elif found := re.fullmatch(r"stop terminal (\d)", clause):
            self.terminal(int(found[1])).stop()
        elif found := re.fullmatch(r"terminal (\d) shows (.+)", clause):
            self.terminal(int(found[1])).await_shown(found[2])
        elif found := re.fullmatch(r"shows (.+)", clause):
            self.terminal(self.last).await_shown(found[1])
        elif found := re.fullmatch(r"(\S+) has a file", clause):
            assert any(path.is_file() for path in (self.folder / found[1]).rglob("*"))
        elif clause == "the broker is dead":
            self.broker.ended_by_test = True
            assert self.broker.process.wait() == -signal.SIGKILL
        elif clause == "start the broker":
            self.broker.start()
            self.note_pid()
        else:
            raise AssertionError(f"{block.page}:{block.line}: what is {clause!r}?")

    def _type(self, text):
        """Each run of lines in the terminal that its comment names; without one in that of the line before."""
        lines, chunk = self.here(text).split("\n"), []
        for line in lines:
            named = re.search(r"# terminal (\d)$", line)
            if named and int(named[1]) != self.last:
                self._type_chunk(chunk)
                chunk, self.last = [], int(named[1])
            chunk.append(line)
        self._type_chunk(chunk)

    def _type_chunk(self, lines):
        if any(line.strip() for line in lines):
            self.terminal(self.last).type("\n".join(lines))

    def output(self):
        return self.terminal(self.last).shown()

    def close(self):
        try:
            for terminal in self.terminals.values():
                terminal.close()
        finally:
            self.hook.release()
            self.gate.close()
