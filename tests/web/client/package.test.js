// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The package as it is published: types, size, and that a browser can load it without a bundler.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { EVENT, TYPES } from "../../../web/client/index.js";
import { CHECKOUT } from "./broker.js";

const WEB = join(CHECKOUT, "web");
const SOURCE = join(WEB, "client", "src");
/** As a page loads it. */
const MOST_BYTES = 32000;
const run = promisify(execFile);

test("tsc --checkJs --strict finds nothing", async () => {
    const tsc = createRequire(join(WEB, "package.json")).resolve("typescript/bin/tsc");
    const { stdout } = await run(process.execPath, [tsc, "-p", WEB]).catch((error) => error);
    assert.equal(stdout, "");
});

test(`the client without MQTT.js, minified and compressed, has less than ${MOST_BYTES} bytes`, async () => {
    const { build } = await import("esbuild");
    const { outputFiles } = await build({
        entryPoints: [join(WEB, "client", "index.js")],
        bundle: true,
        minify: true,
        format: "esm",
        external: ["mqtt"],
        write: false,
    });
    const [{ contents }] = outputFiles;
    const packed = gzipSync(contents, { level: 9 }).length;
    console.log(`minified ${contents.length} bytes, compressed ${packed}`);
    assert.ok(packed < MOST_BYTES, `${packed} bytes`);
});

test("index.d.ts stands alone, and has every constant", () => {
    const text = readFileSync(join(WEB, "client", "index.d.ts"), "utf8");
    // Who has TypeScript does not let it read JavaScript, as a rule: what is taken from there would be `any`.
    assert.doesNotMatch(text, /from "/);
    for (const [name, constants] of Object.entries({ EVENT, TYPES })) {
        const [, body] = text.match(new RegExp(`export const ${name}: Readonly<\\{(.*?)\\}>;`, "s"));
        const declared = [...body.matchAll(/(\w+): (.*);/g)].map(([, key, value]) => [key, JSON.parse(value)]);
        assert.deepEqual(declared, Object.entries(constants));
    }
});

test("no file of src imports anything but its neighbours", () => {
    for (const name of readdirSync(SOURCE)) {
        const text = readFileSync(join(SOURCE, name), "utf8");
        for (const [, from] of text.matchAll(/^(?:import|export) [^;"]*from "([^"]*)";$/gm)) assert.match(from, /^\.\/[a-z]+\.js$/, name);
    }
});
