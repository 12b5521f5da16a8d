// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What stands where nothing is: why, and perhaps what to do about it.

import { h } from "./dom.js";
import { icon } from "./icons.js";

/**
 * @param {string} name of the icon
 * @param {string} title
 * @param {...any} more below it, as `h` takes them
 */
export const emptyPlace = (name, title, ...more) =>
    h("div", { class: "place" }, icon(name), h("p", { class: "place-title" }, title), ...more);

/** @param {string} text the smaller words below a title */
export const placeText = (text) => h("p", { class: "place-text" }, text);
