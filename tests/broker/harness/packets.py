# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""MQTT 3.1.1 and 5.0 packets as bytes, as much as the tests need. Wrong ones can be built as well."""
import struct
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)

# MQTT 5 property ids
EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA = 0x02, 0x03, 0x08, 0x09
SESSION_EXPIRY, ASSIGNED_CLIENT_ID, WILL_DELAY, TOPIC_ALIAS, USER_PROPERTY = 0x11, 0x12, 0x18, 0x23, 0x26

_U8 = {0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A}
_U16 = {0x13, 0x21, 0x22, 0x23}
_U32 = {0x02, 0x11, 0x18, 0x27}
_VARINT = {0x0B}
_TEXT = {0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F}
_BYTES = {0x09, 0x16}


def varint(number):
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def read_varint(data, at):
    number, shift = 0, 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return number, at


def take(buffer, version):
    """The first whole packet of the bytearray, which goes out of it; None: there is none yet."""
    try:
        length, at = read_varint(buffer, 1)
    except IndexError:
        return None
    if len(buffer) < at + length:
        return None
    first, body = buffer[0], bytes(buffer[at : at + length])
    del buffer[: at + length]
    return parse(version, first, body)


def binary(data):
    data = data.encode() if isinstance(data, str) else data
    return struct.pack("!H", len(data)) + data


def _property(key, value):
    if key in _U8:
        return struct.pack("!BB", key, value)
    if key in _U16:
        return struct.pack("!BH", key, value)
    if key in _U32:
        return struct.pack("!BI", key, value)
    if key == USER_PROPERTY:
        return bytes([key]) + binary(value[0]) + binary(value[1])
    if key in _VARINT:
        return bytes([key]) + varint(value)
    return bytes([key]) + binary(value)


def properties(version, values):
    if version < 5:
        return b""
    body = b"".join(_property(key, value) for key, value in (values or {}).items())
    return varint(len(body)) + body


def read_binary(data, at):
    (length,) = struct.unpack_from("!H", data, at)
    return data[at + 2 : at + 2 + length], at + 2 + length


def _read_property(data, at):
    key = data[at]
    at += 1
    for ids, code in ((_U8, "!B"), (_U16, "!H"), (_U32, "!I")):
        if key in ids:
            return key, struct.unpack_from(code, data, at)[0], at + struct.calcsize(code)
    if key in _VARINT:
        value, at = read_varint(data, at)
        return key, value, at
    value, at = read_binary(data, at)
    if key == USER_PROPERTY:
        second, at = read_binary(data, at)
        return key, (value.decode(), second.decode()), at
    return key, value.decode() if key in _TEXT else value, at


def read_properties(data, at):
    length, at = read_varint(data, at)
    end, values = at + length, {}
    while at < end:
        key, value, at = _read_property(data, at)
        values[key] = value
    return values, end


def packet(kind, flags, body):
    return bytes([kind << 4 | flags]) + varint(len(body)) + body


@dataclass
class Will:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: dict = field(default_factory=dict)


def connect(
    version, client_id, username=None, password=None, clean=True, keepalive=60, will=None, props=None
):
    flags = (
        (2 if clean else 0) | (0x80 if username is not None else 0) | (0x40 if password is not None else 0)
    )
    body = binary(client_id)
    if will:
        flags |= 4 | will.qos << 3 | (0x20 if will.retain else 0)
        body += properties(version, will.properties) + binary(will.topic) + binary(will.payload)
    body += b"" if username is None else binary(username)
    body += b"" if password is None else binary(password)
    head = (
        binary("MQTT") + bytes([version, flags]) + struct.pack("!H", keepalive) + properties(version, props)
    )
    return packet(CONNECT, 0, head + body)


def publish(version, topic, payload, qos=0, mid=None, retain=False, dup=False, props=None):
    payload = payload.encode() if isinstance(payload, str) else payload
    head = binary(topic) + (struct.pack("!H", mid) if qos else b"") + properties(version, props)
    return packet(PUBLISH, (8 if dup else 0) | qos << 1 | (1 if retain else 0), head + payload)


def subscribe(version, mid, filters, qos=1, props=None):
    body = struct.pack("!H", mid) + properties(version, props)
    return packet(SUBSCRIBE, 2, body + b"".join(binary(name) + bytes([qos]) for name in filters))


def unsubscribe(version, mid, filters):
    body = struct.pack("!H", mid) + properties(version, None)
    return packet(UNSUBSCRIBE, 2, body + b"".join(binary(name) for name in filters))


def ack(kind, mid):
    return packet(kind, 2 if kind == PUBREL else 0, struct.pack("!H", mid))


def disconnect():
    return packet(DISCONNECT, 0, b"")


@dataclass
class Packet:
    """What arrived. `code` is the first reason or return code of an ack (0 when the packet carries none)."""

    kind: int
    flags: int
    mid: int = 0
    code: int = 0
    codes: tuple = ()
    session_present: bool = False
    topic: str = ""
    payload: bytes = b""
    properties: dict = field(default_factory=dict)

    qos = property(lambda self: self.flags >> 1 & 3)
    retain = property(lambda self: bool(self.flags & 1))
    dup = property(lambda self: bool(self.flags & 8))


def _parse_publish(out, version, body):
    topic, at = read_binary(body, 0)
    out.topic = topic.decode()
    if out.qos:
        (out.mid,) = struct.unpack_from("!H", body, at)
        at += 2
    if version == 5:
        out.properties, at = read_properties(body, at)
    out.payload = body[at:]


def _parse_connack(out, version, body):
    out.session_present, out.code = bool(body[0] & 1), body[1]
    if version == 5 and len(body) > 2:
        out.properties, _ = read_properties(body, 2)


def _parse_ack(out, _version, body):
    (out.mid,) = struct.unpack_from("!H", body, 0)
    out.code = body[2] if len(body) > 2 else 0


def _parse_suback(out, version, body):
    (out.mid,) = struct.unpack_from("!H", body, 0)
    at = read_properties(body, 2)[1] if version == 5 else 2
    out.codes = tuple(body[at:])
    out.code = out.codes[0] if out.codes else 0


def _parse_disconnect(out, _version, body):
    out.code = body[0] if body else 0


_PARSERS = {
    CONNACK: _parse_connack,
    PUBLISH: _parse_publish,
    PUBACK: _parse_ack,
    PUBREC: _parse_ack,
    PUBREL: _parse_ack,
    PUBCOMP: _parse_ack,
    SUBACK: _parse_suback,
    UNSUBACK: _parse_suback,
    DISCONNECT: _parse_disconnect,
}


def parse(version, first, body):
    out = Packet(first >> 4, first & 15)
    parser = _PARSERS.get(out.kind)
    if parser:
        parser(out, version, body)
    return out
