// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// A bad network between a client and the broker: a TCP proxy that is told what to do to those who go through it.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
    /** @param {number} target the port behind it */
    constructor(target) {
        this.target = target;
        this.refusing = false;
        this.stalled = false;
        /** How many bytes still come through before all connections end, in the middle of whatever that is. */
        this.budget = Infinity;
        this.pairs = new Set();
    }

    /** @param {number} target */
    static async start(target) {
        const proxy = new Proxy(target);
        proxy.server = createServer((near) => proxy.accept(near)).listen(0, "127.0.0.1");
        await once(proxy.server, "listening");
        return proxy;
    }

    get url() {
        return `mqtt://127.0.0.1:${this.server.address().port}`;
    }

    accept(near) {
        if (this.refusing) return near.destroy();
        const far = connect(this.target, "127.0.0.1");
        const pair = { near, far };
        this.pairs.add(pair);
        const end = () => {
            this.pairs.delete(pair);
            near.destroy();
            far.destroy();
        };
        for (const [from, to] of [
            [near, far],
            [far, near],
        ]) {
            from.on("error", end);
            from.on("close", end);
            from.on("data", (bytes) => {
                if (this.stalled) return; // it never arrives, and nobody is told
                to.write(bytes.subarray(0, this.budget));
                this.budget -= bytes.length;
                if (this.budget < 0) this.drop();
            });
        }
    }

    /** Ends all connections. */
    drop() {
        this.budget = Infinity;
        for (const { near, far } of [...this.pairs]) {
            near.end(); // what was written before still arrives
            near.destroySoon();
            far.destroySoon();
        }
    }

    /** Ends all connections at once: what is on its way is lost. */
    cut() {
        for (const { near, far } of [...this.pairs]) {
            near.destroy();
            far.destroy();
        }
    }

    /** The network is away: nothing arrives, nothing ends. */
    stall() {
        this.stalled = true;
    }

    /** It is back; what was on its way in between is not. */
    heal() {
        this.refusing = false;
        if (!this.stalled) return;
        this.stalled = false;
        this.drop();
    }

    /** Ends after so many bytes more, of either direction. */
    cutAfter(bytes) {
        this.budget = bytes;
    }

    async stop() {
        this.cut();
        this.server.close();
        await once(this.server, "close");
    }
}
