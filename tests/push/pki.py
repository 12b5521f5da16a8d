# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Certificates and keys of the tests' own, made and checked by openssl."""
import base64
import functools
import json
import pathlib
import subprocess
import tempfile


def openssl(*arguments, data=None):
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


class Pki:
    """A CA with certificates for this machine and another host, another CA; keys as Apple's and Google's."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca = self._make_ca("ca")
        self.other_ca = self._make_ca("other")
        self.server = self._make_certificate("server", "ca", "DNS:localhost,IP:127.0.0.1")
        self.elsewhere = self._make_certificate("elsewhere", "ca", "DNS:push.example.org")
        self.apple_key, self.apple_public = self._make_key("apple.p8", "EC", "ec_paramgen_curve:P-256")
        self.google_key, self.google_public = self._make_key("google.pem", "RSA", "rsa_keygen_bits:2048")

    def _make_key(self, name, algorithm, option):
        private, public = self.folder / name, self.folder / (name + ".public")
        private.write_bytes(openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option))
        private.chmod(0o600)
        public.write_bytes(openssl("pkey", "-in", private, "-pubout"))
        return private, public

    def _make_ca(self, name):
        certificate = self.folder / f"{name}.crt"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                "-subj", f"/CN=test {name}", "-keyout", self.folder / f"{name}.key", "-out", certificate)
        return certificate

    def _make_certificate(self, name, ca, names):
        """A file with certificate and key."""
        key, request, extensions = (self.folder / f"{name}.{end}" for end in ("key", "csr", "ext"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extensions.write_text(f"subjectAltName={names}\n")
        signer = ["-CA", self.folder / f"{ca}.crt", "-CAkey", self.folder / f"{ca}.key", "-CAcreateserial"]
        certificate = openssl("x509", "-req", "-in", request, *signer, "-days", 2, "-extfile", extensions)
        both = self.folder / f"{name}.pem"
        both.write_bytes(certificate + key.read_bytes())
        return both


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _der(raw):
    """r and s, 32 bytes each, as the DER that openssl wants."""
    numbers = b""
    for half in (raw[:32], raw[32:]):
        number = int.from_bytes(half, "big")
        body = number.to_bytes(number.bit_length() // 8 + 1, "big")
        numbers += bytes([2, len(body)]) + body
    return bytes([0x30, len(numbers)]) + numbers


@functools.lru_cache(maxsize=1000)
def read_jwt(text, public_key):
    """(header, claims) of a token that openssl finds signed by this key; None."""
    try:
        signed, _, signature = text.rpartition(".")
        header, claims = (json.loads(decode(part)) for part in signed.split("."))
        raw = decode(signature)
    except ValueError:
        return None
    with tempfile.NamedTemporaryFile() as file:
        file.write(_der(raw) if header.get("alg") == "ES256" else raw)
        file.flush()
        found = subprocess.run(["openssl", "dgst", "-sha256", "-verify", public_key, "-signature", file.name],
                               input=signed.encode(), capture_output=True)
    return (header, claims) if found.returncode == 0 else None
