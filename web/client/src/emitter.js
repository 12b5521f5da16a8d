// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Handlers by name.

/**
 * @typedef {Object} Emitter
 * @property {(name: string, handler: Function, context?: any) => void} on the same handler twice is called once
 * @property {(name: string, handler: Function) => void} off
 * @property {(name: string, ...values: any[]) => any[]} emit what the handlers have returned
 * @property {() => void} clear
 */

/** @returns {Emitter} */
export function emitter() {
    /** @type {Map<string, Map<Function, any>>} */
    const handlers = new Map();
    return {
        on(name, handler, context) {
            if (typeof handler !== "function") throw new TypeError("a handler is a function");
            if (!handlers.has(name)) handlers.set(name, new Map());
            handlers.get(name)?.set(handler, context);
        },
        off(name, handler) {
            handlers.get(name)?.delete(handler);
        },
        emit(name, ...values) {
            const results = [];
            // A copy: a handler may take itself or others away.
            for (const [handler, context] of [...(handlers.get(name) ?? [])]) {
                try {
                    results.push(handler.apply(context, values));
                } catch (error) {
                    // One that throws is the application's fault and keeps nobody else from what has happened.
                    console.error(`mosquitto-chat: a handler of "${name}" threw`, error);
                }
            }
            return results;
        },
        clear: () => handlers.clear(),
    };
}
