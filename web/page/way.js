// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The browser's back button leads from what is beside a conversation to the conversation, and from there to the list: entries of its
// history have {open: conversationID, deep: true, panel: how many lie in the panel}. The list is level 0, a conversation 1.

/** @type {number | undefined} */
let target;

export const level = () => Number(!!history.state?.deep) + (history.state?.panel || 0);

/** How many lie in the panel. @returns {number} */
export const depth = () => history.state?.panel || 0;

/**
 * Back to a level, or stay. What one click asks for is done at once: closing the panel and the conversation is one step.
 * @param {number} to
 */
export function backTo(to) {
    if (target === undefined)
        queueMicrotask(() => {
            const steps = target === undefined ? 0 : level() - target;
            target = undefined;
            if (steps > 0) history.go(-steps);
        });
    target = Math.min(to, target ?? to);
}

/**
 * Another conversation: from the list a step further, from one to another in its place.
 * @param {string} id @param {string} address
 */
export function goTo(id, address) {
    target = undefined;
    const state = { open: id, deep: true };
    if (level() > 0) history.replaceState(state, "", address);
    else history.pushState(state, "", address);
}

/** A layer of the panel more, or the only one. @param {number} layers */
export function goBeside(layers) {
    target = undefined;
    const state = { ...history.state, panel: layers };
    if (depth() < layers) history.pushState(state, "", location.href);
    else history.replaceState(state, "", location.href);
}
