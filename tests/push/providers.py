# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Apple, Google and a web hook as their documentation describes them; what they would refuse is refused.
A test may say for a device token what comes first: `script[token] = [reply, ...]`."""
import collections
import hashlib
import hmac
import json
import re
import time
import urllib.parse

from h2server import H2Server, reply
from pki import read_jwt

KEY_ID, TEAM_ID, TOPIC = "KEY0000001", "TEAM000001", "org.example.chat"
PROJECT, EMAIL = "example-chat", "push@example-chat.iam.gserviceaccount.com"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
HOOK_SECRET = "a-secret-of-the-hook"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"


class Provider:
    def __init__(self, certificate, **how):
        self.script = collections.defaultdict(list)
        self.server = H2Server(certificate, self._answer, **how)
        self.take, self.pending, self.url = self.server.take, self.server.pending, self.server.url

    def _answer(self, request):
        refused = self.refuse(request)
        if refused:
            request.refusal = f"{refused.status} {refused.body!r}"
            return refused
        waiting = self.script[self.token_of(request)]
        return waiting.pop(0) if waiting else self.accept(request)

    def take_for(self, token, **how):
        """The next request for this device; it must be one that the provider takes."""
        request = self.take(lambda request: self.token_of(request) == token, **how)
        assert not request.refusal, f"refused with {request.refusal}"
        return request

    def count_for(self, token):
        return sum(self.token_of(request) == token for request in self.pending())

    def close(self):
        self.server.close()


class Apns(Provider):
    def __init__(self, certificate, public_key, **how):
        self.public_key = public_key
        super().__init__(certificate, **how)

    @staticmethod
    def token_of(request):
        return urllib.parse.unquote(request.path.removeprefix("/3/device/"))

    def refuse(self, request):
        fault = self._fault(request)
        return fault and reply(fault[0], {"reason": fault[1]})

    def _fault(self, request):
        headers = request.headers
        if request.method != "POST":
            return 405, "MethodNotAllowed"
        if not request.path.startswith("/3/device/") or "/" in request.path.removeprefix("/3/device/"):
            return 404, "BadPath"
        if not self._is_known(headers.get("authorization", "")):
            return 403, "InvalidProviderToken"
        if headers.get("apns-topic") != TOPIC:
            return 400, "BadTopic"
        if not UUID.fullmatch(headers.get("apns-id", "")):
            return 400, "BadMessageId"
        if len(headers.get("apns-collapse-id", "").encode()) > 64:
            return 400, "BadCollapseId"
        if headers.get("apns-priority") not in ("5", "10") or headers.get("apns-push-type") != "alert":
            return 400, "BadPriority"
        if not headers.get("apns-expiration", "").isdigit():
            return 400, "BadExpirationDate"
        if len(request.body) > 4096:
            return 413, "PayloadTooLarge"
        return self._payload_fault(request)

    def _payload_fault(self, request):
        aps = request.json.get("aps", {})
        if not aps.keys() & {"alert", "badge", "sound"} or not isinstance(aps.get("alert", {}), dict):
            return 400, "PayloadEmpty"
        return (400, "BadDeviceToken") if set(self.token_of(request)) == {"0"} else None

    def _is_known(self, authorization):
        scheme, _, text = authorization.partition(" ")
        found = read_jwt(text, self.public_key) if scheme == "bearer" else None
        if not found:
            return False
        header, claims = found
        young = 0 <= time.time() + 1 - claims["iat"] < 3600
        return (header["alg"], header["kid"], claims["iss"], young) == ("ES256", KEY_ID, TEAM_ID, True)

    @staticmethod
    def accept(request):
        return reply(200, None, apns_id=request.headers["apns-id"])


def fcm_error(status, name, code=None, message="refused", **headers):
    details = [{"@type": FCM_ERROR, "errorCode": code}] if code else []
    error = {"code": status, "message": message, "status": name, "details": details}
    return reply(status, {"error": error}, **headers)


class Fcm(Provider):
    """The address for access tokens is on the same server."""

    def __init__(self, certificate, public_key, **how):
        self.public_key, self.lasts = public_key, 3599
        self.access_tokens, self.token_replies, self.assertions = [], [], []
        super().__init__(certificate, **how)
        self.token_uri = self.url + "/token"

    @staticmethod
    def token_of(request):
        return "" if request.path == "/token" else request.json["message"]["token"]

    def refuse(self, request):
        if request.path == "/token":
            return self.token_replies.pop(0) if self.token_replies else self._grant(request)
        if request.path != f"/v1/projects/{PROJECT}/messages:send":
            page = b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>"
            return reply(404, page, content_type="text/html")
        if request.headers.get("authorization") not in [f"Bearer {text}" for text in self.access_tokens]:
            return fcm_error(401, "UNAUTHENTICATED")
        return self._message_fault(request.json["message"])

    def _grant(self, request):
        form = dict(urllib.parse.parse_qsl(request.body.decode()))
        found = read_jwt(form.get("assertion", ""), self.public_key)
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" or not found:
            return reply(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
        header, claims = found
        wanted = {"iss": EMAIL, "scope": SCOPE, "aud": self.token_uri}
        lasts = claims["exp"] - claims["iat"]
        if header["alg"] != "RS256" or not wanted.items() <= claims.items() or lasts > 3600:
            return reply(400, {"error": "invalid_grant", "error_description": "Invalid claims."})
        self.access_tokens.append(f"access-{len(self.access_tokens)}")
        self.assertions.append(form["assertion"])
        answer = {"access_token": self.access_tokens[-1], "expires_in": self.lasts, "token_type": "Bearer"}
        return reply(200, answer)

    @staticmethod
    def _message_fault(message):
        counted = {name: message[name] for name in ("notification", "data") if name in message}
        strings = all(isinstance(value, str) for value in message["data"].values())
        ttl = re.fullmatch(r"\d+s", message["android"]["ttl"])
        if not strings or not ttl or len(json.dumps(counted, ensure_ascii=False).encode()) > 4096:
            return fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "Invalid value")
        if set(message["token"]) == {"0"}:
            return fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT",
                             "The registration token is not a valid FCM registration token")
        return None

    @staticmethod
    def accept(_request):
        return reply(200, {"name": f"projects/{PROJECT}/messages/0:1"})


class Webhook(Provider):
    @staticmethod
    def token_of(request):
        return request.json["token"] if request.body else ""

    @staticmethod
    def refuse(request):
        if request.method == "HEAD":
            return reply(405)
        headers = request.headers
        text = headers.get("x-chat-timestamp", "").encode() + b"." + request.body
        wanted = "sha256=" + hmac.new(HOOK_SECRET.encode(), text, hashlib.sha256).hexdigest()
        return None if headers.get("x-chat-signature") == wanted else reply(401)

    @staticmethod
    def accept(_request):
        return reply(204)
