// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Groups: those that the user is in, kept up to date by tips, notices and events; and what is done with a group.
import { EVENT, TYPES } from "./constants.js";
import { ok } from "./core.js";
import { CODE } from "./errors.js";

/** Codes of the server: there is no such group; in it already. */
const NO_GROUP = 10010;
const MEMBER_ALREADY = 10013;

const LIVE = TYPES.GRP_AVCHATROOM;
/** A tip of a live group is about the second before it, and comes up to a second later. */
const TIP_SPAN = 2000;

/** Fields of the server that are the same under another name. @type {Record<string, string>} */
export const NAMES = {
    groupID: "groupID",
    groupName: "name",
    groupType: "type",
    faceURL: "avatar",
    introduction: "introduction",
    notification: "notification",
    owner: "ownerID",
    addOpt: "joinOption",
    inviteOpt: "inviteOption",
    allMuted: "muteAllMembers",
    memberCount: "memberCount",
    maxMembers: "maxMemberCount",
};
/** What updateGroupProfile can change. */
const CHANGEABLE = ["groupName", "faceURL", "introduction", "notification", "addOpt", "inviteOpt", "allMuted"];

/** @typedef {Record<string, any>} Group as Tencent has it: index.d.ts */

/** @param {number} [ms] @returns {number} */
export const seconds = (ms = 0) => Math.floor(ms / 1000);
/** admin: Admin. @param {string} role */
export const roleOf = (role) => role.charAt(0).toUpperCase() + role.slice(1);

/** @returns {Group} */
const blank = () => ({
    groupID: "",
    name: "",
    type: "",
    avatar: "",
    introduction: "",
    notification: "",
    ownerID: "",
    createTime: 0,
    infoSequence: 0,
    lastInfoTime: 0,
    nextMessageSeq: 1,
    memberCount: 0,
    maxMemberCount: 0,
    muteAllMembers: false,
    joinOption: "",
    inviteOption: "",
    groupCustomField: [],
    isSupportTopic: false,
    lastMessage: { lastTime: 0, lastSequence: 0, fromAccount: "", messageForShow: "", payload: null, type: "" },
    selfInfo: {
        userID: "",
        role: "",
        nameCard: "",
        joinTime: 0,
        muteTime: 0,
        messageRemindType: TYPES.MSG_REMIND_ACPT_AND_NOTE,
    },
});

/**
 * @param {Group} group
 * @param {Record<string, any>} info of getGroupInfo, getJoinedGroups, the event `info`, or a tip: whatever of it there is
 */
export function update(group, info) {
    for (const [theirs, ours] of Object.entries(NAMES)) if (theirs in info) group[ours] = info[theirs];
    if ("createTime" in info) group.createTime = seconds(info.createTime);
    if ("lastSeq" in info) group.nextMessageSeq = info.lastSeq + 1;
    return group;
}

/**
 * @param {Group} group
 * @param {Record<string, any>} member of getGroupMembers, getJoinedGroups, or the event `info`: whatever of it there is
 */
export function updateSelf({ selfInfo }, member) {
    if ("role" in member) selfInfo.role = roleOf(member.role);
    if ("nameCard" in member) selfInfo.nameCard = member.nameCard;
    if ("joinTime" in member) selfInfo.joinTime = seconds(member.joinTime);
    if ("mutedUntil" in member) selfInfo.muteTime = seconds(member.mutedUntil);
    if ("receiveOption" in member) selfInfo.messageRemindType = member.receiveOption;
}

/**
 * @param {import("./core.js").Core} core
 */
export function groups(core) {
    const { wire } = core;
    /** Those the user is in. @type {Map<string, Group>} */
    const list = new Map();
    /** Live groups that this client has joined. @type {Set<string>} */
    const joined = new Set();
    /** The newest message, of a live group the moment, that a group of the list is known as of. @type {Map<string, number>} */
    const newest = new Map();
    /** Heard of, and perhaps joined on another device. @type {Set<string>} */
    const strange = new Set();
    /** How often something has happened in a group: an answer from before it is none. @type {Map<string, number>} */
    const happened = new Map();
    /** Those that are asked about until nothing happens meanwhile. @type {Set<string>} */
    const looking = new Set();
    let running = false;

    const topic = (/** @type {string} */ groupID) => `chat/group/${groupID}`;
    const announce = () => core.emit(EVENT.GROUP_LIST_UPDATED, [...list.values()]);
    const changed = () => core.later(announce);

    /** @param {string} groupID */
    function drop(groupID) {
        if (joined.delete(groupID)) core.link.unsubscribe(topic(groupID));
        if (list.delete(groupID)) changed();
    }

    async function loadAll() {
        const { groups: found } = await core.ask("getJoinedGroups");
        const there = new Set(found.map((/** @type {any} */ each) => each.groupID));
        for (const groupID of list.keys()) if (!there.has(groupID) && !joined.has(groupID)) list.delete(groupID);
        for (const each of found) {
            const group = update(list.get(each.groupID) ?? blank(), each);
            group.selfInfo.userID = core.userID();
            updateSelf(group, each);
            list.set(each.groupID, group);
            newest.set(each.groupID, each.lastID);
        }
        strange.clear();
        changed();
    }

    /** @param {string} groupID */
    const touch = (groupID) => happened.set(groupID, (happened.get(groupID) ?? 0) + 1);

    /**
     * A group as it is now. The list gets it, or loses it, as the user is in it or not.
     * @param {string} groupID
     * @returns {Promise<Group>} rejected where the user may not see it
     */
    async function load(groupID) {
        const before = happened.get(groupID);
        const group = await fetch(groupID);
        if (happened.get(groupID) !== before) look(groupID);
        return group;
    }

    /** @param {string} groupID @returns {Promise<Group>} */
    async function fetch(groupID) {
        const userIDs = [core.userID()];
        const [info, member] = await Promise.all([
            core.ask("getGroupInfo", { groupID }),
            core.ask("getGroupMembers", { groupID, userIDs }).then(({ members: [mine] }) => mine, unlessNotAllowed),
        ]);
        const group = update(list.get(info.groupID) ?? blank(), info);
        group.selfInfo.userID = core.userID();
        const isOwner = info.owner === core.userID();
        if (info.groupType === LIVE) updateSelf(group, { role: isOwner ? "owner" : "member" });
        if (member) updateSelf(group, member);
        if (member || isOwner || joined.has(info.groupID)) {
            list.set(info.groupID, group);
            newest.set(info.groupID, info.groupType === LIVE ? core.time() : info.lastID);
            changed();
        } else {
            drop(info.groupID);
        }
        return group;
    }

    /** @param {any} error @returns {undefined} */
    function unlessNotAllowed(error) {
        if (error.code !== CODE.NOT_ALLOWED) throw error;
    }

    /** Something has happened that only the server can tell the outcome of. @param {string} groupID */
    async function look(groupID) {
        touch(groupID);
        if (looking.has(groupID)) return;
        looking.add(groupID);
        let before;
        do {
            before = happened.get(groupID);
            await fetch(groupID).catch(({ code }) => {
                if (code === CODE.NOT_ALLOWED || code === NO_GROUP) drop(groupID);
            });
        } while (happened.get(groupID) !== before);
        looking.delete(groupID);
    }

    // ---- what others do

    /** @param {Group} group @param {Record<string, any>} tips */
    function tipped(group, { type, members = [], count = members.length, info = {} }) {
        const me = core.userID();
        if (type === "join" || type === "invite") group.memberCount += count;
        if (type === "quit" || type === "kick") group.memberCount -= count;
        if (type === "setAdmin" && members.includes(me)) updateSelf(group, { role: "admin" });
        if (type === "cancelAdmin" && members.includes(me)) updateSelf(group, { role: "member" });
        if (type === "transfer") {
            if (group.ownerID === me) updateSelf(group, { role: "member" });
            [group.ownerID] = members;
            if (group.ownerID === me) updateSelf(group, { role: "owner" });
        }
        if (type === "dismiss") drop(group.groupID);
        update(group, info);
        changed();
    }

    wire.on("message", (/** @type {any} */ { id, time, group: groupID, tips, notice }) => {
        // An old notice may speak of what is otherwise by now.
        if (notice?.group) look(notice.group);
        if (!groupID) return;
        const group = list.get(groupID);
        if (tips) touch(groupID);
        if (group) {
            // In a live group what is counted should be new for sure, and nothing else be missed.
            const span = /join|quit/.test(tips?.type) ? -TIP_SPAN : TIP_SPAN;
            if (tips && (id ?? time + span) > (newest.get(groupID) ?? 0)) tipped(group, tips);
        } else if (tips || !strange.has(groupID)) {
            strange.add(groupID);
            look(groupID);
        }
    });

    wire.on("event", (/** @type {any} */ event) => {
        const group = list.get(event.group);
        if (group) touch(event.group);
        // By another device, or silently.
        if (event.event === "conversation" && "member" in event) look(event.group);
        if (event.event === "conversation" && group) {
            updateSelf(group, event);
            changed();
        }
        if (event.event !== "info") return;
        if (!group) look(event.group);
        else if (event.bannedUntil > core.time()) drop(event.group);
        else {
            update(group, event);
            updateSelf(group, event);
            changed();
        }
    });

    // The first one is before start().
    wire.on("up", () => running && loadAll().catch(() => {}));
    wire.on("refused", (/** @type {string} */ name) => {
        for (const groupID of joined) if (topic(groupID) === name) drop(groupID);
    });

    // ---- what the user does

    /** Who has come in or left is not told so: the list of conversations asks. @param {string} groupID */
    const relist = (groupID) => core.conversations.moved(TYPES.CONV_GROUP + groupID);

    /** @param {any} options a group as Tencent has it @returns {Record<string, any>} */
    function fieldsOf(options) {
        return Object.fromEntries(CHANGEABLE.map((theirs) => [theirs, options[NAMES[theirs]]]));
    }

    /** @param {{groupID: string, applyMessage?: string}} options */
    async function joinGroup({ groupID, applyMessage: message }) {
        /** @type {string} */
        let status = TYPES.JOIN_STATUS_SUCCESS;
        // In one request: it says of which type the group is, too.
        const asked = core.ask("getGroupInfo", { groupID }).catch(() => undefined);
        try {
            const answer = await core.ask("joinGroup", { groupID, message });
            if (answer.status === "pending") status = TYPES.JOIN_STATUS_WAIT_APPROVAL;
        } catch (/** @type {any} */ error) {
            if (error.code !== MEMBER_ALREADY) throw error;
            status = TYPES.JOIN_STATUS_ALREADY_IN_GROUP;
        }
        const info = await asked;
        if (info?.groupType === LIVE && !joined.has(info.groupID)) {
            // Before it, so that the first messages find the group here.
            joined.add(info.groupID);
            list.set(info.groupID, update(list.get(info.groupID) ?? blank(), info));
            try {
                await core.link.subscribe(topic(info.groupID));
            } catch (error) {
                drop(info.groupID);
                throw error;
            }
            status = TYPES.JOIN_STATUS_SUCCESS;
        }
        if (status === TYPES.JOIN_STATUS_WAIT_APPROVAL) return ok({ status, group: update(blank(), info ?? { groupID }) });
        relist(groupID);
        return ok({ status, group: await load(groupID) });
    }

    /** @param {string} groupID @param {string} command */
    async function leave(groupID, command) {
        await core.ask(command, { groupID });
        drop(groupID);
        relist(groupID);
        return ok({ groupID });
    }

    // ---- applications

    async function getGroupApplicationList() {
        const { applications } = await core.ask("getGroupApplications");
        const applicants = applications.map((/** @type {any} */ each) => each.inviter ?? each.userID);
        const profiles = await core.users.fetch(applicants);
        return ok({
            applicationList: applications.map((/** @type {any} */ { groupID, userID, kind, inviter, message, time }, /** @type {number} */ i) => ({
                groupID,
                groupName: list.get(groupID)?.name ?? "",
                applicationType: kind === "invite" ? 2 : 0,
                applicant: applicants[i],
                applicantNick: profiles[i].nick,
                userID,
                note: message,
                time: seconds(time),
            })),
        });
    }

    /**
     * @param {{handleAction: string, handleMessage?: string, message?: any, application?: any}} options an entry of
     *   getGroupApplicationList, or the system notice, whose operator asks to come in or has invited others
     */
    async function handleGroupApplication({ handleAction, handleMessage: reason, message, application }) {
        const { groupProfile, operatorID } = message?.payload ?? {};
        const groupID = application?.groupID ?? groupProfile?.groupID;
        let userIDs = [application?.userID];
        if (!application) {
            const { applications } = await core.ask("getGroupApplications", { groupID });
            userIDs = applications
                .filter((/** @type {any} */ { userID, inviter }) => (inviter ?? userID) === operatorID)
                .map((/** @type {any} */ each) => each.userID);
            // Handled by somebody else: the server says so.
            if (!userIDs.length) userIDs = [operatorID];
        }
        const accept = handleAction === "Agree";
        await Promise.all(userIDs.map((userID) => core.ask("handleGroupApplication", { groupID, userID, accept, reason })));
        return ok({ group: await load(groupID) });
    }

    return {
        methods: {
            getGroupList: async () => (await loadAll(), ok({ groupList: [...list.values()] })),

            getGroupProfile: async (/** @type {{groupID: string}} */ { groupID }) => ok({ group: await load(groupID) }),
            searchGroupByID: async (/** @type {string} */ groupID) => ok({ group: await load(groupID) }),

            async createGroup(/** @type {any} */ options) {
                const { groupID, type = TYPES.GRP_WORK, memberList = [] } = options;
                const { addOpt, inviteOpt, allMuted, ...fields } = fieldsOf(options);
                const fixed = type === TYPES.GRP_WORK || type === LIVE;
                const made = await core.ask("createGroup", {
                    groupID,
                    groupType: type,
                    ...fields,
                    ...(fixed ? {} : { addOpt, inviteOpt }),
                    members: memberList.map((/** @type {any} */ { userID, role }) => ({ userID, role: role?.toLowerCase() })),
                });
                relist(made.groupID);
                const of = (/** @type {number} */ result) =>
                    made.members.filter((/** @type {any} */ each) => each.result === result).map((/** @type {any} */ each) => each.userID);
                return ok({ group: await load(made.groupID), overLimitUserIDList: of(4), failureUserIDList: of(0) });
            },

            dismissGroup: (/** @type {string} */ groupID) => leave(groupID, "dismissGroup"),

            async updateGroupProfile(/** @type {any} */ options) {
                await core.ask("setGroupInfo", { groupID: options.groupID, ...fieldsOf(options) });
                return ok({ group: await load(options.groupID) });
            },

            joinGroup,
            quitGroup: (/** @type {string} */ groupID) => leave(groupID, "quitGroup"),

            async changeGroupOwner(/** @type {{groupID: string, newOwnerID: string}} */ { groupID, newOwnerID }) {
                await core.ask("transferGroupOwner", { groupID, userID: newOwnerID });
                return ok({ group: await load(groupID) });
            },

            getGroupApplicationList,
            handleGroupApplication,

            getGroupOnlineMemberCount: async (/** @type {string} */ groupID) =>
                ok({ memberCount: (await core.ask("getGroupInfo", { groupID })).onlineCount }),
        },

        start() {
            running = true;
            return loadAll();
        },

        stop() {
            running = false;
            list.clear();
            joined.clear();
            newest.clear();
            strange.clear();
            happened.clear();
        },

        load,
        /** The group if the user is in it, as far as it is known. @param {string} groupID @returns {Group | undefined} */
        peek: (groupID) => list.get(groupID),
        all: () => [...list.values()],
        changed,
    };
}
