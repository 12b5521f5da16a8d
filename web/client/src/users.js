// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Users: profiles and the cache of them, the blacklist, who is online.
import { EVENT, TYPES } from "./constants.js";
import { ok } from "./core.js";

/** Users in one command. */
const MOST_USERS = 100;
/** Nobody is told when somebody else's profile changes: one that is older is asked for again when it is needed. */
const FRESH = 5 * 60 * 1000;

/** A code of the server. */
const NO_USER = 20003;

/** @type {Record<string, number>} */
const STATUS = {
    online: TYPES.USER_STATUS_ONLINE,
    background: TYPES.USER_STATUS_ONLINE,
    offline: TYPES.USER_STATUS_OFFLINE,
};

/** @typedef {Record<string, any> & {userID: string, nick: string, avatar: string, selfSignature: string}} Profile */

/**
 * @template T
 * @param {T[]} list
 * @param {number} [size]
 * @returns {T[][]}
 */
export function chunks(list, size = MOST_USERS) {
    const parts = [];
    for (let i = 0; i < list.length; i += size) parts.push(list.slice(i, i + size));
    return parts;
}

/**
 * What Tencent's profile has and this server does not keep is there with the value of who has set nothing.
 * @param {{userID: string, nickname?: string, faceURL?: string, selfSignature?: string}} user
 * @returns {Profile}
 */
export function profileOf({ userID, nickname = "", faceURL = "", selfSignature = "" }) {
    return {
        userID,
        nick: nickname,
        avatar: faceURL,
        selfSignature,
        gender: TYPES.GENDER_UNKNOWN,
        birthday: 0,
        location: "",
        allowType: TYPES.ALLOW_TYPE_ALLOW_ANY,
        language: 0,
        messageSettings: 0,
        adminForbidType: TYPES.FORBID_TYPE_NONE,
        level: 0,
        role: 0,
        lastUpdatedTime: 0,
        profileCustomField: [],
    };
}

/** Of an answer or of the event. @param {Record<string, string>} found */
const statusOf = ({ user, userID = user, status }) => ({ userID, statusType: STATUS[status] ?? 0, customStatus: "" });

/**
 * @param {import("./core.js").Core} core
 */
export function users(core) {
    /** @type {Map<string, Profile & {at: number}>} */
    const known = new Map();
    /** To be asked for at the end of this turn. @type {Set<string>} */
    const wanted = new Set();
    /** @type {Promise<void> | undefined} */
    let turn;
    /** Wanted, or without an answer yet. @type {Map<string, Promise<void>>} */
    const asked = new Map();
    /** Whose status is told. @type {Set<string>} */
    const watched = new Set();

    /** @param {string} userID @returns {Profile} */
    const plain = (userID) => {
        const { at, ...profile } = known.get(userID) ?? { ...profileOf({ userID }), at: 0 };
        return profile;
    };

    /** @param {Profile[]} profiles as they are now */
    function learn(profiles) {
        const news = profiles.filter((profile) => {
            const before = plain(profile.userID);
            known.set(profile.userID, { ...profile, at: core.time() });
            return ["nick", "avatar", "selfSignature"].some((name) => before[name] !== profile[name]);
        });
        if (news.length) core.emit(EVENT.PROFILE_UPDATED, news);
    }

    async function askWanted() {
        turn = undefined;
        const ids = [...wanted];
        wanted.clear();
        try {
            const answers = await Promise.all(chunks(ids).map((userIDs) => core.ask("getUsersInfo", { userIDs })));
            /** @type {Record<string, any>} */
            const found = {};
            for (const user of answers.flatMap((answer) => answer.users)) found[user.userID] = user;
            learn(ids.map((userID) => profileOf(found[userID] ?? { userID })));
        } finally {
            for (const userID of ids) asked.delete(userID);
        }
    }

    /**
     * Asks the server; those of one turn go out together.
     * @param {string[]} userIDs
     * @returns {Promise<Profile[]>} in the order asked; of who is not there, one without a name
     */
    async function fetch(userIDs) {
        for (const userID of userIDs) {
            if (asked.has(userID)) continue;
            wanted.add(userID);
            asked.set(userID, (turn ??= Promise.resolve().then(askWanted)));
        }
        await Promise.all(userIDs.map((userID) => asked.get(userID)));
        return userIDs.map(plain);
    }

    /**
     * As fetch, but what is known and not old is not asked for. Without a connection what is known has to do.
     * @param {string[]} userIDs
     * @returns {Promise<Profile[]>}
     */
    async function profiles(userIDs) {
        const old = core.time() - FRESH;
        await fetch(userIDs.filter((userID) => (known.get(userID)?.at ?? 0) <= old)).catch(() => {});
        return userIDs.map(plain);
    }

    // ---- the blacklist

    /** @param {string} command @param {string[]} userIDList */
    async function changeBlacklist(command, userIDList) {
        for (const userIDs of chunks(userIDList)) await core.ask(command, { userIDs });
        const { userIDs } = await core.ask("getBlacklist");
        core.emit(EVENT.BLACKLIST_UPDATED, userIDs);
        return ok(userIDList);
    }

    // ---- who is online

    /** @param {any[]} found */
    function told(found) {
        return {
            successUserList: found.filter(({ status }) => status !== "unknown").map(statusOf),
            failureUserList: found
                .filter(({ status }) => status === "unknown")
                .map(({ userID }) => ({ userID, code: NO_USER, message: "no such user" })),
        };
    }

    /** @param {string[]} userIDs @returns {Promise<any[]>} those who are not there */
    async function watch(userIDs) {
        const { users: found } = await core.ask("watchStatus", { userIDs }, { again: true });
        const { successUserList, failureUserList } = told(found);
        for (const { userID } of successUserList) watched.add(userID);
        if (successUserList.length) core.emit(EVENT.USER_STATUS_UPDATED, successUserList);
        return failureUserList;
    }

    core.wire.on("event", (/** @type {any} */ event) => {
        if (event.event === "status") core.emit(EVENT.USER_STATUS_UPDATED, [statusOf(event)]);
    });

    /** The server forgets with the connection who is watched; what has changed meanwhile is told. */
    core.wire.on("up", () => watched.size && watch([...watched]).catch(() => {}));

    return {
        methods: {
            async getMyProfile() {
                const [profile] = await fetch([core.userID()]);
                return ok(profile);
            },

            async getUserProfile({ userIDList = /** @type {string[]} */ ([]) } = {}) {
                return ok(await fetch(userIDList));
            },

            /** @param {{nick?: string, avatar?: string, selfSignature?: string}} options */
            async updateMyProfile({ nick, avatar, selfSignature }) {
                await core.ask("setSelfInfo", { nickname: nick, faceURL: avatar, selfSignature });
                const [profile] = await fetch([core.userID()]);
                return ok(profile);
            },

            getBlacklist: async () => ok((await core.ask("getBlacklist")).userIDs),
            addToBlacklist: (/** @type {{userIDList: string[]}} */ { userIDList }) => changeBlacklist("addToBlacklist", userIDList),
            removeFromBlacklist: (/** @type {{userIDList: string[]}} */ { userIDList }) =>
                changeBlacklist("removeFromBlacklist", userIDList),

            async getUserStatus(/** @type {{userIDList: string[]}} */ { userIDList }) {
                const answers = await Promise.all(chunks(userIDList).map((userIDs) => core.ask("getStatus", { userIDs })));
                return ok(told(answers.flatMap((answer) => answer.users)));
            },

            subscribeUserStatus: async (/** @type {{userIDList: string[]}} */ { userIDList }) =>
                ok({ failureUserList: await watch(userIDList) }),

            /** Nobody named: all of them. */
            async unsubscribeUserStatus({ userIDList = /** @type {string[]} */ ([]) } = {}) {
                const list = userIDList.length ? userIDList : [...watched];
                for (const userID of list) watched.delete(userID);
                if (list.length) await core.ask("unwatchStatus", { userIDs: list }, { again: true });
                return ok({ failureUserList: [] });
            },

            /** Where the user is logged in, the latest login first; ours is `isThis`. No method of Tencent's. */
            async getDevices() {
                const { devices } = await core.ask("getDevices");
                const ours = core.clientID();
                return ok({ devices: devices.map((/** @type {any} */ each) => ({ ...each, isThis: each.clientID === ours })) });
            },

            /** That device is logged out. No method of Tencent's. @param {string} clientID */
            kickDevice: async (clientID) => ok(await core.ask("kickDevice", { clientID })),
        },

        start() {
            core.ask("getBlacklist").then(({ userIDs }) => userIDs.length && core.emit(EVENT.BLACKLIST_UPDATED, userIDs), () => {});
            return profiles([core.userID()]);
        },

        stop() {
            known.clear();
            watched.clear();
        },

        fetch,
        profiles,

        /**
         * What is known of somebody, now; what is missing or old is asked for, and PROFILE_UPDATED tells it.
         * @param {string} userID
         * @returns {Profile}
         */
        peek(userID) {
            profiles([userID]);
            return plain(userID);
        },
    };
}
