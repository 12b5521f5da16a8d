// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// How many messages nobody has looked at: in the window's title, and as a badge on its icon.

import { oncePerFrame } from "../dom.js";
import { t } from "../words.js";

const SIZE = 64;

/** @typedef {import("../app.js").App} App */

/** "3", "99+" @param {number} n */
export const countText = (n) => (n > 99 ? "99+" : String(n));

/** The page's mark, with a badge: drawn, since nothing else makes a picture with a number in it. @param {number} unread */
function drawIcon(unread) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIZE;
    const pen = canvas.getContext("2d");
    if (!pen) return;
    pen.fillStyle = "#0b6f83";
    pen.beginPath();
    pen.roundRect(4, 8, 48, 40, 12);
    pen.fill();
    pen.beginPath();
    pen.moveTo(14, 44);
    pen.lineTo(14, 60);
    pen.lineTo(30, 46);
    pen.fill();
    pen.fillStyle = "#ffffff";
    for (const x of [17, 28, 39]) {
        pen.beginPath();
        pen.arc(x, 28, 3.6, 0, 7);
        pen.fill();
    }
    if (unread) {
        const text = unread > 99 ? "99" : String(unread);
        pen.fillStyle = "#d2410c";
        pen.beginPath();
        pen.roundRect(text.length > 1 ? 22 : 30, 26, text.length > 1 ? 42 : 34, 36, 18);
        pen.fill();
        pen.fillStyle = "#ffffff";
        pen.font = "bold 30px system-ui, sans-serif";
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.fillText(text, text.length > 1 ? 43 : 47, 45);
    }
    const link =
        document.querySelector("link[rel=icon]") ||
        document.head.appendChild(Object.assign(document.createElement("link"), { rel: "icon" }));
    link.setAttribute("type", "image/png");
    link.setAttribute("href", canvas.toDataURL("image/png"));
}

/** @param {App} app @param {AbortSignal} signal */
export function titleView(app, signal) {
    let drawn = -1;
    const draw = oncePerFrame(() => {
        const { unread, selected } = app.state;
        const where = selected ? app.nameOf(app.conversation(selected)) : t("page.title");
        document.title = unread ? t("title.unread", { n: countText(unread), where }) : where;
        if (unread !== drawn) drawIcon((drawn = unread));
    });
    app.state.watch(["unread", "selected", "conversations"], draw, signal);
    signal.addEventListener("abort", () => {
        document.title = t("page.title");
        drawIcon(0);
    });
}
