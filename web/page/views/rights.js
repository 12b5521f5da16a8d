// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What somebody may do in a group: the table of docs/rules.md, "Rights in a group", and the rules about members below
// it. Pure. The page offers what `may` allows and nothing else; the server decides. tests/web/page/rights.test.js holds
// this to the table there and to every line of tests/broker/matrix.txt.

const TYPES = ["Private", "Public", "ChatRoom", "AVChatRoom"];
const NEWER_NAMES = { Work: "Private", Meeting: "ChatRoom" };
const RANKS = ["anyone", "member", "admin", "owner", "nobody"];

// The least role that may. "nobody": nobody who uses the page; an app admin has other doors.
export const RIGHTS = table(`
  joinGroup                  nobody  anyone  anyone  anyone
  inviteGroupMember          member  member  member  nobody
  createGroup:members        anyone  anyone  anyone  nobody
  deleteGroupMember          owner   admin   admin   nobody
  quitGroup                  member  member  member  member
  dismissGroup               nobody  owner   owner   owner
  transferGroupOwner         owner   owner   owner   nobody
  setGroupMemberRole         nobody  owner   owner   nobody
  muteGroupMember            nobody  admin   admin   owner
  setGroupInfo:allMuted      owner   admin   admin   owner
  setGroupInfo:groupName     member  admin   admin   owner
  setGroupInfo:introduction  member  admin   admin   owner
  setGroupInfo:notification  member  admin   admin   owner
  setGroupInfo:faceURL       member  admin   admin   owner
  setGroupInfo:addOpt        nobody  admin   admin   nobody
  setGroupInfo:inviteOpt     nobody  admin   admin   nobody
  getGroupInfo               member  anyone  anyone  anyone
  getGroupMembers            member  member  member  owner
  publish                    member  member  member  member
  publish:@all               owner   admin   admin   owner
  recallMessage:other        owner   admin   admin   nobody
  editMessage:other          nobody  nobody  nobody  nobody
  getGroupApplications       nobody  admin   admin   nobody
  handleGroupApplication     nobody  admin   admin   nobody
  purgeMessages              owner   admin   admin   nobody
  banGroupMember             nobody  admin   admin   owner
  getGroupBans               nobody  admin   admin   owner
  getReadReceipts            member  member  nobody  nobody
  getMessageReaders          member  member  nobody  nobody
  setGroupAttributes         owner   admin   admin   owner
  getGroupAttributes         member  member  member  member
`);

/** @param {string} text @returns {Record<string, string[]>} */
function table(text) {
    const rows = text
        .trim()
        .split("\n")
        .map((line) => line.trim().split(/\s+/));
    return Object.fromEntries(rows.map(([action, ...least]) => [action, least]));
}

/** @param {string} type one of Tencent's, old or new name */
export const oldName = (type) => NEWER_NAMES[/** @type {keyof typeof NEWER_NAMES} */ (type)] ?? type;

/** @param {string | undefined} role Owner, Admin, Member, or none: not in the group */
const rank = (role) => Math.max(0, RANKS.indexOf((role || "").toLowerCase()));

const OWNER = rank("owner");

/** @type {Record<string, (role: number, target: number, isSelf: boolean) => boolean>} */
const ABOUT_MEMBERS = {
    deleteGroupMember: (role, target, isSelf) => target > 0 && target < role && !isSelf,
    muteGroupMember: (role, target, isSelf) => target > 0 && target < role && !isSelf,
    banGroupMember: (role, target, isSelf) => target < role && !isSelf,
    purgeMessages: (role, target, isSelf) => target < role || isSelf,
    setGroupMemberRole: (_, target, isSelf) => target > 0 && target < OWNER && !isSelf,
    transferGroupOwner: (_, target, isSelf) => target > 0 && target < OWNER && !isSelf,
    inviteGroupMember: (_, target) => target === 0,
};

/**
 * May who has this role do this in a group of this type?
 * @param {{type: string, role?: string, joinOption?: string, inviteOption?: string}} group the role is the user's own
 * @param {string} action as in RIGHTS
 * @param {{role?: string, isSelf?: boolean}} [target] to whom, where it is done to somebody
 */
export function may(group, action, target) {
    const type = oldName(group.type);
    const own = rank(group.role);
    const least = RIGHTS[action]?.[TYPES.indexOf(type)] ?? "nobody";
    if (own < RANKS.indexOf(least)) return false;
    if (action === "joinGroup") {
        const isAway = own === 0 || (type === "AVChatRoom" && own === OWNER); // a live group's owner joins like anybody
        return isAway && group.joinOption !== "DisableApply";
    }
    if (action === "inviteGroupMember" && type !== "Private" && group.inviteOption === "DisableInvite")
        return false;
    if (action === "quitGroup") return type === "Private" || own < OWNER;
    return (
        !target ||
        !ABOUT_MEMBERS[action] ||
        ABOUT_MEMBERS[action](own, rank(target.role), Boolean(target.isSelf))
    );
}

/**
 * Another's name in the group is set by whoever might remove them, the own one by everybody in it; in a live group only
 * the owner has one.
 * @param {{type: string, role?: string}} group
 * @param {{role?: string, isSelf?: boolean}} target
 */
export function mayName(group, target) {
    if (!target.isSelf) return may(group, "deleteGroupMember", target);
    return rank(group.role) >= (oldName(group.type) === "AVChatRoom" ? OWNER : rank("member"));
}

/**
 * Why a member cannot write now: "muted", "allMuted" or nothing.
 * @param {{type: string, role?: string, muteAllMembers?: boolean}} group
 * @param {number} mutedUntil in seconds, 0: not muted
 * @param {number} now in seconds
 */
export function silencedBy(group, mutedUntil, now) {
    if (mutedUntil > now) return "muted";
    return group.muteAllMembers && rank(group.role) < rank("admin") ? "allMuted" : "";
}
