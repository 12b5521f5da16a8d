// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What every view is given: `app`. A view is a function `xxxView(app, ..., signal)` that makes an element and returns it. When the
// element leaves the page the signal is aborted, so a view listens and watches with it and has nothing else to clean up.
//
//   app.chat        the client, as docs/client.md describes it
//   app.TYPES       its constants; app.EVENT its events
//   app.user        the userID that is signed in
//   app.config      config.json: {SDKAppID, url, httpUrl}
//   app.state       what changes; see below and state.js
//   app.people      names and faces by userID: app.people.name(userID), .get(userID), .put(profiles)
//   app.isOnline(userID)           as far as is known; state.status changes when more is
//   app.showUser(userID)           who that is, in the panel: for any face that can be clicked
//   app.on(event, f, signal)       an event of the client's: f(event.data)
//   app.open(conversationID)       shows a conversation; app.open(null) shows none (the list, on a phone)
//   app.openPanel(title, make)     beside the conversation: make(signal) gives what is in it. Over everything on a phone
//   app.closePanel()
//   app.conversation(id)           of the list, or one that is made up where there is none yet
//   app.nameOf(conversation), app.faceOf(conversation, size)       what it is called, and its avatar
//   app.fail(error)                says in a toast what went wrong; app.errorText(error) is that text
//   app.attempt(promise, done?)    its result; or says what went wrong, and is undefined. `done` is a toast when it is done
//   app.enterLive(group), app.leaveLive(groupID)        which live rooms are in the list: {groupID, name, avatar}
//   app.redraw()                   all views anew: the language has changed
//   app.signOut()
//
// app.state:
//   me             {userID, nick, avatar, selfSignature, ...}
//   conversations  the list as the client has it, undefined while it is loading
//   selected       the conversationID that is shown, or null
//   network        "connected", "connecting", "disconnected"
//   out            null, or why it is signed out: what KICKED_OUT said, {type, reason, platform}
//   unread         messages that nobody has looked at, without those of muted conversations
//   live           live rooms that are open: [{groupID, name, avatar}]
//   notices        the last one from the server, and how many nobody has looked at
//   silent         groups of the user's in which nobody has said anything yet, and live rooms of their own: no conversation lists them
//   people         changes when app.people knows more; status when app.isOnline does
//   blacklist      userIDs
//
// Words are t() of words.js; dialogs, menus, toasts, faces, icons and times are dialog.js, menu.js, toast.js, avatar.js, icons.js, time.js;
// what a message is in one line is preview.js. What is shown for a conversation is in views/places.js.

import { avatar } from "./avatar.js";
import { makePeople } from "./people.js";
import { makePresence } from "./presence.js";
import { makeState } from "./state.js";
import { toast } from "./toast.js";
import { hasWord, t } from "./words.js";

const LIVE = "chat.live";

/** @typedef {ReturnType<typeof makeApp>} App */

/** In words, by the code. @param {any} error */
export function errorText(error) {
    const code = error?.code;
    if (hasWord(`error.${code}`)) return t(`error.${code}`);
    return code
        ? t("error.other", { code, text: error.message || "" })
        : t("error.unknown", { text: error?.message || String(error) });
}

/**
 * @param {{chat: any, TYPES: any, EVENT: any, user: string, config: any,
 *          shell: {open(id: string | null): void, openPanel(title: string, make: (signal: AbortSignal) => Node): void, closePanel(): void, showUser(userID: string): void,
 *                  redraw(): void, signOut(): void}}} parts
 */
export function makeApp({ chat, TYPES, EVENT, user, config, shell }) {
    const state = makeState({
        /** @type {any} */ me: { userID: user, nick: "", avatar: "" },
        /** @type {any[] | undefined} */ conversations: undefined,
        /** @type {string | null} */ selected: null,
        network: "connecting",
        /** @type {any} */ out: null,
        unread: 0,
        /** @type {{groupID: string, name: string, avatar?: string}[]} */ live: JSON.parse(
            sessionStorage.getItem(LIVE + user) || "[]",
        ),
        /** @type {any[]} */ silent: [],
        /** @type {{last?: any, unread: number}} */ notices: { unread: 0 },
        people: 0,
        status: 0,
        /** @type {string[]} */ blacklist: [],
    });
    const people = makePeople(chat, () => state.set({ people: state.people + 1 }));

    const presence = makePresence(chat, TYPES, () => state.set({ status: state.status + 1 }));

    /** @param {{groupID: string, name: string, avatar?: string}[]} live */
    function setLive(live) {
        sessionStorage.setItem(LIVE + user, JSON.stringify(live));
        state.set({ live });
    }

    const app = {
        chat,
        TYPES,
        EVENT,
        user,
        config,
        state,
        people,
        errorText,
        isOnline: presence.isOnline,
        takeStatus: presence.put,
        ...shell,

        /** @param {string} event @param {(data: any) => void} f @param {AbortSignal} [signal] */
        on(event, f, signal) {
            const handler = (/** @type {any} */ told) => f(told.data);
            chat.on(event, handler);
            signal?.addEventListener("abort", () => chat.off(event, handler));
        },

        /** @param {string} id @returns {any} */
        conversation(id) {
            const found = state.conversations?.find((one) => one.conversationID === id);
            if (found) return found;
            const isSystem = id === TYPES.CONV_SYSTEM;
            const { last, unread } = state.notices;
            const isGroup = id.startsWith("GROUP");
            const name = id.slice(isGroup ? 5 : 3);
            const room = isGroup && state.live.find(({ groupID }) => groupID === name);
            const silent = isGroup && state.silent.find(({ groupID }) => groupID === name);
            return {
                conversationID: id,
                type: isGroup ? TYPES.CONV_GROUP : id.startsWith("C2C") ? TYPES.CONV_C2C : TYPES.CONV_SYSTEM,
                unreadCount: isSystem ? unread : 0,
                isPinned: false,
                messageRemindType: TYPES.MSG_REMIND_ACPT_AND_NOTE,
                groupAtInfoList: [],
                lastMessage: isSystem && last ? { ...last, lastTime: last.time } : null,
                isNew: true,
                ...(isGroup
                    ? {
                          groupProfile:
                              silent ||
                              (room
                                  ? { ...room, type: TYPES.GRP_AVCHATROOM }
                                  : { groupID: name, name: "", avatar: "", type: "" }),
                      }
                    : { userProfile: people.get(name) }),
            };
        },

        /** @param {any} conversation @returns {string} */
        nameOf({ conversationID, userProfile, groupProfile, remark }) {
            if (conversationID.startsWith("GROUP")) return groupProfile?.name || conversationID.slice(5);
            if (conversationID.startsWith("C2C"))
                return (
                    remark || userProfile?.nick || people.get(conversationID.slice(3)).nick || conversationID.slice(3)
                );
            return t("system.name");
        },

        /** @param {any} conversation @param {number} [size] @param {boolean} [online] */
        faceOf(conversation, size, online) {
            const { conversationID, userProfile, groupProfile } = conversation;
            const isGroup = conversationID.startsWith("GROUP");
            const isUser = conversationID.startsWith("C2C");
            return avatar({
                id: conversationID,
                name: app.nameOf(conversation),
                size,
                online,
                url: isGroup
                    ? groupProfile?.avatar
                    : userProfile?.avatar || (isUser ? people.get(conversationID.slice(3)).avatar : ""),
                kind: isGroup
                    ? groupProfile?.type === TYPES.GRP_AVCHATROOM
                        ? "live"
                        : "group"
                    : isUser
                      ? "user"
                      : "system",
            });
        },

        /** @param {any} error */
        fail(error) {
            console.warn(error);
            toast(errorText(error), { kind: "error" });
        },

        /** @template T @param {Promise<T>} promise @param {string} [done] @returns {Promise<T | undefined>} */
        async attempt(promise, done) {
            try {
                const result = await promise;
                if (done) toast(done, { kind: "done" });
                return result;
            } catch (error) {
                app.fail(error);
                return undefined;
            }
        },

        /** @param {{groupID: string, name?: string, avatar?: string}} group */
        enterLive({ groupID, name = "", avatar: face = "" }) {
            setLive([{ groupID, name, avatar: face }, ...state.live.filter((room) => room.groupID !== groupID)]);
        },

        /** @param {string} groupID */
        leaveLive(groupID) {
            setLive(state.live.filter((room) => room.groupID !== groupID));
        },
    };
    return app;
}
