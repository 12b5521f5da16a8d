// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What all parts of one Chat share.
import { emitter } from "./emitter.js";
import { storage } from "./storage.js";

/** A frame at 60 a second; the longest a hidden page, which has no frames, is left waiting. */
const FRAME = 16;
const NO_FRAME = 100;
/** The longest setTimeout can wait. */
const LONGEST = 2 ** 31 - 1;

/**
 * @typedef {import("./emitter.js").Emitter} Emitter
 * @typedef {Record<string, any>} Fields a JSON object of the wire
 */

/**
 * @typedef {Object} Core
 * @property {Record<string, any>} options what the application gave to create()
 * @property {Function} connect mqtt.connect
 * @property {import("./storage.js").Storage} storage
 * @property {() => string} userID who is logged in, "" when nobody is
 * @property {() => string} clientID the device that this is to the server, "" when nobody is logged in
 * @property {() => number} time now, in milliseconds, by the clock of the server
 * @property {(serverTime: number) => void} setTime
 * @property {(event: string, data?: any) => any[]} emit tells the application; what its handlers have returned
 * @property {(event: string, handler: Function, context?: any) => void} on handlers of the application
 * @property {(event: string, handler: Function) => void} off
 * @property {Emitter} wire what comes from the server: "message" (object, topic), "event" (object, topic), "response"
 *   (object), "up" (connected, and subscribed to the feed again), "down", "refused" (a topic kept by link.subscribe that
 *   was refused after a reconnect)
 * @property {(f: () => void) => void} later f is called once in the next frame, however often this was called
 * @property {(milliseconds: number, f: () => void) => () => void} after a timer, which ends with the Chat; call the answer
 *   to end it before
 * @property {(target: any, name: string, f: Function) => void} listen to an event of the browser, until the end of the Chat;
 *   where the target is missing nothing happens
 * @property {() => void} release ends timers and listeners
 * @property {(command: string, fields?: Fields, options?: import("./commands.js").AskOptions) => Promise<any>} ask
 * @property {ReturnType<typeof import("./link.js").link>} link
 * @property {ReturnType<typeof import("./session.js").session>} session
 * @property {Part[]} parts all of them
 * @property {any} [users] the parts by their names, once chat.js has made them
 * @property {any} [groups]
 * @property {ReturnType<typeof import("./cards.js").cards>} [cards]
 * @property {ReturnType<typeof import("./message.js").message>} message
 * @property {ReturnType<typeof import("./history.js").history>} history
 * @property {ReturnType<typeof import("./outbox.js").outbox>} outbox
 * @property {ReturnType<typeof import("./uploads.js").uploads>} uploads
 * @property {ReturnType<typeof import("./conversations.js").conversations>} conversations
 * @property {ReturnType<typeof import("./arrivals.js").arrivals>} arrivals
 */

/**
 * A part of the client: what its function returns.
 * @typedef {Object} Part
 * @property {Record<string, Function>} [methods] what the application can call
 * @property {() => any} [start] called after each login; SDK_READY waits for what it promises
 * @property {() => void} [stop] called when a session ends, for whatever reason: forget what belongs to the user. What is
 *   kept in storage stays
 */

/** What a method answers. @param {any} [data] */
export const ok = (data = {}) => ({ code: 0, data });

/**
 * @param {Record<string, any>} options
 * @param {Function} connect
 * @returns {Core}
 */
export function makeCore(options, connect) {
    const application = emitter();
    /** @type {Set<() => void>} */
    const due = new Set();
    /** @type {Set<() => void>} */
    const ends = new Set();
    let offset = 0;
    let released = false;
    let frame = () => {};

    const runDue = () => {
        frame();
        const now = [...due];
        due.clear();
        for (const f of now) f();
    };

    /** @type {any} */
    const core = {
        options,
        connect,
        storage: storage(`mosquitto-chat:${options.SDKAppID}:`, options.storage),
        userID: () => "",
        clientID: () => "",
        time: () => Date.now() + offset,
        setTime: (/** @type {number} */ serverTime) => {
            offset = serverTime - Date.now();
        },
        emit: (/** @type {string} */ name, /** @type {any} */ data) => application.emit(name, { name, data }),
        on: application.on,
        off: application.off,
        wire: emitter(),
        parts: [],

        later(/** @type {() => void} */ f) {
            due.add(f);
            if (due.size > 1) return;
            const visible = typeof requestAnimationFrame === "function" && document.visibilityState === "visible";
            // A page that is hidden after this gets no more frames: the timer sees to it that nothing waits for them.
            const endTimer = core.after(visible ? NO_FRAME : FRAME, runDue);
            const id = visible ? requestAnimationFrame(runDue) : 0;
            frame = () => {
                endTimer();
                if (id) cancelAnimationFrame(id);
            };
        },

        after(/** @type {number} */ milliseconds, /** @type {() => void} */ f) {
            if (released) return () => {};
            const end = () => {
                clearTimeout(timer);
                ends.delete(end);
            };
            const timer = setTimeout(() => {
                end();
                f();
            }, Math.min(milliseconds, LONGEST));
            ends.add(end);
            return end;
        },

        listen(/** @type {any} */ target, /** @type {string} */ name, /** @type {any} */ f) {
            if (!target?.addEventListener) return;
            target.addEventListener(name, f);
            ends.add(() => target.removeEventListener(name, f));
        },

        release() {
            released = true;
            frame();
            due.clear();
            for (const end of [...ends]) end();
            ends.clear();
            application.clear();
            core.wire.clear();
        },
    };
    return core;
}
