// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A list of rows of one height, of which only those are made that can be seen: ten thousand are as quick as ten. One row can be reached
// by Tab, the others from there by the arrow keys.

import { h, oncePerFrame } from "./dom.js";

const BEYOND = 6; // rows above and below what is seen

/**
 * Screen readers go by the order in the document. What has the focus is not moved: it would lose it.
 * @param {Element} list
 * @param {Element[]} wanted
 */
function order(list, wanted) {
    if (wanted.every((element, index) => list.children[index] === element)) return;
    const pivot = wanted.findIndex((element) => element.contains(document.activeElement));
    if (pivot > 0) wanted[pivot].before(...wanted.slice(0, pivot));
    list.append(...wanted.slice(pivot + 1));
}

/**
 * @template T
 * @param {object} options
 * @param {number} options.rowHeight in pixels
 * @param {string} options.label for screen readers
 * @param {(item: T) => string} options.key
 * @param {(item: T) => string} options.stamp everything that the row shows: it is made anew when this is another
 * @param {(item: T) => HTMLElement} options.row a button or a link; its listeners stay those of the first one with this key
 * @param {string} [options.class]
 */
export function virtualList({ rowHeight, label, key, stamp, row, class: className = "" }) {
    /** @type {T[]} */
    let items = [];
    /** @type {Map<string, {li: HTMLLIElement, stamp: string}>} */
    let shown = new Map();
    /** The row that Tab goes to. @type {string | undefined} */
    let current;
    const list = h("ul", { "class": "virtual-rows", "aria-label": label });
    const element = h("div", { class: `virtual ${className}`, tabIndex: -1 }, list);

    const draw = () => {
        const height = element.clientHeight || innerHeight;
        let first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - BEYOND);
        const last = Math.min(items.length, Math.ceil((element.scrollTop + height) / rowHeight) + BEYOND);
        first = Math.min(first, last);
        const focused = document.activeElement?.closest("li")?.dataset.key;
        /** @type {typeof shown} */
        const next = new Map();
        const place = (/** @type {number} */ index) => {
            const item = items[index];
            const id = key(item);
            const now = stamp(item);
            let entry = shown.get(id);
            if (!entry) {
                entry = {
                    li: h(
                        "li",
                        { "class": "virtual-row", "data-key": id, "style": { height: `${rowHeight}px` } },
                        row(item),
                    ),
                    stamp: now,
                };
                list.append(entry.li);
            } else if (entry.stamp !== now) {
                // The control stays: it may have the focus, or be in the middle of a click.
                renew(/** @type {HTMLElement} */ (button(entry.li)), row(item));
                entry.stamp = now;
            }
            const { li } = entry;
            li.style.transform = `translateY(${index * rowHeight}px)`;
            li.setAttribute("aria-setsize", String(items.length));
            li.setAttribute("aria-posinset", String(index + 1));
            const control = button(li);
            if (control) control.tabIndex = id === current ? 0 : -1;
            shown.delete(id);
            next.set(id, entry);
        };
        const here = current === undefined ? -1 : items.findIndex((item) => key(item) === current);
        if (here < 0) current = items.length ? key(items[Math.min(first, items.length - 1)]) : undefined;
        // The one with the focus stays, wherever that has been scrolled to.
        const isKept = here >= 0 && focused === current;
        if (isKept && here < first) place(here);
        for (let index = first; index < last; index++) place(index);
        if (isKept && here >= last) place(here);
        for (const { li } of shown.values()) li.remove();
        shown = next;
        order(list, [...next.values()].map(({ li }) => li));
    };
    const drawSoon = oncePerFrame(draw);

    /** @param {HTMLElement} old @param {HTMLElement} fresh */
    const renew = (old, fresh) => {
        for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()])) {
            const value = fresh.getAttribute(name);
            if (value === null) old.removeAttribute(name);
            else if (value !== old.getAttribute(name)) old.setAttribute(name, value);
        }
        old.replaceChildren(...fresh.childNodes);
    };

    /** @param {HTMLElement} li */
    const button = (li) => /** @type {HTMLElement | null} */ (li.firstElementChild);

    /** @param {number} index @param {boolean} [focus] */
    function goTo(index, focus) {
        if (index < 0 || index >= items.length) return;
        const top = index * rowHeight;
        if (top < element.scrollTop) element.scrollTop = top;
        else if (top + rowHeight > element.scrollTop + element.clientHeight)
            element.scrollTop = top + rowHeight - element.clientHeight;
        if (focus) {
            current = key(items[index]);
            draw();
            const entry = shown.get(current);
            if (entry) button(entry.li)?.focus({ preventScroll: true });
        }
    }

    element.addEventListener("scroll", drawSoon, { passive: true });
    list.addEventListener("focusin", (event) => {
        const id = /** @type {Element} */ (event.target).closest("li")?.dataset.key;
        if (id !== undefined && id !== current) {
            current = id;
            drawSoon();
        }
    });
    list.addEventListener("keydown", (event) => {
        const page = Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1);
        const here = items.findIndex((item) => key(item) === current);
        const to = {
            ArrowDown: here + 1,
            ArrowUp: here - 1,
            PageDown: Math.min(here + page, items.length - 1),
            PageUp: Math.max(here - page, 0),
            Home: 0,
            End: items.length - 1,
        }[event.key];
        if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        goTo(to, true);
    });
    new ResizeObserver(drawSoon).observe(element);

    return {
        element,
        /** @param {T[]} next */
        setItems(next) {
            items = next;
            list.style.height = `${items.length * rowHeight}px`;
            // At once: whoever opens the page waits for this, and scrolling up after a search may not show a hole.
            draw();
        },
        draw: drawSoon,
        goTo,
        /** @param {Element} target */
        itemAt(target) {
            const id = /** @type {HTMLElement | null} */ (target.closest("li"))?.dataset.key;
            return id === undefined ? undefined : items.find((item) => key(item) === id);
        },
        focusFirst: () => goTo(0, true),
    };
}
