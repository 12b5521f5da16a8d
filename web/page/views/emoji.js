// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Emoji: which there are in the picker, and the picker. They are characters of the system's font, not pictures of ours.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../words.js";

/** @type {[name: string, sign: string, emoji: string][]} */
const GROUPS = [
    [
        "faces",
        "😀",
        "😀 😃 😄 😁 😆 😅 🤣 😂 🙂 🙃 😉 😊 😇 🥰 😍 🤩 😘 😗 😚 😋 😛 😜 🤪 😝 🤑 🤗 🤭 🤫 🤔 🤐 🤨 😐 😑 😶 😏 😒 🙄 😬 🤥 😌 😔 😪 🤤 😴 " +
            "😷 🤒 🤕 🤢 🤮 🤧 🥵 🥶 🥴 😵 🤯 🤠 🥳 😎 🤓 🧐 😕 😟 🙁 😮 😯 😲 😳 🥺 😦 😧 😨 😰 😥 😢 😭 😱 😖 😣 😞 😓 😩 😫 🥱 😤 😡 😠 🤬 😈 👿 💀 💩 🤡 👻 👽 🤖",
    ],
    [
        "hands",
        "👍",
        "👍 👎 👌 ✌️ 🤞 🤟 🤘 🤙 👈 👉 👆 👇 ☝️ 👋 🤚 🖐️ ✋ 🖖 👏 🙌 👐 🤲 🤝 🙏 ✍️ 💪 👂 👃 👀 🧠 👶 🧒 👦 👧 🧑 👩 👨 🧓 👵 👴 🙅 🙆 🙋 🙇 🤦 🤷 🚶 🏃 💃 🕺 👪",
    ],
    [
        "hearts",
        "❤️",
        "❤️ 🧡 💛 💚 💙 💜 🖤 🤍 🤎 💔 ❣️ 💕 💞 💓 💗 💖 💘 💝 💯 💢 💥 💫 💦 💨 💤 💬 💭 ✨ ⭐ 🌟 🔥 🎉 🎊 🎈 🎁 🏆 🥇 ✅ ❌ ❓ ❗ ⚠️ ➕ ➖ ♻️ 🔔 🎵",
    ],
    [
        "nature",
        "🐶",
        "🐶 🐱 🐭 🐹 🐰 🦊 🐻 🐼 🐨 🐯 🦁 🐮 🐷 🐸 🐵 🙈 🙉 🙊 🐔 🐧 🐦 🐤 🦉 🐺 🐴 🦄 🐝 🦋 🐌 🐞 🐢 🐍 🐙 🐬 🐳 🐟 🌵 🌲 🌴 🌱 🍀 🍁 🌹 🌻 🌸 🌍 🌙 ☀️ ⛅ 🌧️ ❄️ 🌈 🌊",
    ],
    [
        "food",
        "🍎",
        "🍎 🍐 🍊 🍋 🍌 🍉 🍇 🍓 🍒 🍑 🥭 🍍 🥝 🍅 🥑 🥕 🌽 🥔 🍞 🥐 🧀 🥚 🥞 🍔 🍟 🍕 🌭 🥪 🌮 🥗 🍝 🍜 🍲 🍣 🥟 🍤 🍚 🍦 🍩 🍪 🎂 🍰 🍫 🍬 🍭 ☕ 🍵 🍺 🍻 🥂 🍷 🍸",
    ],
    [
        "things",
        "⚽",
        "⚽ 🏀 🏈 ⚾ 🎾 🏐 🏓 🏸 ⛳ 🎣 🎿 🏂 🚴 🏊 🎮 🎲 🎯 🎨 🎬 🎤 🎧 🎸 🎹 🚗 🚕 🚌 🚲 🚂 ✈️ 🚀 ⛵ 🏠 🏢 ⛺ 🗺️ ⌚ 📱 💻 ⌨️ 📷 📺 💡 🔋 🔑 🔒 🔧 🔨 💰 💳 ✉️ 📦 📅 📌 📎 ✂️ 📝 📚 🧪",
    ],
];
const RECENT = "chat.emoji";
const RECENT_MOST = 24;
const LARGE_MOST = 3;
const ONE =
    /(?:\p{RI}\p{RI}|[0-9#*]️?⃣|(?=\p{Extended_Pictographic})\p{Extended_Pictographic}(?:\p{EMod}|️)?(?:‍\p{Extended_Pictographic}(?:\p{EMod}|️)?)*)/gu;

/** One to three emoji and nothing else are shown large. @param {string} text */
export function onlyEmoji(text) {
    if (text.length > 40) return false;
    const found = text.match(ONE);
    return !!found && found.length <= LARGE_MOST && !text.replace(ONE, "").trim();
}

/** @returns {string[]} */
function recent() {
    try {
        const kept = JSON.parse(localStorage.getItem(RECENT) || "[]");
        return Array.isArray(kept) ? kept.filter((one) => typeof one === "string" && onlyEmoji(one)) : [];
    } catch {
        return [];
    }
}

/** @param {string} emoji */
function remember(emoji) {
    try {
        localStorage.setItem(
            RECENT,
            JSON.stringify([emoji, ...recent().filter((one) => one !== emoji)].slice(0, RECENT_MOST)),
        );
    } catch {
        // Where nothing can be kept there are no recent ones.
    }
}

/**
 * The picker: groups above, the emoji of one below. Arrow keys go through them.
 * @param {(emoji: string) => void} pick
 * @returns {HTMLElement}
 */
export function emojiPicker(pick) {
    const kept = recent();
    /** @type {[string, string, string][]} */
    const groups = kept.length ? [["recent", "", kept.join(" ")], ...GROUPS] : GROUPS;
    const grid = h("div", { class: "emoji-grid", role: "group", onkeydown: arrows });
    const tabs = h(
        "div",
        { "class": "emoji-tabs", "role": "tablist", "aria-label": t("emoji.groups"), "onkeydown": turn },
        groups.map(([name, sign], index) =>
            h(
                "button",
                {
                    "class": "emoji-tab",
                    "type": "button",
                    "role": "tab",
                    "aria-label": t(`emoji.${name}`),
                    "title": t(`emoji.${name}`),
                    "onclick": () => show(index),
                },
                sign || icon("clock"),
            ),
        ),
    );

    /** @param {number} index */
    function show(index) {
        [...tabs.children].forEach((tab, n) => {
            tab.setAttribute("aria-selected", String(n === index));
            /** @type {HTMLElement} */ (tab).tabIndex = n === index ? 0 : -1;
        });
        const [name, , list] = groups[index];
        grid.setAttribute("aria-label", t(`emoji.${name}`));
        grid.scrollTop = 0;
        fill(
            grid,
            list.split(" ").map((emoji, n) =>
                h(
                    "button",
                    {
                        class: "emoji",
                        type: "button",
                        tabIndex: n ? -1 : 0,
                        onclick: () => {
                            remember(emoji);
                            pick(emoji);
                        },
                    },
                    emoji,
                ),
            ),
        );
    }

    /** @param {KeyboardEvent} event */
    function turn(event) {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const here = [...tabs.children].indexOf(/** @type {Element} */ (document.activeElement));
        const next = (here + step + groups.length) % groups.length;
        show(next);
        /** @type {HTMLElement} */ (tabs.children[next]).focus();
        event.preventDefault();
    }

    /** @param {KeyboardEvent} event */
    function arrows(event) {
        const all = /** @type {HTMLElement[]} */ ([...grid.children]);
        const here = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
        const columns = Math.max(1, all.filter((one) => one.offsetTop === all[0].offsetTop).length);
        const to = {
            ArrowRight: here + 1,
            ArrowLeft: here - 1,
            ArrowDown: here + columns,
            ArrowUp: here - columns,
            Home: 0,
            End: all.length - 1,
        }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        if (!all[to]) return;
        all[here].tabIndex = -1;
        all[to].tabIndex = 0;
        all[to].focus();
    }

    show(0);
    return h("div", { class: "emoji-picker" }, tabs, grid);
}
