# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The few things that chromium does for who speaks to it as a whole, and chromedriver has no words for."""
import collections
import json
import socket
import urllib.parse
import urllib.request

from wsproto import ConnectionType, WSConnection
from wsproto.events import Request, TextMessage


class DevTools:
    """Commands of Chrome's DevTools protocol to the browser itself, at `address` ("localhost:1234")."""

    def __init__(self, address):
        with urllib.request.urlopen(f"http://{address}/json/version") as answer:
            url = urllib.parse.urlsplit(json.load(answer)["webSocketDebuggerUrl"])
        self._socket = socket.create_connection((url.hostname, url.port), timeout=30)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._number, self._text, self._messages = 0, "", collections.deque()
        self._socket.sendall(self._protocol.send(Request(host=url.netloc, target=url.path)))

    def ask(self, method, **parameters):
        self._number += 1
        message = json.dumps({"id": self._number, "method": method, "params": parameters})
        while self._protocol.state.name == "CONNECTING":
            self._receive()
        self._socket.sendall(self._protocol.send(TextMessage(data=message)))
        while (answer := self._next()).get("id") != self._number:
            pass
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def busy(self, act):
        """(what `act` returns, the processor time in milliseconds of each task of the main thread of the page that was busiest
        meanwhile, the longest first). The time that others take of the processor is not in it."""
        categories = {"includedCategories": ["toplevel", "devtools.timeline"], "recordMode": "recordAsMuchAsPossible"}
        self.ask("Tracing.start", traceConfig=categories, transferMode="ReportEvents")
        result = act()
        self.ask("Tracing.end")
        events = []
        while (told := self._next()).get("method") != "Tracing.tracingComplete":
            if told.get("method") == "Tracing.dataCollected":
                events += told["params"]["value"]
        threads = collections.Counter((one["pid"], one["tid"]) for one in events if one.get("name") == "FireAnimationFrame")
        thread = threads.most_common(1)[0][0]
        tasks = [one.get("tdur", 0) / 1000 for one in events
                 if one.get("name") == "ThreadControllerImpl::RunTask" and (one["pid"], one["tid"]) == thread]
        return result, sorted(tasks, reverse=True)

    def _next(self):
        """The next message, an answer or an event."""
        while not self._messages:
            for event in self._receive():
                if isinstance(event, TextMessage):
                    self._text += event.data
                    if event.message_finished:
                        self._messages.append(json.loads(self._text))
                        self._text = ""
        return self._messages.popleft()

    def _receive(self):
        data = self._socket.recv(65536)
        assert data, "chromium has closed the connection"
        self._protocol.receive_data(data)
        return list(self._protocol.events())

    def close(self):
        self._socket.close()
