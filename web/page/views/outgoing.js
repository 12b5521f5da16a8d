// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What this page sends: from the moment it is written until it is there, whichever conversation is shown meanwhile.

/**
 * @typedef {any} Message
 * @typedef {import("../app.js").App} App
 * @typedef {{added?: (message: Message) => void, changed?: (message: Message) => void, removed?: (message: Message) => void,
 *            progress?: (message: Message, done: number) => void}} Listener
 */

/** @param {App} app */
function make(app) {
    const { chat } = app;
    /** @type {Map<string, Message>} those that are not there yet, and those that failed */
    const waiting = new Map();
    /** @type {Map<string, number>} */
    const progress = new Map();
    /** @type {Set<string>} those whose upload was cancelled */
    const cancelled = new Set();
    /** @type {Set<Listener>} */
    const listeners = new Set();
    /** @param {"added" | "changed" | "removed"} what @param {Message} message */
    const tell = (what, message) => listeners.forEach((one) => one[what]?.(message));

    /** @param {Message} message @param {Promise<any>} sent */
    async function follow(message, sent) {
        try {
            await sent;
            waiting.delete(message.ID);
        } catch (error) {
            if (cancelled.delete(message.ID)) {
                waiting.delete(message.ID);
                tell("removed", message);
                return;
            }
            message.status = "fail";
            app.fail(error);
        } finally {
            progress.delete(message.ID);
        }
        tell("changed", message);
    }

    const out = {
        /**
         * Shows a message in its conversation and sends it.
         * @param {Message} message
         * @param {any} [options] of sendMessage
         * @returns {Promise<void>} when it is there, or has failed
         */
        send(message, options) {
            waiting.set(message.ID, message);
            tell("added", message);
            return follow(message, chat.sendMessage(message, options));
        },

        /**
         * A picture, a voice, a video, a file: with its progress, and a way to cancel it.
         * @param {"Image" | "Audio" | "Video" | "File"} kind
         * @param {any} options of create...Message
         * @param {{width?: number, height?: number}} [size] of a picture, where it is known already: its place is as large from the beginning
         */
        sendFile(kind, options, size) {
            /** @type {Message} */
            const message = chat[`create${kind}Message`]({
                ...options,
                onProgress: (/** @type {number} */ done) => {
                    progress.set(message.ID, done);
                    listeners.forEach((one) => one.progress?.(message, done));
                },
            });
            if (size?.width) for (const info of message.payload.imageInfoArray || []) Object.assign(info, size);
            progress.set(message.ID, 0);
            return out.send(message);
        },

        /** Once more, what could not be sent. @param {Message} message */
        retry(message) {
            message.status = "unSend";
            waiting.set(message.ID, message);
            tell("changed", message);
            return follow(message, chat.resendMessage(message));
        },

        /** @param {Message} message whose upload ends here */
        cancel(message) {
            cancelled.add(message.ID);
            chat.deleteMessage([message]).catch(() => {});
        },

        /** One that failed is not wanted any more. @param {Message} message */
        drop(message) {
            waiting.delete(message.ID);
            tell("removed", message);
        },

        /** @param {Message} message @returns {number | undefined} */
        progress: (message) => progress.get(message.ID),
        /** Of a conversation: what is not there yet, or has failed. @param {string} conversationID */
        of: (conversationID) => [...waiting.values()].filter((message) => message.conversationID === conversationID),
        /** @param {Listener} listener @param {AbortSignal} signal */
        listen(listener, signal) {
            listeners.add(listener);
            signal.addEventListener("abort", () => listeners.delete(listener));
        },
    };
    return out;
}

/** @type {WeakMap<object, ReturnType<typeof make>>} one for each client, however often its views are made anew */
const all = new WeakMap();

/** @param {App} app */
export function outgoing(app) {
    let found = all.get(app.chat);
    if (!found) all.set(app.chat, (found = make(app)));
    return found;
}
