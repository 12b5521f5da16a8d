// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A mosquitto with the built plugin, on free ports and in a folder of its own, for the Node tests of web/client.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { ChatClient } from "../../../web/client/index.js";

export const CHECKOUT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
export const SDKAPPID = 1400000000;
export const ADMIN = "admin";
const mqtt = createRequire(join(CHECKOUT, "web", "package.json"))("mqtt");
const KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e";
const PLUGIN = join(process.env.BUILD_DIR ?? join(CHECKOUT, "build"), "mosquitto_chat.so");
const MOSQUITTO = process.env.MOSQUITTO ?? ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].find(existsSync) ?? "mosquitto";
/** How long the broker may take to start. */
const PATIENCE = 20000;

/**
 * A userSig, as a login server makes it.
 * @param {{created?: number, expire?: number, sdkappid?: number, key?: string}} [how] times in seconds
 */
export function userSig(userID, how = {}) {
    const { created = Math.floor(Date.now() / 1000), expire = 86400, sdkappid = SDKAPPID, key = KEY } = how;
    const text = `TLS.identifier:${userID}\nTLS.sdkappid:${sdkappid}\nTLS.time:${created}\nTLS.expire:${expire}\n`;
    const fields = {
        "TLS.ver": "2.0",
        "TLS.identifier": userID,
        "TLS.sdkappid": sdkappid,
        "TLS.time": created,
        "TLS.expire": expire,
        "TLS.sig": createHmac("sha256", key).update(text).digest("base64"),
    };
    const letters = { "+": "*", "/": "-", "=": "_" };
    return deflateSync(JSON.stringify(fields))
        .toString("base64")
        .replace(/[+/=]/g, (letter) => letters[letter]);
}

/** A port that nobody listens on. */
export async function freePort() {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address();
    server.close();
    await once(server, "close");
    return port;
}

export const sleep = (milliseconds) => new Promise((wake) => setTimeout(wake, milliseconds));

/** Waits until `f` gives something true, and gives it. */
export async function until(f, what = "it", patience = 10000) {
    const end = Date.now() + patience;
    for (;;) {
        const value = await f();
        if (value) return value;
        if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
        await sleep(10);
    }
}

async function answers(port) {
    const socket = connect(port, "127.0.0.1");
    try {
        await once(socket, "connect");
        return true;
    } catch {
        return false;
    } finally {
        socket.destroy();
    }
}

export class Broker {
    /** @param {{options?: Record<string, string | number>, conf?: string[]}} [more] of the plugin; lines of mosquitto.conf */
    constructor({ options = {}, conf = [] } = {}) {
        this.folder = mkdtempSync(join(tmpdir(), "chat-web-"));
        this.options = options;
        this.conf = conf;
        this.process = undefined;
        this.users = 0;
        this.chats = [];
    }

    /** @param {ConstructorParameters<typeof Broker>[0]} [more] */
    static async start(more) {
        const broker = new Broker(more);
        broker.port = await freePort();
        broker.webPort = await freePort();
        await broker.launch();
        return broker;
    }

    get url() {
        return `mqtt://127.0.0.1:${this.port}`;
    }

    get webUrl() {
        return `ws://127.0.0.1:${this.webPort}`;
    }

    /** Starts the process, on the same ports and the same data each time. */
    async launch() {
        const keys = join(this.folder, "secret.key");
        writeFileSync(keys, `${KEY}\n`, { mode: 0o600 });
        const options = {
            sdkappid: SDKAPPID,
            secret_key_file: keys,
            database: join(this.folder, "chat.db"),
            admins: ADMIN,
            ring_bytes: 8 << 20,
            // Without limits, so that a test says itself which limit it is about.
            user_rate: 0,
            group_rate: 0,
            command_rate: 0,
            ...this.options,
        };
        const lines = [
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "log_type notice",
            ...(process.geteuid?.() === 0 ? ["user root"] : []),
            "max_queued_messages 20000",
            "max_queued_bytes 33554432",
            "allow_duplicate_messages true",
            "set_tcp_nodelay true",
            ...this.conf,
            `plugin ${PLUGIN}`,
            ...Object.entries(options).map(([name, value]) => `plugin_opt_${name} ${value}`),
            `listener ${this.port} 127.0.0.1`,
            `listener ${this.webPort} 127.0.0.1`,
            "protocol websockets",
        ];
        writeFileSync(join(this.folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
        const log = join(this.folder, "log");
        this.process = spawn("sh", ["-c", `exec "$0" -c mosquitto.conf 2>>log`, MOSQUITTO], { cwd: this.folder, stdio: "ignore" });
        const { process: started } = this;
        await until(
            async () => {
                if (started.exitCode !== null) throw new Error(`the broker did not start:\n${readFileSync(log)}`);
                return (await answers(this.port)) && (await answers(this.webPort));
            },
            "the broker",
            PATIENCE,
        );
    }

    /** @param {NodeJS.Signals} [signal] */
    async end(signal = "SIGTERM") {
        const ended = this.process;
        this.process = undefined;
        if (!ended || ended.exitCode !== null || ended.signalCode) return;
        ended.kill(signal);
        await once(ended, "exit");
    }

    kill() {
        return this.end("SIGKILL");
    }

    /** Ends the broker for good, and removes what it has written. */
    async stop() {
        await this.cleanUp();
        await this.end();
        rmSync(this.folder, { recursive: true, force: true });
    }

    log() {
        return readFileSync(join(this.folder, "log"), "utf8");
    }

    /** A user of whom nobody has heard. */
    async newUser() {
        const userID = `user${++this.users}`;
        await this.admin("importUsers", { userIDs: [userID] });
        return userID;
    }

    /** One command of the administrator: the data of its answer. */
    admin(command, fields) {
        return this.ask(ADMIN, command, fields);
    }

    /** One command, from a client that is no Chat. */
    async ask(username, command, fields = {}, clientId = "") {
        const as = { username, password: userSig(username), clientId, reconnectPeriod: 0 };
        const client = await mqtt.connectAsync(this.url, as);
        try {
            const answer = once(client, "message");
            client.publish("$CONTROL/chat/v1", JSON.stringify({ commands: [{ ...fields, command }] }));
            const [, payload] = await answer;
            const { code, error, data } = JSON.parse(payload).responses[0];
            if (code) throw new Error(`${command}: ${code} ${error}`);
            return data;
        } finally {
            await client.endAsync(true);
        }
    }

    /**
     * A Chat for this broker, of which `cleanUp` sees the end.
     * @param {Record<string, unknown>} [options]
     */
    chat(options = {}) {
        const chat = ChatClient.create({ SDKAppID: SDKAPPID, url: this.url, ...options });
        this.chats.push(chat);
        return chat;
    }

    /**
     * A Chat that is logged in and ready.
     * @param {string} userID
     * @param {Record<string, unknown>} [options]
     */
    async login(userID, options) {
        const chat = this.chat(options);
        const ready = new Promise((resolve) => chat.on(ChatClient.EVENT.SDK_READY, resolve));
        await chat.login({ userID, userSig: userSig(userID) });
        await ready;
        return chat;
    }

    /** Ends the Chats that were made so far: for afterEach. */
    async cleanUp() {
        await Promise.all(this.chats.splice(0).map((chat) => chat.destroy()));
    }
}

/** A storage as an application may give it: who is given the same one later is the same page, loaded again. */
export function makeStorage() {
    const values = new Map();
    return {
        values,
        get: (key) => values.get(key),
        set: (key, value) => void values.set(key, value),
        remove: (key) => void values.delete(key),
    };
}
