// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Searching in names.
import assert from "node:assert/strict";
import test from "node:test";
import { folded, searchNames } from "../../../web/page/views/search.js";

const search = (/** @type {string[]} */ names, /** @type {string} */ query) => searchNames(names, query, (name) => [folded(name)]);

test("the same, the beginning, the beginning of a word, within a word: in this order", () => {
    const names = ["Susanna", "Hannover 96", "Mary Anna", "Anna", "Annabel", "Bob"];
    assert.deepEqual(search(names, "anna"), ["Anna", "Annabel", "Mary Anna", "Susanna"]);
    assert.deepEqual(search(names, "  "), names);
});

test("accents and capital letters do not matter, and neither does the order of words", () => {
    assert.deepEqual(search(["Zoë Müller", "Zoo"], "ZOE"), ["Zoë Müller"]);
    assert.deepEqual(search(["Zoë Müller", "Zoe Meyer"], "mul zoe"), ["Zoë Müller"]);
    assert.deepEqual(search(["王小明", "小明", "李雷"], "小明"), ["小明", "王小明"]);
    assert.deepEqual(search(["ｆｕｌｌ width"], "full"), ["ｆｕｌｌ width"]);
});

test("what looks like a pattern is a text", () => {
    assert.deepEqual(search(["a.c", "abc", "[x](y)"], "a.c"), ["a.c"]);
    assert.deepEqual(search(["a.c", "abc", "[x](y)"], "[x]("), ["[x](y)"]);
});

test("ten thousand names are searched between two keys", () => {
    const names = Array.from({ length: 10000 }, (_, n) => folded(`Person ${n} of ${n % 97}`));
    const started = performance.now();
    const found = searchNames(names, "9999", (name) => [name]);
    assert.deepEqual(found, ["person 9999 of 8"]);
    assert.ok(performance.now() - started < 100, "it takes more than 100 ms");
});
