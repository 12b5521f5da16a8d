// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What members of a group are called there: asked for when somebody has written in it, and kept for a while, for nobody is told
// when it changes.
import { TYPES } from "./constants.js";
import { chunks } from "./users.js";

const FRESH = 5 * 60 * 1000;

/**
 * @param {import("./core.js").Core} core
 */
export function cards(core) {
    /** By group and user. @type {Map<string, {nameCard: string, at: number}>} */
    const known = new Map();
    /** By group, to be asked for at the end of this turn. @type {Map<string, Set<string>>} */
    const wanted = new Map();
    let isPlanned = false;
    /** All that has been asked for. */
    let asked = Promise.resolve();

    /** @param {string} groupID @param {string} userID */
    const place = (groupID, userID) => `${groupID} ${userID}`;

    async function ask() {
        isPlanned = false;
        const all = [...wanted];
        wanted.clear();
        for (const [groupID, users] of all) {
            for (const userIDs of chunks([...users])) {
                const { members } = await core.ask("getGroupMembers", { groupID, userIDs });
                learn(groupID, [...userIDs.map((userID) => ({ userID, nameCard: "" })), ...members]);
            }
        }
    }

    /** @param {string} groupID @param {{userID: string, nameCard: string}[]} members a later one of the same counts */
    function learn(groupID, members) {
        const news = new Map(members.map(({ userID, nameCard }) => [userID, nameCard]));
        for (const [userID, nameCard] of news) {
            const before = find(groupID, userID).nameCard;
            known.set(place(groupID, userID), { nameCard, at: core.time() });
            if (nameCard === before) news.delete(userID);
        }
        if (news.size) core.wire.emit("cards", TYPES.CONV_GROUP + groupID, news);
    }

    /** @param {string} groupID @param {string} userID */
    const find = (groupID, userID) => known.get(place(groupID, userID)) ?? { nameCard: "", at: 0 };

    return {
        learn,

        /** As far as it is known. @param {string} groupID @param {string} userID */
        peek: (groupID, userID) => find(groupID, userID).nameCard,

        /**
         * What is missing or old is asked for, and "cards" tells it.
         * @param {string} groupID
         * @param {string} userID
         */
        want(groupID, userID) {
            const type = core.groups?.peek(groupID)?.type;
            // Who is in no list of the user's has none to see, and in a live group only the owner could have one.
            if (!type || type === TYPES.GRP_AVCHATROOM || find(groupID, userID).at > core.time() - FRESH) return;
            wanted.set(groupID, (wanted.get(groupID) ?? new Set()).add(userID));
            if (isPlanned) return;
            isPlanned = true;
            asked = Promise.resolve().then(ask).catch(() => {});
        },

        /** What was wanted is known, or cannot be had. */
        settled: () => asked,

        stop: () => known.clear(),
    };
}
