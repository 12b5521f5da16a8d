// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The package mosquitto-chat: the client on MQTT.js. This is the only file that imports something by a bare name, so that
// a browser can load src/ as it is.
import mqtt from "mqtt";
import { create } from "./src/chat.js";
import { ChatError } from "./src/errors.js";
import { EVENT, TYPES } from "./src/constants.js";

/** @type {typeof import("./index.js").ChatClient} */
export const ChatClient = {
    EVENT,
    TYPES,
    VERSION: "1.0.0",
    create: (options) => /** @type {any} */ (create(options, mqtt.connect)),
};

export { ChatError, EVENT, TYPES };
export default ChatClient;
