# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""An HTTP/2 server over TLS whose answers a test can choose: late, never, or the end of the connection."""
import contextlib
import http.server
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from harness.settings import PATIENCE


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes = b""
    connection: int = 0
    at: float = 0
    refusal: str = ""

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    how: str = "answer"  # "hang", "close", "goaway": not processed, ask another connection; "stream": no end
    after: object = None  # an Event to wait for, or seconds


def reply(status, body=None, **headers):
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): str(value) for name, value in headers.items()}, data)


class H2Server:
    """answer(request) -> Reply is called for each request, from the thread of its connection."""

    def __init__(self, certificate, answer, max_streams=1000):
        self.answer, self.max_streams = answer, max_streams
        self.requests, self.taken = [], 0
        self.in_flight, self.most_in_flight = 0, 0
        self._changed = threading.Condition()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._context.set_alpn_protocols(["h2"])
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self._sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(plain, len(self._sockets)), daemon=True).start()
                self._sockets.append(plain)

    def _serve(self, plain, number):
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._context.wrap_socket(plain, server_side=True) as sock:
                _Connection(self, sock, number).run()

    def note(self, request):
        with self._changed:
            self.requests.append(request)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self._changed.notify_all()

    def note_end(self):
        with self._changed:
            self.in_flight -= 1

    def take(self, wanted=lambda request: True, timeout=PATIENCE):
        """The first request not taken yet for which wanted(request) is true."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                for at, request in enumerate(self.requests):
                    if wanted(request):
                        return self.requests.pop(at)
                left = deadline - time.monotonic()
                assert left > 0, f"no such request; there are {[r.path for r in self.requests][:20]}"
                self._changed.wait(left)

    def take_all(self):
        """What has come and was not taken."""
        with self._changed:
            found, self.requests = self.requests, []
            return found

    def pending(self):
        with self._changed:
            return list(self.requests)

    def close(self):
        for sock in [self._listener, *self._sockets]:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()


class _Connection:
    def __init__(self, server, sock, number):
        self.server, self.sock, self.number = server, sock, number
        self.lock = threading.Lock()
        self.h2 = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.streams = {}

    def _flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def run(self):
        with self.lock:
            self.h2.initiate_connection()
            most = h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS
            self.h2.update_settings({most: self.server.max_streams})
            self._flush()
        while data := self.sock.recv(65536):
            with self.lock:
                complete = [request for event in self.h2.receive_data(data) if (request := self._note(event))]
                self._flush()
            for stream, request in complete:
                self._handle(stream, request)

    def _note(self, event):
        """(stream, request) when it is complete."""
        if isinstance(event, h2.events.RequestReceived):
            headers = dict(event.headers)
            self.streams[event.stream_id] = Request(
                headers[":method"], headers[":path"], headers, connection=self.number, at=time.monotonic())
        elif isinstance(event, h2.events.DataReceived):
            self.streams[event.stream_id].body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            return event.stream_id, self.streams.pop(event.stream_id)
        return None

    def _handle(self, stream, request):
        made = self.server.answer(request)
        self.server.note(request)
        if made.how == "close" and made.after:
            threading.Thread(target=self._break_later, args=(made,), daemon=True).start()
        elif made.how == "close":
            self.server.note_end()
            self.sock.close()
        elif made.how == "goaway":
            self.server.note_end()
            self._go_away(stream)
        elif made.how == "hang":
            pass
        elif made.after is None:
            self._reply(stream, made)
        else:
            threading.Thread(target=self._reply_later, args=(stream, made), daemon=True).start()

    def _break_later(self, made):
        made.after.wait()
        self.server.note_end()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def _reply_later(self, stream, made):
        made.after.wait() if hasattr(made.after, "wait") else time.sleep(made.after)
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            self._reply(stream, made)

    def _reply(self, stream, made):
        more = made.how == "stream"
        with self.lock:
            headers = [(":status", str(made.status)), *made.headers.items()]
            self.h2.send_headers(stream, headers, end_stream=not made.body)
            if made.body:
                for at in range(0, len(made.body), 16384):
                    self.h2.send_data(stream, made.body[at:at + 16384])
                if not more:
                    self.h2.end_stream(stream)
            self.server.note_end()
            self._flush()

    def _go_away(self, stream):
        """The earlier streams were the last; whoever sent this one may do so again elsewhere."""
        with self.lock:
            self.h2.close_connection(last_stream_id=max(stream - 2, 0))
            self._flush()
        self.sock.close()


class OldServer:
    """HTTP/1.1 over TLS, one request at a time and connection, each answered with 204 after a pause in s."""

    def __init__(self, certificate, pause):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                time.sleep(pause)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.bodies = bodies = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        self.url = f"https://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
