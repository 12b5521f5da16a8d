// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The messages of a conversation, however many: pieces of some thirty messages each, of which only those near the window are in the
// document; the others are empty boxes of the height that they had. Whatever changes above, what is read stays where it is.
//
// The browser's own scroll anchoring is switched off (style/chat.css): Safari has none, and two of them would pull at the same thing.

import { fill, h } from "../dom.js";
import { icon } from "../icons.js";
import { dayTitle, sameDay } from "../time.js";
import { t } from "../words.js";

const PIECE = 30;
const AHEAD = 1500; // pixels above and below the window that are drawn
const NEAR = 2500; // from here on to an end the next page is fetched
const AT_END = 48; // who is not further than this from the end sees what comes
const GUESS = 64; // pixels of a message that was never drawn
const TOGETHER = 300; // seconds between messages that stand together

/**
 * @typedef {any} Message
 * @typedef {{messages: Message[], complete: boolean}} Page
 * @typedef {object} Piece
 * @property {HTMLElement} element
 * @property {Message[]} messages
 * @property {number} height of an empty one
 * @property {boolean} drawn
 */

/**
 * @param {object} options
 * @param {string} options.label
 * @param {(message: Message, place: {first: boolean, last: boolean}) => HTMLElement} options.row
 * @param {(message: Message) => boolean} options.stands the line of a tip, that nothing stands together with
 * @param {(oldest: Message | undefined) => Promise<Page>} options.older messages before this one, in order
 * @param {() => Promise<Page>} options.newer the next ones, after a jump
 * @param {(sequence: number, time: number) => Promise<{messages: Message[], older: boolean, newer: boolean}>} options.around
 * @param {() => Message[]} options.waiting what is not sent yet, or could not be sent
 * @param {() => void} options.seen the newest message is on the screen
 * @param {(error: any) => void} options.failed
 * @param {import("../dom.js").Child} options.start what stands over the first message of all
 */
export function historyView({ label, row, stands, older, newer, around, waiting, seen, failed, start }) {
    /** @type {Piece[]} */
    let pieces = [];
    /** @type {Map<string, Piece>} */
    let pieceOf = new Map();
    /** @type {Map<string, HTMLElement>} the box of each message that is drawn */
    const boxes = new Map();
    /** @type {WeakMap<Element, Piece>} */
    const byElement = new WeakMap();
    let complete = false; // there is nothing older
    let tail = true; // there is nothing newer
    let loading = false;
    let stuck = true; // the end stays in view
    let ended = false;
    let fresh = 0; // messages that came below the window
    /** @type {string | undefined} */
    let dividerID;
    /** What is read. @type {{box: HTMLElement, bottom: number} | undefined} */
    let anchor;
    let scrolledTo = 0; // how far it was scrolled then
    let generation = 0;
    const observed = "IntersectionObserver" in window;

    const top = h("div", { class: "history-top" });
    const body = h("div", { class: "history-pieces" });
    const list = h("div", { class: "history-list" }, top, body);
    const scroller = h(
        "div",
        { "class": "history", "role": "log", "aria-live": "off", "aria-label": label, "tabIndex": 0 },
        list,
    );
    const count = h("span", { class: "history-count" });
    const down = h(
        "button",
        { class: "history-down", type: "button", hidden: true, onclick: () => toEnd(true) },
        icon("chevronDown"),
        count,
    );
    const element = h("div", { class: "history-frame" }, scroller, down);

    /* What is where */

    /** @param {Piece} piece @param {number} at @returns {Message | undefined} the message before */
    function before(piece, at) {
        return at > 0 ? piece.messages[at - 1] : pieces[pieces.indexOf(piece) - 1]?.messages.at(-1);
    }

    /** @param {Piece} piece @param {number} at @returns {Message | undefined} */
    function after(piece, at) {
        return at + 1 < piece.messages.length ? piece.messages[at + 1] : pieces[pieces.indexOf(piece) + 1]?.messages[0];
    }

    /** @param {Message | undefined} one @param {Message | undefined} other */
    function together(one, other) {
        return (
            !!one &&
            !!other &&
            one.from === other.from &&
            !stands(one) &&
            !stands(other) &&
            other.ID !== dividerID &&
            other.time - one.time < TOGETHER &&
            sameDay(one.time, other.time)
        );
    }

    /** The server's order; what it has not stored stands behind all others. @param {Message} message @returns {number} */
    const position = (message) => message.id || (message.status === "fail" ? floorOf(message) : Infinity);
    /** @type {WeakMap<Message, number>} a message that could not be sent stays where it was then */
    const floors = new WeakMap();
    /** @param {Message} message */
    function floorOf(message) {
        let floor = floors.get(message);
        if (floor === undefined) {
            floor = Math.max(0, ...pieces.slice(-1).flatMap((piece) => piece.messages.map((one) => one.id || 0)));
            floors.set(message, floor);
        }
        return floor;
    }

    /* Drawing */

    /** How a message stands among its neighbours. @param {Piece} piece @param {number} at */
    function place(piece, at) {
        const message = piece.messages[at];
        const previous = before(piece, at);
        return {
            first: !together(previous, message),
            last: !together(message, after(piece, at)),
            newDay: !!message.time && (!previous || !sameDay(previous.time, message.time)),
        };
    }
    /** As it was drawn. @type {WeakMap<HTMLElement, string>} */
    const places = new WeakMap();

    /** @param {Piece} piece @param {number} at */
    function box(piece, at) {
        const message = piece.messages[at];
        const { first, last, newDay } = place(piece, at);
        const drawn = h(
            "div",
            { class: "history-box" },
            newDay && h("div", { class: "history-day" }, h("span", null, dayTitle(message.time))),
            message.ID === dividerID &&
                h("div", { class: "history-divider", role: "separator" }, h("span", null, t("chat.newMessages"))),
            row(message, { first, last }),
        );
        boxes.set(message.ID, drawn);
        places.set(drawn, JSON.stringify([first, last, newDay]));
        return drawn;
    }

    /** @param {Piece} piece */
    function draw(piece) {
        if (piece.drawn) return;
        piece.drawn = true;
        piece.element.style.height = "";
        piece.element.replaceChildren(...piece.messages.map((_, at) => box(piece, at)));
    }

    /** @param {Piece} piece */
    function empty(piece) {
        if (!piece.drawn || inUse(piece)) return;
        piece.height = piece.element.offsetHeight;
        piece.drawn = false;
        for (const message of piece.messages) boxes.delete(message.ID);
        piece.element.replaceChildren();
        piece.element.style.height = `${piece.height}px`;
    }

    /** Is the focus in it, or selected text? @param {Piece} piece */
    function inUse(piece) {
        const selection = getSelection();
        return (
            piece.element.contains(document.activeElement) ||
            (!!selection &&
                !selection.isCollapsed &&
                selection.rangeCount > 0 &&
                selection.containsNode(piece.element, true))
        );
    }

    /** @param {string} id */
    function redraw(id) {
        const piece = pieceOf.get(id);
        const old = boxes.get(id);
        if (!piece || !old) return;
        const focused = old.contains(document.activeElement)
            ? old.querySelectorAll("[data-id], button, a, input")
            : undefined;
        const index = focused ? [...focused].indexOf(/** @type {Element} */ (document.activeElement)) : -1;
        const made = box(
            piece,
            piece.messages.findIndex((one) => one.ID === id),
        );
        old.replaceWith(made);
        if (anchor?.box === old) anchor.box = made;
        if (focused)
            /** @type {HTMLElement | null} */ (
                [...made.querySelectorAll("[data-id], button, a, input")][index] || made.querySelector("[data-id]")
            )?.focus({ preventScroll: true });
    }

    /** A message's neighbours have changed: it may begin or end what stands together. @param {Message | undefined} message */
    function rejoin(message) {
        const piece = message && pieceOf.get(message.ID);
        const drawn = message && boxes.get(message.ID);
        if (!piece || !drawn) return;
        const { first, last, newDay } = place(piece, piece.messages.indexOf(message));
        if (places.get(drawn) !== JSON.stringify([first, last, newDay])) redraw(message.ID);
    }

    const observer = observed
        ? new IntersectionObserver(
              (entries) =>
                  change(() => {
                      for (const { target, isIntersecting } of entries) {
                          const piece = byElement.get(target);
                          if (piece && pieces.includes(piece)) (isIntersecting ? draw : empty)(piece);
                      }
                  }),
              { root: scroller, rootMargin: `${AHEAD}px 0px` },
          )
        : undefined;

    /** @param {Message[]} messages @returns {Piece} */
    function newPiece(messages) {
        const piece = {
            element: h("div", { class: "history-piece" }),
            messages,
            height: messages.length * GUESS,
            drawn: false,
        };
        piece.element.style.height = `${piece.height}px`;
        byElement.set(piece.element, piece);
        for (const message of messages) pieceOf.set(message.ID, piece);
        observer?.observe(piece.element);
        return piece;
    }

    /* Where the window is */

    const edge = () => scroller.getBoundingClientRect().top;
    const nearEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < AT_END;

    /** The first message in the window, and where it ends: this is what stays in its place. */
    function remember() {
        anchor = undefined;
        scrolledTo = scroller.scrollTop;
        const top = edge();
        const piece = pieces.find((one) => one.drawn && one.element.getBoundingClientRect().bottom > top);
        if (!piece) return;
        const rows = /** @type {HTMLCollectionOf<HTMLElement>} */ (piece.element.children);
        let low = 0;
        for (let high = rows.length - 1; low < high;) {
            const middle = (low + high) >> 1;
            if (rows[middle].getBoundingClientRect().bottom > top) high = middle;
            else low = middle + 1;
        }
        if (rows[low]) anchor = { box: rows[low], bottom: rows[low].getBoundingClientRect().bottom - top };
    }

    /** What was scrolled, and no event has told of yet. */
    function look() {
        if (Math.abs(scroller.scrollTop - scrolledTo) < 1) return;
        stuck = nearEnd();
        remember();
    }

    function restore() {
        if (stuck && tail) scroller.scrollTop = scroller.scrollHeight;
        else if (anchor?.box.isConnected) {
            const moved = anchor.box.getBoundingClientRect().bottom - edge() - anchor.bottom;
            if (Math.abs(moved) >= 1) scroller.scrollTop += moved;
        }
        scrolledTo = scroller.scrollTop;
    }

    /** Changes what is there, and what is read stays where it is. @param {() => void} f */
    function change(f) {
        look();
        if (!stuck) remember();
        f();
        restore();
    }

    /** Something has another size: a picture has come, the window is another, the keyboard is there. */
    function resized() {
        look();
        restore();
    }

    function scrolled() {
        stuck = nearEnd();
        remember();
        fetchMore();
        showDown();
        if (stuck && tail) atEnd();
    }

    function atEnd() {
        fresh = 0;
        showDown();
        seen();
    }

    function showDown() {
        down.hidden = stuck && tail;
        count.hidden = !fresh;
        count.textContent = fresh > 99 ? "99+" : String(fresh);
        down.setAttribute("aria-label", fresh ? t("chat.newBelow", { n: fresh }) : t("chat.toEnd"));
        down.title = down.getAttribute("aria-label") || "";
    }

    /* Fetching */

    function showTop() {
        fill(
            top,
            complete
                ? start
                : loading
                  ? h("span", { "class": "spinner", "role": "status", "aria-label": t("loading") })
                  : null,
        );
    }

    async function fetchMore() {
        if (loading || ended) return;
        const up = !complete && scroller.scrollTop < NEAR;
        const on = !tail && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
        if (!up && !on) return;
        loading = true;
        showTop();
        const now = generation;
        try {
            const page = up ? await older(pieces[0]?.messages[0]) : await newer();
            if (now !== generation || ended) return;
            change(() => {
                loading = false;
                up ? prepend(page) : extend(page);
                showTop();
            });
            requestAnimationFrame(fetchMore);
        } catch (error) {
            if (now !== generation || ended) return;
            failed(error);
            fill(
                top,
                h(
                    "button",
                    { class: "button history-again", type: "button", onclick: fetchMore },
                    icon("retry"),
                    t("chat.loadAgain"),
                ),
            );
        } finally {
            if (now === generation) loading = false;
        }
    }

    /** @param {Page} page */
    function prepend({ messages, complete: all }) {
        const unknown = messages.filter((message) => !pieceOf.has(message.ID));
        const first = pieces[0]?.messages[0];
        complete = all;
        if (!unknown.length) return;
        const made = [];
        for (let end = unknown.length; end > 0; end -= PIECE)
            made.unshift(newPiece(unknown.slice(Math.max(0, end - PIECE), end)));
        pieces = [...made, ...pieces];
        body.prepend(...made.map((piece) => piece.element));
        if (!observed || made.length === 1) made.forEach(draw);
        else draw(made[made.length - 1]);
        rejoin(first);
    }

    /** @param {Page} page */
    function extend({ messages, complete: all }) {
        tail = all;
        for (const message of messages) insert(message);
    }

    /* Changing */

    /** Puts a message where it belongs, which is nearly always at the end. @param {Message} message */
    function insert(message) {
        if (pieceOf.has(message.ID)) return;
        const mine = position(message);
        let index = pieces.length - 1;
        let at = index < 0 ? 0 : pieces[index].messages.length;
        while (index >= 0) {
            while (at > 0 && position(pieces[index].messages[at - 1]) > mine) at--;
            if (at > 0 || index === 0) break;
            index--;
            at = pieces[index].messages.length;
        }
        let piece = pieces[index];
        if (!piece || (index === pieces.length - 1 && at === piece.messages.length && at >= PIECE)) {
            piece = newPiece([]);
            piece.drawn = true;
            piece.element.style.height = "";
            pieces.push(piece);
            body.append(piece.element);
            at = 0;
        }
        piece.messages.splice(at, 0, message);
        pieceOf.set(message.ID, piece);
        if (piece.drawn) piece.element.insertBefore(box(piece, at), piece.element.children[at] || null);
        rejoin(before(piece, at));
        rejoin(after(piece, at));
    }

    /** @param {string} id */
    function take(id) {
        const piece = pieceOf.get(id);
        if (!piece) return;
        const at = piece.messages.findIndex((one) => one.ID === id);
        const neighbours = [before(piece, at), after(piece, at)];
        piece.messages.splice(at, 1);
        pieceOf.delete(id);
        boxes.get(id)?.remove();
        boxes.delete(id);
        if (!piece.messages.length) {
            pieces = pieces.filter((one) => one !== piece);
            observer?.unobserve(piece.element);
            piece.element.remove();
        }
        neighbours.forEach(rejoin);
    }

    function clear() {
        generation++;
        loading = false;
        for (const piece of pieces) {
            observer?.unobserve(piece.element);
            piece.element.remove();
        }
        pieces = [];
        pieceOf = new Map();
        boxes.clear();
        anchor = undefined;
    }

    /** @param {string} id @returns {HTMLElement | undefined} */
    function drawnBox(id) {
        const piece = pieceOf.get(id);
        if (piece) draw(piece);
        return boxes.get(id);
    }

    /** Scrolls to a message and shows which it is. @param {string} id @param {boolean} [focus] */
    function show(id, focus) {
        const found = drawnBox(id);
        if (!found) return false;
        stuck = false;
        found.scrollIntoView({ block: "center" });
        scrolled();
        found.classList.remove("history-shown");
        void found.offsetWidth; // the same one again: its animation begins anew
        found.classList.add("history-shown");
        if (focus)
            /** @type {HTMLElement | null} */ (found.querySelector("[data-id]"))?.focus({ preventScroll: true });
        return true;
    }

    /** @param {boolean} [focus] */
    async function toEnd(focus) {
        if (!tail) await open();
        stuck = true;
        restore();
        scrolled();
        if (focus) rowOf(lastMessage()?.ID)?.focus({ preventScroll: true });
    }

    /** @param {string | undefined} id */
    const rowOf = (id) =>
        /** @type {HTMLElement | null | undefined} */ (
            id === undefined ? null : drawnBox(id)?.querySelector("[data-id]")
        );
    const lastMessage = () => pieces.at(-1)?.messages.at(-1);

    /**
     * The newest page. @param {{unread?: () => Promise<number>, counts?: (message: Message) => boolean}} [options] the last `unread`
     * messages that count are new: a line stands before the first of them
     */
    async function open({ unread: asked = async () => 0, counts = () => true } = {}) {
        clear();
        complete = false;
        tail = true;
        stuck = true;
        fresh = 0;
        loading = true;
        showTop();
        const now = generation;
        try {
            let [page, unread] = await Promise.all([older(undefined), asked()]);
            let messages = page.messages;
            const enough = () => messages.filter(counts).length >= unread;
            while (now === generation && !page.complete && !enough() && messages.length < 100 && page.messages.length) {
                page = await older(messages[0]);
                messages = [...page.messages, ...messages];
            }
            if (now !== generation || ended) return;
            const incoming = messages.filter(counts);
            dividerID = unread > 0 && incoming.length >= unread ? incoming[incoming.length - unread].ID : undefined;
            loading = false;
            const known = new Set(messages.map((one) => one.ID));
            prepend({ messages, complete: page.complete });
            waiting()
                .filter((one) => !known.has(one.ID))
                .forEach(insert);
            pieces.forEach(draw);
            showTop();
            restore();
            if (dividerID) toDivider();
            scrolled();
        } catch (error) {
            if (now === generation && !ended) {
                loading = false;
                failed(error);
                fill(
                    top,
                    h(
                        "button",
                        {
                            class: "button history-again",
                            type: "button",
                            onclick: () => open({ unread: asked, counts }),
                        },
                        icon("retry"),
                        t("chat.loadAgain"),
                    ),
                );
            }
        }
    }

    /** The line over what is new comes into the upper part of the window, unless all of it fits. */
    function toDivider() {
        const line = dividerID && drawnBox(dividerID);
        if (!line || line.getBoundingClientRect().top > scroller.getBoundingClientRect().top) return;
        stuck = false;
        line.scrollIntoView({ block: "start" });
        scroller.scrollTop -= 40;
        fresh = 0;
        let below = false;
        for (const piece of pieces)
            for (const message of piece.messages) {
                below ||= message.ID === dividerID;
                if (below && message.flow === "in") fresh++;
            }
    }

    /** To a message that may be far away. @param {string} id @param {number} sequence @param {number} time */
    async function jump(id, sequence, time) {
        if (show(id, true)) return true;
        const now = ++generation;
        loading = true;
        const found = await around(sequence, time).finally(() => now === generation && (loading = false));
        if (now !== generation || ended || !found.messages.some((one) => one.ID === id)) return false;
        clear();
        complete = !found.older;
        tail = !found.newer;
        stuck = false;
        prepend({ messages: found.messages, complete });
        pieces.forEach(draw);
        showTop();
        showDown();
        return show(id, true);
    }

    /* From outside */

    scroller.addEventListener("scroll", scrolled, { passive: true });
    const sizes = new ResizeObserver(resized);
    sizes.observe(list);
    sizes.observe(scroller);
    showDown();

    return {
        element,
        scroller,
        open,
        jump,
        toEnd,
        redraw: (/** @type {string} */ id) => change(() => redraw(id)),
        /** Every row anew: a name has changed, the language, or whether messages are being chosen. */
        redrawAll: () => change(() => [...boxes.keys()].forEach(redraw)),
        /** Some have come. @param {Message[]} messages */
        add(messages) {
            const own = messages.some((one) => one.flow === "out" && one.status === "unSend");
            if (!tail) {
                fresh += messages.filter((one) => one.flow === "in" && !stands(one)).length;
                showDown();
                if (own) toEnd();
                return;
            }
            if (own) stuck = true;
            change(() => messages.forEach(insert));
            if (stuck) atEnd();
            else {
                fresh += messages.filter((one) => one.flow === "in" && !stands(one)).length;
                showDown();
            }
        },
        /** One that was waiting has its place now, or another ID. @param {string} id @param {Message} message */
        settle(id, message) {
            const piece = pieceOf.get(id);
            if (!piece) return;
            change(() => {
                const at = piece.messages.findIndex((one) => one.ID === id);
                const next = after(piece, at);
                const previous = before(piece, at);
                const mine = position(message);
                if (
                    id === message.ID &&
                    (!next || position(next) >= mine) &&
                    (!previous || position(previous) <= mine)
                ) {
                    piece.messages[at] = message;
                    redraw(id);
                } else {
                    take(id);
                    insert(message);
                }
            });
        },
        remove: (/** @type {string[]} */ ids) => change(() => ids.forEach(take)),
        clear() {
            clear();
            complete = true;
            showTop();
        },
        has: (/** @type {string} */ id) => pieceOf.has(id),
        /** @param {string} id @returns {Message | undefined} */
        get: (id) => pieceOf.get(id)?.messages.find((one) => one.ID === id),
        rowOf,
        /** Only where it is drawn. @param {string} id @returns {Element | null | undefined} */
        drawnRow: (id) => boxes.get(id)?.querySelector("[data-id]"),
        lastMessage,
        /** The nearest message up (-1) or down (1) from here that is there. @param {string} id @param {number} step @returns {Message | undefined} */
        neighbour(id, step) {
            const piece = pieceOf.get(id);
            if (!piece) return undefined;
            const at = piece.messages.findIndex((one) => one.ID === id);
            return step < 0 ? before(piece, at) : after(piece, at);
        },
        /** What is drawn, as message IDs. */
        drawn: () => [...boxes.keys()],
        /** All that is loaded. @returns {Message[]} */
        all: () => pieces.flatMap((piece) => piece.messages),
        isAtEnd: () => stuck && tail,
        endDivider() {
            const old = dividerID;
            dividerID = undefined;
            if (old) change(() => redraw(old));
        },
        end() {
            ended = true;
            observer?.disconnect();
            sizes.disconnect();
        },
    };
}
