// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Logging in and out, and every way in which a session ends.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, userSig } from "./broker.js";

const { EVENT } = ChatClient;
/** @type {Broker} */
let broker;
before(async () => {
    broker = await Broker.start();
});
afterEach(() => broker.cleanUp());
after(() => broker.stop());

/** The next event of this name: its data. */
const next = (chat, name) => new Promise((resolve) => chat.on(name, (event) => resolve(event.data)));

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
