// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What the page offers in a group is what docs/rules.md and tests/broker/matrix.txt allow, cell by cell.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { may, mayName, RIGHTS, silencedBy } from "../../../web/page/views/rights.js";

const read = (/** @type {string} */ path) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const TYPES = ["Private", "Public", "ChatRoom", "AVChatRoom"];

// The first words of a row of docs/rules.md, and what they are called in the page. A row that is missing here fails.
const ROWS = {
  "`members` in `createGroup`": ["createGroup:members"],
  "sending": ["publish"],
  "`\"at\":\"@all\"`": ["publish:@all"],
  "recalling another's message": ["recallMessage:other"],
  "editing another's message": ["editMessage:other"],
};
const NOT_OFFERED = ["subscribing by name"];
const COMMANDS = Object.keys(RIGHTS).filter((name) => !Object.values(ROWS).flat().includes(name));

function actionsOf(/** @type {string} */ row) {
  const known = Object.entries(ROWS).find(([words]) => row.startsWith(words));
  if (known) return known[1];
  const named = [...row.split(":")[0].matchAll(/`(\w+)`/g)].map((found) => found[1]);
  const fields = row.startsWith("`setGroupInfo`:") ? [...row.split(":")[1].matchAll(/`(\w+)`/g)].map((f) => f[1]) : [];
  return fields.length ? fields.map((field) => `setGroupInfo:${field}`) : named;
}

/** The least role, as RIGHTS has it, from a cell in words. */
function leastIn(/** @type {string} */ cell) {
  if (cell.startsWith("**!**") || cell.startsWith("app admin") || cell.includes("there are none")) return "nobody";
  if (cell.startsWith("who has joined")) return "member";
  if (cell.startsWith("who creates it") || cell.startsWith("anyone")) return "anyone";
  return cell.split(/[\s,:;]/)[0];
}

test("each row of the table in docs/rules.md is a row of the page's, with the same cells", () => {
  const lines = read("docs/rules.md").split("## Rights in a group")[1].split("\n## ")[0].split("\n");
  const rows = lines.filter((line) => line.startsWith("| ") && !/^\| (---|action)/.test(line));
  const seen = [];
  for (const line of rows) {
    const [row, ...cells] = line.split("|").slice(1, -1).map((cell) => cell.trim());
    if (NOT_OFFERED.some((words) => row.startsWith(words))) continue;
    const actions = actionsOf(row);
    assert.ok(actions.length, `no action in: ${line}`);
    for (const action of actions) {
      assert.deepEqual(RIGHTS[action], cells.map(leastIn), `${action}: ${line}`);
      seen.push(action);
    }
  }
  assert.deepEqual(seen.sort(), Object.keys(RIGHTS).sort());
});

// ---- the matrix

const YES = ["0", "done", "joined", "pending", "waits", "10030"]; // 10030: the right is there, the message is not
const ROLES = /** @type {Record<string, string>} */ ({ none: "", member: "Member", admin: "Admin", owner: "Owner" });

/** Allowed, and still not offered: it would do nothing. */
function isIdle(/** @type {any} */ cell) {
  const { type, caller, command, target, of } = cell;
  const noneWait = command === "getGroupApplications" && ["Private", "AVChatRoom"].includes(type);
  return noneWait || (command === "setGroupMemberRole" && target === of);
}

function offered(/** @type {any} */ cell) {
  const { type, caller, command, of, target } = cell;
  const group = { type, role: ROLES[caller], joinOption: of, inviteOption: of, muteAllMembers: of === "allMuted" };
  const isSelf = target === "self" || (target === "owner" && caller === "owner");
  const whom = target === "-" ? undefined : { role: isSelf ? group.role : ROLES[target], isSelf };
  if (command === "setGroupMemberInfo") return whom !== undefined && mayName(group, whom);
  if (command === "setGroupMemberRole" && of === target) return false;
  if (command === "publish" && of !== "@all") {
    return may(group, "publish") && !silencedBy(group, of === "muted" ? 100 : 0, 10);
  }
  if (command === "createGroup") return may(group, "createGroup:members");
  if (command === "handleGroupApplication" || command.startsWith("get")) return may(group, command);
  return may(group, RIGHTS[`${command}:${of}`] ? `${command}:${of}` : command, whom);
}

const cells = read("tests/broker/matrix.txt").split("\n")
  .filter((line) => line && !line.startsWith("#"))
  .map((line) => {
    const [type, caller, command, of, target, expected] = line.trim().split(/\s+/);
    return { type, caller, command, of, target, expected, line };
  })
  .filter((cell) => cell.caller !== "app");

test("whatever is offered the server does, and whatever it would do is offered: every line of the matrix", () => {
  assert.ok(cells.length > 700, `only ${cells.length} lines`);
  for (const cell of cells) {
    const is = offered(cell);
    const should = YES.includes(cell.expected) && !isIdle(cell);
    assert.equal(is, should, cell.line);
  }
});

test("every command of the table is in the matrix", () => {
  const inMatrix = new Set(cells.map((cell) => cell.command));
  for (const name of COMMANDS) assert.ok(inMatrix.has(name.split(":")[0]), name);
});

test("the newer names of the types mean the same", () => {
  for (const action of Object.keys(RIGHTS)) {
    for (const role of Object.values(ROLES)) {
      assert.equal(may({ type: "Work", role }, action), may({ type: "Private", role }, action));
      assert.equal(may({ type: "Meeting", role }, action), may({ type: "ChatRoom", role }, action));
    }
  }
  assert.ok(TYPES.every((type) => !may({ type, role: "Owner" }, "noSuchAction")));
  assert.ok(!may({ type: "Community", role: "Owner" }, "dismissGroup"));
});
