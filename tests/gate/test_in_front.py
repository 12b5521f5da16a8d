# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""nginx and Caddy in front, as docs/gate.md configures them."""
import http.client
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from gatehouse import make
from harness import media
from harness.ports import Port
from harness.process import LoggedProcess
from harness.settings import PATIENCE

MANUAL = (pathlib.Path(__file__).resolve().parents[2] / "docs" / "gate.md").read_text()


def block(language):
    return re.search(rf"```{language}\n(.*?)```", MANUAL, re.DOTALL)[1]


def replaced(text, **changes):
    """Each must be there, or the test would be of something else."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


def nginx(house, port, folder, certificate):
    site = replaced(block("nginx"), **{"127.0.0.1:8080": f"127.0.0.1:{house.port.number}",
                                       "listen 443 ": f"listen 127.0.0.1:{port} ",
                                       "/etc/ssl/chat.example.org.pem": certificate[0],
                                       "/etc/ssl/chat.example.org.key": certificate[1]})
    temp = "".join(f"{what}_temp_path {folder}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\nevents {{ }}\n"
        f"http {{ access_log off; {temp}\n{site} }}\n")
    return ["nginx", "-p", folder, "-e", "stderr", "-c", folder / "nginx.conf"]


def caddy(house, port, folder, certificate):
    site = replaced(block("caddy"), **{"127.0.0.1:8080": f"127.0.0.1:{house.port.number}",
                                       "chat.example.org {": f"https://localhost:{port} {{\n"
                                                             f"    bind 127.0.0.1\n    tls {certificate[0]} {certificate[1]}"})
    path = folder / "Caddyfile"
    path.write_text(f"{{\n    admin off\n    auto_https off\n    storage file_system {folder}/caddy\n}}\n{site}")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", path]


SERVERS = {"nginx": nginx, "caddy": caddy}


class Front:
    def __init__(self, house, port):
        self.house, self.port = house, port
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def connection(self):
        return http.client.HTTPSConnection("localhost", self.port, timeout=PATIENCE, context=self.tls,
                                           source_address=("127.0.0.2", 0))

    def ask(self, method, path, body=None, headers=()):
        connection = self.connection()
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        got = response.status, response.read()
        connection.close()
        return got


@pytest.fixture(scope="module", params=SERVERS)
def front(request, tmp_path_factory):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    folder = tmp_path_factory.mktemp("front")
    stored = folder / "media"
    stored.mkdir()
    house = make(request)
    house.broker.options["media_dir"] = stored
    house.set("http", trust_proxy="127.0.0.1 ::1").set("files", media_dir=stored).start()
    house.broker.create("alice", "bob")
    certificate = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-out", certificate[0], "-keyout", certificate[1]], check=True, capture_output=True)
    port = Port()
    process = LoggedProcess([str(part) for part in SERVERS[request.param](house, port.number, folder, certificate)])
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port.number)).close()
            break
        except ConnectionRefusedError:
            assert process.alive() and time.monotonic() < deadline, process.lines
            time.sleep(0.05)
    yield Front(house, port.number)
    process.signal(9)
    process.wait()
    port.release()


@pytest.fixture
def alice(front):
    return front.house.client("alice")


def test_messages_go_through(front, alice):
    status, body = front.ask("POST", "/v1/user/bob", "hi", alice.headers())
    assert status == 200 and b'"seq":' in body


def test_a_stream_comes_as_it_is_written(front, alice):
    connection = front.connection()
    connection.request("GET", "/v1/events", headers=alice.headers())
    response = connection.getresponse()
    assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
    response.fp.readline()
    front.house.client("bob").send("alice", "now")
    while b"now" not in response.fp.readline():
        pass
    connection.close()


def test_a_file_goes_through_both_ways(front, alice):
    content = media.png(200, 100) + b"\0" * (3 << 20)
    status, body = front.ask("POST", "/v1/media", content, alice.headers())
    assert status == 200 and b'"width":200' in body
    url = re.search(rb'"url":"([^"]+)"', body)[1].decode()
    assert front.ask("GET", url) == (200, content)


def test_who_is_nobody_is_told_so(front):
    status, body = front.ask("POST", "/v1/media", b"x" * (3 << 20))
    assert status == 401 and b"70002" in body


def test_a_file_that_is_too_long_is_413(front, alice):
    connection = front.connection()
    connection.putrequest("POST", "/v1/media")
    for name, value in {**alice.headers(), "Content-Length": str(200 << 20), "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_what_is_the_operator_s_is_not_shown(front, path):
    assert front.ask("GET", path)[0] == 404


def test_connections_to_the_gateway_are_kept(front):
    before = connections(front)
    for _ in range(30):
        assert front.ask("GET", "/v1/login")[0] == 405
    assert connections(front) <= before + 2


def connections(front):
    text = front.house.ask("GET", "/metrics")[2].decode()
    return int(re.search(r"gate_http_connections (\d+)", text)[1])


def test_the_gateway_knows_the_client_s_address(front):
    front.ask("POST", "/v1/login")
    assert front.house.process.await_line(r" 127\.0\.0\.2 was refused")
