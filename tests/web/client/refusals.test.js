// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What Mosquitto 2.1 says and 2.0 does not: reason codes of a refused login, and that a connection was taken over. A server
// that does nothing else says it here.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { CHECKOUT, SDKAPPID, sleep, until, userSig } from "./broker.js";

const { EVENT } = ChatClient;
const packets = createRequire(join(CHECKOUT, "web", "package.json"))("mqtt-packet");

/** What the server answers to the next CONNECTs: a reason code; 0 when there is none left. */
let refusals = [];
let connects = [];
/** It has let somebody in and says nothing more. */
let isSilent = false;
let sockets = [];
let server;
let chat;

const send = (socket, packet) => socket.write(packets.generate(packet, { protocolVersion: 5 }));

function serve(socket) {
    const parser = packets.parser({ protocolVersion: 5 });
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => parser.parse(bytes));
    parser.on("packet", (packet) => {
        if (packet.cmd === "connect") {
            connects.push(packet);
            const reasonCode = refusals.shift() ?? 0;
            send(socket, { cmd: "connack", reasonCode, sessionPresent: false });
            if (reasonCode) socket.end();
        } else if (packet.cmd === "subscribe" && !isSilent) {
            send(socket, { cmd: "suback", messageId: packet.messageId, granted: [1] });
        } else if (packet.cmd === "publish") {
            const responses = JSON.parse(packet.payload).commands.map(({ command, correlationData }) => {
                return { command, correlationData, data: { devices: [], conversations: [], groups: [], users: [], userIDs: [] } };
            });
            send(socket, { cmd: "publish", topic: "$CONTROL/chat/v1/response", payload: JSON.stringify({ responses }), qos: 0 });
        }
    });
}

function takeOver() {
    for (const socket of sockets) {
        send(socket, { cmd: "disconnect", reasonCode: 0x8e });
        socket.end();
    }
    sockets = [];
}

/** The pause before the next try is over when a browser says that there is a network again. */
const hurry = setInterval(() => globalThis.window.dispatchEvent(new Event("online")), 50);

before(async () => {
    globalThis.window = new EventTarget();
    server = createServer(serve).listen(0, "127.0.0.1");
    await once(server, "listening");
});
afterEach(async () => {
    await chat.destroy();
    refusals = [];
    isSilent = false;
    connects = [];
    sockets = [];
});
after(() => {
    clearInterval(hurry);
    delete globalThis.window;
    server.close();
});

function create(options) {
    chat = ChatClient.create({ SDKAppID: SDKAPPID, url: `mqtt://127.0.0.1:${server.address().port}`, ...options });
    return chat;
}

const as = () => ({ userID: "alice", userSig: userSig("alice") });
const next = (name) => new Promise((resolve) => chat.on(name, ({ data }) => resolve(data)));

test("a refused login has the code that is behind the reason", async () => {
    create();
    const cases = { 0x85: 7004, 0x86: 70009, 0x87: 70000, 0x89: 10002, 0x8a: 70051, 0x88: 2800 };
    for (const [reason, code] of Object.entries(cases)) {
        refusals = [Number(reason)];
        await assert.rejects(chat.login(as()), { code });
    }
    assert.equal(connects.length, 6, "none was tried again");
});

test("a user who was banned meanwhile is kicked out, and a busy server is tried again", async () => {
    create();
    await chat.login(as());
    refusals = [0x89, 0x88];
    sockets.pop().destroy();
    await until(() => connects.length === 4);
    const kicked = next(EVENT.KICKED_OUT);
    refusals = [0x8a];
    await until(() => sockets.length);
    for (const socket of sockets) socket.destroy();
    assert.deepEqual(await kicked, { type: "REST_API_Kick" });
});

test("a userSig that is not good any more ends the session after some tries, or is renewed", async () => {
    create();
    await chat.login(as());
    const errors = [];
    chat.on(EVENT.ERROR, ({ data }) => errors.push(data.code));
    const kicked = next(EVENT.KICKED_OUT);
    refusals = [0x87, 0x87, 0x87, 0x87];
    sockets.pop().destroy();
    assert.deepEqual(await kicked, { type: "REST_API_Kick" });
    assert.deepEqual(errors, [70000]);
    assert.equal(connects.length, 4);
    await sleep(1000);
    assert.equal(connects.length, 4, "and nothing is tried after that");

    refusals = [];
    const sigs = [userSig("alice"), userSig("alice", { expire: 1000 })];
    create({ getUserSig: () => sigs.shift() });
    await chat.login({ userID: "alice" });
    refusals = [0x86];
    sockets.pop().destroy();
    await until(() => connects.length === 7);
    assert.notEqual(String(connects[6].password), String(connects[5].password));
});

test("a network that dies right after the login was let in is noticed", async () => {
    create({ heartbeat: 0.2 });
    isSilent = true;
    await assert.rejects(chat.login(as()), { code: 2800 });
    isSilent = false;
    await chat.login(as());
    isSilent = true;
    sockets.pop().destroy();
    // The fourth is given up.
    await until(() => connects.length >= 5);
    const connected = new Promise((resolve) => chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => data.state === "connected" && resolve()));
    isSilent = false;
    await connected;
    await until(() => chat.isReady());
});

test("another connection with the same client id: this one takes another, unless it is the application's own", async () => {
    create();
    await chat.login(as());
    takeOver();
    await until(() => connects.length === 2);
    assert.equal(connects[1].clientId, `${connects[0].clientId}.1`);
    await chat.destroy();

    create({ clientID: "alice:web:app" });
    await chat.login(as());
    const kicked = next(EVENT.KICKED_OUT);
    takeOver();
    assert.deepEqual(await kicked, { type: "multipleAccount" });
    await sleep(1000);
    assert.equal(connects.length, 3);
});
