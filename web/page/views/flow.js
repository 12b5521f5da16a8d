// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The chat of a live room: lines that flow past, at any rate. What costs is laying lines out, so they are added a few times a second,
// what would not stay is never made, and the oldest leave the page. Who scrolls up stops it all and loses nothing that they look at;
// a button brings them back to what is new.

import { fill, h } from "../dom.js";

const KEPT = 120; // lines in the page
const PAUSE = 100; // ms between two additions while it flows
const AT_END = 24; // px: so near to the end is at the end

/**
 * @template Line
 * @param {(line: Line) => Node} draw
 * @param {{label: string, more: (count: number) => string}} words
 */
export function flowView(draw, words) {
    /** @type {Line[]} */
    let waiting = [];
    let isPaused = false;
    let missed = 0; // while paused, those that waiting has not kept too
    let timer = 0;
    let last = 0;

    const lines = h("div", { class: "flow-lines" });
    // Laid out from its end (column-reverse), so that the browser itself keeps it there and no script has to measure.
    const scroller = h(
        "div",
        { class: "flow-scroller", tabIndex: 0, role: "log", "aria-live": "off", "aria-label": words.label },
        lines,
    );
    const more = h("button", { class: "flow-more", type: "button", hidden: true, onclick: toEnd });
    const element = h("div", { class: "flow" }, scroller, more);
    scroller.addEventListener("scroll", onScroll, { passive: true });

    function onScroll() {
        const paused = scroller.scrollTop < -AT_END;
        if (paused === isPaused) return;
        isPaused = paused;
        missed = waiting.length;
        schedule();
    }

    function toEnd() {
        isPaused = false;
        scroller.scrollTop = 0;
        add();
    }

    function schedule() {
        if (!timer) timer = window.setTimeout(add, Math.max(0, last + PAUSE - performance.now()));
    }

    function add() {
        clearTimeout(timer);
        timer = 0;
        last = performance.now();
        more.hidden = !isPaused || missed === 0;
        if (isPaused) {
            fill(more, words.more(missed));
            return;
        }
        missed = 0;
        element.classList.toggle("is-fast", waiting.length > 3);
        const fresh = waiting.slice(-KEPT);
        waiting = [];
        const surplus = lines.childElementCount + fresh.length - KEPT;
        if (surplus > 0) remove(surplus);
        lines.append(...fresh.map(draw));
    }

    /** @param {number} count */
    function remove(count) {
        const range = document.createRange();
        range.setStart(lines, 0);
        range.setEnd(lines, Math.min(count, lines.childNodes.length));
        range.deleteContents();
    }

    return {
        element,
        /** @param {Line[]} fresh */
        push(fresh) {
            if (!fresh.length) return;
            missed += isPaused ? fresh.length : 0;
            waiting.push(...(fresh.length > KEPT ? fresh.slice(-KEPT) : fresh));
            if (waiting.length > 2 * KEPT) waiting = waiting.slice(-KEPT);
            schedule();
        },
        end() {
            clearTimeout(timer);
        },
    };
}
