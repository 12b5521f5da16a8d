// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// The other side of the tests: users with plain MQTT clients, and a network that can be cut.
import { once } from "node:events";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { CHECKOUT, userSig } from "./broker.js";

const mqtt = createRequire(join(CHECKOUT, "web", "package.json"))("mqtt");

/** A device of a user that speaks the protocol by itself. */
export class Device {
    /** @param {string} userID @param {any} client */
    constructor(userID, client) {
        this.userID = userID;
        this.client = client;
        this.count = 0;
        /** What came on the feed. */
        this.came = [];
        /** @type {Map<string, (answer: any) => void>} */
        this.open = new Map();
        client.on("message", (topic, payload) => {
            const data = JSON.parse(payload);
            if (!topic.startsWith("$CONTROL")) return this.came.push(data);
            for (const answer of data.responses) this.open.get(answer.correlationData)?.(answer);
        });
    }

    /** @param {import("./broker.js").Broker} broker @param {string} userID @param {string} [clientId] */
    static async connect(broker, userID, clientId = `${userID}:iot:wire`) {
        const client = await mqtt.connectAsync(broker.url, {
            username: userID, password: userSig(userID), clientId, reconnectPeriod: 0, protocolVersion: 5,
        });
        return new Device(userID, client);
    }

    /** @returns {Promise<any>} the answer, whatever it says */
    request(command, fields = {}) {
        const correlationData = String(++this.count);
        return new Promise((resolve) => {
            this.open.set(correlationData, resolve);
            this.client.publish("$CONTROL/chat/v1", JSON.stringify({ commands: [{ ...fields, command, correlationData }] }));
        });
    }

    async ask(command, fields) {
        const { code, error, data } = await this.request(command, fields);
        if (code) throw Object.assign(new Error(`${command} ${JSON.stringify(fields)}: ${code} ${error}`), { code });
        return data;
    }

    /** @param {string} to `user/bob` or `group/g1` @param {any} message */
    send(to, message, qos = 1) {
        const payload = typeof message === "string" ? message : JSON.stringify(message);
        return this.client.publishAsync(`chat/${to}`, payload, { qos }).catch(() => {});
    }

    subscribe(...topics) {
        return this.client.subscribeAsync(topics, { qos: 1 });
    }

    end() {
        return this.client.endAsync(true);
    }
}

/** A way to the broker that can be cut, and closed for a while. */
export class Network {
    static async to(port) {
        const network = new Network();
        network.sockets = new Set();
        network.isOpen = true;
        network.server = createServer((near) => {
            if (!network.isOpen) return near.destroy();
            const far = connect(port, "127.0.0.1");
            for (const [a, b] of [[near, far], [far, near]]) {
                network.sockets.add(a);
                a.on("data", (data) => network.pass(a === far, data) && b.write(data));
                a.on("error", () => {});
                a.on("close", () => {
                    network.sockets.delete(a);
                    b.destroy();
                });
            }
        });
        network.server.listen(0, "127.0.0.1");
        await once(network.server, "listening");
        network.port = network.server.address().port;
        return network;
    }

    get url() {
        return `mqtt://127.0.0.1:${this.port}`;
    }

    /** Is this to go on? @param {boolean} isDown from the broker */
    pass(isDown) {
        return !(isDown && this.isDeaf);
    }

    cut() {
        for (const socket of this.sockets) socket.destroy();
    }

    async end() {
        this.cut();
        this.server.close();
        await once(this.server, "close");
    }
}
