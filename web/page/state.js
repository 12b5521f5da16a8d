// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What views watch. A change is a new value of a key, so lists and objects are replaced, not changed in place.

/**
 * @template {{[key: string]: any}} S
 * @typedef {S & {
 *   set(changes: Partial<S>): void,
 *   watch(keys: (keyof S)[], f: (state: S) => void, signal?: AbortSignal): void,
 * }} State
 */

/**
 * `state.unread` reads, `state.set({unread: 3})` changes, `state.watch(["unread"], f, signal)` calls f now and after each change until
 * the signal is aborted.
 * @template {{[key: string]: any}} S
 * @param {S} initial
 * @returns {State<S>}
 */
export function makeState(initial) {
    /** @type {Set<{keys: (keyof S)[], f: (state: S) => void}>} */
    const watchers = new Set();
    const state = /** @type {State<S>} */ ({
        ...initial,
        set(/** @type {Partial<S>} */ changes) {
            const changed = Object.keys(changes).filter((key) => changes[key] !== state[key]);
            Object.assign(state, changes);
            for (const watcher of [...watchers])
                if (watchers.has(watcher) && watcher.keys.some((key) => changed.includes(/** @type {string} */ (key))))
                    watcher.f(state);
        },
        watch(
            /** @type {(keyof S)[]} */ keys,
            /** @type {(state: S) => void} */ f,
            /** @type {AbortSignal | undefined} */ signal,
        ) {
            if (signal?.aborted) return;
            const watcher = { keys, f };
            watchers.add(watcher);
            signal?.addEventListener("abort", () => watchers.delete(watcher));
            f(state);
        },
    });
    return state;
}
