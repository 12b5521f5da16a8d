// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The members of a group.
import { ok } from "./core.js";
import { roleOf, seconds } from "./groups.js";
import { chunks } from "./users.js";

/** Members on a page, as Tencent has it; the most of the server, where those of one role are looked for. */
const PAGE = 15;
const MOST_PAGE = 500;

/** What became of a member: `result` of the server. */
const FAILED = 0;
const DONE = 1;
const THERE_ALREADY = 2;
const WAITS = 3;
const NO_ROOM = 4;

/**
 * @typedef {{userID: string, result: number}} Outcome
 * @typedef {Record<string, any>} Member as Tencent has it: index.d.ts
 */

/** @param {Outcome[]} outcomes @param {number} result */
const of = (outcomes, result) => outcomes.filter((each) => each.result === result).map(({ userID }) => userID);

/**
 * @param {import("./core.js").Core} core
 */
export function members(core) {
    /**
     * With their names.
     * @param {string} groupID
     * @param {any[]} found
     * @returns {Promise<Member[]>}
     */
    async function named(groupID, found) {
        core.cards?.learn(groupID, found);
        const profiles = await core.users.fetch(found.map(({ userID }) => userID));
        return found.map(({ userID, role, nameCard, joinTime, mutedUntil }, i) => ({
            userID,
            nick: profiles[i].nick,
            avatar: profiles[i].avatar,
            role: roleOf(role),
            nameCard,
            joinTime: seconds(joinTime),
            muteUntil: seconds(mutedUntil),
            memberCustomField: [],
        }));
    }

    /** @param {string} groupID @param {string[]} userIDList */
    async function some(groupID, userIDList) {
        const answers = await Promise.all(
            chunks(userIDList).map((userIDs) => core.ask("getGroupMembers", { groupID, userIDs })),
        );
        return named(groupID, answers.flatMap((answer) => answer.members));
    }

    /** @param {string} groupID @param {string} userID what has been done to a member is seen in it, and in the group */
    async function seen(groupID, userID) {
        const [group, [member]] = await Promise.all([core.groups.load(groupID), some(groupID, [userID])]);
        return ok({ group, member });
    }

    /**
     * @param {string} command
     * @param {string} groupID
     * @param {string[]} userIDList
     * @param {Record<string, any>} [more]
     * @returns {Promise<Outcome[]>}
     */
    async function doTo(command, groupID, userIDList, more) {
        const outcomes = [];
        // One after the other: a group that is full is full for those behind.
        for (const part of chunks(userIDList)) {
            outcomes.push(...(await core.ask(command, { groupID, members: part, ...more })).members);
        }
        return outcomes;
    }

    return {
        methods: {
            /**
             * @param {{groupID: string, count?: number, offset?: number | string, role?: string}} options
             * the answer's offset is where to go on, 0 at the end
             */
            async getGroupMemberList({ groupID, count = PAGE, offset = 0, role }) {
                /** @type {any[]} */
                const found = [];
                let next = Number(offset);
                do {
                    const limit = role ? MOST_PAGE : count - found.length;
                    const page = await core.ask("getGroupMembers", { groupID, offset: next, limit });
                    const fitting = page.members.filter((/** @type {any} */ each) => !role || roleOf(each.role) === role);
                    /** @type {any[]} */
                    const taken = fitting.slice(0, count - found.length);
                    found.push(...taken);
                    if (taken.length < fitting.length) {
                        next += page.members.indexOf(fitting[taken.length]);
                        break;
                    }
                    next = page.next ?? 0;
                } while (next && found.length < count);
                return ok({ memberList: await named(groupID, found), offset: next });
            },

            getGroupMemberProfile: async (/** @type {{groupID: string, userIDList: string[]}} */ { groupID, userIDList }) =>
                ok({ memberList: await some(groupID, userIDList) }),

            async addGroupMember(/** @type {{groupID: string, userIDList: string[]}} */ { groupID, userIDList }) {
                const outcomes = await doTo("inviteGroupMember", groupID, userIDList);
                return ok({
                    successUserIDList: of(outcomes, DONE),
                    existedUserIDList: of(outcomes, THERE_ALREADY),
                    pendingUserIDList: of(outcomes, WAITS),
                    overLimitUserIDList: of(outcomes, NO_ROOM),
                    failureUserIDList: of(outcomes, FAILED),
                    group: await core.groups.load(groupID),
                });
            },

            /**
             * With a `duration`, in seconds, they cannot come back until then: in a live group there is no other way.
             * @param {{groupID: string, userIDList: string[], reason?: string, duration?: number}} options
             */
            async deleteGroupMember({ groupID, userIDList, reason, duration }) {
                let gone = userIDList;
                if (duration) {
                    const ban = (/** @type {string} */ userID) =>
                        core.ask("banGroupMember", { groupID, userID, seconds: duration, reason });
                    await Promise.all(userIDList.map(ban));
                } else {
                    gone = of(await doTo("deleteGroupMember", groupID, userIDList, { reason }), DONE);
                }
                return ok({ group: await core.groups.load(groupID), userIDList: gone });
            },

            /** @param {{groupID: string, userID: string, muteTime: number}} options in seconds, 0: no longer */
            async setGroupMemberMuteTime({ groupID, userID, muteTime }) {
                await core.ask("muteGroupMember", { groupID, userID, seconds: muteTime });
                return seen(groupID, userID);
            },

            async setGroupMemberRole(/** @type {{groupID: string, userID: string, role: string}} */ { groupID, userID, role }) {
                await core.ask("setGroupMemberRole", { groupID, userID, role: role?.toLowerCase() });
                return seen(groupID, userID);
            },

            /** @param {{groupID: string, userID?: string, nameCard: string}} options */
            async setGroupMemberNameCard({ groupID, userID = core.userID(), nameCard }) {
                await core.ask("setGroupMemberInfo", { groupID, userID, nameCard });
                return seen(groupID, userID);
            },

            /**
             * Beyond Tencent's: who is banned is removed, and cannot come back until then; not there, they cannot come.
             * @param {{groupID: string, userID: string, seconds: number, reason?: string}} options 0 seconds: no longer
             */
            async banGroupMember({ groupID, userID, seconds: length, reason }) {
                await core.ask("banGroupMember", { groupID, userID, seconds: length, reason });
                return ok({ groupID, userID });
            },

            /**
             * Beyond Tencent's: who is banned now.
             * @param {{groupID: string, count?: number, offset?: number}} options the answer's offset is where to go on, 0 at the end
             */
            async getGroupBans({ groupID, count, offset }) {
                const { bans, next = 0 } = await core.ask("getGroupBans", { groupID, limit: count, offset });
                const profiles = await core.users.fetch(bans.map((/** @type {any} */ ban) => ban.userID));
                const banList = bans.map((/** @type {any} */ { userID, until, operator, reason }, /** @type {number} */ i) => ({
                    userID,
                    nick: profiles[i].nick,
                    avatar: profiles[i].avatar,
                    until: seconds(until),
                    operator,
                    reason,
                }));
                return ok({ banList, offset: next });
            },
        },

        some,
    };
}
