// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The client id. What a device has had the server remembers by it, so a browser keeps the same one. But two tabs with one
// client id would send each other away for ever: each tab has a place of its own, 0, 1, 2 ..., and its number is part of the
// id. A tab takes the first free place, so that the places, and what the server remembers of them, are used again.

/** How long a tab that was reloaded waits for the place that it had: its former page may not be quite gone. */
const RELOAD = 500;
const PLACES = 50;

/**
 * @param {string} name
 * @param {LockOptions} options
 * @returns {Promise<(() => void) | undefined>} gives the lock back; undefined: somebody else has it
 */
function take(name, options) {
    return new Promise((resolve) => {
        navigator.locks
            .request(name, options, (lock) => {
                if (!lock) return resolve(undefined);
                return new Promise((/** @type {(value?: any) => void} */ release) => resolve(() => release()));
            })
            .catch(() => resolve(undefined));
    });
}

/** @returns {string} 16 hexadecimal digits */
function randomID() {
    return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {import("./core.js").Core} core
 */
export function device(core) {
    const { storage, options } = core;
    /** Of this page: several Chats in it are several devices. @type {(() => void) | undefined} */
    let release;
    let place = 0;

    /** @param {string} userID @param {string} id */
    const name = (userID, id) => `${userID}:web:${id}${place ? `.${place}` : ""}`;

    return {
        /**
         * The client id for a login, which is this page's until `give`.
         * @param {string} userID
         * @returns {Promise<string>}
         */
        async take(userID) {
            if (options.clientID) return options.clientID;
            let id = await storage.get("device");
            if (!id) await storage.set("device", (id = randomID()));
            // Only pages of a secure origin have locks, and only pages share what is kept.
            if (!globalThis.window || !navigator.locks) return name(userID, id);
            const key = `mosquitto-chat:${options.SDKAppID}:place`;
            const before = sessionStorage.getItem(key);
            if (before) {
                place = Number(before);
                release = await take(name(userID, id), { signal: AbortSignal.timeout(RELOAD) });
            }
            for (let next = 0; !release && next < PLACES; next++) {
                place = next;
                release = await take(name(userID, id), { ifAvailable: true });
            }
            sessionStorage.setItem(key, String(place));
            return name(userID, id);
        },
        /**
         * Somebody else has come with the client id: another one.
         * @param {string} userID
         * @returns {Promise<string | undefined>} undefined: the application has chosen the client id
         */
        async next(userID) {
            if (options.clientID) return undefined;
            place += 1;
            return name(userID, await storage.get("device"));
        },
        give() {
            release?.();
            release = undefined;
        },
    };
}
