// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// core.ask, over a link that is made here, and what else the parts of a Chat share.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { commands } from "../../../web/client/src/commands.js";
import { makeCore } from "../../../web/client/src/core.js";
import { makeStorage, sleep } from "./broker.js";

let core;
let part;
/** What was published: lists of commands. */
let published;
let isUp;

beforeEach(() => {
    core = makeCore({ SDKAppID: 1 }, () => {});
    core.userID = () => "alice";
    published = [];
    isUp = true;
    core.link = {
        commandTopic: "commands",
        isUp: () => isUp,
        async publish(topic, payload, { qos }) {
            assert.deepEqual([topic, qos], ["commands", 0]);
            published.push(JSON.parse(payload).commands);
        },
    };
    part = commands(core);
});
afterEach(() => core.release());

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Answers what was asked in the publish with this number. */
function answer(number, make) {
    const responses = published[number].map(({ command, correlationData }) => ({ command, correlationData, ...make(command) }));
    core.wire.emit("response", { responses });
}

test("commands of one turn go out together, and each has its answer", async () => {
    const asked = ["markRead", "getUnread", "logout"].map((command) => core.ask(command, { field: command }));
    await turn();
    assert.equal(published.length, 1);
    assert.deepEqual(
        published[0].map(({ field }) => field),
        ["markRead", "getUnread", "logout"],
    );
    answer(0, (command) => (command === "logout" ? { code: 10007, error: "no" } : { data: { of: command } }));
    assert.deepEqual(await asked[0], { of: "markRead" });
    assert.deepEqual(await asked[1], { of: "getUnread" });
    await assert.rejects(asked[2], { name: "ChatError", code: 10007, message: "no" });
});

test("a publish has no more than the server takes", async () => {
    const all = [];
    for (let i = 0; i < 120; i++) all.push(core.ask("markRead", { to: `u${i}` }));
    for (let i = 0; i < 7; i++) all.push(core.ask("getHistory", { to: `u${i}` }));
    for (let i = 0; i < 4; i++) all.push(core.ask("setSelfInfo", { nickname: "\u20ac".repeat(25000) }));
    await turn();
    assert.equal(published.flat().length, 131);
    for (const each of published) {
        assert.ok(each.length <= 50);
        assert.ok(each.filter(({ command }) => command === "getHistory").length <= 3);
        assert.ok(Buffer.byteLength(JSON.stringify({ commands: each })) <= 262144);
    }
    const order = published.flat().map(({ correlationData }) => Number(correlationData));
    assert.deepEqual(order, [...order].sort((a, b) => a - b));
    published.forEach((_, i) => answer(i, () => ({ data: {} })));
    await Promise.all(all);
});

test("what reads is asked again after a reconnect, what changes something is not", async () => {
    const read = core.ask("getUnread");
    const change = assert.rejects(core.ask("createGroup"), { code: 2800 });
    const harmless = core.ask("markRead", {}, { again: true });
    await turn();
    isUp = false;
    core.wire.emit("down");
    await change;
    const later = core.ask("createGroup"); // waits for the connection: it has not been sent
    await turn();
    assert.equal(published.length, 1);
    isUp = true;
    core.wire.emit("up");
    await turn();
    assert.deepEqual(
        published[1].map(({ command }) => command),
        ["getUnread", "markRead", "createGroup"],
    );
    answer(1, () => ({ data: {} }));
    await Promise.all([read, harmless, later]);
});

test("too fast: what reads waits a second and is asked again", async () => {
    const read = core.ask("getUnread");
    const change = assert.rejects(core.ask("createGroup"), { code: 10023 });
    await turn();
    answer(0, () => ({ code: 10023, error: "too fast" }));
    await change;
    await turn();
    assert.equal(published.length, 1);
    await sleep(1100);
    assert.equal(published[1][0].command, "getUnread");
    answer(1, () => ({ data: { totalUnread: 3 } }));
    assert.deepEqual(await read, { totalUnread: 3 });
});

test("no answer, nobody logged in, logged out meanwhile", async () => {
    await assert.rejects(core.ask("getUnread", {}, { timeout: 20 }), { code: 2801 });
    answer(0, () => ({ data: {} })); // comes too late, and is nobody's
    const open = assert.rejects(core.ask("getUnread"), { code: 2999 });
    part.stop();
    await open;
    core.userID = () => "";
    await assert.rejects(core.ask("getUnread"), { code: 2999 });
});

test("a handler that throws keeps nobody from what has happened", (t) => {
    const complaints = t.mock.method(console, "error", () => {});
    const seen = [];
    const first = () => {
        core.off("x", first); // while it is being called
        seen.push("first");
        throw new Error("on purpose");
    };
    const context = { name: "context" };
    core.on("x", first);
    core.on("x", function ({ name, data }) {
        seen.push(name, data, this);
    }, context);
    core.emit("x", 1);
    core.emit("x", 2);
    assert.deepEqual(seen, ["first", "x", 1, context, "x", 2, context]);
    assert.equal(complaints.mock.callCount(), 1);
    assert.throws(() => core.on("x", undefined), TypeError);
});

test("later: once a frame, in the order of the first call", async () => {
    const seen = [];
    const [a, b] = [() => seen.push("a"), () => seen.push("b")];
    const again = () => {
        seen.push("again");
        if (seen.length < 4) core.later(again);
    };
    for (const f of [b, a, b, again]) core.later(f);
    assert.deepEqual(seen, []);
    await sleep(100);
    assert.deepEqual(seen, ["b", "a", "again", "again"]);
    core.later(a);
    core.release();
    await sleep(50);
    assert.equal(seen.length, 4);
});

test("later: a page that is hidden before its next frame is not left waiting", async (t) => {
    t.after(() => {
        delete globalThis.requestAnimationFrame;
        delete globalThis.cancelAnimationFrame;
        delete globalThis.document;
    });
    let cancelled = 0;
    globalThis.document = { visibilityState: "visible" };
    globalThis.requestAnimationFrame = () => 7; // and it never comes
    globalThis.cancelAnimationFrame = (id) => (cancelled += id);
    await new Promise((resolve) => core.later(resolve));
    assert.equal(cancelled, 7);
});

test("storage that fails is no storage", async () => {
    const broken = () => {
        throw new Error("full");
    };
    core = makeCore({ SDKAppID: 1, storage: { get: broken, set: broken, remove: broken } }, () => {});
    await core.storage.set("a", 1);
    await core.storage.remove("a");
    assert.equal(await core.storage.get("a"), undefined);

    const storage = makeStorage();
    core = makeCore({ SDKAppID: 7, storage }, () => {});
    core.storage.set("a", { b: [1] });
    assert.deepEqual([...storage.values], [["mosquitto-chat:7:a", '{"b":[1]}']], "written before anything is awaited");
    assert.deepEqual(await core.storage.get("a"), { b: [1] });
    storage.values.set("mosquitto-chat:7:a", "not JSON");
    assert.equal(await core.storage.get("a"), undefined);
});
