// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Where the page gets its client from.
import { create } from "./client/src/chat.js";
import mqtt from "./mqtt.js";

/** @param {{SDKAppID: number, url: string, httpUrl?: string}} config @returns {any} */
export const makeClient = (config) => create(config, mqtt.connect);

export { EVENT, TYPES } from "./client/src/constants.js";
