# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Makes userSigs (TLSSigAPIv2), good and bad ones."""
import base64
import hashlib
import hmac
import json
import time
import zlib

from harness.settings import KEY, SDKAPPID

DAY = 86400


def signature(key, user, sdkappid, created, expire, userbuf=None):
    """TLS.sig: the HMAC over the fields, as base64 text."""
    text = f"TLS.identifier:{user}\nTLS.sdkappid:{sdkappid}\nTLS.time:{created}\nTLS.expire:{expire}\n"
    if userbuf is not None:
        text += f"TLS.userbuf:{userbuf}\n"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def fields(user, key=KEY, sdkappid=SDKAPPID, created=None, expire=DAY, userbuf=None):
    """The JSON members of a userSig, signed. `userbuf` is bytes."""
    created = int(time.time()) if created is None else created
    encoded = None if userbuf is None else base64.b64encode(userbuf).decode()
    members = {
        "TLS.ver": "2.0",
        "TLS.identifier": user,
        "TLS.sdkappid": sdkappid,
        "TLS.time": created,
        "TLS.expire": expire,
    }
    if encoded is not None:
        members["TLS.userbuf"] = encoded
    members["TLS.sig"] = signature(key, user, sdkappid, created, expire, encoded)
    return members


def pack(text, level=-1):
    """JSON text to a userSig: deflate, base64, and Tencent's own three replacements."""
    encoded = base64.b64encode(zlib.compress(text.encode(), level)).decode()
    return encoded.translate(str.maketrans("+/=", "*-_"))


def mint(user, level=-1, extra=None, **knobs):
    """A userSig of `user`; the knobs are those of fields(), `extra` members are added after signing."""
    members = fields(user, **knobs)
    members.update(extra or {})
    return pack(json.dumps(members), level)


def expired(user):
    return mint(user, created=int(time.time()) - 2 * DAY, expire=DAY)
