// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// web/examples/bot, as somebody would start it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { Broker, CHECKOUT, SDKAPPID, until, userSig } from "./broker.js";

const { EVENT, TYPES } = ChatClient;
const BOT = join(CHECKOUT, "web/examples/bot/bot.js");
/** @type {Broker} */
let broker;
let bob;
const heard = [];
before(async () => {
    broker = await Broker.start();
    bob = await broker.login("bob");
    bob.on(EVENT.MESSAGE_RECEIVED, ({ data }) => heard.push(...data));
});
after(() => broker.stop());

/** A bot that runs; `said` is what it has printed so far. */
function startBot(...words) {
    const bot = spawn(process.execPath, [BOT, ...words]);
    const running = { process: bot, said: "", ended: once(bot, "exit") };
    for (const stream of [bot.stdout, bot.stderr]) stream.on("data", (text) => (running.said += text));
    return running;
}

const startHelper = () => startBot(broker.url, SDKAPPID, "helper", userSig("helper"), join(broker.folder, "helper.json"));
const send = (conversationType, to, text, more = {}) => {
    const make = more.atUserList ? "createTextAtMessage" : "createTextMessage";
    return bob.sendMessage(bob[make]({ to, conversationType, payload: { text, ...more } }));
};
const answers = (text) => until(() => heard.some(({ from, payload }) => from === "helper" && payload.text === text), text);

test("a bot answers in private, in a group where it is named, and what was written while it was away", async () => {
    const bot = startHelper();
    await until(() => bot.said.includes("helper is there"), "the bot");
    await send(TYPES.CONV_C2C, "helper", "/echo one two");
    await answers("one two");
    await send(TYPES.CONV_C2C, "helper", "what?");
    await answers('I know /echo, /roll and /time, not "what?"');

    const memberList = [{ userID: "helper" }];
    const { groupID } = (await bob.createGroup({ name: "Hall", type: TYPES.GRP_WORK, memberList })).data.group;
    await send(TYPES.CONV_GROUP, groupID, "/echo nobody is asked");
    await send(TYPES.CONV_GROUP, groupID, "@helper /echo in the hall", { atUserList: ["helper"] });
    await answers("in the hall");
    assert.ok(!heard.some(({ payload }) => payload.text === "nobody is asked"));

    bot.process.kill("SIGTERM");
    assert.deepEqual(await bot.ended, [0, null]);
    await send(TYPES.CONV_C2C, "helper", "/echo while you were away");
    const again = startHelper();
    await answers("while you were away");
    again.process.kill("SIGTERM");
    await again.ended;
    assert.equal(heard.filter(({ payload }) => payload.text === "one two").length, 1);
});

test("a bot that cannot log in says why", async () => {
    const bot = startBot(broker.url, SDKAPPID, "helper", userSig("carol"));
    assert.deepEqual(await bot.ended, [1, null]);
    assert.match(bot.said, /no login: 70013 the userSig was made for carol/);
    const none = startBot();
    assert.deepEqual(await none.ended, [2, null]);
});
