# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Uploads as a client makes them, and files of each kind, made of a few bytes."""
import io
import pathlib
import struct
import zipfile
import zlib

HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width=3, height=2):
    rows = b"".join(b"\0" + b"\x7f\0\0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def jpg(width=3, height=2, segments=()):
    """No image data: what stands before it."""
    jfif = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    others = b"".join(b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data for data in segments)
    frame = b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width) + b"\3\1\x22\0\2\x11\1\3\x11\1"
    return b"\xff\xd8" + jfif + others + frame + b"\xff\xda\0\x0c\3\1\0\2\x11\3\x11\0\x3f\0\xff\xd9"


def gif(width=3, height=2):
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff" + b"\x3b"


def webp(width=3, height=2, kind="VP8X"):
    if kind == "VP8X":
        data = b"\0\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    elif kind == "VP8L":
        data = b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + b"\0" * 5
    else:
        data = b"\x30\1\0\x9d\1\x2a" + struct.pack("<HH", width, height)
    body = b"WEBP" + kind.encode().ljust(4) + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _box(kind, data):
    return struct.pack(">I", len(data) + 8) + kind + data


def heic(width=3, height=2):
    """The picture, a tile and a preview: the largest counts."""
    sizes = [(width // 2, height // 2), (width, height), (1, 1)]
    boxes = b"".join(_box(b"ispe", struct.pack(">III", 0, *size)) for size in sizes)
    meta = _box(b"meta", b"\0\0\0\0" + _box(b"hdlr", b"\0" * 24) + _box(b"iprp", _box(b"ipco", boxes)))
    return _box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta


def _zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.txt", "hello")
    return out.getvalue()


def _ogg(head):
    return b"OggS\0\2" + b"\0" * 8 + b"\1\0\0\0" + b"\0" * 8 + b"\1" + bytes([len(head)]) + head


def _mp4(brand):
    return _box(b"ftyp", brand + b"\0\0\0\0" + brand) + b"\0" * 100


_WAV = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 100) + b"\0" * 100
_WEBM = bytes.fromhex("1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581 02".replace(" ", ""))

# extension: (content, contentType)
KINDS = {
    "jpg": (jpg(), "image/jpeg"),
    "png": (png(), "image/png"),
    "gif": (gif(), "image/gif"),
    "webp": (webp(), "image/webp"),
    "heic": (heic(), "image/heic"),
    "mp3": (b"ID3\4\0\0\0\0\0\0" + b"\xff\xfb\x90\x64" + b"\0" * 413, "audio/mpeg"),
    "m4a": (_mp4(b"M4A "), "audio/mp4"),
    "aac": ((b"\xff\xf1\x50\x80\x02\x1f\xfc" + b"\0" * 9) * 5, "audio/aac"),
    "amr": (b"#!AMR\n\x3c" + b"\0" * 31, "audio/amr"),
    "wav": (b"RIFF" + struct.pack("<I", 136) + b"WAVEfmt " + _WAV, "audio/wav"),
    "ogg": (_ogg(b"\1vorbis\0\0\0\0\1\x44\xac\0\0" + b"\0" * 13), "audio/ogg"),
    "opus": (_ogg(b"OpusHead\1\1\0\0\x80\xbb\0\0\0\0\0"), "audio/ogg"),
    "webm": (_WEBM + b"\0" * 50, "video/webm"),
    "mp4": (_mp4(b"mp42"), "video/mp4"),
    "mov": (_mp4(b"qt  "), "video/quicktime"),
    "pdf": (b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF\n", "application/pdf"),
    "zip": (_zip(), "application/zip"),
    "txt": ("Grüße aus den Bergen\n".encode(), "text/plain"),
    "bin": (b"\1\2\3\4\xff\xfe\0\0" * 20, "application/octet-stream"),
}


class Upload:
    """An upload that `user` has begun."""

    def __init__(self, user, content, name="a.png", contentType="image/png", **fields):
        self.user, self.content = user, content
        fields = {"size": len(content), **fields}
        data = user.command("createUpload", name=name, contentType=contentType, **fields)
        self.id, self.chunk_bytes = data["uploadID"], data["chunkBytes"]

    @property
    def count(self):
        return -(-len(self.content) // self.chunk_bytes)

    def topic(self, n):
        return f"chat/upload/{self.id}/{n}"

    def chunk(self, n):
        return self.content[n * self.chunk_bytes : (n + 1) * self.chunk_bytes]

    def send(self, numbers=None, qos=1):
        """All chunks, or these, in this order; every one must be accepted."""
        numbers = range(self.count) if numbers is None else numbers
        if qos == 0:
            for n in numbers:
                self.user.publish(self.topic(n), self.chunk(n), 0)
            return self
        acks = [self.user.start_publish(self.topic(n), self.chunk(n), qos) for n in numbers]
        assert {self.user.wait_ack(mid) for mid in acks} <= {0, 0x10}
        return self

    def finish(self):
        return self.user.command("finishUpload", uploadID=self.id)

    def finish_code(self):
        return self.user.code("finishUpload", uploadID=self.id)

    def abort_code(self):
        return self.user.code("abortUpload", uploadID=self.id)


def upload(user, content, **fields):
    """The whole way: what finishUpload answers."""
    return Upload(user, content, **fields).send().finish()


def files(folder):
    """Whatever is in media_dir, by its path from there: uploads too."""
    folder = pathlib.Path(folder)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
