// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// "Bob is typing": an onlineOnly custom message, in the form of Tencent's UI kits, so that each understands the other.

const EVERY = 3000;
const SHOWN = 5000;
const ID = "user_typing_status";
const BEGINS = "EIMAMSG_InputStatus_Ing";
const ENDS = "EIMAMSG_InputStatus_End";

/** @param {string} id @param {import("../app.js").App} app @param {AbortSignal} signal */
export function typingSender(app, id, signal) {
    const { chat, TYPES } = app;
    const isPerson = id.startsWith(TYPES.CONV_C2C);
    let last = 0;

    /** @param {boolean} on */
    function tell(on) {
        if (!isPerson || app.state.network !== "connected") return;
        const data = JSON.stringify({
            businessID: ID,
            typingStatus: on ? 1 : 0,
            version: 1,
            userAction: on ? 14 : 0,
            actionParam: on ? BEGINS : ENDS,
        });
        const message = chat.createCustomMessage({
            to: id.slice(3),
            conversationType: TYPES.CONV_C2C,
            payload: { data, description: "", extension: "" },
        });
        // Nobody misses it: whoever is not there, or does not want to hear from us, does not show it.
        chat.sendMessage(message, { onlineUserOnly: true }).catch(() => {});
    }

    return {
        /** @param {string} text */
        typed(text) {
            const now = Date.now();
            if (!text.trim()) return this.end();
            if (now - last < EVERY || signal.aborted) return undefined;
            last = now;
            return tell(true);
        },
        end() {
            if (last) tell(false);
            last = 0;
        },
    };
}

/** Is it one of these, and does it begin or end? @param {import("../app.js").App} app @param {any} message @returns {boolean | undefined} */
export function typingOf({ TYPES }, { type, payload }) {
    if (type !== TYPES.MSG_CUSTOM || typeof payload?.data !== "string" || !payload.data.includes(ID)) return undefined;
    try {
        const found = JSON.parse(payload.data);
        return found?.businessID === ID ? found.typingStatus === 1 || found.actionParam === BEGINS : undefined;
    } catch {
        return undefined;
    }
}

/** @param {(on: boolean) => void} show @param {AbortSignal} signal */
export function typingShown(show, signal) {
    let timer = 0;
    signal.addEventListener("abort", () => clearTimeout(timer));
    return (/** @type {boolean} */ on) => {
        clearTimeout(timer);
        show(on);
        if (on) timer = window.setTimeout(() => show(false), SHOWN);
    };
}
