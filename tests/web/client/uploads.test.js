// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Files: over MQTT and over the gateway, whole whatever happens on the way.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { deflateSync } from "node:zlib";
import { emitter } from "../../../web/client/src/emitter.js";
import { message as makeMessagePart } from "../../../web/client/src/message.js";
import { uploads as makeUploads } from "../../../web/client/src/uploads.js";
import { ADMIN, Broker, CHECKOUT, SDKAPPID, freePort, sleep, until } from "./broker.js";

const GATE = join(process.env.BUILD_DIR ?? join(CHECKOUT, "build"), "chatgate");
/** @type {Broker} */
let broker;
let media;
/** For all that do not end it. */
let gateway;
const gates = [];

before(async () => {
    broker = new Broker({ options: { max_media_bytes: 8 << 20 } });
    broker.port = await freePort();
    broker.webPort = await freePort();
    media = join(broker.folder, "media");
    mkdirSync(media);
    broker.options.media_dir = media;
    await broker.launch();
    await broker.admin("importUsers", { userIDs: ["alice", "bob"] });
    gateway = await startGate();
});
afterEach(async () => {
    await broker.cleanUp();
    for (const gate of gates.splice(1)) await gate.end();
});
after(async () => {
    await gateway.end();
    await broker.stop();
});

/** A gateway of this broker. */
async function startGate(port) {
    port ??= await freePort();
    const folder = join(broker.folder, `gate${port}`);
    mkdirSync(folder, { recursive: true });
    const conf = join(folder, "chatgate.conf");
    writeFileSync(conf, `[broker]\nport = ${broker.port}\nuser = ${ADMIN}\nsdkappid = ${SDKAPPID}\nsecret_key_file = ${join(broker.folder, "secret.key")}
[http]\nport = ${port}\ntemp_dir = ${folder}\n[rest]\nadmins = ${ADMIN}\n[files]\nmedia_dir = ${media}\n`);
    const child = spawn(GATE, ["-c", conf], { stdio: "ignore" });
    const gate = {
        port,
        url: `http://127.0.0.1:${port}`,
        async end(signal = "SIGTERM") {
            if (child.exitCode === null && !child.signalCode) {
                child.kill(signal);
                await once(child, "exit");
            }
            rmSync(folder, { recursive: true, force: true });
        },
    };
    gates.push(gate);
    await until(async () => (await fetch(`${gate.url}/readyz`).catch(() => ({}))).ok, "the gateway");
    return gate;
}

/** Stands between a client and the broker, and cuts. */
async function startProxy() {
    const sockets = new Set();
    const proxy = { bytes: 0, cutAt: Infinity, cuts: 0 };
    const server = createServer((near) => {
        const far = connect(broker.port, "127.0.0.1");
        let isCut = false;
        const end = () => {
            near.destroy();
            far.destroy();
        };
        for (const socket of [near, far]) {
            sockets.add(socket);
            socket.on("error", end);
            socket.on("close", end);
        }
        near.on("data", (data) => {
            if (isCut) return;
            proxy.bytes += data.length;
            if (proxy.bytes < proxy.cutAt) return void far.write(data);
            // In the middle of a packet.
            isCut = true;
            far.write(data.subarray(0, data.length >> 1));
            proxy.cutAt = Infinity;
            proxy.cuts += 1;
            setTimeout(end, 5);
        });
        far.on("data", (data) => near.write(data));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    proxy.url = `mqtt://127.0.0.1:${server.address().port}`;
    proxy.end = () => {
        for (const socket of sockets) socket.destroy();
        server.close();
    };
    return proxy;
}

const to = { to: "bob", conversationType: "C2C" };
const hash = (bytes) => createHash("sha256").update(bytes).digest("hex");
const filesOf = () => readdirSync(media, { recursive: true, withFileTypes: true }).filter((each) => each.isFile() && !each.name.startsWith("."));
const onDisk = (url) => readFileSync(join(media, url.replace(/^.*\/media\//, "")));

/** A PNG of one colour. */
function png(width, height) {
    const part = (name, data) => {
        const body = Buffer.concat([Buffer.from(name), data]);
        const out = Buffer.alloc(8 + body.length);
        out.writeUInt32BE(data.length);
        body.copy(out, 4);
        out.writeUInt32BE(crc(body), out.length - 4);
        return out;
    };
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width);
    head.writeUInt32BE(height, 4);
    head.set([8, 0, 0, 0, 0], 8);
    return Buffer.concat([
        Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
        part("IHDR", head), part("IDAT", deflateSync(Buffer.alloc((width + 1) * height))), part("IEND", Buffer.alloc(0)),
    ]);
}
/** Node 18 has none. */
function crc(bytes) {
    let value = -1;
    for (const byte of bytes) {
        value ^= byte;
        for (let i = 0; i < 8; i++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
    }
    return ~value >>> 0;
}

for (const way of ["MQTT", "HTTP"]) {
    test(`a file over ${way} comes whole, and its progress is told`, async () => {
        const gate = way === "HTTP" ? gateway : undefined;
        const chat = await broker.login("alice", gate && { httpUrl: `${gate.url}/` });
        const other = await broker.login("bob", gate && { httpUrl: gate.url });
        const bytes = randomBytes(300000);
        const parts = [];
        const message = chat.createFileMessage({ ...to, payload: { file: bytes, name: "bericht 你好.zip" }, onProgress: (part) => parts.push(part) });
        assert.equal(message.payload.fileSize, 300000);
        await chat.sendMessage(message);
        assert.deepEqual(parts, [...parts].sort((a, b) => a - b));
        assert.equal(parts[0], 0);
        assert.equal(parts.at(-1), 1);
        assert.ok(parts.length > (gate ? 1 : 4));
        const { fileUrl, fileName, fileSize, uuid } = message.payload;
        assert.match(fileUrl, gate ? /^http:\/\/127\.0\.0\.1:\d+\/media\/..\/[0-9a-f]{32}\.bin$/ : /^\/media\/..\/[0-9a-f]{32}\.bin$/);
        assert.equal(fileName, "bericht 你好.zip");
        assert.equal(fileSize, 300000);
        assert.ok(fileUrl.includes(uuid));
        assert.equal(hash(onDisk(fileUrl)), hash(bytes));
        const [received] = (await other.getMessageList({ conversationID: "C2Calice", count: 1 })).data.messageList;
        assert.deepEqual(received.payload, message.payload);
        const [{ file }] = (await broker.admin("getHistory", { as: "bob", to: "alice", limit: 1 })).messages;
        assert.match(file.url, /^\/media/, "on the wire it is the server's own");
        if (gate) assert.equal(hash(Buffer.from(await (await fetch(fileUrl)).arrayBuffer())), hash(bytes));
        // Sent once more, to somebody else: without its bytes.
        const forwarded = chat.createForwardMessage({ ...to, payload: message });
        await chat.sendMessage(forwarded);
        assert.deepEqual(forwarded.payload, message.payload);
    });

    test(`pictures, sounds and videos over ${way}`, async () => {
        const gate = way === "HTTP" ? gateway : undefined;
        const chat = await broker.login("alice", gate && { httpUrl: gate.url });
        const picture = chat.createImageMessage({ ...to, payload: { file: new Blob([png(30, 20)], { type: "image/png" }) } });
        const sound = chat.createAudioMessage({ ...to, payload: { file: { files: [new Blob(["RIFF\x24\0\0\0WAVEfmt ", Buffer.alloc(28)], { type: "audio/wav" })] }, second: 3.5 } });
        const video = chat.createVideoMessage({ ...to, payload: { file: new Uint8Array([0, 0, 0, 0x18, ...Buffer.from("ftypmp42"), ...Array(20).fill(0)]) } });
        for (const message of [picture, sound, video]) await chat.sendMessage(message);
        const [whole] = picture.payload.imageInfoArray;
        assert.equal(whole.width, 30);
        assert.equal(whole.height, 20);
        assert.equal(picture.payload.imageFormat, 3);
        assert.match(whole.url, /\.png$/);
        assert.match(sound.payload.url, /\.wav$/);
        assert.equal(sound.payload.second, 3.5);
        assert.match(video.payload.videoUrl, /\.mp4$/);
        assert.equal(video.payload.videoFormat, "mp4");
    });
}

test("a connection that is cut in the middle goes on where it was", async () => {
    const proxy = await startProxy();
    const chat = await broker.login("alice", { url: proxy.url });
    const before = filesOf().length;
    const bytes = randomBytes(3 << 20);
    proxy.bytes = 0;
    proxy.cutAt = 1.5 * (1 << 20);
    const message = chat.createFileMessage({ ...to, payload: { file: bytes, name: "a" } });
    await chat.sendMessage(message);
    assert.equal(proxy.cuts, 1);
    assert.ok(proxy.bytes < 4 * (1 << 20), `${proxy.bytes} bytes: not from the beginning`);
    assert.equal(hash(onDisk(message.payload.fileUrl)), hash(bytes));
    assert.equal(filesOf().length, before + 1);
    await broker.cleanUp();
    proxy.end();
});

test("a broker that is killed in the middle gets it from the beginning", async () => {
    const chat = await broker.login("alice");
    const bytes = randomBytes(6 << 20);
    let killed;
    const message = chat.createFileMessage({
        ...to, payload: { file: bytes, name: "a" }, onProgress: (part) => part > 0.3 && (killed ??= broker.kill().then(() => broker.launch())),
    });
    await chat.sendMessage(message);
    assert.ok(killed);
    await killed;
    assert.equal(hash(onDisk(message.payload.fileUrl)), hash(bytes));
});

test("a gateway that is killed in the middle gets it again", async () => {
    const gate = await startGate();
    const chat = await broker.login("alice", { httpUrl: gate.url });
    const bytes = randomBytes(6 << 20);
    const message = chat.createFileMessage({ ...to, payload: { file: bytes, name: "a" } });
    const sending = chat.sendMessage(message);
    await gate.end("SIGKILL");
    await startGate(gate.port);
    await sending;
    assert.equal(hash(onDisk(message.payload.fileUrl)), hash(bytes));
});

test("more files at a time than the server has open wait for each other", async () => {
    const chat = await broker.login("alice");
    const all = Array.from({ length: 10 }, (_, i) => chat.createFileMessage({ ...to, payload: { file: randomBytes(100000 + i), name: `${i}` } }));
    await Promise.all(all.map((message) => chat.sendMessage(message)));
    for (const [i, { payload }] of all.entries()) assert.equal(onDisk(payload.fileUrl).length, 100000 + i);
});

test("what is deleted while it is uploaded is not sent, and nothing of it is left open", async () => {
    const chat = await broker.login("alice");
    for (let i = 0; i < 6; i++) {
        let cancelled;
        const message = chat.createFileMessage({
            ...to, payload: { file: randomBytes(2 << 20), name: "a" }, onProgress: (part) => part > 0.1 && (cancelled ??= chat.deleteMessage([message])),
        });
        await assert.rejects(chat.sendMessage(message), { code: 2997 });
        await cancelled;
        assert.equal(message.status, "fail");
        assert.equal(message.isDeleted, true);
    }
    const text = chat.createTextMessage({ ...to, payload: { text: "after" } });
    await chat.sendMessage(text);
    const { messages } = await broker.admin("getHistory", { as: "bob", to: "alice", limit: 1 });
    assert.equal(messages[0].text, "after");
});

test("what the server does not take is rejected with its code, and can be sent again", async () => {
    const gate = gateway;
    for (const options of [{}, { httpUrl: gate.url }]) {
        const chat = await broker.login("alice", options);
        const message = chat.createFileMessage({ ...to, payload: { file: Buffer.alloc((8 << 20) + 1), name: "a" } });
        await assert.rejects(chat.sendMessage(message), { code: 93000 });
        assert.equal(message.status, "fail");
        await assert.rejects(chat.resendMessage(message), { code: 93000 });
        await broker.cleanUp();
    }
    const plain = await Broker.start();
    try {
        const chat = await plain.login("alice");
        await assert.rejects(chat.sendMessage(chat.createFileMessage({ ...to, payload: { file: Buffer.from("x") } })), { code: 10026 });
    } finally {
        await plain.stop();
    }
});

test("a logout ends it", async () => {
    const chat = await broker.login("alice");
    let out;
    const message = chat.createFileMessage({ ...to, payload: { file: randomBytes(6 << 20) }, onProgress: (part) => part > 0.1 && (out ??= chat.logout()) });
    await assert.rejects(chat.sendMessage(message), { code: 2999 });
    await out;
});

test("mediaUrl says where files are", async () => {
    const chat = await broker.login("alice", { mediaUrl: "https://cdn.example.org/" });
    const message = chat.createFileMessage({ ...to, payload: { file: Buffer.from("x"), name: "a" } });
    await chat.sendMessage(message);
    assert.match(message.payload.fileUrl, /^https:\/\/cdn\.example\.org\/media\//);
});

test("a merger that is too long for a message goes as a file", async () => {
    const gate = await startGate();
    const chat = await broker.login("alice", { httpUrl: gate.url });
    const other = await broker.login("bob", { httpUrl: gate.url });
    const messageList = [];
    for (let i = 0; i < 30; i++) {
        messageList.push(chat.createTextMessage({ ...to, payload: { text: `${i} ${"x".repeat(300)}` } }));
        await chat.sendMessage(messageList[i]);
    }
    const merger = chat.createMergerMessage({ ...to, payload: { messageList, title: "t", abstractList: ["a"], compatibleText: "c" } });
    await chat.sendMessage(merger);
    const [received] = (await other.getMessageList({ conversationID: "C2Calice", count: 1 })).data.messageList;
    assert.deepEqual(received.payload.messageList, []);
    assert.match(received.payload.downloadKey, /\/media\//);
    assert.equal(await other.downloadMergerMessage(received), received);
    assert.deepEqual(received.payload.messageList.map(({ payload }) => payload), messageList.map(({ payload }) => payload));
    await gate.end();
    const again = { ...received, payload: { ...received.payload, messageList: [] } };
    await assert.rejects(other.downloadMergerMessage(again), { code: 2800 });
    await assert.rejects(other.downloadMergerMessage(messageList[0]), { code: 2105 });
});

/** Uploads on a server that does what the test says. */
function alone(answer, publish) {
    const asked = [];
    const core = {
        options: {}, userID: () => "alice", time: () => 0, wire: emitter(),
        link: { isUp: () => true, publish: (topic, bytes) => publish(core, topic, bytes) },
        ask: async (command, fields) => (asked.push(command), answer(command, fields)),
        after(milliseconds, f) { const timer = setTimeout(f, Math.min(milliseconds, 5)); return () => clearTimeout(timer); },
    };
    core.message = makeMessagePart(core);
    return { core, asked, part: makeUploads(core) };
}

test("a chunk that the server has no room for, or could not write, is sent again", async () => {
    const bytes = randomBytes(500);
    const got = new Map();
    let refusals = 0;
    const refuse = (core, topic, code) => core.wire.emit("event", { event: "rejected", topic, code, error: "" });
    const { core, asked, part } = alone(
        (command) => (command === "createUpload" ? { uploadID: "u", chunkBytes: 100 } : { url: "/media/aa/bb.bin", size: 500 }),
        async (core, topic, chunk) => {
            const n = topic.split("/").at(-1);
            if (n === "1" && refusals++ < 3) {
                refuse(core, topic, 10023);
                throw Object.assign(new Error("refused"), { code: 2100 });
            }
            if (n === "2" && !got.has("2 lost")) {
                got.set("2 lost", true);
                setTimeout(() => refuse(core, topic, 10002), 1);
                return;
            }
            if (got.has(n)) assert.fail("twice");
            await sleep(2);
            got.set(n, Buffer.from(chunk));
        },
    );
    const message = core.message.methods.createFileMessage({ ...to, payload: { file: bytes, name: "a" } });
    await part.upload(message);
    assert.equal(hash(Buffer.concat(["0", "1", "2", "3", "4"].map((n) => got.get(n)))), hash(bytes));
    assert.deepEqual(asked, ["createUpload", "finishUpload"]);
});

test("what the server has forgotten is begun again, for ever it is not", async () => {
    let begun = 0;
    const { core, asked, part } = alone(
        (command) => {
            if (command === "createUpload") return { uploadID: `u${++begun}`, chunkBytes: 100 };
            if (command !== "finishUpload") return {};
            if (begun < 3) throw Object.assign(new Error("busy"), { code: 10002 });
            return { url: "/media/aa/bb.bin", size: 500 };
        },
        async (core, topic) => {
            if (!topic.includes("/u1/")) return;
            core.wire.emit("event", { event: "rejected", topic, code: 10004, error: "no such upload" });
            throw Object.assign(new Error("refused"), { code: 2100 });
        },
    );
    const make = () => core.message.methods.createFileMessage({ ...to, payload: { file: randomBytes(500), name: "a" } });
    await part.upload(make());
    assert.equal(begun, 3);
    assert.equal(asked.filter((command) => command === "abortUpload").length, 2);
    begun = -1000;
    await assert.rejects(part.upload(make()), { code: 10002 });
    assert.equal(begun, -992);
});

test("a file is uploaded without a message, and its URL is the server's own", async () => {
    const gate = gateway;
    for (const options of [{}, { httpUrl: gate.url }]) {
        const chat = await broker.login("alice", options);
        const bytes = randomBytes(200000);
        const parts = [];
        const { data } = await chat.uploadFile({ file: bytes, name: "face.bin", onProgress: (part) => parts.push(part) });
        assert.match(data.url, /^\/media\/[0-9a-f]{2}\/[0-9a-f]{32}\.bin$/);
        assert.equal(data.size, bytes.length);
        assert.equal(hash(onDisk(data.url)), hash(bytes));
        if (!options.httpUrl) assert.equal(parts.at(-1), 1);
        await assert.rejects(chat.uploadFile({}), { code: 2905 });
        await broker.cleanUp();
    }
});

test("three files at a time, whoever is cancelled while it waits", async () => {
    let open = 0;
    let most = 0;
    const { core, part } = alone(
        async (command) => {
            if (command === "createUpload") most = Math.max(most, ++open);
            if (command !== "finishUpload") return { uploadID: "u", chunkBytes: 100 };
            await sleep(10);
            open -= 1;
            return { url: "/media/aa/bb.bin", size: 50 };
        },
        async () => {},
    );
    const all = Array.from({ length: 8 }, () => core.message.methods.createFileMessage({ ...to, payload: { file: randomBytes(50), name: "a" } }));
    const sending = all.map((message) => part.upload(message));
    await sleep(1);
    part.cancel(all[3]);
    await assert.rejects(sending[3], { code: 2997 });
    await Promise.all(sending.filter((_, i) => i !== 3));
    assert.equal(most, 3);
});
