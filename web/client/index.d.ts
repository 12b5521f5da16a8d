// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The public types of mosquitto-chat. docs/client.md has the words to them.

export interface Options {
    /** The sdkappid of the server. */
    SDKAppID: number;
    /** Where the broker is: ws://, wss://, and in Node mqtt:// or mqtts://. */
    url: string;
    /** Where chatgate is (https://chat.example.com): files go over HTTP then. */
    httpUrl?: string;
    /** What relative URLs of files are below; else httpUrl, else the page's origin. */
    mediaUrl?: string;
    /** Gives a userSig: when login() is given none, before the old one expires, and when a reconnect finds it expired. */
    getUserSig?: (userID: string) => string | Promise<string>;
    /** The client id; else `userID:web:` and an id that is kept in storage, another one for each tab. */
    clientID?: string;
    /** In the place of localStorage; may be asynchronous. */
    storage?: {
        get(key: string): string | null | undefined | Promise<string | null | undefined>;
        set(key: string, value: string): unknown;
        remove(key: string): unknown;
    };
    /** How often the server is asked for a sign of life, in seconds (15): a dead network is noticed within twice that. */
    heartbeat?: number;
    /** More options for MQTT.js, such as `ca` in Node. */
    mqtt?: Record<string, unknown>;
}

export interface Answer<T = Record<string, never>> {
    code: 0;
    data: T;
}

/** What promises are rejected with. */
export class ChatError extends Error {
    constructor(code: number, message: string);
    code: number;
}

export interface LoginAnswer {
    actionStatus: "OK";
    errorCode: 0;
    errorInfo: string;
    repeatLogin?: boolean;
}

export interface Kicked {
    type: "multipleAccount" | "multipleDevice" | "userSigExpired" | "REST_API_Kick";
    /** What the server says: otherDevice, kickDevice, admin, deleted, banned. */
    reason?: string;
    /** Of the device that came or sent this one away. */
    platform?: string;
    clientID?: string;
}

export interface Device {
    clientID: string;
    /** web, ios, ipad, android, windows, mac, linux, mini, iot, other. */
    platform: string;
    online: boolean;
    /** In milliseconds; now for one that is online. */
    lastUsed: number;
    /** The one that asks. */
    isThis: boolean;
}

/** A message of a conversation, a tip of a group, or a notice. */
export interface Message {
    /** The same for everybody who has the message, and from when it is made. */
    ID: string;
    /** TYPES.MSG_... */
    type: string;
    /** By the type: docs/client.md. */
    payload: any;
    /** `C2C` and a userID, `GROUP` and a groupID, `@TIM#SYSTEM`. */
    conversationID: string;
    conversationType: string;
    to: string;
    from: string;
    flow: string;
    /** In seconds. */
    time: number;
    /** unSend, success, fail. */
    status: string;
    isRevoked: boolean;
    /** TYPES.MSG_PRIORITY_... */
    priority: string;
    nick: string;
    avatar: string;
    isPeerRead: boolean;
    nameCard: string;
    atUserList: string[];
    cloudCustomData: string;
    isDeleted: boolean;
    isModified: boolean;
    needReadReceipt: boolean;
    readReceiptInfo: { isPeerRead?: boolean; readCount?: number; unreadCount?: number };
    isBroadcastMessage: boolean;
    isSupportExtension: boolean;
    revoker: string;
    revokerInfo: { userID: string; nick: string; avatar: string };
    revokeReason: string;
    /** 1, 2, 3 ... in a conversation; tips and notices repeat the last one. */
    sequence: number;
    hasRiskContent: boolean;
    /** The server's number of a stored message. Not Tencent's. */
    id?: number;
    /** What makes a repeated one the same. */
    random?: number;
    /** All contents, where a message has several; `type` and `payload` are those of the first. Not Tencent's. */
    elements?: { type: string; payload: any }[];
}

export interface MessageOptions {
    /** A userID or a groupID. */
    to: string;
    /** TYPES.CONV_C2C or TYPES.CONV_GROUP. */
    conversationType: string;
    payload: any;
    priority?: string;
    cloudCustomData?: string;
    needReadReceipt?: boolean;
    /** 0 to 1, of the upload. */
    onProgress?: Function;
}

export interface SendOptions {
    /** To whoever is connected now: neither stored, nor counted, nor pushed. */
    onlineUserOnly?: boolean;
    offlinePushInfo?: {
        disablePush?: boolean;
        title?: string;
        description?: string;
        extension?: string;
        apnsInfo?: { sound?: string; ignoreIOSBadge?: boolean };
        androidInfo?: { sound?: string };
    };
    messageControlInfo?: { excludedFromUnreadCount?: boolean };
}

export interface LastMessage {
    ID: string;
    lastTime: number;
    lastSequence: number;
    fromAccount: string;
    /** One line, in Tencent's words. */
    messageForShow: string;
    type: string;
    payload: any;
    isRevoked: boolean;
    isPeerRead: boolean;
    nick: string;
    nameCard: string;
    cloudCustomData: string;
    onlineOnlyFlag: boolean;
}

export interface Conversation {
    conversationID: string;
    /** TYPES.CONV_... */
    type: string;
    unreadCount: number;
    lastMessage: LastMessage;
    /** Of a group. */
    groupProfile?: Group;
    /** Of a private one. */
    userProfile?: Profile;
    groupAtInfoList: { groupID: string; atTypeArray: number[] }[];
    remark: string;
    isPinned: boolean;
    /** TYPES.MSG_REMIND_... */
    messageRemindType: string;
    markList: number[];
    customData: string;
    conversationGroupList: string[];
    draftText: string;
}

/** Tencent has more in it, which this server does not keep: it is there, with the value of who has set nothing. */
export interface Profile {
    userID: string;
    nick: string;
    avatar: string;
    selfSignature: string;
    [more: string]: any;
}

export interface UserStatus {
    userID: string;
    /** TYPES.USER_STATUS_... */
    statusType: number;
    customStatus: string;
}

export interface Failure {
    userID: string;
    code: number;
    message: string;
}

/** Of a group that the user is not in, `selfInfo.role` is empty. What getGroupList does not know is filled by getGroupProfile. */
export interface Group {
    groupID: string;
    name: string;
    /** TYPES.GRP_... */
    type: string;
    avatar: string;
    /** getGroupProfile has it. */
    introduction: string;
    /** getGroupProfile has it. */
    notification: string;
    /** Empty: nobody owns it. */
    ownerID: string;
    /** In seconds; getGroupProfile has it. */
    createTime: number;
    infoSequence: number;
    lastInfoTime: number;
    nextMessageSeq: number;
    memberCount: number;
    /** 0: as many as come; getGroupProfile has it. */
    maxMemberCount: number;
    muteAllMembers: boolean;
    /** TYPES.JOIN_OPTIONS_...; getGroupProfile has it. */
    joinOption: string;
    /** TYPES.INVITE_OPTIONS_...; getGroupProfile has it. */
    inviteOption: string;
    groupCustomField: any[];
    isSupportTopic: boolean;
    lastMessage: any;
    selfInfo: {
        userID: string;
        /** TYPES.GRP_MBR_ROLE_... */
        role: string;
        nameCard: string;
        /** In seconds. */
        joinTime: number;
        /** Until when, in seconds; 0: not muted. */
        muteTime: number;
        /** TYPES.MSG_REMIND_... */
        messageRemindType: string;
    };
}

export interface GroupMember {
    userID: string;
    nick: string;
    avatar: string;
    /** TYPES.GRP_MBR_ROLE_... */
    role: string;
    nameCard: string;
    /** In seconds. */
    joinTime: number;
    /** In seconds; 0: not muted. */
    muteUntil: number;
    memberCustomField: any[];
}

export interface GroupApplication {
    groupID: string;
    groupName: string;
    /** 0: the applicant wants to come in; 2: the applicant has invited userID. */
    applicationType: 0 | 2;
    applicant: string;
    applicantNick: string;
    userID: string;
    note: string;
    /** In seconds. */
    time: number;
}

export interface GroupBan {
    userID: string;
    nick: string;
    avatar: string;
    /** In seconds. */
    until: number;
    operator: string;
    reason: string;
}

/** What the handlers of an event get as `data`. */
export interface Events {
    sdkStateReady: undefined;
    sdkStateNotReady: undefined;
    sdkDestroy: undefined;
    kickedOut: Kicked;
    netStateChange: { state: "connected" | "connecting" | "disconnected" };
    error: { code: number; message: string };
    onMessageReceived: Message[];
    onMessageModified: Message[];
    onMessageRevoked: Message[];
    onMessageReadByPeer: Message[];
    onMessageReadReceiptReceived: { messageID: string; conversationID: string; [more: string]: any }[];
    onConversationListUpdated: Conversation[];
    onTotalUnreadMessageCountUpdated: number;
    onGroupListUpdated: Group[];
    groupAttributesUpdated: { groupID: string; groupAttributes: Record<string, string> };
    onProfileUpdated: Profile[];
    onUserStatusUpdated: UserStatus[];
    blacklistUpdated: string[];
}

type Uses<T> = Promise<Answer<T>>;
type OfGroup = { groupID: string };
type OfUsers = { userIDList: string[] };
type Attributes = { groupAttributes: Record<string, string> };
type Page<M> = { messageList: M[]; nextReqMessageID: string; isCompleted: boolean };
/** Rejected with 2998 and a word: this server does not have it. */
type Absent = (...values: any[]) => Promise<any>;

export interface Chat {
    // ---- the session

    login(options: { userID: string; userSig?: string }): Uses<LoginAnswer>;
    logout(): Promise<Answer>;
    destroy(): Promise<void>;
    isReady(): boolean;
    /** Empty when nobody is logged in. */
    getLoginUser(): string;
    /** In milliseconds. */
    getServerTime(): number;
    renewUserSig(userSig: string): Promise<Answer>;
    /** Where the user is logged in, the latest login first. No method of Tencent's. */
    getDevices(): Uses<{ devices: Device[] }>;
    /** One of the devices of getDevices is logged out. No method of Tencent's. */
    kickDevice(clientID: string): Promise<Answer>;
    on<E extends keyof Events>(event: E, handler: (event: { name: E; data: Events[E] }) => void, context?: unknown): void;
    on(event: string, handler: (event: { name: string; data: any }) => void, context?: unknown): void;
    on(event: string, handler: Function, context?: unknown): void;
    off(event: string, handler: Function, context?: unknown): void;

    // ---- messages

    createTextMessage(options: MessageOptions): Message;
    createTextAtMessage(options: MessageOptions): Message;
    createImageMessage(options: MessageOptions): Message;
    createAudioMessage(options: MessageOptions): Message;
    createVideoMessage(options: MessageOptions): Message;
    createFileMessage(options: MessageOptions): Message;
    createCustomMessage(options: MessageOptions): Message;
    createFaceMessage(options: MessageOptions): Message;
    createLocationMessage(options: MessageOptions): Message;
    createMergerMessage(options: MessageOptions): Message;
    createForwardMessage(options: MessageOptions): Message;
    /** Gives the message itself, as Tencent's does. */
    downloadMergerMessage(message: any): Promise<any>;
    sendMessage(message: Message, options?: SendOptions): Uses<{ message: Message }>;
    resendMessage(message: Message, options?: SendOptions): Uses<{ message: Message }>;
    revokeMessage(message: Message): Uses<{ message: Message }>;
    deleteMessage(messageList: Message[]): Uses<{ messageList: Message[] }>;
    modifyMessage(message: Message): Uses<{ message: Message }>;
    findMessage(messageID: string): Message | null;
    getMessageList(options: { conversationID: string; nextReqMessageID?: string; count?: number }): Uses<Page<Message>>;
    getMessageListHopping(options: {
        conversationID: string;
        sequence?: number;
        time?: number;
        direction?: number;
        count?: number;
    }): Uses<Page<Message> & { nextMessageSeq?: number; nextMessageTime?: number }>;
    setMessageRead(options: { conversationID: string }): Promise<Answer<any>>;
    setAllMessageRead(options?: { scope?: string }): Promise<Answer<any>>;
    sendMessageReadReceipt(messageList: Message[]): Promise<Answer<any>>;
    getMessageReadReceiptList(messageList: Message[]): Uses<{ messageList: Message[] }>;
    getGroupMessageReadMemberList(options: { message: Message; filter?: number; cursor?: string; count?: number }): Uses<{
        messageID: string;
        readUserIDList: string[];
        unreadUserIDList: string[];
        cursor: string;
        isCompleted: boolean;
    }>;
    clearHistoryMessage(conversationID: string): Promise<Answer<any>>;

    // ---- conversations

    getConversationList(
        which?: string[] | { type?: any; hasUnreadCount?: boolean; hasGroupAtInfo?: boolean; markType?: any; groupName?: string },
    ): Uses<{ conversationList: Conversation[]; isSyncCompleted: boolean }>;
    getConversationProfile(conversationID: string): Uses<{ conversation: Conversation }>;
    deleteConversation(which: string | { conversationIDList: string[]; clearHistoryMessage?: boolean }): Promise<Answer<any>>;
    pinConversation(options: { conversationID: string; isPinned: boolean }): Promise<Answer<any>>;
    /** Kept on this device. */
    setConversationDraft(options: { conversationID: string; draftText: string }): Promise<Answer<any>>;
    /** Of groups. */
    setMessageRemindType(options: { groupID?: string; userIDList?: string[]; messageRemindType: string }): Promise<Answer<any>>;
    getTotalUnreadMessageCount(): number;

    // ---- users

    getMyProfile(): Uses<Profile>;
    getUserProfile(options: OfUsers): Uses<Profile[]>;
    updateMyProfile(options: { nick?: string; avatar?: string; selfSignature?: string }): Uses<Profile>;
    getBlacklist(): Uses<string[]>;
    addToBlacklist(options: OfUsers): Uses<string[]>;
    removeFromBlacklist(options: OfUsers): Uses<string[]>;
    getUserStatus(options: OfUsers): Uses<{ successUserList: UserStatus[]; failureUserList: Failure[] }>;
    subscribeUserStatus(options: OfUsers): Uses<{ failureUserList: Failure[] }>;
    /** Without names: all of them. */
    unsubscribeUserStatus(options?: Partial<OfUsers>): Uses<{ failureUserList: Failure[] }>;

    // ---- groups

    getGroupList(): Uses<{ groupList: Group[] }>;
    getGroupProfile(options: OfGroup): Uses<{ group: Group }>;
    searchGroupByID(groupID: string): Uses<{ group: Group }>;
    createGroup(options: {
        name: string;
        type?: string;
        groupID?: string;
        introduction?: string;
        notification?: string;
        avatar?: string;
        joinOption?: string;
        inviteOption?: string;
        memberList?: { userID: string; role?: string }[];
    }): Uses<{ group: Group; overLimitUserIDList: string[]; failureUserIDList: string[] }>;
    dismissGroup(groupID: string): Uses<OfGroup>;
    updateGroupProfile(
        options: OfGroup & {
            name?: string;
            avatar?: string;
            introduction?: string;
            notification?: string;
            muteAllMembers?: boolean;
            joinOption?: string;
            inviteOption?: string;
        },
    ): Uses<{ group: Group }>;
    /** A live group is heard from then on, after a reconnect too. */
    joinGroup(options: OfGroup & { applyMessage?: string; type?: string }): Uses<{ status: string; group: Group }>;
    quitGroup(groupID: string): Uses<OfGroup>;
    changeGroupOwner(options: OfGroup & { newOwnerID: string }): Uses<{ group: Group }>;
    getGroupOnlineMemberCount(groupID: string): Uses<{ memberCount: number }>;
    getGroupApplicationList(): Uses<{ applicationList: GroupApplication[] }>;
    handleGroupApplication(options: {
        /** Agree or Reject. */
        handleAction: string;
        handleMessage?: string;
        /** An entry of getGroupApplicationList, */
        application?: GroupApplication;
        /** or the notice that told of it. */
        message?: Message;
    }): Uses<{ group: Group }>;

    getGroupMemberList(options: OfGroup & { count?: number; offset?: number | string; role?: string }): Uses<{
        memberList: GroupMember[];
        /** Where to go on; 0 at the end. */
        offset: number;
    }>;
    getGroupMemberProfile(options: OfGroup & OfUsers): Uses<{ memberList: GroupMember[] }>;
    addGroupMember(options: OfGroup & OfUsers): Uses<{
        successUserIDList: string[];
        existedUserIDList: string[];
        /** They wait for approval. Not Tencent's. */
        pendingUserIDList: string[];
        overLimitUserIDList: string[];
        failureUserIDList: string[];
        group: Group;
    }>;
    /** With a `duration`, in seconds, they cannot come back until then. */
    deleteGroupMember(
        options: OfGroup & OfUsers & { reason?: string; duration?: number },
    ): Uses<{ group: Group; userIDList: string[] }>;
    /** In seconds; 0: no longer. */
    setGroupMemberMuteTime(
        options: OfGroup & { userID: string; muteTime: number },
    ): Uses<{ group: Group; member: GroupMember | undefined }>;
    setGroupMemberRole(options: OfGroup & { userID: string; role: string }): Uses<{ group: Group; member: GroupMember }>;
    setGroupMemberNameCard(
        options: OfGroup & { userID?: string; nameCard: string },
    ): Uses<{ group: Group; member: GroupMember | undefined }>;
    /** Who is banned is out, and stays out for so many seconds; 0: no longer. No method of Tencent's. */
    banGroupMember(options: OfGroup & { userID: string; seconds: number; reason?: string }): Uses<OfGroup & { userID: string }>;
    /**
     * Uploads a file that is in no message, such as a face. The `url` is as the server has it: relative, where the files are
     * its own. No method of Tencent's.
     */
    uploadFile(options: {
        file: Blob | Uint8Array;
        name?: string;
        onProgress?: (part: number) => void;
    }): Uses<{ url: string; size: number; width?: number; height?: number }>;
    /** No method of Tencent's. */
    getGroupBans(options: OfGroup & { count?: number; offset?: number }): Uses<{ banList: GroupBan[]; offset: number }>;

    /** These and no others. */
    initGroupAttributes(options: OfGroup & Attributes): Uses<Attributes>;
    setGroupAttributes(options: OfGroup & Attributes): Uses<Attributes>;
    /** Without keys: all of them. */
    deleteGroupAttributes(options: OfGroup & { keyList?: string[] }): Uses<{ keyList: string[] }>;
    getGroupAttributes(options: OfGroup & { keyList?: string[] }): Uses<Attributes>;

    // ---- what is not here: for programs that were written for Tencent's SDK

    /** There are none. */
    getFriendList(): Uses<any[]>;
    getFriendGroupList(): Uses<any[]>;
    getFriendApplicationList(): Uses<{ friendApplicationList: any[]; unreadCount: number }>;
    registerPlugin(options: object): void;
    /** Of Tencent's lite SDK. */
    use(plugins: unknown): void;
    setLogLevel(level: number): void;
    callExperimentalAPI(name: string, value?: any): any;
    /** There is none in any message. */
    getSignalingInfo(message: Message): null;
    addSignalingListener(event: string, handler: Function, context?: unknown): void;
    removeSignalingListener(event: string, handler: Function, context?: unknown): void;
    inviteSync(options: object, done: Function, failed: Function): void;
    inviteInGroupSync(options: object, done: Function, failed: Function): void;
    addFriend: Absent;
    deleteFriend: Absent;
    checkFriend: Absent;
    getFriendProfile: Absent;
    updateFriend: Absent;
    acceptFriendApplication: Absent;
    refuseFriendApplication: Absent;
    deleteFriendApplication: Absent;
    setFriendApplicationRead: Absent;
    createFriendGroup: Absent;
    deleteFriendGroup: Absent;
    addToFriendGroup: Absent;
    removeFromFriendGroup: Absent;
    renameFriendGroup: Absent;
    followUser: Absent;
    unfollowUser: Absent;
    getMyFollowersList: Absent;
    getMyFollowingList: Absent;
    getMutualFollowersList: Absent;
    getUserFollowInfo: Absent;
    checkFollowType: Absent;
    searchCloudMessages: Absent;
    searchCloudGroups: Absent;
    searchCloudUsers: Absent;
    searchCloudGroupMembers: Absent;
    translateText: Absent;
    convertVoiceToText: Absent;
    addMessageReaction: Absent;
    removeMessageReaction: Absent;
    getMessageReactions: Absent;
    getAllUserListOfMessageReaction: Absent;
    setMessageExtensions: Absent;
    getMessageExtensions: Absent;
    deleteMessageExtensions: Absent;
    pinGroupMessage: Absent;
    getPinnedGroupMessageList: Absent;
    setConversationCustomData: Absent;
    markConversation: Absent;
    getConversationGroupList: Absent;
    createConversationGroup: Absent;
    deleteConversationGroup: Absent;
    renameConversationGroup: Absent;
    addConversationsToGroup: Absent;
    deleteConversationsFromGroup: Absent;
    setAllReceiveMessageOpt: Absent;
    getAllReceiveMessageOpt: Absent;
    setSelfStatus: Absent;
    setGroupCounters: Absent;
    increaseGroupCounter: Absent;
    decreaseGroupCounter: Absent;
    getGroupCounters: Absent;
    setGroupMemberCustomField: Absent;
    markGroupMemberList: Absent;
    getJoinedCommunityList: Absent;
    createTopicInCommunity: Absent;
    deleteTopicFromCommunity: Absent;
    updateTopicProfile: Absent;
    getTopicList: Absent;
    invite: Absent;
    inviteInGroup: Absent;
    cancel: Absent;
    accept: Absent;
    reject: Absent;
    modifyInvitation: Absent;
}

export const EVENT: Readonly<{
    SDK_READY: "sdkStateReady";
    SDK_NOT_READY: "sdkStateNotReady";
    SDK_DESTROY: "sdkDestroy";
    MESSAGE_RECEIVED: "onMessageReceived";
    MESSAGE_MODIFIED: "onMessageModified";
    MESSAGE_REVOKED: "onMessageRevoked";
    MESSAGE_READ_BY_PEER: "onMessageReadByPeer";
    MESSAGE_READ_RECEIPT_RECEIVED: "onMessageReadReceiptReceived";
    MESSAGE_EXTENSIONS_UPDATED: "onMessageExtensionsUpdated";
    MESSAGE_EXTENSIONS_DELETED: "onMessageExtensionsDeleted";
    MESSAGE_REACTIONS_UPDATED: "onMessageReactionsUpdated";
    CONVERSATION_LIST_UPDATED: "onConversationListUpdated";
    TOTAL_UNREAD_MESSAGE_COUNT_UPDATED: "onTotalUnreadMessageCountUpdated";
    CONVERSATION_GROUP_LIST_UPDATED: "onConversationGroupListUpdated";
    CONVERSATION_IN_GROUP_UPDATED: "onConversationInGroupUpdated";
    GROUP_LIST_UPDATED: "onGroupListUpdated";
    GROUP_ATTRIBUTES_UPDATED: "groupAttributesUpdated";
    GROUP_COUNTER_UPDATED: "onGroupCounterUpdated";
    TOPIC_CREATED: "onTopicCreated";
    TOPIC_DELETED: "onTopicDeleted";
    TOPIC_UPDATED: "onTopicUpdated";
    PROFILE_UPDATED: "onProfileUpdated";
    USER_STATUS_UPDATED: "onUserStatusUpdated";
    BLACKLIST_UPDATED: "blacklistUpdated";
    FRIEND_LIST_UPDATED: "onFriendListUpdated";
    FRIEND_GROUP_LIST_UPDATED: "onFriendGroupListUpdated";
    FRIEND_APPLICATION_LIST_UPDATED: "onFriendApplicationListUpdated";
    KICKED_OUT: "kickedOut";
    ERROR: "error";
    NET_STATE_CHANGE: "netStateChange";
    ALL_RECEIVE_MESSAGE_OPT_UPDATED: "onAllReceiveMessageOptUpdated";
    PINNED_GROUP_MESSAGE_UPDATED: "onPinnedGroupMessageUpdated";
}>;

export const TYPES: Readonly<{
    MSG_TEXT: "TIMTextElem";
    MSG_IMAGE: "TIMImageElem";
    MSG_SOUND: "TIMSoundElem";
    MSG_AUDIO: "TIMSoundElem";
    MSG_FILE: "TIMFileElem";
    MSG_FACE: "TIMFaceElem";
    MSG_VIDEO: "TIMVideoFileElem";
    MSG_GEO: "TIMLocationElem";
    MSG_LOCATION: "TIMLocationElem";
    MSG_GRP_TIP: "TIMGroupTipElem";
    MSG_GRP_SYS_NOTICE: "TIMGroupSystemNoticeElem";
    MSG_CUSTOM: "TIMCustomElem";
    MSG_MERGER: "TIMRelayElem";
    MSG_PRIORITY_HIGH: "High";
    MSG_PRIORITY_NORMAL: "Normal";
    MSG_PRIORITY_LOW: "Low";
    MSG_PRIORITY_LOWEST: "Lowest";
    MSG_AT_ALL: "__kImSDK_MesssageAtALL__";
    CONV_C2C: "C2C";
    CONV_GROUP: "GROUP";
    CONV_TOPIC: "TOPIC";
    CONV_SYSTEM: "@TIM#SYSTEM";
    CONV_AT_ME: 1;
    CONV_AT_ALL: 2;
    CONV_AT_ALL_AT_ME: 3;
    CONV_MARK_TYPE_STAR: 1;
    CONV_MARK_TYPE_UNREAD: 2;
    CONV_MARK_TYPE_FOLD: 4;
    CONV_MARK_TYPE_HIDE: 8;
    GRP_PRIVATE: "Private";
    GRP_WORK: "Private";
    GRP_PUBLIC: "Public";
    GRP_CHATROOM: "ChatRoom";
    GRP_MEETING: "ChatRoom";
    GRP_AVCHATROOM: "AVChatRoom";
    GRP_COMMUNITY: "Community";
    GRP_MBR_ROLE_OWNER: "Owner";
    GRP_MBR_ROLE_ADMIN: "Admin";
    GRP_MBR_ROLE_MEMBER: "Member";
    GRP_MBR_ROLE_CUSTOM: "Custom";
    GRP_TIP_MBR_JOIN: 1;
    GRP_TIP_MBR_QUIT: 2;
    GRP_TIP_MBR_KICKED_OUT: 3;
    GRP_TIP_MBR_SET_ADMIN: 4;
    GRP_TIP_MBR_CANCELED_ADMIN: 5;
    GRP_TIP_GRP_PROFILE_UPDATED: 6;
    GRP_TIP_MBR_PROFILE_UPDATED: 7;
    GRP_TIP_BAN_AVCHATROOM_MEMBER: 10;
    GRP_TIP_UNBAN_AVCHATROOM_MEMBER: 11;
    MSG_REMIND_ACPT_AND_NOTE: "AcceptAndNotify";
    MSG_REMIND_ACPT_NOT_NOTE: "AcceptNotNotify";
    MSG_REMIND_DISCARD: "Discard";
    JOIN_OPTIONS_FREE_ACCESS: "FreeAccess";
    JOIN_OPTIONS_NEED_PERMISSION: "NeedPermission";
    JOIN_OPTIONS_DISABLE_APPLY: "DisableApply";
    INVITE_OPTIONS_FREE_ACCESS: "FreeAccess";
    INVITE_OPTIONS_NEED_PERMISSION: "NeedPermission";
    INVITE_OPTIONS_DISABLE_INVITE: "DisableInvite";
    JOIN_STATUS_SUCCESS: "JoinedSuccess";
    JOIN_STATUS_ALREADY_IN_GROUP: "AlreadyInGroup";
    JOIN_STATUS_WAIT_APPROVAL: "WaitAdminApproval";
    READ_ALL_C2C_MSG: "readAllC2CMessage";
    READ_ALL_GROUP_MSG: "readAllGroupMessage";
    READ_ALL_MSG: "readAllMessage";
    USER_STATUS_UNKNOWN: 0;
    USER_STATUS_ONLINE: 1;
    USER_STATUS_OFFLINE: 2;
    USER_STATUS_UNLOGINED: 3;
    GENDER_UNKNOWN: "Gender_Type_Unknown";
    GENDER_FEMALE: "Gender_Type_Female";
    GENDER_MALE: "Gender_Type_Male";
    ALLOW_TYPE_ALLOW_ANY: "AllowType_Type_AllowAny";
    ALLOW_TYPE_NEED_CONFIRM: "AllowType_Type_NeedConfirm";
    ALLOW_TYPE_DENY_ANY: "AllowType_Type_DenyAny";
    FORBID_TYPE_NONE: "AdminForbid_Type_None";
    FORBID_TYPE_SEND_OUT: "AdminForbid_Type_SendOut";
    KICKED_OUT_MULT_ACCOUNT: "multipleAccount";
    KICKED_OUT_MULT_DEVICE: "multipleDevice";
    KICKED_OUT_USERSIG_EXPIRED: "userSigExpired";
    KICKED_OUT_REST_API: "REST_API_Kick";
    NET_STATE_CONNECTED: "connected";
    NET_STATE_CONNECTING: "connecting";
    NET_STATE_DISCONNECTED: "disconnected";
}>;

export const ChatClient: {
    EVENT: typeof EVENT;
    TYPES: typeof TYPES;
    VERSION: string;
    create(options: Options): Chat;
};
export default ChatClient;
