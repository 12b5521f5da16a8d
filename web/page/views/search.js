// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Searching in names.

/** Without accents, in small letters, full-width signs as narrow ones. @param {string} text */
export const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** How well a folded name answers: 0 not at all, then within it, at the beginning of a word, at its beginning, the same. @param {string} name @param {string} query */
export function score(name, query) {
    const at = name.indexOf(query);
    if (at < 0) return 0;
    if (at === 0) return name.length === query.length ? 4 : 3;
    return /[\s._@-]/.test(name[at - 1]) || name.includes(` ${query}`) ? 2 : 1;
}

/**
 * The items that answer, the best first; those that answer equally well stay in their order. Every word has to be somewhere.
 * @template T
 * @param {T[]} items @param {string} query @param {(item: T) => string[]} names folded already
 * @returns {T[]}
 */
export function searchNames(items, query, names) {
    const words = folded(query).split(/\s+/).filter(Boolean);
    if (!words.length) return items;
    const whole = words.join(" ");
    /** @type {{item: T, points: number, index: number}[]} */
    const found = [];
    items.forEach((item, index) => {
        const all = names(item);
        const points = Math.max(...all.map((name) => score(name, whole)));
        if (points) found.push({ item, points: points + 1, index });
        else if (words.length > 1 && words.every((word) => all.some((name) => name.includes(word))))
            found.push({ item, points: 1, index });
    });
    return found.sort((one, other) => other.points - one.points || one.index - other.index).map(({ item }) => item);
}
