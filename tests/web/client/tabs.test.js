// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Tabs of one browser: each has a client id of its own, and the same one after a reload. Tabs are made here of what Node
// has; locks as browsers have them are simple enough to be written down.
import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { makeCore } from "../../../web/client/src/core.js";
import { device } from "../../../web/client/src/device.js";
import { makeStorage } from "./broker.js";

const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
let storage = makeStorage();
let tabs = [];
/** Timers of AbortSignal do not keep Node running. */
const stay = setInterval(() => {}, 1000);
after(() => clearInterval(stay));

/** What navigator.locks does, of what is used. */
function makeLocks() {
    const held = new Map();
    return {
        async request(name, { ifAvailable, signal }, use) {
            if (held.has(name) && ifAvailable) return use(null);
            while (held.has(name)) {
                await Promise.race([
                    held.get(name),
                    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
                ]);
            }
            const used = use({ name });
            held.set(name, used);
            await used;
            held.delete(name);
            return undefined;
        },
    };
}

function browser(locks) {
    storage = makeStorage();
    Object.defineProperty(globalThis, "navigator", { value: { locks }, configurable: true });
}

/** One tab; `kept` is its sessionStorage. */
function open(kept = new Map()) {
    const sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
    globalThis.window = { sessionStorage };
    const core = makeCore({ SDKAppID: 1, storage }, () => {});
    const tab = { kept, device: device(core), core };
    tabs.push(tab);
    return tab;
}

function close(tab) {
    tabs = tabs.filter((each) => each !== tab);
    tab.device.give();
    tab.core.release();
}

afterEach(() => {
    for (const tab of [...tabs]) close(tab);
    delete globalThis.window;
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else delete globalThis.navigator;
});

for (const locks of [makeLocks(), undefined]) {
    test(`tabs ${locks ? "with" : "without"} locks`, async () => {
        browser(locks);
        const first = open();
        const id = await first.device.take("alice");
        assert.match(id, /^alice:web:[0-9a-f]{16}$/);
        const second = open();
        assert.equal(await second.device.take("alice"), `${id}.1`);
        const third = open();
        assert.equal(await third.device.take("alice"), `${id}.2`);

        // A reload is the same one, while others are there and after one has gone.
        close(first);
        close(second);
        assert.equal(await open(second.kept).device.take("alice"), `${id}.1`);
        // A new tab takes the place that is free.
        assert.equal(await open().device.take("alice"), id);
        // A copy of a tab has the copy of what that kept.
        assert.equal(await open(new Map(third.kept)).device.take("alice"), `${id}.3`);
        // Another user of this browser is another device.
        assert.equal(await open().device.take("bob"), id.replace("alice", "bob"));
    });

    test(`a reload ${locks ? "with" : "without"} locks waits for the page that goes`, async () => {
        browser(locks);
        const first = open();
        const id = await first.device.take("alice");
        const again = open(first.kept).device.take("alice");
        setTimeout(() => close(first), 20);
        if (locks) assert.equal(await again, id);
        else assert.equal(await again, `${id}.1`); // the other one was still there, and said so
    });
}

test("after an end a tab without locks looks whether another one has its id now", async () => {
    browser(undefined);
    const first = open();
    const id = await first.device.take("alice");
    assert.equal(await first.device.again("alice", id, false), id);
    // Two that came at the same moment have not heard of each other.
    const [second, third] = [open(), open()];
    const ids = await Promise.all([second.device.take("alice"), third.device.take("alice")]);
    assert.deepEqual(ids, [`${id}.1`, `${id}.1`]);
    assert.equal(await third.device.again("alice", `${id}.1`, false), `${id}.2`);
    assert.equal(await second.device.again("alice", `${id}.1`, false), `${id}.1`);
});
