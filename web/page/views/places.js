// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is shown where: one line each, so that the shell knows no view by name. None of them is needed to show the list, so they
// are loaded behind it, and are there when somebody clicks.
import { h } from "../dom.js";

/**
 * @typedef {import("../app.js").App} App
 * @typedef {(app: App, id: string, signal: AbortSignal) => Node} View
 */

const chat = module(() => import("./chat.js"));
const live = module(() => import("./live.js"));
const group = module(() => import("./group.js"));
const dialogs = module(() => import("./newgroup.js"));
const profile = module(() => import("./profile.js"));
const devices = module(() => import("./devices.js"));
const blacklist = module(() => import("./blacklist.js"));
const signin = module(() => import("./signin.js"));
let isLoading = false;

/** A conversation with a person, a stored group, or the server's notices; `id` is the conversationID. */
export const chatView = view(chat, "chatView");

/** A live room; `id` is the groupID. */
export const liveView = view(live, "liveView");

/** What the bar over a group's chat opens beside it; `id` is the groupID. */
export const groupView = view(group, "groupView");

/** "New group ...", a dialog. @param {App} app */
export const newGroup = async (app) => (await dialogs.load()).openNewGroup(app);

/** "Join a group", a dialog. @param {App} app */
export const joinGroup = async (app) => (await dialogs.load()).openJoinGroup(app);

/** Somebody, in the panel; `id` is the userID. */
export const userView = view(profile, "userView");

/** Dialogs behind one's own face. @param {App} app */
export const openProfile = async (app) => (await profile.load()).openProfile(app);
/** @param {App} app */
export const openDevices = async (app) => (await devices.load()).openDevices(app);
/** @param {App} app */
export const openBlacklist = async (app) => (await blacklist.load()).openBlacklist(app);

/** Where nobody is signed in. */
export const signinView = async () => (await signin.load()).signinView;

/** When there is nothing else to do. */
export function loadPlaces() {
    if (isLoading) return;
    isLoading = true;
    const all = [chat, live, group, dialogs, profile, devices, blacklist, signin];
    // Without a network they are loaded when they are needed.
    const load = () => all.forEach((one) => one.load().catch(() => {}));
    if ("requestIdleCallback" in window) requestIdleCallback(load, { timeout: 1000 });
    else setTimeout(load, 200); // Safari
}

/** @template M @param {() => Promise<M>} load */
function module(load) {
    /** @type {{there?: M, load(): Promise<M>}} */
    const self = { load: async () => (self.there ??= await load()) };
    return self;
}

/** @template M @param {{there?: M, load(): Promise<M>}} from @param {keyof M} name @returns {View} */
function view(from, name) {
    const make = (/** @type {M} */ there) => /** @type {any} */ (there[name]);
    return (app, id, signal) => {
        if (from.there) return make(from.there)(app, id, signal);
        const place = h("div", { class: "place" }, h("div", { class: "spinner" }));
        from.load().then(
            (there) => signal.aborted || place.replaceWith(make(there)(app, id, signal)),
            (error) => signal.aborted || app.fail(error),
        );
        return place;
    };
}
