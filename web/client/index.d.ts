// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The public types of mosquitto-chat. docs/client.md has the words to them.

export interface Options {
    /** The sdkappid of the server. */
    SDKAppID: number;
    /** Where the broker is: ws://, wss://, and in Node mqtt:// or mqtts://. */
    url: string;
    /** Where chatgate is (https://chat.example.com): files go over HTTP then. */
    httpUrl?: string;
    /** Gives a userSig: when login() is given none, before the old one expires, and when a reconnect finds it expired. */
    getUserSig?: (userID: string) => string | Promise<string>;
    /** The client id; else `userID:web:` and an id that is kept in storage, another one for each tab. */
    clientID?: string;
    /** In the place of localStorage; may be asynchronous. */
    storage?: {
        get(key: string): string | null | undefined | Promise<string | null | undefined>;
        set(key: string, value: string): unknown;
        remove(key: string): unknown;
    };
    /** More options for MQTT.js, such as `ca` in Node. */
    mqtt?: Record<string, unknown>;
}

export interface Answer<T = Record<string, never>> {
    code: 0;
    data: T;
}

/** What promises are rejected with. */
export class ChatError extends Error {
    constructor(code: number, message: string);
    code: number;
}

export interface LoginAnswer {
    actionStatus: "OK";
    errorCode: 0;
    errorInfo: string;
    repeatLogin?: boolean;
}

export interface Kicked {
    type: "multipleAccount" | "multipleDevice" | "userSigExpired" | "REST_API_Kick";
    /** What the server says: otherDevice, kickDevice, admin, deleted, banned. */
    reason?: string;
    /** Of the device that came or sent this one away. */
    platform?: string;
    clientID?: string;
}

export interface Device {
    clientID: string;
    /** web, ios, ipad, android, windows, mac, linux, mini, iot, other. */
    platform: string;
    online: boolean;
    /** In milliseconds; now for one that is online. */
    lastUsed: number;
    /** The one that asks. */
    isThis: boolean;
}

/** What the handlers of an event get as `data`. */
export interface Events {
    sdkStateReady: undefined;
    sdkStateNotReady: undefined;
    sdkDestroy: undefined;
    kickedOut: Kicked;
    netStateChange: { state: "connected" | "connecting" | "disconnected" };
    error: { code: number; message: string };
}

export interface Chat {
    login(options: { userID: string; userSig?: string }): Promise<Answer<LoginAnswer>>;
    logout(): Promise<Answer>;
    destroy(): Promise<void>;
    isReady(): boolean;
    /** Empty when nobody is logged in. */
    getLoginUser(): string;
    /** In milliseconds. */
    getServerTime(): number;
    renewUserSig(userSig: string): Promise<Answer>;
    /** Where the user is logged in, the latest login first. No method of Tencent's. */
    getDevices(): Promise<Answer<{ devices: Device[] }>>;
    /** One of the devices of getDevices is logged out. No method of Tencent's. */
    kickDevice(clientID: string): Promise<Answer>;
    on<E extends keyof Events>(event: E, handler: (event: { name: E; data: Events[E] }) => void, context?: unknown): void;
    on(event: string, handler: (event: { name: string; data: any }) => void, context?: unknown): void;
    off(event: string, handler: (event: any) => void): void;
}

export { EVENT, TYPES } from "./src/constants.js";
import type { EVENT, TYPES } from "./src/constants.js";

export const ChatClient: {
    EVENT: typeof EVENT;
    TYPES: typeof TYPES;
    VERSION: string;
    create(options: Options): Chat;
};
export default ChatClient;
