// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Who is online, of those whose face is on the page. The server tells a connection of 200 people at most.
import { oncePerFrame } from "./dom.js";

const MOST = 200;

/**
 * @param {any} chat
 * @param {any} TYPES
 * @param {() => void} changed
 */
export function makePresence(chat, TYPES, changed) {
    /** @type {Map<string, boolean>} */
    const online = new Map();
    /** Those who are watched, the longest not looked at first. @type {Set<string>} */
    const watched = new Set();
    /** @type {Set<string>} */
    const wanted = new Set();

    const ask = oncePerFrame(async () => {
        const userIDList = [...wanted].slice(0, MOST);
        wanted.clear();
        const left = [...watched].slice(0, Math.max(0, watched.size + userIDList.length - MOST));
        for (const userID of left) {
            watched.delete(userID);
            online.delete(userID);
        }
        for (const userID of userIDList) watched.add(userID);
        try {
            if (left.length) await chat.unsubscribeUserStatus({ userIDList: left });
            await chat.subscribeUserStatus({ userIDList });
        } catch {
            // A dot is missing; the next one who looks asks again.
            for (const userID of userIDList) watched.delete(userID);
        }
    });

    return {
        /** Of an event. @param {{userID: string, statusType: number}[]} list */
        put(list) {
            for (const { userID, statusType } of list) online.set(userID, statusType === TYPES.USER_STATUS_ONLINE);
            changed();
        },
        /** @param {string} userID */
        isOnline(userID) {
            if (watched.delete(userID)) watched.add(userID);
            else if (!userID.startsWith("@")) {
                wanted.add(userID);
                ask();
            }
            return online.get(userID) === true;
        },
    };
}
