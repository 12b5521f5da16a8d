// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What Tencent's web SDK has and this server does not: there, so that a program written for it finds every method, and
// rejected with a code and a word.
import { ok } from "./core.js";
import { ChatError, CODE } from "./errors.js";

/** What is missing, and the methods that would need it. @type {Record<string, string>} */
const ABSENT = {
    friends:
        "addFriend deleteFriend checkFriend getFriendProfile updateFriend " +
        "acceptFriendApplication refuseFriendApplication deleteFriendApplication setFriendApplicationRead " +
        "createFriendGroup deleteFriendGroup addToFriendGroup removeFromFriendGroup renameFriendGroup " +
        "followUser unfollowUser getMyFollowersList getMyFollowingList getMutualFollowersList getUserFollowInfo checkFollowType",
    search: "searchCloudMessages searchCloudGroups searchCloudUsers searchCloudGroupMembers",
    translator: "translateText convertVoiceToText",
    "message reactions": "addMessageReaction removeMessageReaction getMessageReactions getAllUserListOfMessageReaction",
    "message extensions": "setMessageExtensions getMessageExtensions deleteMessageExtensions",
    "pinned messages": "pinGroupMessage getPinnedGroupMessageList",
    "conversation marks":
        "setConversationCustomData markConversation getConversationGroupList createConversationGroup deleteConversationGroup " +
        "renameConversationGroup addConversationsToGroup deleteConversationsFromGroup",
    "setting for all messages": "setAllReceiveMessageOpt getAllReceiveMessageOpt",
    "custom status": "setSelfStatus",
    "group counters": "setGroupCounters increaseGroupCounter decreaseGroupCounter getGroupCounters",
    "custom fields of members": "setGroupMemberCustomField markGroupMemberList",
    "communities and topics":
        "getJoinedCommunityList createTopicInCommunity deleteTopicFromCommunity updateTopicProfile getTopicList",
    signaling: "invite inviteInGroup cancel accept reject modifyInvitation",
};

/** Bits of isCommercialAbilityEnabled that are here: receipts, and who is online. */
const ABILITIES = 2 ** 5 + 2 ** 7;
const MODULES = ["group-module"];

/** What tools of Tencent's ask of its SDK behind the documented methods. @type {Record<string, (value: any) => any>} */
const EXPERIMENTAL = {
    canIUseModule: (names) => names.every((/** @type {string} */ name) => MODULES.includes(name)),
    isCommercialAbilityEnabled: async (bit) => ok({ enabled: (ABILITIES & bit) !== 0 && bit < 2 ** 31 }),
    // It counts how often features are used, for Tencent: nobody counts here.
    statTUIKeyFeatures: async () => ok(),
};

/** @param {string} name @param {string} what */
const error = (name, what) => new ChatError(CODE.ABSENT, `${name}: this server has no ${what}`);

export function absent() {
    /** @type {Record<string, Function>} */
    const methods = {
        // There are none, which is an answer: programs ask as they begin.
        getFriendList: async () => ok([]),
        getFriendGroupList: async () => ok([]),
        getFriendApplicationList: async () => ok({ friendApplicationList: [], unreadCount: 0 }),
        registerPlugin() {},
        use() {},
        setLogLevel() {},
        callExperimentalAPI: (/** @type {string} */ name, /** @type {any} */ value) =>
            EXPERIMENTAL[name]?.(value) ?? Promise.reject(error(name, "such call")),
        getSignalingInfo: () => null,
        addSignalingListener() {},
        removeSignalingListener() {},
    };
    for (const [what, names] of Object.entries(ABSENT)) {
        for (const name of names.split(" ")) methods[name] = async () => Promise.reject(error(name, what));
    }
    for (const name of ["inviteSync", "inviteInGroupSync"]) {
        methods[name] = (/** @type {any} */ _options, /** @type {any} */ _done, /** @type {any} */ failed) =>
            failed?.(error(name, "signaling"));
    }
    return { methods };
}
