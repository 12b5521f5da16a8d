// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What goes wrong in the client itself. Tencent's numbers where its web SDK has one; codes of the server are passed on as
// they are (docs/protocol.md, "Codes").

export const CODE = Object.freeze({
    /** MQTT's own: another connection has come with the same client id. */
    TAKEN_OVER: 0x8e,
    NO_USERID: 2002,
    NO_USERSIG: 2003,
    NOT_LOGGED_IN: 2024,
    OTHER_USER: 2025,
    SEND_FAIL: 2100,
    NOT_A_MESSAGE: 2105,
    CONVERSATION_TYPE: 2106,
    NETWORK: 2800,
    TIMEOUT: 2801,
    INVALID: 2905,
    /** The application does not want it any more. */
    CANCELLED: 2997,
    ABSENT: 2998,
    NOT_READY: 2999,
    BUSY: 10002,
    FIELD: 10004,
    TOO_MANY: 10005,
    NOT_ALLOWED: 10007,
    NO_GROUP: 10010,
    TOO_FAST: 10023,
    NO_USER: 20003,
    OTHER_DEVICE: 6208,
    USERID_SHAPE: 7003,
    CLIENT_ID: 7004,
    SIG_EXPIRED: 70001,
    NO_SIG: 70002,
    NOT_A_SIG: 70003,
    OTHER_KEY: 70009,
    SIG_OF_OTHER_USER: 70013,
    SIG_OF_OTHER_APP: 70014,
    BANNED: 70051,
    SIG_ENDED: 70052,
    REFUSED: 70000,
    TOO_LONG: 93000,
});

/** What a promise of the client is rejected with. */
export class ChatError extends Error {
    /**
     * @param {number} code
     * @param {string} message
     */
    constructor(code, message) {
        super(message);
        this.name = "ChatError";
        this.code = code;
    }
}
