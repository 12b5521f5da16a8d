// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A Chat, put together from its parts.
import { makeCore } from "./core.js";
import { ChatError, CODE } from "./errors.js";
import { EVENT, TYPES } from "./constants.js";
import { arrivals } from "./arrivals.js";
import { cards } from "./cards.js";
import { commands } from "./commands.js";
import { conversations } from "./conversations.js";
import { history } from "./history.js";
import { link } from "./link.js";
import { message } from "./message.js";
import { messages } from "./messages.js";
import { outbox } from "./outbox.js";
import { session } from "./session.js";
import { absent } from "./absent.js";
import { uploads } from "./uploads.js";
import { users } from "./users.js";
import { groups } from "./groups.js";
import { members } from "./members.js";
import { attributes } from "./attributes.js";

/**
 * The parts by the names that they have in the core, each made after those above it: functions that are given the core
 * and return a Part of it.
 * @type {Record<string, (core: import("./core.js").Core) => any>}
 */
const PARTS = {
    link,
    commands,
    session,
    absent,
    users,
    groups,
    members,
    attributes,
    cards,
    message,
    history,
    outbox,
    uploads,
    messages,
    conversations,
    arrivals,
};

/**
 * @param {Record<string, any>} options docs/client.md has them
 * @param {Function} connect mqtt.connect of MQTT.js
 * @returns {Record<string, Function>} the methods
 */
export function create(options, connect) {
    if (!Number.isInteger(options?.SDKAppID)) throw new ChatError(CODE.INVALID, "SDKAppID is missing, or no whole number");
    if (typeof options.url !== "string") throw new ChatError(CODE.INVALID, "url is missing: ws://, wss:// or mqtt://");
    const core = /** @type {any} */ (makeCore(options, connect));
    /** @type {Record<string, Function>} */
    const chat = {};
    for (const [name, make] of Object.entries(PARTS)) {
        const part = make(core);
        core[name] = part;
        core.parts.push(part);
        Object.assign(chat, part.methods);
    }
    return chat;
}

export { ChatError, EVENT, TYPES };
