// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Choosing a face, of a group or of oneself: a picture is cut to a square, made small and uploaded.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../words.js";
import { askText } from "./fields.js";

const SIZE = 320; // pixels
const QUALITY = 0.85;
const URL_BYTES = 100;
const NO_FILES = 10026;

/** @typedef {import("../app.js").App} App */

/** The middle of a picture. @param {Blob} file @returns {Promise<Blob>} */
async function squareOf(file) {
    const picture = await createImageBitmap(file);
    const side = Math.min(picture.width, picture.height);
    const size = Math.min(SIZE, side);
    const canvas = h("canvas", { width: size, height: size });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    pen.fillStyle = "#fff"; // a JPEG has no transparency
    pen.fillRect(0, 0, size, size);
    pen.drawImage(
        picture,
        (picture.width - side) / 2,
        (picture.height - side) / 2,
        side,
        side,
        0,
        0,
        size,
        size,
    );
    picture.close();
    return new Promise((resolve, reject) =>
        canvas.toBlob(
            (blob) => (blob ? resolve(blob) : reject(new Error(t("face.unreadable")))),
            "image/jpeg",
            QUALITY,
        ),
    );
}

/**
 * What lies over a face and changes it. Where the server takes no files an address is asked for.
 * @param {App} app
 * @param {{label: string, now: () => string, changed: (url: string) => void}} options
 */
export function faceButton(app, { label, now, changed }) {
    const input = h("input", {
        class: "unseen",
        type: "file",
        accept: "image/*",
        tabIndex: -1,
        "aria-hidden": true,
        onchange: take,
    });
    const button = h(
        "button",
        {
            class: "face-button",
            type: "button",
            "data-what": "face",
            "aria-label": label,
            onclick: () => input.click(),
        },
        h("span", { class: "face-mark" }, icon("camera", "icon-small")),
    );

    async function take() {
        const [file] = input.files || [];
        input.value = "";
        if (!file) return;
        button.disabled = true;
        const url = await upload(file);
        button.disabled = false;
        if (url) changed(url);
    }

    /** @param {File} file */
    async function upload(file) {
        /** @type {Blob} */
        let square;
        try {
            square = await squareOf(file);
        } catch {
            return app.fail(new Error(t("face.unreadable")));
        }
        try {
            return (await app.chat.uploadFile({ file: square, name: "face.jpg" })).data.url;
        } catch (error) {
            if (/** @type {any} */ (error)?.code === NO_FILES)
                return askText({
                    title: label,
                    label: t("face.address"),
                    value: now(),
                    max: URL_BYTES,
                    action: t("save"),
                });
            return app.fail(error);
        }
    }

    return [button, input];
}
