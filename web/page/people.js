// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Names and faces by userID, for whoever shows one and has only that: tips, readers, members, reviews.

import { oncePerFrame } from "./dom.js";

const AT_ONCE = 100;

/** @typedef {{userID: string, nick: string, avatar: string, selfSignature?: string}} Person */

/**
 * @param {any} chat
 * @param {() => void} changed some have arrived
 */
export function makePeople(chat, changed) {
    /** @type {Map<string, Person>} */
    const known = new Map();
    /** @type {Set<string>} */
    const wanted = new Set();
    /** @type {Set<string>} */
    const asked = new Set();

    const ask = oncePerFrame(async () => {
        const userIDList = [...wanted].slice(0, AT_ONCE);
        for (const userID of userIDList) {
            wanted.delete(userID);
            asked.add(userID);
        }
        if (wanted.size) ask();
        try {
            const { data } = await chat.getUserProfile({ userIDList });
            put(data);
        } catch {
            // Asked again by who shows them next.
            for (const userID of userIDList) asked.delete(userID);
        }
    });

    /** What a list, a message or an event said about people. @param {any[]} profiles */
    function put(profiles) {
        let news = false;
        for (const { userID, nick = "", avatar = "", selfSignature } of profiles) {
            const old = known.get(userID);
            if (
                userID &&
                (!old ||
                    old.nick !== nick ||
                    old.avatar !== avatar ||
                    (selfSignature ?? old.selfSignature) !== old.selfSignature)
            ) {
                known.set(userID, { userID, nick, avatar, selfSignature: selfSignature ?? old?.selfSignature });
                news = true;
            }
        }
        if (news) changed();
    }

    return {
        put,
        /** What is known now; the rest is asked for, and `state.people` changes when it is there. @param {string} userID @returns {Person} */
        get(userID) {
            const person = known.get(userID);
            if (!person && userID && !userID.startsWith("@") && !asked.has(userID)) {
                wanted.add(userID);
                ask();
            }
            return person || { userID, nick: "", avatar: "" };
        },
        /** The name to show. @param {string} userID */
        name(userID) {
            return this.get(userID).nick || userID;
        },
    };
}
