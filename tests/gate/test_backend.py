# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""A backend that was written for Tencent IM changes a host name, and goes on."""
import json
import pathlib
import shutil
import subprocess

import pytest
from harness.settings import ADMIN, KEY, SDKAPPID

PACKAGE = "tls-sig-api-v2"
BACKEND = pathlib.Path(__file__).resolve().parent / "backend.js"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With the package that makes Tencent's signatures."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("npm or node is not installed")
    made = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--prefix", made, "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE]
    try:
        done = subprocess.run(command, cwd=made, capture_output=True, text=True, timeout=45)
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not answer in time")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install {PACKAGE}")
    shutil.copy(BACKEND, made)
    return made


def test_it_creates_sends_mutes_bans_recalls_and_reads(gate, folder):
    done = subprocess.run(["node", "backend.js", str(gate.port.number), str(SDKAPPID), KEY, ADMIN], cwd=folder,
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    many = got.pop("many")
    assert {name: answer["ErrorCode"] for name, answer in got.items()} == dict.fromkeys(got, 0)
    assert many == [0] * 40
    assert got["users"]["FailAccounts"] == []
    assert (got["group"]["GroupId"], got["inGroup"]["MsgSeq"]) == ("move-g", 1)
    (info,) = got["info"]["GroupInfo"]
    members = {member["Member_Account"]: member for member in info["MemberList"]}
    assert members.keys() == {"move-a", "move-b"} and members["move-b"]["MuteUntil"] > 0
    assert [m["MsgBody"][0]["MsgContent"]["Text"] for m in got["groupHistory"]["RspMsgList"]] == ["hello all"]
    (recalled,) = got["history"]["MsgList"]
    assert (recalled["MsgSeq"], recalled["MsgFlagBits"], recalled["MsgBody"]) == (1, 8, [])
