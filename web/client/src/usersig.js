// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What a userSig says of itself, so that one that cannot be good is seen before it is sent, and a new one is asked for in
// time. Whether it is signed with the right key only the server can tell.
import { ChatError, CODE } from "./errors.js";

/**
 * @param {string} userSig
 * @returns {Promise<Record<string, any> | undefined>} undefined: it is not a userSig
 */
async function unpack(userSig) {
    try {
        /** @type {Record<string, string>} */
        const letters = { "*": "+", "-": "/", _: "=" };
        const packed = atob(userSig.replace(/[*\-_]/g, (letter) => letters[letter]));
        const bytes = Uint8Array.from(packed, (letter) => letter.charCodeAt(0));
        const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
        const fields = JSON.parse(await new Response(stream).text());
        return fields["TLS.identifier"] === undefined ? undefined : fields;
    } catch {
        return undefined;
    }
}

/**
 * Until when a userSig is good.
 * @param {string} userSig
 * @param {string} userID
 * @param {number} sdkAppID
 * @param {number} now the server's time, in milliseconds
 * @returns {Promise<number>} in milliseconds; Infinity where this place cannot unpack it (no DecompressionStream)
 * @throws {ChatError} the codes that a login would give
 */
export async function goodUntil(userSig, userID, sdkAppID, now) {
    if (typeof DecompressionStream === "undefined") return Infinity;
    const fields = await unpack(userSig);
    if (!fields) throw new ChatError(CODE.NOT_A_SIG, "this is not a userSig");
    if (fields["TLS.sdkappid"] !== sdkAppID) {
        throw new ChatError(CODE.SIG_OF_OTHER_APP, `the userSig was made for the sdkappid ${fields["TLS.sdkappid"]}`);
    }
    if (fields["TLS.identifier"] !== userID) {
        throw new ChatError(CODE.SIG_OF_OTHER_USER, `the userSig was made for ${fields["TLS.identifier"]}`);
    }
    const end = (fields["TLS.time"] + fields["TLS.expire"] + 1) * 1000;
    if (end <= now) throw new ChatError(CODE.SIG_EXPIRED, "the userSig has expired");
    return end;
}
