// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is kept over a reload of the page: localStorage, else memory, or what the caller gives as `storage`.

/**
 * @typedef {Object} Keep what an application may give as `storage`; the values are texts
 * @property {(key: string) => any} get the text or a promise of it; null or undefined: there is none
 * @property {(key: string, value: string) => any} set
 * @property {(key: string) => any} remove
 */

/**
 * @typedef {Object} Storage values are whatever JSON can hold
 * @property {(key: string) => Promise<any>} get undefined: there is none
 * @property {(key: string, value: any) => Promise<void>} set
 * @property {(key: string) => Promise<void>} remove
 */

/** @returns {Keep} */
function memory() {
    const values = new Map();
    return {
        get: (key) => values.get(key),
        set: (key, value) => values.set(key, value),
        remove: (key) => values.delete(key),
    };
}

/** @returns {Keep | undefined} */
function local() {
    try {
        // A browser that keeps nothing throws here, or has none.
        const store = globalThis.window?.localStorage;
        const key = "mosquitto-chat:?";
        store.setItem(key, "");
        store.removeItem(key);
        return {
            get: (key) => store.getItem(key),
            set: (key, value) => store.setItem(key, value),
            remove: (key) => store.removeItem(key),
        };
    } catch {
        return undefined;
    }
}

/**
 * With localStorage a value is written before `set` returns, so that it is there when the page goes away in the next
 * moment. A write that fails (the storage is full) is lost without a word: what is kept makes a reload better, and is
 * never needed to go on.
 * @param {string} prefix
 * @param {Keep} [given]
 * @returns {Storage}
 */
export function storage(prefix, given) {
    const keep = given ?? local() ?? memory();
    return {
        async get(key) {
            try {
                const text = await keep.get(prefix + key);
                return text == null ? undefined : JSON.parse(text);
            } catch {
                return undefined;
            }
        },
        async set(key, value) {
            try {
                await keep.set(prefix + key, JSON.stringify(value));
            } catch {
                // see above
            }
        },
        async remove(key) {
            try {
                await keep.remove(prefix + key);
            } catch {
                // see above
            }
        },
    };
}
