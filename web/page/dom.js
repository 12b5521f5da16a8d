// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The page is made of these few functions. Text becomes text nodes and nothing else: there is no way in here for markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @typedef {Node | string | number | null | undefined | false | any[]} Child
 * @typedef {{[name: string]: any}} Props
 */

/**
 * An element: `h("button", {class: "plain", onclick: send, "aria-label": t("send")}, icon("send"))`.
 *
 * - `class`, `id`, `role`, `aria-..`, `data-..` and other attributes as in HTML; null, undefined and false leave them out
 * - `onclick` and other functions that begin with "on" are listeners
 * - `style` is an object, for custom properties (`{"--size": "40px"}`) and what has to be computed: the CSP allows no style attribute
 * - `value`, `checked`, `disabled` and other properties of the element are set as such
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props, ...children) {
    const element = document.createElement(tag);
    if (props) for (const name of Object.keys(props)) setProp(element, name, props[name]);
    append(element, children);
    return element;
}

const AS_PROPERTY = new Set([
    "value",
    "checked",
    "disabled",
    "hidden",
    "selected",
    "indeterminate",
    "muted",
    "inert",
    "open",
    "srcObject",
    "scrollTop",
    "htmlFor",
    "tabIndex",
    "readOnly",
    "multiple",
    "required",
]);

/** @param {HTMLElement} element @param {string} name @param {any} value */
function setProp(element, name, value) {
    if (name.startsWith("on") && typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (AS_PROPERTY.has(name))
        /** @type {any} */ (element)[name] = value;
    else if (name === "style") for (const key of Object.keys(value)) element.style.setProperty(key, value[key]);
    else if (value !== null && value !== undefined && value !== false)
        element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
    else if (value === false && name.startsWith("aria-")) element.setAttribute(name, "false");
}

/** Appends children, lists of them too; null, undefined and false are none. @param {Node} parent @param {Child} child */
export function append(parent, child) {
    if (Array.isArray(child)) for (const one of child) append(parent, one);
    else if (child instanceof Node) parent.appendChild(child);
    else if (child !== null && child !== undefined && child !== false)
        parent.appendChild(document.createTextNode(String(child)));
}

/** The children of an element are these from now on. @template {Element} E @param {E} element @param {...Child} children */
export function fill(element, ...children) {
    const fragment = document.createDocumentFragment();
    append(fragment, children);
    element.replaceChildren(fragment);
    return element;
}

/** An element of SVG. @param {string} tag @param {{[name: string]: string | number}} attributes @param {...Element} children */
export function svg(tag, attributes, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const name of Object.keys(attributes)) element.setAttribute(name, String(attributes[name]));
    element.append(...children);
    return element;
}

let ids = 0;
/** An id for `aria-labelledby` and `for`. @param {string} [prefix] */
export const newID = (prefix = "n") => `${prefix}${++ids}`;

/** Runs once a frame, however often it is called. @param {() => void} f */
export function oncePerFrame(f) {
    let asked = false;
    return () => {
        if (asked) return;
        asked = true;
        const run = () => {
            asked = false;
            f();
        };
        // A hidden page has no frames, but its title and badge go on.
        if (document.hidden) setTimeout(run, 100);
        else requestAnimationFrame(run);
    };
}
