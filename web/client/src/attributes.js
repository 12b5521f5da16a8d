// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Attributes of groups: a few texts that all members see.
import { EVENT } from "./constants.js";
import { ok } from "./core.js";

/** Somebody else has changed them meanwhile. */
const OTHER_VERSION = 10056;
/** How often a change is tried that others come before. */
const TRIES = 5;

/** @typedef {Record<string, string>} Texts */

/**
 * @param {import("./core.js").Core} core
 */
export function attributes(core) {
    /** As far as they have been asked for. @type {Map<string, {version: number, texts: Texts}>} */
    const known = new Map();

    /** @param {string} groupID */
    async function load(groupID) {
        const { version, attributes: texts } = await core.ask("getGroupAttributes", { groupID });
        known.set(groupID, { version, texts });
        return { version, texts };
    }

    /** @param {string} groupID */
    const tell = (groupID) =>
        core.emit(EVENT.GROUP_ATTRIBUTES_UPDATED, { groupID, groupAttributes: { ...known.get(groupID)?.texts } });

    /**
     * @param {string} groupID
     * @param {{version: number, set?: Texts, delete?: string[]}} change to this version
     */
    async function changed(groupID, { version, set, delete: keys = [] }) {
        const now = known.get(groupID);
        if (now && now.version >= version) return;
        if (now?.version === version - 1) {
            now.version = version;
            Object.assign(now.texts, set);
            for (const key of keys) delete now.texts[key];
        } else {
            // Some changes were missed.
            await load(groupID);
        }
        tell(groupID);
    }

    /**
     * @param {string} groupID
     * @param {{set?: Texts, delete?: string[], ifVersion?: number}} change
     */
    async function change(groupID, { set = {}, delete: keys = [], ifVersion }) {
        // The server takes none that is empty.
        const some = (/** @type {any} */ value) => (Object.keys(value).length ? value : undefined);
        const wanted = { set: some(set), delete: some(keys) };
        if (!wanted.set && !wanted.delete) return;
        const { version } = await core.ask("setGroupAttributes", { groupID, ...wanted, ifVersion });
        await changed(groupID, { version, ...wanted });
    }

    /**
     * A change that is made of what is there now.
     * @param {string} groupID
     * @param {(texts: Texts) => {set?: Texts, delete?: string[]}} make
     */
    async function changeAll(groupID, make) {
        for (let left = TRIES; ; left--) {
            const { version, texts } = await load(groupID);
            try {
                return await change(groupID, { ...make(texts), ifVersion: version });
            } catch (/** @type {any} */ error) {
                if (error.code !== OTHER_VERSION || left <= 1) throw error;
            }
        }
    }

    core.wire.on("event", (/** @type {any} */ event) => {
        if (event.event === "attributes") changed(event.group, event).catch(() => {});
    });
    // What changed while there was no connection nobody has told.
    core.wire.on("up", () => {
        for (const groupID of known.keys()) {
            const before = known.get(groupID)?.version;
            load(groupID).then(
                ({ version }) => version !== before && tell(groupID),
                () => known.delete(groupID),
            );
        }
    });

    return {
        methods: {
            /** These and no others. @param {{groupID: string, groupAttributes: Texts}} options */
            async initGroupAttributes({ groupID, groupAttributes }) {
                await changeAll(groupID, (texts) => ({
                    set: groupAttributes,
                    delete: Object.keys(texts).filter((key) => !(key in groupAttributes)),
                }));
                return ok({ groupAttributes });
            },

            async setGroupAttributes(/** @type {{groupID: string, groupAttributes: Texts}} */ { groupID, groupAttributes }) {
                await change(groupID, { set: groupAttributes });
                return ok({ groupAttributes });
            },

            /** Without keys all of them. @param {{groupID: string, keyList?: string[]}} options */
            async deleteGroupAttributes({ groupID, keyList = [] }) {
                if (keyList.length) await change(groupID, { delete: keyList });
                else await changeAll(groupID, (texts) => ({ delete: (keyList = Object.keys(texts)) }));
                return ok({ keyList });
            },

            /** Without keys all of them. @param {{groupID: string, keyList?: string[]}} options */
            async getGroupAttributes({ groupID, keyList = [] }) {
                const { texts } = await load(groupID);
                const wanted = keyList.length ? keyList.filter((key) => key in texts) : Object.keys(texts);
                return ok({ groupAttributes: Object.fromEntries(wanted.map((key) => [key, texts[key]])) });
            },
        },

        stop: () => known.clear(),
    };
}
