// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// English and Chinese say the same things, and every word that the page asks for is there.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";
import en from "../../../web/page/words/en.js";
import zh from "../../../web/page/words/zh.js";

const page = new URL("../../../web/page/", import.meta.url);
const sources = ["./", "./views/"]
    .flatMap((folder) => readdirSync(new URL(folder, page)).map((name) => folder + name))
    .filter((name) => name.endsWith(".js"))
    .map((name) => /** @type {[string, string]} */ ([name, readFileSync(new URL(name, page), "utf8").replace(/^\s*\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "")]));

/** The names in braces, of all its forms. @param {any} word */
const names = (word) => [...new Set(JSON.stringify(word).match(/\{\w+\}/g))].sort();

test("both languages have the same words in the same order", () => {
    assert.deepEqual(Object.keys(zh), Object.keys(en));
});

test("a word has the same names in it in both", () => {
    for (const [key, word] of Object.entries(en)) assert.deepEqual(names(/** @type {any} */ (zh)[key]), names(word), key);
});

test("no word is empty, and one that depends on a number has its other form", () => {
    for (const words of [en, zh])
        for (const [key, word] of Object.entries(words)) assert.ok(typeof word === "string" ? word : word.other, key);
});

test("Chinese words are Chinese", () => {
    const same = ["title.unread", "signin.userSig"];
    for (const [key, word] of Object.entries(zh))
        assert.ok(same.includes(key) || key.startsWith("platform.") || /\p{Script=Han}|^\W/u.test(JSON.stringify(word).slice(1, -1)), key);
});

test("what the page asks for is there, and what is there is asked for", () => {
    const asked = new Set();
    const begun = new Set();
    for (const [name, text] of sources)
        for (const [, key] of text.matchAll(/["'`]([a-z][A-Za-z]*(?:\.[A-Za-z0-9_$]+)?)(?=["'`.{])/g)) {
            if (key.includes("$")) begun.add(key.slice(0, key.indexOf("$")));
            else asked.add(key);
        }
    for (const [name, text] of sources)
        for (const [, key] of text.matchAll(/\bt\(\s*"([^"]+)"/g)) assert.ok(key in en, `${name} asks for ${key}`);
    const unused = Object.keys(en).filter((key) => !asked.has(key) && ![...begun].some((start) => key.startsWith(start)));
    assert.deepEqual(unused, []);
});
