# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A child process whose output lines can be waited for."""
import re
import subprocess
import threading
import time

from harness.settings import PATIENCE


class LoggedProcess:
    def __init__(self, command, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._child = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            with self._changed:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def pid(self):
        return self._child.pid

    def write(self, text):
        """To its standard input, which was PIPE."""
        self._child.stdin.write(text.encode())
        self._child.stdin.flush()

    def end_input(self):
        self._child.stdin.close()

    def alive(self):
        return self._child.poll() is None

    def signal(self, number):
        self._child.send_signal(number)

    def wait(self, timeout=PATIENCE):
        """The exit code; every line of output has been read then."""
        code = self._child.wait(timeout)
        self._reader.join(timeout)
        self._child.stdout.close()
        if self._child.stdin:
            self._child.stdin.close()
        return code

    def find(self, pattern, start=0):
        """The lines that match, those seen up to now."""
        with self._changed:
            return [line for line in self.lines[start:] if re.search(pattern, line)]

    def await_line(self, pattern, timeout=PATIENCE, start=0):
        """The first matching line, as soon as it is there; None when output or time end without it."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for line in self.lines[start:]:
                    if re.search(pattern, line):
                        return line
                start = len(self.lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    return None
                self._changed.wait(left)
