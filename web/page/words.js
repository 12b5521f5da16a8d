// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What the page says, in the reader's language. A word is a key of words/en.js and words/zh.js, which have the same keys (a test sees
// to that). {name} in it is replaced; where it depends on a number {n}, it is an object {one, other} instead of a text.

import en from "./words/en.js";
import zh from "./words/zh.js";

/** @typedef {string | {one?: string, other: string}} Word */
/** @type {{[language: string]: {[key: string]: Word}}} */
const LANGUAGES = { en, zh };
const KEPT = "chat.language";

let language = first();
let rules = new Intl.PluralRules(language);
document.documentElement.lang = language === "zh" ? "zh-CN" : language;

function first() {
    const asked =
        localStorage.getItem(KEPT) ||
        navigator.languages.map((name) => name.slice(0, 2)).find((name) => name in LANGUAGES);
    return asked && asked in LANGUAGES ? asked : "en";
}

/** The language in use: "en" or "zh". */
export const getLanguage = () => language;

/** The locale of dates and numbers. */
export const locale = () =>
    language === "zh" ? "zh-CN" : navigator.languages.find((name) => name.startsWith("en")) || "en-GB";

/** Whoever shows words draws them again afterwards (app.redraw). @param {string} name */
export function setLanguage(name) {
    language = name in LANGUAGES ? name : "en";
    rules = new Intl.PluralRules(language);
    localStorage.setItem(KEPT, language);
    document.documentElement.lang = language === "zh" ? "zh-CN" : language;
}

/** Is there such a word? @param {string} key */
export const hasWord = (key) => key in en;

/**
 * `t("list.unread", {n: 3})`
 * @param {string} key
 * @param {{[name: string]: string | number}} [values]
 * @returns {string}
 */
export function t(key, values) {
    const word = LANGUAGES[language][key] ?? LANGUAGES.en[key] ?? key;
    const text =
        typeof word === "string"
            ? word
            : (values && rules.select(Number(values.n)) === "one" && word.one) || word.other;
    return values ? text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all)) : text;
}
