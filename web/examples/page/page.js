// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// One conversation: its last messages, what comes, and what is written.
import mqtt from "./mqtt.esm.js";
import { create, EVENT, TYPES } from "./client/src/chat.js";

// In the fragment, which no server sees, and out of the address bar at once.
const { user, sig, to, url, app } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
history.replaceState(null, "", location.pathname);

const chat = create({ SDKAppID: Number(app ?? 1400000000), url: url ?? `ws://${location.hostname}:9001` }, mqtt.connect);
const conversationID = TYPES.CONV_C2C + to;
const $ = (id) => document.getElementById(id);

function show(message) {
    if (message.conversationID !== conversationID) return;
    const line = $(message.ID) ?? $("messages").appendChild(Object.assign(document.createElement("li"), { id: message.ID }));
    line.className = message.flow;
    // As text, never as markup: it is what somebody else has written.
    line.textContent = message.isRevoked ? "recalled" : (message.payload.text ?? `(${message.type})`);
}

for (const event of [EVENT.MESSAGE_RECEIVED, EVENT.MESSAGE_REVOKED, EVENT.MESSAGE_MODIFIED]) {
    chat.on(event, ({ data }) => data.forEach(show));
}
chat.on(EVENT.NET_STATE_CHANGE, ({ data }) => ($("state").textContent = data.state));
chat.on(EVENT.KICKED_OUT, ({ data }) => ($("state").textContent = `signed out: ${data.type}`));
chat.on(EVENT.SDK_READY, async () => {
    try {
        const { data } = await chat.getMessageList({ conversationID });
        data.messageList.forEach(show);
        await chat.setMessageRead({ conversationID });
    } catch (error) {
        // There is nobody of that name, say.
        $("state").textContent = error.message;
    }
});

$("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = $("text").value;
    if (!text) return;
    const message = chat.createTextMessage({ to, conversationType: TYPES.CONV_C2C, payload: { text } });
    $("text").value = "";
    show(message);
    try {
        // Without network it waits, and goes out when there is one again.
        await chat.sendMessage(message);
    } catch (error) {
        $(message.ID).textContent += ` (not sent: ${error.message})`;
    }
});

try {
    await chat.login({ userID: user, userSig: sig });
} catch (error) {
    $("state").textContent = `no login: ${error.message}`;
}
