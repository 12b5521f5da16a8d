# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The page behind nginx, as docs/page.md configures it, but for TLS."""
import json
import re
import shutil
import signal
import socket
import time

import pytest
from harness.ports import Port
from harness.process import LoggedProcess
from harness.settings import CHECKOUT, PATIENCE, SDKAPPID

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
SITE = re.search(r"```nginx\n(.*?)```", (CHECKOUT / "docs/page.md").read_text(), re.DOTALL)[1]
MEDIA = re.search(r"(    location /media/ \{.*?\n    \})", (CHECKOUT / "docs/configuration.md").read_text(), re.DOTALL)[1]


def replaced(text, **changes):
    """Each must be there, or the test would be of something else."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, str(new))
    return text


@pytest.fixture
def site(house, tmp_path):
    port = Port()
    number = port.number
    media = replaced(MEDIA, **{"/var/lib/mosquitto/media/": f"{house.folder}/media/"})
    text = replaced(SITE, **{
        "listen 443 ssl http2": f"listen 127.0.0.1:{number}",
        "wss://chat.example.org": f"ws://localhost:{number}",
        "server_name chat.example.org": "server_name localhost",
        "/var/www/chat": house.web,
        "127.0.0.1:9001": f"127.0.0.1:{house.broker.websocket.number}",
        "    location = /mqtt": f"{media}\n    location = /mqtt"})
    text = re.sub(r"\n *ssl_certificate.*", "", text)
    temp = "".join(f"{what}_temp_path {tmp_path}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    types = "types { text/html html; text/css css; text/javascript js; application/json json; }"
    (tmp_path / "nginx.conf").write_text(f"daemon off; master_process off; pid {tmp_path}/pid; error_log stderr;\n"
                                         f"user root; events {{ }}\nhttp {{ access_log off; {types} {temp}\n{text} }}\n")
    (house.web / "config.json").write_text(json.dumps(
        {"SDKAppID": SDKAPPID, "url": f"ws://{{host}}:{number}/mqtt", "httpUrl": ""}))
    process = LoggedProcess([NGINX, "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf")])
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", number)).close()
            break
        except ConnectionRefusedError:
            assert process.alive() and time.monotonic() < deadline, process.lines
            time.sleep(0.05)
    house.url = f"http://localhost:{number}/"
    yield house
    process.signal(signal.SIGTERM)
    process.wait()
    port.release()


@pytest.mark.skipif(not NGINX, reason="there is no nginx")
def test_the_page_behind_nginx(site, window):
    bob = site.broker.user("bob", "ios:1")
    bob.subscribe("chat/user/bob/#")
    site.broker.create("alice")
    bob.send("chat/user/alice", "hello from bob")
    alice = window("alice")
    alice.click(".conversation", "hello from bob")
    alice.type(".main textarea", "hello through nginx", enter=True)
    bob.text("hello through nginx")
