// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The client beside the declarations of Tencent's web SDK: every method, by name and by type, and every constant.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { ChatClient } from "../../../web/client/index.js";
import { CHECKOUT } from "./broker.js";

const here = createRequire(import.meta.url);
const DECLARATIONS = here.resolve("@tencentcloud/chat/index.d.ts");
const declared = readFileSync(DECLARATIONS, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
const TSC = createRequire(join(CHECKOUT, "web/package.json")).resolve("typescript/bin/tsc");

/** What stands between the braces behind this. */
function body(head) {
    const begin = declared.indexOf(head);
    assert.ok(begin >= 0, head);
    return declared.slice(begin, declared.indexOf("\n}", begin));
}

const methods = [...new Set([...body("export declare class ChatSDK").matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name))];
const chat = ChatClient.create({ SDKAppID: 1, url: "ws://127.0.0.1:1" });

test("every method of Tencent's is there", () => {
    assert.ok(methods.length > 130, `${methods.length}`);
    assert.deepEqual(methods.filter((name) => typeof chat[name] !== "function"), []);
});

test("every constant of Tencent's that the server has anything to do with has its value", () => {
    // What belongs to friends, topics, rooms, fields of filters, and settings for all messages.
    const without = /^(SNS_|TOPIC_|MY_|MUTUAL_|FRIEND_|FORBID|GENDER|ALLOW|ROOM|ALL_RECEIVE|NOT_RECEIVE|FOLLOW|.*COMMUNITY|.*CUSTOM|GRP_PROFILE_|CONV_MARK_|IOS_OFFLINE_PUSH)/;
    const wrong = [];
    for (const kind of ["EVENT", "TYPES"]) {
        const begin = declared.indexOf(`enum ${kind} {`);
        const block = declared.slice(begin, declared.indexOf("\n  }", begin));
        const rows = [...block.matchAll(/^\s+(\w+) = (.+?),?$/gm)];
        assert.ok(rows.length > 25, kind);
        for (const [, name, text] of rows) {
            const value = text.startsWith("'") ? text.slice(1, -1) : Number(text);
            if (ChatClient[kind][name] !== value && !without.test(name)) wrong.push([kind, name, value, ChatClient[kind][name]]);
        }
    }
    assert.deepEqual(wrong, []);
});

test("what is missing is rejected with a code and a word, whoever is logged in", async () => {
    const missing = readFileSync(join(CHECKOUT, "web/client/index.d.ts"), "utf8").matchAll(/^ {4}(\w+): Absent;$/gm);
    const names = [...missing].map(([, name]) => name);
    assert.ok(names.length > 60, `${names.length}`);
    for (const name of names) {
        await assert.rejects(chat[name]({}), (error) => {
            assert.equal(error.code, 2998);
            assert.match(error.message, new RegExp(`^${name}: this server has no `));
            return true;
        });
    }
    for (const name of ["inviteSync", "inviteInGroupSync"]) {
        const failed = await new Promise((resolve) => chat[name]({}, undefined, resolve));
        assert.equal(failed.code, 2998);
    }
    // And what is declared to be there does not say so.
    const there = methods.filter((name) => !names.includes(name) && /^(get|set|delete|create|send)/.test(name));
    for (const name of there) {
        try {
            await chat[name]({ payload: {}, groupID: "g1" });
        } catch (error) {
            assert.notEqual(error.code, 2998, name);
        }
    }
});

test("every method is declared, and explained in docs/client.md", () => {
    const types = readFileSync(join(CHECKOUT, "web/client/index.d.ts"), "utf8");
    const words = readFileSync(join(CHECKOUT, "docs/client.md"), "utf8");
    const absent = new Set([...types.matchAll(/^ {4}(\w+): Absent;$/gm)].map(([, name]) => name));
    const there = Object.keys(chat).filter((name) => !absent.has(name));
    assert.ok(there.length > 80, `${there.length}`);
    assert.deepEqual(there.filter((name) => !new RegExp(`^ {4}${name}[(<]`, "m").test(types)), []);
    // Those that do nothing are named together.
    const together = /^(use|inviteSync|inviteInGroupSync|removeSignalingListener)$/;
    assert.deepEqual(there.filter((name) => !together.test(name) && !new RegExp(`\\b${name}\\b`).test(words)), []);
});

test("what Tencent's tools ask behind the documented methods is answered truthfully", async () => {
    const enabled = async (bit) => (await chat.callExperimentalAPI("isCommercialAbilityEnabled", 2 ** bit)).data.enabled;
    // Receipts and who is online; not the emoji plugin, customer service, translation, speech to text.
    const bits = [5, 7, 48, 40, 38, 39, 37];
    assert.deepEqual(await Promise.all(bits.map(enabled)), [true, true, false, false, false, false, false]);
    assert.equal(chat.callExperimentalAPI("canIUseModule", ["group-module"]), true);
    assert.equal(chat.callExperimentalAPI("canIUseModule", ["relationship-module"]), false);
    assert.equal((await chat.callExperimentalAPI("statTUIKeyFeatures", { code: 1 })).code, 0);
    await assert.rejects(chat.callExperimentalAPI("other", {}), { code: 2998 });
    assert.equal(chat.registerPlugin({ "tim-upload-plugin": class {} }), undefined);
    assert.equal(chat.getSignalingInfo({}), null);
    assert.deepEqual((await chat.getFriendList()).data, []);
});

test("a program that is typed for Tencent's SDK is typed for this one", () => {
    const folder = mkdtempSync(join(CHECKOUT, "tests/web/client/types-"));
    try {
        // Tencent's constants are an enumeration, ours are texts and numbers: those of either stand for the other's.
        const calls = methods.map((name) => {
            const call = `(...values: Given<Parameters<ChatSDK["${name}"]>>): Given<ReturnType<ChatSDK["${name}"]>> =>`;
            return `export const ${name}_ = ${call} chat.${name}(...values);`;
        });
        writeFileSync(
            join(folder, "program.ts"),
            [
                `import type { ChatSDK } from "@tencentcloud/chat";`,
                `import TencentCloudChat from "@tencentcloud/chat";`,
                `import { ChatClient } from "../../../../web/client/index.js";`,
                `type Given<T> = [TencentCloudChat.TYPES] extends [T] ? any`,
                `    : T extends Promise<void> ? Promise<unknown>`,
                `    : T extends Function | Promise<any> ? T`,
                `    : T extends object ? { [K in keyof T]: Given<T[K]> } : T;`,
                `const chat = ChatClient.create({ SDKAppID: 1, url: "" });`,
                `const options: Parameters<typeof TencentCloudChat.create>[0] = { SDKAppID: 1 };`,
                `ChatClient.create({ ...options, url: "" });`,
                ...calls,
                "",
            ].join("\n"),
        );
        const flags = "--noEmit --strict --skipLibCheck --target ES2022 --module ESNext --moduleResolution bundler".split(" ");
        const { status, stdout } = spawnSync(process.execPath, [TSC, ...flags, join(folder, "program.ts")], { encoding: "utf8" });
        assert.equal(stdout, "");
        assert.equal(status, 0);
    } finally {
        rmSync(folder, { recursive: true });
    }
});
