// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The MQTT connection: opened, watched, opened again. MQTT.js is given one connection at a time and never connects again
// by itself: whether and when is decided here.
//
// MQTT 5, for what a refusal, a close and an ack say. A clean session: what was missed the server brings by the client id,
// and what the application has had is said by the command `ack`.
import { ChatError, CODE } from "./errors.js";

/** The broker closes who says nothing for 1.5 times this: a hidden page's timers may run once a minute. */
const KEEPALIVE = 60;
/** How often the broker is asked for a word. A connection that brings none until the next time is dead. */
const HEARTBEAT = 15000;
/** The same where there is a reason to doubt. */
const DOUBT = 4000;
const CONNECT_TIMEOUT = 10000;
/** Waits before a new try: a random time up to FIRST, then up to twice as long, and so on. */
const FIRST = 1000;
const MOST = 30000;
/** A connection that lasted so long was a good one: after it the waits begin anew. */
const GOOD = 10000;
/** Publishes without an ack at a time: more than its "receive maximum" a broker need not take. */
const WINDOW = 20;
const COMMANDS = "$CONTROL/chat/v1";

/** Not everywhere; what MQTT.js gives is a Buffer, which can do it more slowly. */
const decoder = typeof TextDecoder === "undefined" ? undefined : new TextDecoder();

const CONNECTED = "connected";
const CONNECTING = "connecting";
const DISCONNECTED = "disconnected";

/** A reason code of MQTT 5: somebody else has come with the client id. */
const TAKEN_OVER = 0x8e;
/** Why a login is refused; Mosquitto 2.0 says 0x87 whatever it is. @type {Record<number, [number, string]>} */
const REFUSALS = {
    0x85: [CODE.CLIENT_ID, "the client id does not belong to the user"],
    0x86: [CODE.OTHER_KEY, "the userSig is not good for this server"],
    0x87: [CODE.REFUSED, "the login was refused: the log of the server says why"],
    0x89: [CODE.BUSY, "the server is busy, or this device was sent away repeatedly: try again later"],
    0x8a: [CODE.BANNED, "the user is banned"],
};

/**
 * @typedef {Object} Account how the connection is opened
 * @property {string} userID
 * @property {string} clientID
 * @property {string} userSig
 */

/**
 * @param {import("./core.js").Core} core
 */
export function link(core) {
    const { wire, options } = core;
    /** @param {any} [error] what is known of it */
    const lost = (error) => new ChatError(CODE.NETWORK, `no connection to the server${error?.message ? `: ${error.message}` : ""}`);
    const heartbeat = options.heartbeat ? options.heartbeat * 1000 : HEARTBEAT;
    /** The MQTT.js client, from connect() to the end of its connection. @type {any} */
    let mqtt;
    /** What is to be told when this connection ends. @type {((error: ChatError) => void) | undefined} */
    let onEnd;
    /** @type {Account | undefined} */
    let account;
    let up = false;
    let state = "";
    let tries = 0;
    /** Has anything come since the last ping? */
    let heard = false;
    let upSince = 0;
    let room = WINDOW;
    /** For whom the session is being asked how to connect. @type {Account | undefined} */
    let trying;
    /** Why there is no connection. */
    let why = lost();
    let endTimer = () => {};
    let endRetry = () => {};
    /** Topics beside the feed. @type {Set<string>} */
    const topics = new Set();
    /** Those who wait for an ack. @type {Set<(error: ChatError) => void>} */
    const unacked = new Set();
    /** Those that wait for a place in the window. @type {(() => void)[]} */
    const waiting = [];

    /** @param {string} next */
    function setState(next) {
        if (state === next) return;
        state = next;
        core.emit("netStateChange", { state });
    }

    /**
     * One connection, until it is there and subscribed to the feed, or has failed.
     * @param {Account} as
     * @returns {Promise<void>}
     */
    function open(as) {
        return new Promise((resolve, reject) => {
            const client = core.connect(options.url, {
                ...options.mqtt,
                protocolVersion: 5,
                clientId: as.clientID,
                username: as.userID,
                password: as.userSig,
                clean: true,
                keepalive: KEEPALIVE,
                connectTimeout: CONNECT_TIMEOUT,
                reconnectPeriod: 0,
                resubscribe: false,
                queueQoSZero: false,
                // MQTT.js would take a worker made of a blob, which a page's policy may forbid.
                timerVariant: "native",
            });
            /** @type {ChatError | undefined} */
            let cause;
            mqtt = client;

            const end = (/** @type {ChatError} */ error) => {
                if (mqtt !== client) return;
                mqtt = undefined;
                endTimer();
                client.end(true);
                // MQTT.js does not do so where it has begun to end in good order.
                client.stream?.destroy();
                for (const fail of [...unacked]) fail(error);
                for (const next of waiting.splice(0)) next();
                const wasUp = up;
                up = false;
                if (wasUp && Date.now() - upSince > GOOD) tries = 0;
                if (wasUp) wire.emit("down");
                reject(error);
                if (wasUp) onClosed(error);
            };
            onEnd = end;

            client.on("error", (/** @type {any} */ error) => end(refusal(error) ?? cause ?? lost(error)));
            client.on("close", () => end(cause ?? lost()));
            client.on("disconnect", (/** @type {any} */ packet) => {
                if (packet.reasonCode === TAKEN_OVER) cause = new ChatError(CODE.TAKEN_OVER, "the client id is in use elsewhere");
                end(cause ?? lost());
            });
            client.on("packetreceive", () => {
                heard = true;
            });
            client.on("message", (/** @type {string} */ topic, /** @type {Uint8Array} */ payload) => {
                if (mqtt === client) onMessage(topic, payload);
            });
            client.on("connect", (/** @type {any} */ connack) => {
                // In Node TCP would hold back what is small, such as the next message, until the last one is acknowledged.
                client.stream?.setNoDelay?.(true);
                endTimer = core.after(Math.min(CONNECT_TIMEOUT, 2 * heartbeat), () => end(lost()));
                room = Math.min(WINDOW, connack.properties?.receiveMaximum ?? WINDOW);
                // From now on only what is acked counts as had by this device: else the first messages of a new one that are
                // lost on the way would never come again. What it has had so far stays.
                client.publish(COMMANDS, '{"commands":[{"command":"ack","id":0}]}', { qos: 0 });
                client.subscribe(`chat/user/${as.userID}/#`, { qos: 1 }, (/** @type {any} */ error) => {
                    if (mqtt !== client) return;
                    if (error) return end(cause ?? lost());
                    up = true;
                    upSince = Date.now();
                    setState(CONNECTED);
                    heard = true;
                    beat(Date.now());
                    wire.emit("up");
                    for (const topic of topics) {
                        subscribeNow(topic).catch(() => {
                            if (up && topics.delete(topic)) wire.emit("refused", topic);
                        });
                    }
                    resolve();
                });
            });
        });
    }

    /**
     * @param {any} error of MQTT.js
     * @returns {ChatError | undefined} undefined: the login was not refused, there was no answer
     */
    function refusal(error) {
        const why = REFUSALS[error?.code];
        return why && new ChatError(...why);
    }

    /** @param {ChatError} error why a connection that was up has ended */
    function onClosed(error) {
        if (!account) return;
        setState(online() ? CONNECTING : DISCONNECTED);
        retry(error);
    }

    const online = () => globalThis.navigator?.onLine !== false;

    /** @param {ChatError} error */
    function retry(error) {
        why = error;
        endRetry();
        const wait = Math.random() * Math.min(MOST, FIRST * 2 ** tries);
        tries += 1;
        endRetry = core.after(wait, again);
    }

    async function again() {
        endRetry();
        if (!account || mqtt || trying === account) return;
        const before = (trying = account);
        try {
            // The session may have a new userSig, another client id, or know that it is over.
            const next = await core.session.beforeReconnect(why);
            if (!next || account !== before || mqtt) return;
            trying = undefined;
            account = next;
            await open(next);
        } catch (failed) {
            if (!account || mqtt) return;
            trying = undefined;
            setState(DISCONNECTED);
            retry(/** @type {ChatError} */ (failed));
        }
    }

    /**
     * One beat of the heart: ends a connection on which nothing has come since the last one.
     * @param {number} planned when it was to be
     * @param {number} [wait] until the next one
     */
    function beat(planned, wait = heartbeat) {
        endTimer();
        // After a sleep of the machine, or a long computation, what has come may not have been read yet.
        const late = Date.now() - planned > heartbeat;
        if (!heard && !late) return onEnd?.(lost());
        heard = false;
        mqtt.sendPing();
        if (late) wait = Math.min(wait, DOUBT);
        const next = Date.now() + wait;
        endTimer = core.after(wait, () => beat(next));
    }

    /** Something has happened that a connection may not have survived, or after which there may be one again. */
    function doubt() {
        if (!account) return;
        if (up) {
            heard = true;
            beat(Date.now(), Math.min(heartbeat, DOUBT));
        } else if (!mqtt) {
            tries = 0;
            endRetry();
            endRetry = core.after(0, again);
        }
    }

    core.listen(globalThis.window, "online", doubt);
    core.listen(globalThis.window, "offline", () => {
        if (account) setState(DISCONNECTED);
        onEnd?.(lost());
    });
    core.listen(globalThis.document, "visibilitychange", () => {
        if (document.visibilityState === "visible") doubt();
    });

    /**
     * @param {string} topic
     * @param {Uint8Array} payload
     */
    function onMessage(topic, payload) {
        let object;
        try {
            object = JSON.parse(decoder ? decoder.decode(payload) : String(payload));
        } catch {
            return; // the server writes none that is not JSON
        }
        if (topic === `${COMMANDS}/response`) wire.emit("response", object);
        else if (topic === `chat/user/${core.userID()}/event` || !object.sender) wire.emit("event", object, topic);
        else wire.emit("message", object, topic);
    }

    /**
     * An ack that is to come; the end of the connection is an answer, too.
     * @param {(value?: any) => void} resolve
     * @param {(error: ChatError) => void} reject
     */
    function expect(resolve, reject) {
        const done = (/** @type {ChatError | null | undefined} */ error) => {
            if (!unacked.delete(done)) return;
            if (error) reject(error);
            else resolve();
            waiting.shift()?.();
        };
        unacked.add(done);
        return done;
    }

    /** @param {string} topic @returns {Promise<void>} */
    function subscribeNow(topic) {
        return new Promise((resolve, reject) => {
            const done = expect(resolve, reject);
            mqtt.subscribe(topic, { qos: 1 }, (/** @type {any} */ error) => {
                done(error && (error.code >= 0x80 ? new ChatError(CODE.NOT_ALLOWED, "not allowed to subscribe") : lost()));
            });
        });
    }

    return {
        commandTopic: COMMANDS,
        /** Connected, and subscribed to the feed. */
        isUp: () => up,

        /**
         * The first connection of a session. What fails here is not tried again.
         * @param {Account} as
         * @returns {Promise<void>}
         */
        async connect(as) {
            account = as;
            tries = 0;
            setState(CONNECTING);
            try {
                await open(as);
            } catch (error) {
                if (account === as) {
                    account = undefined;
                    setState(DISCONNECTED);
                    state = "";
                }
                // Of a url that MQTT.js or the browser does not take they say it by throwing.
                throw error instanceof ChatError ? error : new ChatError(CODE.INVALID, String(error));
            }
        },

        /** When this connection ends there is no new one. */
        last() {
            account = undefined;
            endRetry();
        },

        /** The end of a session. */
        async disconnect() {
            const client = mqtt;
            account = undefined;
            endRetry();
            topics.clear();
            if (client?.connected) {
                // A DISCONNECT, so that the broker knows; who does not take it is not waited for.
                await new Promise((resolve) => {
                    const endWait = core.after(1000, () => resolve(undefined));
                    client.end(false, {}, () => {
                        endWait();
                        resolve(undefined);
                    });
                });
            }
            if (mqtt === client) onEnd?.(lost());
            state = "";
        },

        /** Ends this connection; a new one follows, if the session goes on. @param {ChatError} [error] */
        drop(error) {
            onEnd?.(error ?? lost());
        },

        /**
         * @param {string} topic
         * @param {string | Uint8Array} payload
         * @param {{qos?: 0 | 1}} [how]
         * @returns {Promise<void>} QoS 1: acknowledged; QoS 0: handed over to the socket. Rejected with NETWORK when there is
         *   no connection or it ends before; with SEND_FAIL when the server has refused it: why, the event `rejected` says
         */
        publish(topic, payload, { qos = 1 } = {}) {
            if (!up) return Promise.reject(lost());
            const client = mqtt;
            if (qos === 0) {
                return new Promise((resolve, reject) => {
                    client.publish(topic, payload, { qos }, (/** @type {any} */ error) => (error ? reject(lost()) : resolve()));
                });
            }
            return new Promise((resolve, reject) => {
                const send = () => {
                    if (mqtt !== client) return reject(lost());
                    const done = expect(resolve, reject);
                    client.publish(topic, payload, { qos }, (/** @type {any} */ error) => {
                        done(error && (error.code >= 0x80 ? new ChatError(CODE.SEND_FAIL, "the server refused it") : lost()));
                    });
                };
                if (unacked.size < room) send();
                else waiting.push(send);
            });
        },

        /**
         * A topic beside the feed (a live group): after a reconnect it is subscribed again.
         * @param {string} topic
         * @returns {Promise<void>}
         */
        async subscribe(topic) {
            if (!up) throw lost();
            // First, so that an unsubscribe that comes meanwhile is the last word.
            topics.add(topic);
            try {
                await subscribeNow(topic);
            } catch (error) {
                topics.delete(topic);
                throw error;
            }
        },

        /** @param {string} topic */
        unsubscribe(topic) {
            topics.delete(topic);
            if (up) mqtt.unsubscribe(topic, () => {});
        },
    };
}
