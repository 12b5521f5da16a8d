// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A bot: it answers private messages, and in groups those that mention it. From a checkout:
//
//     cd web && npm install
//     node examples/bot/bot.js mqtt://localhost:1883 1400000000 bob USERSIG      # scripts/run prints some
//
// In your own project: npm install mosquitto-chat, and import it by that name.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import ChatClient from "../../client/index.js";

const [url, SDKAppID, userID, userSig, file = `${userID}.bot.json`] = process.argv.slice(2);
if (!userSig) {
    console.error("usage: node bot.js URL SDKAPPID USERID USERSIG [FILE]");
    process.exit(2);
}
const { EVENT, TYPES } = ChatClient;

// It is always the same device, and keeps in a file how far it has come: what is written while it is not there comes when it
// is back, once, and what it has not got rid of goes out.
const kept = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
const storage = {
    get: (key) => kept[key],
    set(key, value) {
        kept[key] = value;
        writeFileSync(file, JSON.stringify(kept));
    },
    remove: (key) => storage.set(key, undefined),
};
const chat = ChatClient.create({ SDKAppID: Number(SDKAppID), url, clientID: `${userID}:linux:bot`, storage });

/** What it says to a text. Undefined: nothing. */
function answerTo(text) {
    const [word, ...rest] = text.trim().split(/\s+/);
    if (word === "/echo") return rest.join(" ");
    if (word === "/roll") return `${1 + Math.floor(Math.random() * (Number(rest[0]) || 6))}`;
    if (word === "/time") return new Date(chat.getServerTime()).toISOString();
    return `I know /echo, /roll and /time, not "${word}"`;
}

async function answer(message) {
    const isPrivate = message.conversationType === TYPES.CONV_C2C;
    // Its own, from another device, have flow "out"; tips and notices have another type.
    if (message.flow !== "in" || message.type !== TYPES.MSG_TEXT || message.isRevoked) return;
    if (!isPrivate && !message.atUserList.includes(userID)) return;
    const text = answerTo(message.payload.text.replace(`@${userID}`, ""));
    const to = isPrivate ? message.from : message.to;
    await chat.sendMessage(chat.createTextMessage({ to, conversationType: message.conversationType, payload: { text } }));
    await chat.setMessageRead({ conversationID: message.conversationID });
}

chat.on(EVENT.SDK_READY, () => console.log(`${userID} is there`));
chat.on(EVENT.MESSAGE_RECEIVED, async ({ data }) => {
    for (const message of data) {
        // One that cannot be answered (the group has muted it, say) keeps nobody else from an answer.
        await answer(message).catch(({ code, message: why }) => console.error(`no answer to ${message.from}: ${code} ${why}`));
    }
});
chat.on(EVENT.KICKED_OUT, ({ data }) => {
    console.error(`signed out: ${data.type}`);
    process.exit(1);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => chat.destroy().then(() => process.exit(0)));

try {
    await chat.login({ userID, userSig });
} catch ({ code, message }) {
    console.error(`no login: ${code} ${message}`);
    process.exit(1);
}
