// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Commands: asked by ask(), those of one turn together in one publish.
import { ChatError, CODE } from "./errors.js";

/** How long an answer may take, connecting again included. */
const TIMEOUT = 15000;
/** Limits of the server for one publish. */
const MOST_COMMANDS = 50;
const MOST_BYTES = 200000;
/** An answer to one publish has at most 1 MiB, one read up to 256 KiB of it: three reads and a few others. */
const READ_WEIGHT = 16;
/** The wait after "too fast". */
const SLOW_DOWN = 1000;

/**
 * @typedef {Object} AskOptions
 * @property {number} [timeout] in milliseconds
 * @property {boolean} [again] ask again when the connection ended before the answer, or when it came too fast: for what does
 *   no harm when it is done twice. Reads (get..., sync) are
 */

/**
 * @typedef {Object} Question
 * @property {string} text the command as it is sent
 * @property {number} weight
 * @property {boolean} again
 * @property {boolean} sent
 * @property {(data: any) => void} resolve
 * @property {(error: ChatError) => void} reject
 */

/**
 * @param {import("./core.js").Core} core
 */
export function commands(core) {
    const { wire } = core;
    const isRead = /^(get|sync)/;
    let count = 0;
    let planned = false;
    /** Without an answer, by correlationData, in the order of asking. @type {Map<string, Question>} */
    const open = new Map();

    function send() {
        planned = false;
        /** @type {string[]} */
        let batch = [];
        let weight = 0;
        let bytes = 0;
        const publish = () => {
            // Lost on the way, it is asked again or has failed by "down".
            if (batch.length) core.link.publish(core.link.commandTopic, `{"commands":[${batch}]}`, { qos: 0 }).catch(() => {});
            batch = [];
            weight = bytes = 0;
        };
        if (!core.link.isUp()) return;
        for (const question of open.values()) {
            if (question.sent) continue;
            // A letter has at most three bytes for each unit of its length.
            const size = question.text.length * 3;
            if (weight + question.weight > MOST_COMMANDS || bytes + size > MOST_BYTES) publish();
            question.sent = true;
            batch.push(question.text);
            weight += question.weight;
            bytes += size;
        }
        publish();
    }

    function plan() {
        if (planned) return;
        planned = true;
        Promise.resolve().then(send);
    }

    wire.on("up", plan);
    wire.on("down", () => {
        for (const question of [...open.values()]) {
            if (!question.sent) continue;
            question.sent = false;
            if (!question.again) question.reject(new ChatError(CODE.NETWORK, "the connection ended before the answer"));
        }
    });
    wire.on("response", (/** @type {{responses?: any[]}} */ { responses = [] }) => {
        for (const { correlationData, code, error, data } of responses) {
            const question = open.get(correlationData);
            if (!question) continue;
            if (code === CODE.TOO_FAST && question.again) {
                core.after(SLOW_DOWN, () => {
                    question.sent = false;
                    plan();
                });
            } else if (code) {
                question.reject(new ChatError(code, error ?? ""));
            } else {
                question.resolve(data ?? {});
            }
        }
    });

    /**
     * @param {string} command
     * @param {import("./core.js").Fields} [fields]
     * @param {AskOptions} [options]
     * @returns {Promise<any>} the data of the answer
     */
    core.ask = (command, fields = {}, { timeout = TIMEOUT, again = isRead.test(command) } = {}) =>
        new Promise((resolve, reject) => {
            if (!core.userID()) return reject(new ChatError(CODE.NOT_READY, `${command}: nobody is logged in`));
            const correlationData = String(++count);
            const end = () => {
                endTimer();
                open.delete(correlationData);
            };
            const endTimer = core.after(timeout, () => {
                end();
                reject(new ChatError(CODE.TIMEOUT, `${command}: no answer`));
            });
            open.set(correlationData, {
                text: JSON.stringify({ ...fields, command, correlationData }),
                weight: isRead.test(command) ? READ_WEIGHT : 1,
                again,
                sent: false,
                resolve: (data) => (end(), resolve(data)),
                reject: (error) => (end(), reject(error)),
            });
            plan();
        });

    return {
        stop() {
            for (const question of [...open.values()]) {
                question.reject(new ChatError(CODE.NOT_READY, "logged out"));
            }
        },
    };
}
