// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Logging in and out, and every way in which a session ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, CHECKOUT, SDKAPPID, makeStorage, sleep, until, userSig } from "./broker.js";
import { Proxy } from "./proxy.js";

const { EVENT } = ChatClient;
/** @type {Broker} */
let broker;
before(async () => {
    broker = await Broker.start();
});
after(() => broker.stop());

/** The next event of this name: its data. */
const next = (chat, name) => new Promise((resolve) => chat.on(name, (event) => resolve(event.data)));

// They wait most of the time, each for its own user: all at once.
describe("a session", { concurrency: true }, () => {
    for (const kind of ["url", "webUrl"]) {
        test(`login over ${kind === "url" ? "MQTT" : "WebSockets"}, and out again`, async () => {
            const chat = broker.chat({ url: broker[kind] });
            const states = [];
            chat.on(EVENT.NET_STATE_CHANGE, ({ name, data }) => states.push([name, data.state]));
            const ready = next(chat, EVENT.SDK_READY);
            assert.equal(chat.getLoginUser(), "");
            const answer = await chat.login({ userID: "alice", userSig: userSig("alice") });
            assert.deepEqual(answer, { code: 0, data: { actionStatus: "OK", errorCode: 0, errorInfo: "" } });
            assert.equal(chat.getLoginUser(), "alice");
            await ready;
            assert.equal(chat.isReady(), true);
            assert.deepEqual(states, [
                ["netStateChange", "connecting"],
                ["netStateChange", "connected"],
            ]);
            assert.ok(Math.abs(chat.getServerTime() - Date.now()) < 1000);

            const notReady = next(chat, EVENT.SDK_NOT_READY);
            assert.deepEqual(await chat.logout(), { code: 0, data: {} });
            await notReady;
            assert.equal(chat.isReady(), false);
            assert.equal(chat.getLoginUser(), "");
        });
    }

    test("login twice, in parallel and after another", async () => {
        const chat = broker.chat();
        const as = { userID: "alice", userSig: userSig("alice") };
        const [first, second] = await Promise.all([chat.login(as), chat.login(as)]);
        assert.equal(first.data.repeatLogin, undefined);
        assert.equal(second.code, 0);
        const third = await chat.login(as);
        assert.equal(third.data.repeatLogin, true);
        await assert.rejects(chat.login({ userID: "bob", userSig: userSig("bob") }), { code: 2025 });
        await chat.logout();
        await chat.login({ userID: "bob", userSig: userSig("bob") });
        assert.equal(chat.getLoginUser(), "bob");
    });

    test("logout while a login is going on ends it", async (t) => {
        const proxy = await Proxy.start(broker.port);
        t.after(() => proxy.stop());
        const chat = broker.chat({ url: proxy.url });
        const as = { userID: "otto", userSig: userSig("otto") };
        proxy.stall();
        for (const wait of [0, 1, 20]) {
            const login = assert.rejects(chat.login(as), { code: 2024 });
            await sleep(wait);
            await chat.logout();
            await login;
            assert.equal(chat.getLoginUser(), "");
        }
        proxy.heal();
        for (const wait of [1, 2, 4, 8, 16]) {
            const login = chat.login(as).then(({ code }) => code, ({ code }) => code);
            await sleep(wait);
            await chat.logout();
            assert.ok([0, 2024].includes(await login));
            assert.equal(chat.getLoginUser(), "");
        }
        assert.equal((await chat.login(as)).code, 0, "and it can log in after that");
    });

    test("a userSig that cannot be good is seen before it is sent", async () => {
        const chat = broker.chat();
        const old = { created: Math.floor(Date.now() / 1000) - 100, expire: 10 };
        const cases = [
            [{ userID: "eve", userSig: userSig("eve", old) }, 70001],
            [{ userID: "eve", userSig: "rubbish" }, 70003],
            [{ userID: "eve", userSig: userSig("alice") }, 70013],
            [{ userID: "eve", userSig: userSig("eve", { sdkappid: 1 }) }, 70014],
            [{ userID: "eve" }, 2003],
            [{ userSig: userSig("eve") }, 2002],
            [undefined, 2002],
        ];
        for (const [as, code] of cases) await assert.rejects(chat.login(as), { name: "ChatError", code });
        await assert.rejects(chat.login({ userID: "eve", userSig: userSig("eve", { key: "another" }) }), {
            code: 70000, // Mosquitto 2.0 does not say which
        });
        const lines = broker.log().split("\n").filter((line) => line.includes("eve"));
        assert.equal(lines.length, 1, "only the last one has come to the broker");
    });

    test("without a server login is rejected, and can be tried again", async () => {
        const chat = broker.chat({ url: "mqtt://127.0.0.1:1" });
        const states = [];
        chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => states.push(data.state));
        await assert.rejects(chat.login({ userID: "alice", userSig: userSig("alice") }), { code: 2800 });
        await assert.rejects(chat.login({ userID: "alice", userSig: userSig("alice") }), {
            code: 2800,
            message: /ECONNREFUSED/,
        });
        await assert.rejects(broker.chat({ url: "nonsense" }).login({ userID: "alice", userSig: userSig("alice") }), { code: 2905 });
        assert.deepEqual(states, ["connecting", "disconnected", "connecting", "disconnected"]);
    });

    test("kicked out: each reason of the server has its type", async () => {
        const cases = [
            ["kickUser", {}, "admin"],
            ["banUser", { seconds: 1 }, "banned"],
            ["deleteUser", {}, "deleted"],
        ];
        for (const [command, fields, expected] of cases) {
            const userID = `${command}.er`;
            const chat = await broker.login(userID);
            const kicked = next(chat, EVENT.KICKED_OUT);
            const notReady = next(chat, EVENT.SDK_NOT_READY);
            await broker.admin(command, { userID, ...fields });
            const { type, reason } = await kicked;
            assert.deepEqual({ type, reason }, { type: "REST_API_Kick", reason: expected });
            await notReady;
            assert.equal(chat.isReady(), false);
            assert.equal(chat.getLoginUser(), "");
        }
    });

    test("kicked out by other devices: a page is another instance, the rest other devices", async () => {
        const phone = await broker.login("dora", { clientID: "dora:ios:1" });
        const kicked = next(phone, EVENT.KICKED_OUT);
        await broker.login("dora", { clientID: "dora:ios:2" });
        assert.deepEqual(await kicked, {
            type: "multipleDevice",
            reason: "otherDevice",
            platform: "ios",
            clientID: "dora:ios:2",
        });

        const pages = [];
        for (let i = 0; i < 5; i++) pages.push(await broker.login("dora"));
        const away = next(pages[0], EVENT.KICKED_OUT);
        const sixth = await broker.login("dora");
        assert.equal((await away).type, "multipleAccount");

        // It does not come back by itself, and the others stay.
        await sleep(1500);
        assert.equal(pages[0].isReady(), false);
        for (const page of [...pages.slice(1), sixth]) assert.equal(page.isReady(), true);
        const { data } = await pages[0].login({ userID: "dora", userSig: userSig("dora") });
        assert.equal(data.errorCode, 0, "the user may");
    });

    test("kicked out while away: told at the next login, which is no login", async (t) => {
        const proxy = await Proxy.start(broker.port);
        t.after(() => proxy.stop());
        const far = await broker.login("emil", { clientID: "emil:web:2", url: proxy.url });
        proxy.refusing = true;
        proxy.drop();
        await next(far, EVENT.NET_STATE_CHANGE);
        const kicked = next(far, EVENT.KICKED_OUT);
        await broker.ask("emil", "kickDevice", { clientID: "emil:web:2" }, "emil:web:3");
        proxy.refusing = false;
        assert.equal((await kicked).type, "multipleDevice");
    });

    test("a new userSig is asked for before the old one ends, and the connection stays", async () => {
        const states = [];
        let asked = 0;
        const chat = broker.chat({
            getUserSig(userID) {
                asked += 1;
                if (asked === 2) throw new Error("the login server is away"); // and is asked again
                return userSig(userID, { expire: 6 });
            },
        });
        chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => states.push(data.state));
        chat.on(EVENT.KICKED_OUT, ({ data }) => assert.fail(data.type));
        const errors = [];
        chat.on(EVENT.ERROR, ({ data }) => errors.push(data.message));
        await chat.login({ userID: "fred" });
        await until(() => asked >= 3, "the second renewal", 30000);
        assert.deepEqual(states, ["connecting", "connected"]);
        assert.deepEqual(errors, ["the login server is away"]);
    });

    test("a userSig that ends without a new one ends the session; with a new one, too late, it goes on", async () => {
        const chat = broker.chat();
        const kicked = next(chat, EVENT.KICKED_OUT);
        await chat.login({ userID: "gina", userSig: userSig("gina", { expire: 6 }) });
        assert.deepEqual(await kicked, { type: "userSigExpired" });
        await assert.rejects(chat.renewUserSig(userSig("gina")), { code: 2024 });

        let isThere = false;
        const states = [];
        const late = broker.chat({
            async getUserSig(userID) {
                if (!isThere) throw new Error("the login server is away");
                return userSig(userID);
            },
        });
        late.on(EVENT.KICKED_OUT, ({ data }) => assert.fail(data.type));
        late.on(EVENT.NET_STATE_CHANGE, ({ data }) => states.push(data.state));
        await late.login({ userID: "hugo", userSig: userSig("hugo", { expire: 6 }) });
        await until(() => states.includes("disconnected"));
        isThere = true;
        await until(() => states.at(-1) === "connected");
        assert.equal(late.isReady(), true);
        assert.equal((await late.renewUserSig(userSig("hugo", { expire: 100 }))).code, 0);
        await assert.rejects(late.renewUserSig("rubbish"), { code: 70003 });
    });

    test("a dead network is noticed, and a broker that was killed comes back", async (t) => {
        const broker = await Broker.start(); // it ends, and the others need theirs
        t.after(() => broker.stop());
        const proxy = await Proxy.start(broker.port);
        t.after(() => proxy.stop());
        const chat = await broker.login("ida", { url: proxy.url, heartbeat: 1 });
        const states = [];
        chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => states.push(data.state));
        await sleep(2500);
        assert.deepEqual(states, [], "a quiet network is not a dead one");

        proxy.stall();
        const start = Date.now();
        await until(() => states.includes("connecting"));
        assert.ok(Date.now() - start < 3000);
        proxy.heal();
        await until(() => states.at(-1) === "connected");

        await broker.kill();
        await until(() => states.at(-1) === "disconnected");
        await broker.launch();
        await until(() => states.at(-1) === "connected");
        assert.equal(chat.isReady(), true);
    });

    test("a client id of somebody else's is refused", async () => {
        const chat = broker.chat({ clientID: "alice:web:1" });
        await assert.rejects(chat.login({ userID: "lisa", userSig: userSig("lisa") }), { code: 70000 });
    });

    test("a page that is loaded again is the same device", async () => {
        const storage = makeStorage();
        for (let i = 0; i < 2; i++) {
            const chat = await broker.login("mary", { storage });
            await chat.destroy();
        }
        await broker.login("mary", { storage });
        const { devices } = await broker.ask("mary", "getDevices", {}, "mary:web:other");
        assert.equal(devices.length, 2, JSON.stringify(devices));
    });
});

test("the time is the server's, after a reload already before the login", async (t) => {
    const { now } = Date;
    t.after(() => (Date.now = now));
    Date.now = () => now() + 3600_000;
    const storage = makeStorage();
    const created = Math.floor(now() / 1000);
    const chat = broker.chat({ storage });
    const ready = next(chat, EVENT.SDK_READY);
    await chat.login({ userID: "olga", userSig: userSig("olga", { created }) });
    await ready;
    assert.ok(Math.abs(chat.getServerTime() - now()) < 5000, `${chat.getServerTime() - now()}`);
    await chat.destroy();
    // By this machine's clock it expired half an hour ago.
    const as = { userID: "olga", userSig: userSig("olga", { created, expire: 1800 }) };
    await assert.rejects(broker.chat().login(as), { code: 70001 });
    const again = broker.chat({ storage });
    assert.equal((await again.login(as)).code, 0);
});

test("nothing is left that keeps a process alive", async (t) => {
    const ways = await Promise.all([Proxy.start(broker.port), Proxy.start(broker.webPort)]);
    t.after(() => Promise.all(ways.map((way) => way.stop())));
    const proxies = { [ways[0].url]: ways[0], [ways[1].url.replace("mqtt", "ws")]: ways[1] };
    const program = `
        import { ChatClient } from "${CHECKOUT}/web/client/index.js";
        import { userSig } from "${CHECKOUT}/tests/web/client/broker.js";
        const [url, how] = process.argv.slice(1);
        const chat = ChatClient.create({ SDKAppID: ${SDKAPPID}, url });
        const login = chat.login({ userID: "nina", userSig: userSig("nina") }).catch(({ code }) => code);
        if (how !== "during") await login;
        if (how === "dead") {
            console.log("in");
            await new Promise((resolve) => process.stdin.once("data", resolve));
            process.stdin.unref();
        }
        await chat.destroy();
        await login;
        console.log("done");`;
    const run = async ([url, how]) => {
        const child = spawn(process.execPath, ["--input-type=module", "-e", program, url, how], { timeout: 40000 });
        let output = "";
        child.stdout.on("data", (bytes) => {
            output += bytes;
            if (output !== "in\n") return;
            output = "";
            proxies[url].stall();
            child.stdin.write("go");
        });
        child.stderr.on("data", (bytes) => (output += bytes));
        const [code, signal] = await once(child, "exit");
        assert.deepEqual([code, signal, output], [0, null, "done\n"], `${url} ${how}`);
    };
    const cases = [
        [broker.url, "after"],
        [broker.webUrl, "after"],
        [broker.url, "during"],
        [Object.keys(proxies)[0], "dead"],
        [Object.keys(proxies)[1], "dead"],
        ["mqtt://127.0.0.1:1", "after"],
    ];
    await Promise.all(cases.map(run));
});

test("one message after the other over TCP waits for no delayed acknowledgement", async () => {
    const chat = await broker.login("alice");
    await broker.login("bob");
    const times = [];
    for (let i = 0; i < 20; i++) {
        const begun = performance.now();
        await chat.sendMessage(chat.createTextMessage({ to: "bob", conversationType: "C2C", payload: { text: "x" } }));
        times.push(performance.now() - begun);
    }
    // It would be 40 ms each.
    assert.ok(times.filter((time) => time < 30).length >= 10, times.map(Math.round).join(" "));
});
