// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Who is logged in: from login() to logout(), or to the end that the server makes.
import { ok } from "./core.js";
import { ChatError, CODE } from "./errors.js";
import { EVENT, TYPES } from "./constants.js";
import { device as makeDevice } from "./device.js";
import { goodUntil } from "./usersig.js";

/** A new userSig is asked for so long before the old one ends, or in the last fifth of its life. */
const RENEWAL = 5 * 60 * 1000;
const FIFTH = 0.2;
/** The wait after a getUserSig that failed. */
const RENEWAL_AGAIN = 10000;
/** How often a login that was good before may be refused without a reason before the session is over. */
const MOST_REFUSALS = 3;
const LOGOUT_TIMEOUT = 2000;

/** @typedef {{userID: string, userSig: string, clientID: string, until: number, login?: Promise<any>}} Session */

/**
 * @param {import("./core.js").Core} core
 */
export function session(core) {
    const { options, link, wire } = core;
    const device = makeDevice(core);
    /** From the call of login to the end. @type {Session | undefined} */
    let current;
    let isReady = false;
    let destroyed = false;
    let refusals = 0;
    let endRenewal = () => {};
    /** The logout that is going on. */
    let ending = Promise.resolve();
    /** Rejects the login that is going on. @type {(error: ChatError) => void} */
    let failLogin = () => {};

    core.userID = () => current?.userID ?? "";
    core.clientID = () => current?.clientID ?? "";

    // ---- the userSig

    /** @param {Session} me @param {string} userSig */
    async function hold(me, userSig) {
        const until = await goodUntil(userSig, me.userID, options.SDKAppID, core.time());
        me.userSig = userSig;
        me.until = until;
        if (me === current) planRenewal(me);
    }

    /** @param {Session} me */
    function planRenewal(me) {
        endRenewal();
        if (!options.getUserSig || me.until === Infinity) return;
        const left = me.until - core.time();
        const at = me.until - Math.min(RENEWAL, left * FIFTH);
        const wait = () => {
            // A timer can wait for 24 days at most.
            if (core.time() < at) endRenewal = core.after(at - core.time(), wait);
            else renew(me);
        };
        wait();
    }

    /** @param {Session} me */
    async function renew(me) {
        try {
            const userSig = await options.getUserSig(me.userID);
            if (me === current) await renewUserSig(userSig);
        } catch (error) {
            if (me !== current) return;
            report(error);
            endRenewal = core.after(Math.min(RENEWAL_AGAIN, Math.max(200, (me.until - core.time()) * FIFTH)), () => renew(me));
        }
    }

    /** @param {string} userSig */
    async function renewUserSig(userSig) {
        const me = current;
        if (!me) throw new ChatError(CODE.NOT_LOGGED_IN, "nobody is logged in");
        await goodUntil(userSig, me.userID, options.SDKAppID, core.time());
        // Without a connection it is for the next one.
        if (link.isUp()) await core.ask("renewUserSig", { userSig }, { again: true });
        await hold(me, userSig);
        return ok();
    }

    /** @param {any} error */
    function report(error) {
        core.emit(EVENT.ERROR, { code: error?.code ?? CODE.NETWORK, message: String(error?.message ?? error) });
    }

    // ---- beginning and end

    /** @param {{userID: string, userSig?: string}} as */
    async function login(as) {
        const { userID, userSig } = as ?? {};
        if (destroyed) throw new ChatError(CODE.NOT_READY, "this Chat was destroyed");
        if (!userID) throw new ChatError(CODE.NO_USERID, "userID is missing");
        if (current && current.userID !== userID) {
            throw new ChatError(CODE.OTHER_USER, `${current.userID} is logged in: log out first`);
        }
        if (current?.login) return current.login;
        if (current) {
            return ok({ actionStatus: "OK", errorCode: 0, errorInfo: "logged in already", repeatLogin: true });
        }
        const me = (current = /** @type {Session} */ ({ userID, userSig: "", clientID: "", until: 0 }));
        me.login = Promise.race([
            begin(me, userSig),
            new Promise((_, reject) => {
                failLogin = reject;
            }),
        ]);
        try {
            return await me.login;
        } catch (error) {
            if (me === current) await end(me);
            throw error;
        } finally {
            me.login = undefined;
        }
    }

    /** @param {Session} me @param {string} [userSig] */
    async function begin(me, userSig) {
        const check = () => {
            if (me !== current) throw new ChatError(CODE.NOT_LOGGED_IN, "logged out meanwhile");
        };
        await ending;
        const clock = await core.storage.get("clock");
        if (clock) core.setTime(Date.now() + clock);
        userSig ||= await options.getUserSig?.(me.userID);
        if (!userSig) throw new ChatError(CODE.NO_USERSIG, "userSig is missing");
        try {
            await hold(me, userSig);
        } catch (error) {
            if (!options.getUserSig || /** @type {ChatError} */ (error).code !== CODE.SIG_EXPIRED) throw error;
            await hold(me, await options.getUserSig(me.userID));
        }
        me.clientID = await device.take(me.userID);
        check();
        refusals = 0;
        await link.connect({ ...me }).catch((/** @type {ChatError} */ error) => {
            throw error.code === CODE.REFUSED && me.until <= core.time() ? expired() : error;
        });
        check();
        makeReady(me);
        return ok({ actionStatus: "OK", errorCode: 0, errorInfo: "" });
    }

    /** @param {Session} me */
    async function makeReady(me) {
        await Promise.allSettled([readClock(me), ...core.parts.map(async (part) => part.start?.())]);
        if (me !== current) return;
        isReady = true;
        core.emit(EVENT.SDK_READY);
    }

    /** What the server says of a device that is connected is as of now. @param {Session} me */
    async function readClock(me) {
        const asked = Date.now();
        const { devices } = await core.ask("getDevices");
        const now = (asked + Date.now()) / 2;
        const mine = devices.find((/** @type {any} */ each) => each.clientID === me.clientID);
        if (!mine?.online || me !== current) return;
        core.setTime(Date.now() + mine.lastUsed - now);
        await core.storage.set("clock", mine.lastUsed - now);
    }

    /** @param {Session} me */
    async function end(me) {
        if (me !== current) return;
        current = undefined;
        endRenewal();
        for (const part of core.parts) part.stop?.();
        const was = isReady;
        isReady = false;
        if (was) core.emit(EVENT.SDK_NOT_READY);
        failLogin(new ChatError(CODE.NOT_LOGGED_IN, "logged out meanwhile"));
        ending = link.disconnect().then(() => device.give());
        await ending;
    }

    async function logout() {
        const me = current;
        if (me && link.isUp()) {
            link.last();
            await core.ask("logout", {}, { timeout: LOGOUT_TIMEOUT }).catch(() => {});
        }
        if (me) await end(me);
        await ending;
        return ok();
    }

    /**
     * The server has ended the session.
     * @param {string} type
     * @param {ChatError} error what a login that is going on is rejected with
     * @param {Record<string, any>} [more]
     */
    function kickOut(type, error, more) {
        const me = current;
        if (!me) return;
        failLogin(error);
        link.last();
        core.emit(EVENT.KICKED_OUT, { type, ...more });
        end(me);
    }

    const expired = () => new ChatError(CODE.SIG_EXPIRED, "the userSig has expired");
    const sigExpired = () => kickOut(TYPES.KICKED_OUT_USERSIG_EXPIRED, expired());

    wire.on("event", (/** @type {any} */ { event, reason, platform, clientID }) => {
        if (event === "forceOffline") {
            // Another page is "another instance", anything else another device.
            const type =
                reason === "kickDevice" || (reason === "otherDevice" && platform !== "web")
                    ? TYPES.KICKED_OUT_MULT_DEVICE
                    : reason === "otherDevice"
                      ? TYPES.KICKED_OUT_MULT_ACCOUNT
                      : TYPES.KICKED_OUT_REST_API;
            kickOut(type, new ChatError(CODE.OTHER_DEVICE, `signed out by the server: ${reason}`), {
                reason,
                platform,
                clientID,
            });
        } else if (event === "sigExpired" && current) {
            if (!options.getUserSig) return sigExpired();
            current.until = 0;
            link.drop(expired());
        }
    });
    wire.on("up", () => {
        refusals = 0;
    });

    return {
        methods: {
            login,
            logout,
            renewUserSig,
            isReady: () => isReady,
            getLoginUser: () => (current && !current.login ? current.userID : ""),
            getServerTime: () => core.time(),
            on: core.on,
            off: core.off,
            async destroy() {
                if (destroyed) return;
                destroyed = true;
                await logout();
                core.emit(EVENT.SDK_DESTROY);
                core.release();
            },
        },

        userSig: () => current?.userSig ?? "",

        /**
         * How the next connection is to be opened.
         * @param {ChatError} error why the last one ended, or did not come about
         * @returns {Promise<import("./link.js").Account | undefined>} undefined: the session is over
         */
        async beforeReconnect(error) {
            const me = current;
            if (!me) return undefined;
            const ends = /** @type {Record<number, string>} */ ({
                [CODE.BANNED]: TYPES.KICKED_OUT_REST_API,
                [CODE.CLIENT_ID]: TYPES.KICKED_OUT_MULT_ACCOUNT,
            });
            const clientID = await device.again(me.userID, me.clientID, error.code === CODE.TAKEN_OVER);
            if (me !== current) return undefined;
            if (!clientID) kickOut(TYPES.KICKED_OUT_MULT_ACCOUNT, error);
            else if (ends[error.code]) kickOut(ends[error.code], error);
            else me.clientID = clientID;
            // Before it has ended by the clock the server may refuse a userSig because it was ended (kickUser), or
            // because it is busy, and Mosquitto 2.0 cannot say which.
            const refused = error.code === CODE.REFUSED || error.code === CODE.OTHER_KEY;
            if (refused) refusals += 1;
            if (me.until <= core.time() || refused) {
                if (options.getUserSig) {
                    try {
                        await hold(me, await options.getUserSig(me.userID));
                    } catch (error) {
                        report(error);
                        throw error;
                    }
                } else if (me.until <= core.time()) {
                    sigExpired();
                }
            }
            if (refusals >= MOST_REFUSALS) {
                report(error);
                kickOut(TYPES.KICKED_OUT_REST_API, error);
            }
            return me === current ? { ...me } : undefined;
        },
    };
}
