// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Hooks of node:module: whoever imports Tencent's SDK gets this client, as with an alias of a bundler.
const CLIENT = new URL("../../../web/client/index.js", import.meta.url).href;

export function resolve(specifier, context, next) {
    return specifier === "@tencentcloud/chat" ? { url: CLIENT, shortCircuit: true } : next(specifier, context);
}
