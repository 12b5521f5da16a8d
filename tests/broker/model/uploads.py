# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Files, in three steps: createUpload, chunks that are published, finishUpload."""
import hashlib
import re
from dataclasses import dataclass, field

from model import sending
from model.reading import SAFE
from model.world import Any

LARGEST, OF_A_USER, OPEN = 5000, 12000, 4  # bytes, bytes, uploads
CHUNK = (1024, 262144)
NAMES = {"txt": "text/plain", "bin": "application/octet-stream"}  # what the content of stories is, whatever its name


@dataclass
class Upload:
    id: str
    device: object
    size: int
    chunk_bytes: int
    sha256: str = None
    chunks: dict = field(default_factory=dict)

    @property
    def count(self):
        return -(-self.size // self.chunk_bytes)

    def right(self, n):
        """What chunk n should be."""
        return content(self.size)[n * self.chunk_bytes : (n + 1) * self.chunk_bytes]

    @property
    def bytes(self):
        return b"".join(self.chunks[n] for n in range(self.count))


def content(size):
    """Letters or, of an odd size, anything but."""
    pattern = b"\1\2\3\4\xff\xfe\0\0" if size % 2 else b"letters "
    return (pattern * (size // 8 + 1))[:size]


def createUpload(call):
    fields, world = call.fields, call.world
    call.refuse(10026, not world.media)
    call.text("name", 255, required=True), call.text("contentType", 255, required=True)
    size, chunk = call.number("size", 1, SAFE), call.number("chunkBytes", *CHUNK, CHUNK[1])
    call.refuse(10004, size is None)
    sha256 = call.text("sha256")
    call.refuse(10004, sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256))
    mine = [upload for upload in world.uploads if upload.device is call.device]
    call.refuse(10005, len(mine) >= OPEN)
    open_bytes = sum(upload.size for upload in world.uploads if upload.device.user == call.me)
    kept = sum(len(data) for user, data in world.files.values() if user == call.me)
    call.refuse(93000, size is not None and (size > LARGEST or size + open_bytes + kept > OF_A_USER))
    if call.codes:
        return None
    world.uploads.append(Upload(call.answer["data"]["uploadID"], call.device, size, chunk, sha256))
    return {"uploadID": Any("128 bits", re.compile("[0-9a-f]{32}").fullmatch), "chunkBytes": chunk}


def publish_chunk(world, device, topic, data):
    """Whether it is accepted. The first of two with the same number counts."""
    _, _, id, number = topic.split("/")
    upload = next((upload for upload in world.uploads if upload.id == id), None)
    if not number.isdigit():
        return refuse(world, device, topic, 10007)  # a topic of nobody's
    if not upload or upload.device is not device:
        return refuse(world, device, topic, 10007 if upload else 10004)
    if number != str(int(number)) or int(number) >= upload.count or len(data) != len(upload.right(int(number))):
        return refuse(world, device, topic, 10004)
    upload.chunks.setdefault(int(number), data)
    return True


def refuse(world, device, topic, code):
    sending.refuse(world, device, topic, {code}, None)
    return False


def finishUpload(call):
    """What is not complete or not right is gone."""
    upload = own_upload(call)
    if call.codes:
        return None
    world = call.world
    world.uploads.remove(upload)
    if len(upload.chunks) < upload.count:
        return call.refuse(10004)
    data = upload.bytes
    sha256 = hashlib.sha256(data).hexdigest()
    if upload.sha256 and upload.sha256.lower() != sha256:
        return call.refuse(10004)
    kind = "bin" if upload.size % 2 else "txt"
    url = call.answer.get("data", {}).get("url")
    world.files[url] = (call.me, data)
    name = Any("a name", lambda url: re.fullmatch(rf"/media/([0-9a-f]{{2}})/\1[0-9a-f]{{30}}\.{kind}", url))
    return {"url": name, "size": upload.size, "sha256": sha256, "contentType": NAMES[kind]}


def abortUpload(call):
    upload = own_upload(call)
    if not call.codes:
        call.world.uploads.remove(upload)
    return {}


def own_upload(call):
    call.refuse(10026, not call.world.media)
    id = call.text("uploadID", required=True)
    upload = next((upload for upload in call.world.uploads if upload.id == id), None)
    call.refuse(10004, not upload)
    call.refuse(10007, bool(upload) and upload.device is not call.device)
    return upload


COMMANDS = [createUpload, finishUpload, abortUpload]
