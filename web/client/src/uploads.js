// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Files on their way to the server, over MQTT or, with `httpUrl`, over the gateway; and what there is to say about them: in a
// browser the size of a picture, its thumbnail, the length of a sound.
import { ok } from "./core.js";
import { absolute, elementsFromWire, kindOf } from "./elements.js";
import { ChatError, CODE } from "./errors.js";
import { mediaBase } from "./message.js";

/** Small enough that a message between two chunks does not wait long where the way is slow. */
const CHUNK = 64 * 1024;
/** Chunks without an ack at a time. */
const WINDOW = 4;
/** Files at a time: the server has four of a device open. */
const MOST = 3;
/** How often it is begun again, and the wait before. */
const TRIES = 8;
const PAUSE = 1000;
const FINISH_TIMEOUT = 120000;
/** The longer side of a thumbnail, and from which size on there is one. */
const THUMB = 400;
const THUMB_FROM = 30000;
const THUMB_QUALITY = 0.8;
const LOOK_TIMEOUT = 5000;
const TYPE = "application/octet-stream";
/** Letters of a name: the server takes 255 bytes. */
const NAME_MOST = 60;

/** What may be otherwise a moment later. */
const AGAIN = [CODE.NETWORK, CODE.TIMEOUT, CODE.BUSY, CODE.TOO_MANY, CODE.TOO_FAST];

/**
 * @typedef {import("./message.js").Message} Message
 * @typedef {import("./elements.js").Fields} Fields
 *
 * @typedef {Object} Job
 * @property {(error: ChatError) => void} end
 * @property {Promise<never>} ended rejected when it is over
 */

/**
 * Of an element of the page: resolved when it says this.
 * @param {any} element
 * @param {string} name
 */
const once = (element, name) =>
    new Promise((resolve, reject) => {
        element.addEventListener(name, resolve, { once: true });
        element.addEventListener("error", reject, { once: true });
    });

/**
 * @param {any} source
 * @param {number} width
 * @param {number} height
 * @returns {Promise<Fields>}
 */
async function shrink(source, width, height) {
    const canvas = document.createElement("canvas");
    const scale = Math.min(1, THUMB / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    // A JPEG has no transparency: what would be black is white.
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.drawImage(source, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", THUMB_QUALITY));
    return { blob, width: canvas.width, height: canvas.height };
}

/** @type {Record<string, (blob: Blob, url: string) => Promise<Fields>>} */
const LOOKS = {
    async image(blob, url) {
        const image = new Image();
        image.src = url;
        await image.decode();
        const { naturalWidth: width, naturalHeight: height } = image;
        const small = blob.size < THUMB_FROM && Math.max(width, height) <= THUMB;
        return { width, height, thumb: small ? undefined : await shrink(image, width, height) };
    },
    async video(_blob, url) {
        const video = document.createElement("video");
        video.muted = true;
        video.preload = "auto";
        video.src = url;
        await once(video, "loadeddata");
        const { videoWidth, videoHeight, duration } = video;
        const seconds = await length(video, duration);
        video.currentTime = Math.min(0.1, seconds / 2);
        await once(video, "seeked");
        const thumb = videoWidth ? await shrink(video, videoWidth, videoHeight) : undefined;
        video.removeAttribute("src");
        return { seconds, thumb };
    },
    async sound(_blob, url) {
        const audio = new Audio(url);
        await once(audio, "loadedmetadata");
        return { seconds: await length(audio, audio.duration) };
    },
};

/**
 * What a browser has recorded says its length at its end only.
 * @param {HTMLMediaElement} media
 * @param {number} duration
 */
async function length(media, duration) {
    if (Number.isFinite(duration)) return duration;
    media.currentTime = 1e7;
    await once(media, "seeked");
    return Number.isFinite(media.duration) ? media.duration : media.currentTime;
}

/**
 * @param {import("./core.js").Core} core
 */
export function uploads(core) {
    const { link, wire } = core;
    /** By what is uploaded: a message, or a file that is in none. @type {Map<any, Job>} */
    const jobs = new Map();
    /** Those who wait for a place. @type {(() => void)[]} */
    const waiting = [];
    let active = 0;

    /** @param {any} message @returns {Job} */
    function begin(message) {
        /** @type {any} */
        const job = {};
        job.ended = new Promise((_, reject) => {
            job.end = reject;
        });
        job.ended.catch(() => {});
        jobs.set(message, job);
        return job;
    }

    /** @param {number} milliseconds */
    const pause = (milliseconds) => new Promise((resolve) => core.after(milliseconds, () => resolve(undefined)));

    /** Resolved when there is a connection. */
    const isUp = () =>
        link.isUp()
            ? Promise.resolve()
            : new Promise((resolve) => {
                  const f = () => {
                      wire.off("up", f);
                      resolve(undefined);
                  };
                  wire.on("up", f);
              });

    // ---- over MQTT

    /**
     * The chunks of one upload; those that were on their way when a connection ended are sent again by the next.
     * @param {string} uploadID
     * @param {Blob} blob
     * @param {number} chunkBytes
     * @param {Job} job
     * @param {(part: number) => void} progress
     * @returns {Promise<void>}
     */
    function sendChunks(uploadID, blob, chunkBytes, job, progress) {
        const count = Math.ceil(blob.size / chunkBytes);
        /** @type {Set<number>} */
        const left = new Set(Array(count).keys());
        /** @type {Set<number>} */
        const flying = new Set();
        const prefix = `chat/upload/${uploadID}/`;
        /** @type {() => void} */
        let fill = () => {};
        /** @type {(event: Fields) => void} */
        let refused = () => {};
        let over = false;
        /** @type {Promise<void>} */
        const all = new Promise((resolve, reject) => {
            /** @param {number} n */
            async function send(n) {
                flying.add(n);
                try {
                    const bytes = await blob.slice(n * chunkBytes, (n + 1) * chunkBytes).arrayBuffer();
                    if (over) return;
                    await link.publish(prefix + n, new Uint8Array(bytes));
                    left.delete(n);
                    progress((count - left.size) / count);
                } catch (/** @type {any} */ error) {
                    // Lost with the connection, or more than the server can take at the moment.
                    if (error.code === CODE.SEND_FAIL) await pause(PAUSE);
                    else if (error.code !== CODE.NETWORK) reject(error);
                }
                flying.delete(n);
                fill();
            }
            fill = () => {
                if (over) return;
                if (!left.size) return resolve();
                if (!link.isUp()) return;
                for (const n of left) {
                    if (flying.size >= WINDOW) return;
                    if (!flying.has(n)) send(n);
                }
            };
            refused = ({ event, topic = "", code, error }) => {
                if (event !== "rejected" || !topic.startsWith(prefix)) return;
                const n = +topic.slice(prefix.length);
                if (code === CODE.BUSY || code === CODE.TOO_FAST) left.add(n);
                else reject(new ChatError(code, error));
            };
            fill();
        });
        wire.on("up", fill);
        wire.on("event", refused);
        return Promise.race([all, job.ended]).finally(() => {
            over = true;
            wire.off("up", fill);
            wire.off("event", refused);
        });
    }

    /**
     * @param {Blob} blob
     * @param {string} name
     * @param {Job} job
     * @param {(part: number) => void} progress
     * @returns {Promise<Fields>}
     */
    async function overMqtt(blob, name, job, progress) {
        await Promise.race([isUp(), job.ended]);
        const { uploadID, chunkBytes } = await core.ask("createUpload", {
            name, contentType: blob.type || TYPE, size: blob.size, chunkBytes: CHUNK,
        });
        try {
            for (;;) {
                await sendChunks(uploadID, blob, chunkBytes, job, progress);
                try {
                    return await Promise.race([core.ask("finishUpload", { uploadID }, { timeout: FINISH_TIMEOUT }), job.ended]);
                } catch (/** @type {any} */ error) {
                    // It may not have been asked: then all is still there. Else there is no such upload any more.
                    if (error.code !== CODE.NETWORK) throw error;
                    await Promise.race([isUp(), job.ended]);
                }
            }
        } catch (/** @type {any} */ error) {
            core.ask("abortUpload", { uploadID }).catch(() => {});
            // The broker that began it is gone: from the beginning.
            throw error.code === CODE.FIELD ? new ChatError(CODE.BUSY, error.message) : error;
        }
    }

    // ---- over the gateway

    /**
     * @param {Blob} blob
     * @param {string} name
     * @param {Job} job
     * @param {(part: number) => void} progress
     * @returns {Promise<Fields>}
     */
    async function overHttp(blob, name, job, progress) {
        const url = core.options.httpUrl.replace(/\/+$/, "") + "/v1/media";
        /** @type {Record<string, string>} */
        const headers = {
            Authorization: "Bearer " + core.session.userSig(),
            "Content-Type": blob.type || TYPE,
            // A header has no other letters.
            "X-Chat-Name": name.replace(/[^ -~]/g, "_"),
        };
        const lost = () => new ChatError(CODE.NETWORK, "the gateway cannot be reached");
        /** @type {() => void} */
        let abort = () => {};
        const answer = new Promise((resolve, reject) => {
            const take = (/** @type {number} */ status, /** @type {string} */ text) => {
                /** @type {Fields} */
                let body = {};
                try {
                    body = JSON.parse(text);
                } catch {
                    // of a web server in front
                }
                if (status === 200 && body.url) resolve(body);
                else reject(status >= 500 && !body.code ? lost() : new ChatError(body.code || CODE.SEND_FAIL, body.error ?? `HTTP ${status}`));
            };
            if (typeof XMLHttpRequest === "function") {
                const request = new XMLHttpRequest();
                request.open("POST", url);
                for (const header of Object.keys(headers)) request.setRequestHeader(header, headers[header]);
                request.upload.onprogress = ({ loaded }) => progress(loaded / blob.size);
                request.onload = () => take(request.status, request.responseText);
                request.onerror = () => reject(lost());
                request.send(blob);
                abort = () => request.abort();
            } else {
                const control = new AbortController();
                abort = () => control.abort();
                fetch(url, { method: "POST", headers, body: blob, signal: control.signal })
                    .then(async (response) => take(response.status, await response.text()))
                    .catch(() => reject(lost()));
            }
        });
        return Promise.race([answer, job.ended]).finally(abort);
    }

    // ---- both

    /**
     * @param {Blob} blob
     * @param {string} name
     * @param {Job} job
     * @param {(part: number) => void} progress
     * @returns {Promise<Fields>} as finishUpload answers
     */
    async function send(blob, name, job, progress) {
        for (let tries = 1; ; tries++) {
            while (active >= MOST) await Promise.race([new Promise((resolve) => waiting.push(() => resolve(undefined))), job.ended]);
            active += 1;
            try {
                return await (core.options.httpUrl ? overHttp : overMqtt)(blob, name, job, progress);
            } catch (/** @type {any} */ error) {
                if (!AGAIN.includes(error.code) || tries === TRIES) throw error;
            } finally {
                active -= 1;
                // All of them: one may not want its place any more.
                for (const f of waiting.splice(0)) f();
            }
            await Promise.race([pause(PAUSE * tries), job.ended]);
            await Promise.race([isUp(), job.ended]);
        }
    }

    /** @param {string} kind @param {Blob} blob @returns {Promise<Fields>} */
    async function look(kind, blob) {
        if (typeof document !== "object" || !LOOKS[kind]) return {};
        const url = URL.createObjectURL(blob);
        try {
            // What the browser cannot show is sent as it is.
            return (await Promise.race([LOOKS[kind](blob, url), pause(LOOK_TIMEOUT)])) ?? {};
        } catch {
            return {};
        } finally {
            URL.revokeObjectURL(url);
        }
    }

    return {
        methods: {
            /**
             * Beyond Tencent's: a file that is in no message, such as somebody's face.
             * @param {{file: any, name?: string, onProgress?: (part: number) => void}} options
             */
            async uploadFile({ file, name = file?.name ?? "file", onProgress }) {
                if (!file) throw new ChatError(CODE.INVALID, "file is missing");
                const blob = file instanceof Blob ? file : new Blob([file]);
                const job = begin(blob);
                try {
                    const { url, size, width, height } = await send(blob, name.slice(-NAME_MOST), job, (part) => onProgress?.(part));
                    return ok({ url, size, width, height });
                } finally {
                    jobs.delete(blob);
                }
            },
        },

        /**
         * Uploads the file of a message, and puts into the message what is to be sent.
         * @param {Message} message
         */
        async upload(message) {
            const { file, content, onProgress } = /** @type {Fields} */ (core.message.files.get(message));
            const kind = /** @type {string} */ (kindOf(message.type));
            const name = (content.name || "file").slice(-NAME_MOST);
            const blob = file instanceof Blob ? file : new Blob([file]);
            const job = begin(message);
            let told = -1;
            const progress = (/** @type {number} */ part) => {
                if (part > told) onProgress?.((told = part));
            };
            try {
                const { thumb: small, ...seen } = await Promise.race([look(kind, blob), job.ended]);
                progress(0);
                // The last step is the server's word that it has it.
                const { url, size, width, height } = await send(blob, name, job, (part) => progress(Math.min(part, 1) * 0.99));
                let thumb;
                if (small?.blob) {
                    const { url, size } = await send(small.blob, name, job, () => {});
                    thumb = { url, size, width: small.width, height: small.height };
                }
                if (kind === "merger") message.payload.downloadKey = absolute(url, mediaBase(core));
                const [, uuid, format] = /([^/]*?)\.?([^./]*)$/.exec(url) ?? [];
                /** @type {Fields} */
                const whole = { width, height, ...seen, name: content.name, url, size, uuid, format, thumb };
                whole.seconds = content.seconds ?? whole.seconds;
                if (kind !== "merger") Object.assign(message, elementsFromWire({ [kind]: whole }, mediaBase(core))[0]);
                core.message.files.delete(message);
                if (content.url) URL.revokeObjectURL(content.url);
                progress(1);
            } finally {
                jobs.delete(message);
            }
        },

        /** @param {Message} message */
        cancel: (message) => jobs.get(message)?.end(new ChatError(CODE.CANCELLED, "cancelled")),

        stop() {
            for (const { end } of jobs.values()) end(new ChatError(CODE.NOT_READY, "logged out"));
        },
    };
}
