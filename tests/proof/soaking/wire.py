# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""MQTT 3.1.1 clients of which hundreds fit on one loop."""
import asyncio
import itertools
import json
import socket
import time

from harness import packets
from harness.settings import PATIENCE
from harness.user import CONTROL, RESPONSE

KEEPALIVE = 60
_marks = itertools.count(1)


class Device(asyncio.Protocol):
    """`told(device, message)` is called for what comes on chat topics: messages, events, live ones."""

    longest = 0.0  # seconds that any of them has waited for an answer

    def __init__(self, broker, user, client_id, told):
        self.broker, self.user, self.client_id, self.told = broker, user, client_id, told
        self._buffer, self._mids, self._waiting = bytearray(), itertools.cycle(range(1, 65536)), {}
        self._transport, self._pings, self.lost = None, None, None

    # ---- bytes

    def connection_made(self, transport):
        self._transport = transport

    def connection_lost(self, error):
        self.lost = error or "closed"
        self._pings.cancel()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError(f"{self.client_id}: {self.lost}"))

    def data_received(self, data):
        self._buffer += data
        while (packet := packets.take(self._buffer, 4)) is not None:
            self._handle(packet)

    def _handle(self, packet):
        if packet.kind == packets.PUBLISH:
            if packet.qos:
                self._transport.write(packets.ack(packets.PUBACK, packet.mid))
            self._hear(packet.topic, json.loads(packet.payload))
        elif packet.kind != packets.PINGRESP:
            self._answer((packet.kind, packet.mid), packet)

    def _hear(self, topic, message):
        if topic == RESPONSE:
            for response in message["responses"]:
                self._answer(response["correlationData"], response)
        elif message.get("event") == "sent":
            self._answer(message["random"], message)
        else:
            self.told(self, message)

    # ---- what is awaited

    def _answer(self, key, value):
        future = self._waiting.pop(key, None)
        if future and not future.done():
            future.set_result(value)

    def _expect(self, key):
        self._waiting[key] = asyncio.get_running_loop().create_future()
        return self._waiting[key]

    async def _ask(self, key, packet, patience=6 * PATIENCE):
        future, begun = self._expect(key), time.monotonic()
        self._transport.write(packet)
        answer = await asyncio.wait_for(future, patience)
        Device.longest = max(Device.longest, time.monotonic() - begun)
        return answer

    # ---- verbs

    def _socket(self):
        sock = socket.socket()
        sock.setblocking(False)
        return sock

    async def open(self, *filters, clean=True):
        loop = asyncio.get_running_loop()
        sock = self._socket()
        await loop.sock_connect(sock, ("127.0.0.1", self.broker.mqtt.number))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer, self.lost = bytearray(), None
        self._pings = asyncio.ensure_future(self._ping())
        await loop.create_connection(lambda: self, sock=sock)
        connect = packets.connect(4, self.client_id, self.user, self.broker.sig(self.user), clean, KEEPALIVE)
        connack = await self._ask((packets.CONNACK, 0), connect)
        if connack.code:
            raise ConnectionError(f"{self.client_id}: CONNACK {connack.code}")
        for name in filters:
            mid = next(self._mids)
            suback = await self._ask((packets.SUBACK, mid), packets.subscribe(4, mid, [name]))
            if suback.code >= 0x80:
                raise ConnectionError(f"{self.client_id}: {name} refused")
        return self

    async def _ping(self):
        while True:
            await asyncio.sleep(KEEPALIVE / 2)
            self._transport.write(packets.packet(packets.PINGREQ, 0, b""))

    async def publish(self, topic, payload):
        """Returns when it is acked."""
        mid = next(self._mids)
        payload = payload if isinstance(payload, bytes) else json.dumps(payload)
        await self._ask((packets.PUBACK, mid), packets.publish(4, topic, payload, 1, mid))

    async def send(self, topic, payload, number):
        """The receipt."""
        receipt = self._expect(number)
        await self.publish(topic, {**payload, "random": number})
        return await asyncio.wait_for(receipt, 6 * PATIENCE)

    async def command(self, name, /, **fields):
        mark = f"s{next(_marks)}"
        command = {"command": name, "correlationData": mark, **fields}
        payload = json.dumps({"commands": [command]})
        response = await self._ask(mark, packets.publish(4, CONTROL, payload, 0))
        if response.get("code"):
            raise ValueError(f"{self.client_id}: {name}: {response}")
        return response.get("data", {})

    async def close(self, politely=True):
        if politely and not self.lost:
            self._transport.write(packets.disconnect())
        while not self.lost:
            self._transport.close() if politely else self._transport.abort()
            await asyncio.sleep(0)


class SlowDevice(Device):
    """Takes so many bytes a second off the network, until hurry() is called."""

    def __init__(self, *arguments, rate):
        super().__init__(*arguments)
        self._rate, self._rest = rate, None

    def _socket(self):
        sock = super()._socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        return sock

    def data_received(self, data):
        if self._rate:
            self._transport.pause_reading()
            self._rest = asyncio.get_running_loop().call_later(len(data) / self._rate, self._go_on)
        super().data_received(data)

    def _go_on(self):
        if not self.lost:
            self._transport.resume_reading()

    def hurry(self):
        self._rate = 0
        if self._rest:
            self._rest.cancel()
            if not self.lost:
                self._transport.resume_reading()
