// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What the page imports as ./mqtt.js is put beside it by scripts/web.
export { default } from "mqtt";
