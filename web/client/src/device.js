// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The client id. What a device has had the server remembers by it, so a browser keeps the same one. But two tabs with one
// client id would send each other away for ever: each tab has a place of its own, 0, 1, 2 ..., and its number is part of the
// id. A tab takes the first free place, so that the places, and what the server remembers of them, are used again.
//
// That a place is taken the browser's locks say. Pages that do not come by https have none: there a tab asks the others.

/** How long a tab that was loaded again waits for the place that it had: its former page may not be quite gone. */
const RELOAD = 500;
/** How long another tab may take to answer. */
const ANSWER = 100;
const PLACES = 50;

/** Not a secret: Node 18 and mini programs have no `crypto`. @returns {string} 16 hexadecimal digits */
function randomID() {
    return Array.from({ length: 16 }, () => Math.floor(Math.random() * 16).toString(16)).join("");
}

/** What is kept for one tab, over a reload. */
function sessionStore() {
    try {
        return globalThis.window?.sessionStorage;
    } catch {
        return undefined; // a browser that keeps nothing
    }
}

/**
 * @param {LockOptions} how
 * @param {string} id
 * @returns {Promise<(() => void) | undefined>} gives it back; undefined: another tab has it
 */
function lock(id, how) {
    return new Promise((resolve) => {
        const hold = (/** @type {Lock | null} */ granted) =>
            granted ? new Promise((/** @type {(value?: any) => void} */ release) => resolve(() => release())) : resolve(undefined);
        navigator.locks.request(`mosquitto-chat:${id}`, how, hold).catch(() => resolve(undefined));
    });
}

/**
 * @param {import("./core.js").Core} core
 */
export function device(core) {
    const { storage, options } = core;
    const key = `mosquitto-chat:${options.SDKAppID}:place`;
    const tab = sessionStore();
    const hasLocks = tab && navigator.locks;
    let place = 0;
    let held = "";
    let giveBack = () => {};
    /** @type {BroadcastChannel | undefined} */
    let channel;
    let asked = "";
    let onTaken = () => {};

    function openChannel() {
        if (!tab || hasLocks || channel || typeof BroadcastChannel === "undefined") return;
        channel = new BroadcastChannel(key);
        channel.onmessage = ({ data: { ask, taken } }) => {
            if (ask && ask === held) channel?.postMessage({ taken: ask });
            if (taken && taken === asked) onTaken();
        };
    }

    /** Does another tab have it? @param {string} id @returns {Promise<boolean>} */
    function ask(id) {
        if (!channel) return Promise.resolve(false);
        return new Promise((resolve) => {
            const endTimer = core.after(ANSWER, () => resolve(false));
            asked = id;
            onTaken = () => {
                endTimer();
                resolve(true);
            };
            channel?.postMessage({ ask: id });
        });
    }

    /** @param {string} id @param {LockOptions} how */
    async function claim(id, how) {
        if (hasLocks) {
            const release = await lock(id, how);
            if (!release) return false;
            giveBack = release;
        } else if (await ask(id)) {
            return false;
        }
        held = id;
        return true;
    }

    /** The first free place. @param {string} userID @param {number} [besides] this one is not */
    async function find(userID, besides) {
        give();
        const own = await storage.get("device");
        const id = own ?? randomID();
        if (!own) await storage.set("device", id);
        const name = () => `${userID}:web:${id}${place ? `.${place}` : ""}`;
        const before = tab?.getItem(key);
        openChannel();
        if (before && besides === undefined) {
            place = Number(before);
            if (await claim(name(), { signal: AbortSignal.timeout(RELOAD) })) return held;
        }
        for (place = 0; place < PLACES; place++) {
            if (place !== besides && (await claim(name(), { ifAvailable: true }))) break;
        }
        tab?.setItem(key, String(place));
        return name();
    }

    function give() {
        giveBack();
        giveBack = () => {};
        held = "";
    }

    return {
        /**
         * The client id for a login, which is this tab's until `give`.
         * @param {string} userID
         * @returns {Promise<string>}
         */
        take: async (userID) => options.clientID ?? find(userID),

        /**
         * The client id for a new connection, after one that ended.
         * @param {string} userID
         * @param {string} id that of the last one
         * @param {boolean} isTaken the server says that another connection has come with it
         * @returns {Promise<string | undefined>} undefined: it is taken, and the application's own
         */
        async again(userID, id, isTaken) {
            if (options.clientID) return isTaken ? undefined : id;
            return isTaken || (await ask(id)) ? find(userID, place) : id;
        },

        give() {
            give();
            channel?.close();
            channel = undefined;
        },
    };
}
