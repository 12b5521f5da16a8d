// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// From the link to a signed-in page; the shell around the views; the browser's back button.
//
// A link is https://host/#user=alice&sig=<userSig>. A fragment reaches no server and no log; it is taken out of the address bar at
// once, and kept for this tab (sessionStorage), so that a reload stays signed in. A conversation is #/C2Cbob or #/GROUPhikers.

import { errorText, makeApp } from "./app.js";
import { setPictureBase } from "./avatar.js";
import { EVENT, TYPES, makeClient } from "./client.js";
import { fill, h } from "./dom.js";
import { makePanel } from "./panel.js";
import { bannerView } from "./views/banner.js";
import { emptyView } from "./views/empty.js";
import { listView } from "./views/list.js";
import { watchNotices } from "./views/notices.js";
import { notifyView } from "./views/notify.js";
import { chatView, liveView, loadPlaces, signinView, userView } from "./views/places.js";
import { titleView } from "./views/title.js";
import { backTo, depth, goTo } from "./way.js";
import { t } from "./words.js";

const KEPT = "chat.session";
/** Codes of a server that cannot be reached. */
const UNREACHABLE = [2800, 2801];
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 15000;

/** @typedef {{userID: string, userSig: string}} Given */

const page = document.body.appendChild(h("div", { class: "page" }));
const loadConfig = async () => {
    const answer = await fetch("config.json");
    if (!answer.ok) throw new Error(t("signin.noConfig", { status: answer.status }));
    const config = await answer.json();
    return { ...config, url: config.url.replace("{host}", location.hostname) };
};
let config = loadConfig();
config.catch(() => {});

/** @typedef {{app: import("./app.js").App, login(): Promise<void>, draw(): void, show(): void, end(): void}} Session */
/** @type {Session | undefined} */
let session;

// Who is it?

/** What the link says; nothing of it stays in the address bar. @returns {Given | undefined} */
function takeLink() {
    const said = new URLSearchParams(location.hash.slice(1));
    const userID = said.get("user");
    const userSig = said.get("sig");
    if (userID === null && userSig === null) return undefined;
    history.replaceState(null, "", location.pathname + location.search);
    return { userID: userID || "", userSig: userSig || "" };
}

/** @returns {Given | undefined} */
const kept = () => JSON.parse(sessionStorage.getItem(KEPT) || "null") || undefined;

/** What was asked for last is shown. */
let turn = 0;

/** @param {{userID?: string, problem?: string, again?: Given}} [known] */
async function showSignIn(known = {}) {
    end();
    const mine = ++turn;
    const { userID, problem, again } = known;
    const server = (await config.catch(() => undefined))?.url;
    const view = await signinView();
    if (mine !== turn) return; // a link was opened meanwhile
    document.title = t("signin.title");
    fill(
        page,
        view({
            userID,
            problem,
            server,
            redraw: () => showSignIn(known),
            again: again && (() => signIn(again)),
            signIn: (name, sig) => signIn({ userID: name, userSig: sig }, true),
        }),
    );
    /** @type {HTMLElement | null} */ (
        page.querySelector(userID ? "input[name=userSig]" : "input[name=userID]")
    )?.focus();
}

/**
 * Signs in and shows everything; or the form, with what went wrong. From the form itself that stays where it is.
 * @param {Given} given @param {boolean} [fromForm] @returns {Promise<string | undefined>} what went wrong
 */
async function signIn(given, fromForm) {
    /** @param {any} error @param {boolean} [worthAgain] */
    const refuse = async (error, worthAgain) => {
        const problem = errorText(error);
        if (!fromForm) await showSignIn({ userID: given.userID, problem, again: worthAgain ? given : undefined });
        return problem;
    };
    const mine = ++turn;
    end();
    /** @type {any} */
    let read;
    try {
        read = await config;
    } catch (error) {
        config = loadConfig(); // it may be there at the next attempt
        config.catch(() => {});
        return refuse(error, true);
    }
    if (mine !== turn) return undefined;
    const begun = begin(read, given);
    if (!fromForm) sessionStorage.setItem(KEPT, JSON.stringify(given));
    for (let attempt = 0; ; attempt++) {
        try {
            // The connection is opened first: the page is drawn while the server is on its way to answer.
            const login = begun.login();
            if (!fromForm) requestAnimationFrame(() => session === begun && begun.draw());
            await login;
            break;
        } catch (error) {
            if (session !== begun) return undefined; // somebody else has signed in meanwhile
            const code = /** @type {any} */ (error)?.code;
            if (!fromForm && UNREACHABLE.includes(code)) {
                begun.app.state.set({ network: "disconnected" });
                await pause(Math.min(FIRST_PAUSE * 2 ** attempt, LONGEST_PAUSE));
                if (session !== begun) return undefined;
                continue;
            }
            begun.end();
            // 70000: refused, and Mosquitto 2.0 cannot say why.
            const temporary = !(code > 70000 && code < 80000) && code !== 7003 && code !== 7004;
            if (!temporary) sessionStorage.removeItem(KEPT);
            return refuse(error, temporary);
        }
    }
    sessionStorage.setItem(KEPT, JSON.stringify(given));
    begun.show();
    return undefined;
}

/** Or until the network is there. @param {number} milliseconds @returns {Promise<void>} */
const pause = (milliseconds) =>
    new Promise((resolve) => {
        setTimeout(resolve, milliseconds);
        addEventListener("online", () => resolve(), { once: true });
    });

// Everything that is there while somebody is signed in

/** @param {any} read config.json @param {Given} given @returns {Session} */
function begin(read, given) {
    const { userID, userSig } = given;
    const ended = new AbortController();
    setPictureBase(read.mediaUrl || read.httpUrl);
    const chat = makeClient(read);
    /** Conversations that have been in the list: one that was deleted since does not come back as a silent group. @type {Set<string>} */
    const heard = new Set();
    let isDrawn = false;
    /** Of what is drawn now. */
    let drawn = new AbortController();
    /** Of the conversation. */
    let opened = new AbortController();

    const side = h("div", { class: "side" });
    const main = h("main", { "class": "main", "aria-label": t("page.conversation"), "tabIndex": -1 });
    const panel = makePanel((isOpen) => shell.classList.toggle("with-panel", isOpen));
    const shell = h("div", { class: "shell" }, side, main, panel.element);

    /** What the address says: a conversation, or nothing that is one. @returns {string | null} */
    function addressed() {
        try {
            return decodeURIComponent(location.hash).match(/^#\/((?:C2C|GROUP).+|@TIM#SYSTEM)$/)?.[1] ?? null;
        } catch {
            return null;
        }
    }
    /** @param {string | null} id */
    const address = (id) => (id ? `#/${encodeURIComponent(id)}` : location.pathname + location.search);

    const app = makeApp({
        chat,
        TYPES,
        EVENT,
        user: userID,
        config: read,
        shell: {
            open(id) {
                if (id === app.state.selected && !depth()) return void main.querySelector("textarea")?.focus();
                if (id) goTo(id, address(id));
                else backTo(0);
                show(id);
            },
            openPanel: panel.open,
            closePanel: panel.close,
            showUser: (id) => app.openPanel(t("profile.title"), (signal) => userView(app, id, signal)),
            redraw: () => draw(),
            signOut() {
                sessionStorage.removeItem(KEPT);
                history.replaceState(null, "", address(null));
                chat.logout()
                    .catch(() => {})
                    .finally(() => showSignIn({ userID }));
            },
        },
    });

    /** @param {string | null} id */
    function show(id) {
        panel.keep(0);
        opened.abort();
        opened = new AbortController();
        shell.dataset.open = id ? "chat" : "list";
        app.state.set({ selected: id });
        if (!id) return void fill(main, emptyView());
        const { groupProfile } = app.conversation(id);
        fill(
            main,
            groupProfile?.type === TYPES.GRP_AVCHATROOM
                ? liveView(app, groupProfile.groupID, opened.signal)
                : chatView(app, id, opened.signal),
        );
    }

    function draw() {
        isDrawn = true;
        drawn.abort();
        drawn = new AbortController();
        titleView(app, drawn.signal);
        panel.close();
        fill(side, listView(app, drawn.signal));
        fill(
            page,
            bannerView(app, drawn.signal, {
                again: () =>
                    app.state.out?.type === "userSigExpired"
                        ? showSignIn({ userID, problem: errorText({ code: 70001 }) })
                        : signIn(given),
            }),
            shell,
        );
        show(app.state.selected);
    }

    addEventListener(
        "popstate",
        () => {
            if (location.hash.includes("user=")) return; // another link in this tab: hashchange, below
            panel.keep(depth());
            const id = addressed();
            if (id !== app.state.selected) show(id);
        },
        { signal: ended.signal },
    );

    app.on(EVENT.NET_STATE_CHANGE, ({ state }) => app.state.set({ network: state }), ended.signal);
    app.on(EVENT.KICKED_OUT, (out) => app.state.set({ out }), ended.signal);
    // What is there can be read, but nothing can be done with it.
    app.state.watch(["out"], ({ out }) => (shell.inert = !!out), ended.signal);
    app.on(EVENT.USER_STATUS_UPDATED, app.takeStatus, ended.signal);
    app.on(EVENT.CONVERSATION_LIST_UPDATED, takeList, ended.signal);
    app.on(EVENT.GROUP_LIST_UPDATED, takeGroups, ended.signal);
    app.on(EVENT.BLACKLIST_UPDATED, (blacklist) => app.state.set({ blacklist: [...blacklist] }), ended.signal);
    app.on(
        EVENT.PROFILE_UPDATED,
        (profiles) => {
            app.people.put(profiles);
            const me = profiles.find((/** @type {any} */ one) => one.userID === userID);
            if (me) app.state.set({ me: { ...me } });
        },
        ended.signal,
    );

    notifyView(app, ended.signal);

    /** @param {any[]} list */
    function takeList(list) {
        for (const { conversationID } of list) heard.add(conversationID);
        app.people.put(
            list
                .map(({ userProfile }) => userProfile)
                .filter((profile) => profile?.userID && profile.nick !== undefined),
        );
        const unread = list.reduce(
            (sum, { unreadCount, messageRemindType }) =>
                !messageRemindType || messageRemindType === TYPES.MSG_REMIND_ACPT_AND_NOTE ? sum + unreadCount : sum,
            0,
        );
        app.state.set({ conversations: [...list], unread });
        loadPlaces();
    }

    /** @param {any[]} list */
    function takeGroups(list) {
        const silent = list.filter(
            ({ groupID, type, selfInfo, nextMessageSeq }) =>
                !heard.has(`GROUP${groupID}`) &&
                (type === TYPES.GRP_AVCHATROOM ? selfInfo.role === TYPES.GRP_MBR_ROLE_OWNER : nextMessageSeq === 1),
        );
        app.state.set({ silent });
    }

    /** What the page wants to know at the beginning. None of it is waited for: what is there is shown. */
    function load() {
        chat.getConversationList().then((/** @type {any} */ { data }) => takeList(data.conversationList), app.fail);
        watchNotices(app, ended.signal);
        chat.getGroupList().then(
            (/** @type {any} */ { data }) => takeGroups(data.groupList),
            () => {},
        );
        chat.getMyProfile().then(
            (/** @type {any} */ { data }) => {
                app.people.put([data]);
                app.state.set({ me: { ...data } });
            },
            () => {},
        );
        chat.getBlacklist().then(
            (/** @type {any} */ { data }) => app.state.set({ blacklist: [...data] }),
            () => {},
        );
    }

    // At once, with an empty list: nobody looks at a white page while the server is asked.
    const first = addressed();
    // After a reload nothing lies in the panel any more.
    if (depth()) history.replaceState({ ...history.state, panel: 0 }, "", location.href);
    if (first && !history.state?.deep) {
        history.replaceState(null, "", address(null));
        goTo(first, address(first));
    }
    if (first) loadPlaces();
    session = {
        app,
        end() {
            session = undefined;
            for (const part of [ended, drawn, opened]) part.abort();
            panel.end();
            Promise.resolve(chat.destroy()).catch(() => {});
        },
        draw() {
            if (!isDrawn) draw();
        },
        async login() {
            await chat.login({ userID, userSig });
            app.state.set({ network: "connected" });
        },
        show() {
            if (!isDrawn) draw();
            load();
            const id = addressed();
            if (id) show(id);
        },
    };
    return session;
}

function end() {
    session?.end();
}

addEventListener("hashchange", () => {
    const link = takeLink();
    if (link) signIn(link);
});

const given = takeLink() || kept();
if (given) signIn(given);
else showSignIn();
