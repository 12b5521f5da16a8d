# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The few things that chromium does for who speaks to it as a whole, and chromedriver has no words for."""
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
        self._number = 0
        self._socket.sendall(self._protocol.send(Request(host=url.netloc, target=url.path)))

    def ask(self, method, **parameters):
        self._number += 1
        message = json.dumps({"id": self._number, "method": method, "params": parameters})
        while self._protocol.state.name == "CONNECTING":
            self._receive()
        self._socket.sendall(self._protocol.send(TextMessage(data=message)))
        text = ""
        while True:
            for event in self._receive():
                if not isinstance(event, TextMessage):
                    continue
                text += event.data
                if not event.message_finished:
                    continue
                answer, text = json.loads(text), ""
                if answer.get("id") == self._number:
                    assert "error" not in answer, (method, answer)
                    return answer["result"]

    def _receive(self):
        data = self._socket.recv(65536)
        assert data, "chromium has closed the connection"
        self._protocol.receive_data(data)
        return list(self._protocol.events())

    def close(self):
        self._socket.close()
