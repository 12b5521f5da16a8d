# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Tencent's own generator (npm: tls-sig-api-v2) and chatctl must agree, both ways.

The package is installed into a temporary folder. It offers no verification, so the way from chatctl to
Tencent is: their code makes a userSig for the same moment, and both must hold the same members."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import zlib

import pytest

PACKAGE = "tls-sig-api-v2"
NPM_SECONDS = 60
SDKAPPID = 1400000000
KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
USERS = ["xiaojun", "_", "a.b@c-d", "007", "u" * 32]
USERBUFS = [None, "", "hello", 'quo"te\\ \u00e9\u4e2d', "x" * 1000]

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
CHATCTL = pathlib.Path(os.environ.get("BUILD_DIR", CHECKOUT / "build")) / "chatctl"

# argv: now (ms; 0 is the clock's), sdkappid, key, user, expire, userbuf as JSON
GENERATE = """
const [now, sdkappid, key, user, expire, userbuf] = process.argv.slice(1);
if (Number(now)) Date.now = () => Number(now);
const api = new (require('tls-sig-api-v2').Api)(Number(sdkappid), key);
process.stdout.write(api.genSig(user, Number(expire), JSON.parse(userbuf)));
"""


@pytest.fixture(scope="session", autouse=True)
def built():
    if not CHATCTL.exists():
        pytest.fail(f"{CHATCTL} is not there: build first, or set BUILD_DIR")


@pytest.fixture(scope="session")
def tencent(tmp_path_factory):
    """Makes a userSig with Tencent's code."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("npm or node is not installed")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=NPM_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not answer within {NPM_SECONDS} s")
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"npm cannot install {PACKAGE}: {reason}")

    def generate(user, expire=3600, userbuf=None, now=0, key=KEY, sdkappid=SDKAPPID):
        arguments = [str(now), str(sdkappid), key, user, str(expire), json.dumps(userbuf)]
        return subprocess.run(["node", "-e", GENERATE, "--", *arguments], cwd=folder, check=True,
                              capture_output=True, text=True, timeout=20).stdout

    return generate


@pytest.fixture
def chatctl(tmp_path):
    """Runs chatctl with the key in a configuration of its own."""
    key_file = tmp_path / "keys"
    key_file.write_text(f"# rotated\nanother key\n{KEY}\n")
    key_file.chmod(0o600)
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener 1883\nplugin_opt_sdkappid {SDKAPPID}\n"
                      f"plugin_opt_secret_key_file {key_file}\n")

    def run(*arguments):
        return subprocess.run([CHATCTL, *arguments, "--config", config], capture_output=True, text=True,
                              timeout=20)

    run.key_file = key_file
    return run


def unpack(user_sig):
    ordinary = user_sig.translate(str.maketrans("*-_", "+/="))
    return json.loads(zlib.decompress(base64.b64decode(ordinary, validate=True)))


@pytest.mark.parametrize("userbuf", USERBUFS, ids=["none", "empty", "plain", "unicode", "long"])
@pytest.mark.parametrize("user", USERS)
def test_a_userSig_of_tencents_generator_verifies(tencent, chatctl, user, userbuf):
    done = chatctl("verify", user, tencent(user, userbuf=userbuf))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok, expires 2")


def test_a_userSig_of_tencents_generator_is_for_one_user_only(tencent, chatctl):
    done = chatctl("verify", "bob", tencent("alice"))
    assert (done.returncode, done.stdout.split(":")[0]) == (1, "70013")


def test_an_expired_userSig_of_tencents_generator_is_refused(tencent, chatctl):
    done = chatctl("verify", "alice", tencent("alice", now=1_700_000_000_000))
    assert (done.returncode, done.stdout.split(":")[0]) == (1, "70001")


def test_tencents_generator_with_another_key_is_refused(tencent, chatctl):
    done = chatctl("verify", "alice", tencent("alice", key="a key of nobody"))
    assert (done.returncode, done.stdout.split(":")[0]) == (1, "70009")


@pytest.mark.parametrize("userbuf", USERBUFS, ids=["none", "empty", "plain", "unicode", "long"])
@pytest.mark.parametrize("user", USERS)
def test_chatctl_makes_what_tencents_generator_makes(tencent, chatctl, user, userbuf):
    chatctl.key_file.write_text(KEY)
    options = [] if userbuf is None else ["--userbuf", userbuf]
    done = chatctl("usersig", user, "--expire", "2h", *options)
    assert (done.returncode, done.stderr) == (0, "")
    ours = unpack(done.stdout.rstrip("\n"))
    theirs = unpack(tencent(user, expire=7200, userbuf=userbuf, now=ours["TLS.time"] * 1000))
    assert ours == theirs
