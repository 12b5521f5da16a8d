// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Contents there and back: what the wire says is what the application sees, and what it sends is what the wire gets.
import assert from "node:assert/strict";
import test from "node:test";
import { absolute, elementsFromWire, elementsToWire, messageForShow } from "../../../web/client/src/elements.js";

const BASE = "https://chat.example.org";

/** Numbers that look random, the same each time. */
function dice(seed) {
    return (n) => {
        seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
        return Math.floor((seed / 2 ** 32) * n);
    };
}

const json = (value) => JSON.parse(JSON.stringify(value));
const back = (wire, base = BASE) => json(elementsToWire(elementsFromWire(wire, base), base));

/** A content as our own clients make it: nothing that says nothing. */
function content(roll, deep = 2) {
    const text = () => ["a", "你好", "<b>", "\"", "😀 ok", "x".repeat(1 + roll(50))][roll(6)];
    const whole = () => 1 + roll(1e9);
    const url = () => ["/media/7c/7c51.jpg", "https://elsewhere.org/a.png", "http://x/y?z=1"][roll(3)];
    const some = (object) => Object.fromEntries(Object.entries(object).filter(() => roll(3)));
    const thumb = () => ({ url: "/media/aa/thumb.jpg", ...some({ width: whole(), height: whole(), size: whole() }) });
    const makers = {
        text: () => text(),
        image: () => ({
            url: url(), ...some({ width: whole(), height: whole(), size: whole(), format: "png", uuid: text(), thumb: thumb() }),
        }),
        sound: () => ({ url: url(), ...some({ seconds: whole() / 8, size: whole(), uuid: text() }) }),
        video: () => ({ url: url(), ...some({ seconds: 2.5, size: whole(), format: "mp4", uuid: text(), thumb: thumb() }) }),
        file: () => ({ url: url(), ...some({ name: text(), size: whole(), uuid: text() }) }),
        face: () => ({ index: roll(3), ...some({ data: text() }) }),
        location: () => ({ latitude: roll(180) - 90, longitude: roll(360) - 180.5, ...some({ desc: text() }) }),
        custom: () => some({ data: text(), desc: text(), ext: text(), sound: text() }),
        merger: () => ({
            ...some({ title: text(), compatibleText: text() }),
            abstracts: Array.from({ length: roll(3) }, text),
            // Either in it, or in a file.
            ...(roll(4) ? {} : { url: url() }),
            messages: Array.from({ length: roll(3) }, () => ({
                ID: text(), sender: "alice", time: whole() * 1000, ...some({ nick: text(), cloudCustomData: text() }),
                ...(roll(3) ? content(roll, deep - 1) : { elements: [{ text: text() }, { face: { index: 1 } }] }),
            })),
        }),
    };
    const names = Object.keys(makers).slice(0, deep ? 9 : 8);
    const name = names[roll(names.length)];
    const made = makers[name]();
    if (made.url && made.messages) made.messages = [];
    return { [name]: made };
}

test("every content comes back from the application as it came from the wire", () => {
    const roll = dice(7);
    for (let i = 0; i < 3000; i++) {
        const wire = content(roll);
        assert.deepEqual(back(wire), wire);
    }
});

test("every payload comes back from the wire as the application gave it", () => {
    const roll = dice(11);
    for (let i = 0; i < 3000; i++) {
        const elements = elementsFromWire(content(roll), BASE);
        assert.equal(elements.length, 1);
        assert.deepEqual(elementsFromWire(json(elementsToWire(elements, BASE)), BASE), elements);
    }
});

test("several contents keep their order", () => {
    const wire = { elements: [{ text: "look: " }, { image: { url: "https://a/b.png" } }, { text: "nice" }] };
    assert.deepEqual(elementsFromWire(wire, "").map(({ type }) => type), ["TIMTextElem", "TIMImageElem", "TIMTextElem"]);
    assert.deepEqual(back(wire), wire);
});

test("payloads have the fields of Tencent's", () => {
    const [image] = elementsFromWire({
        image: { url: "/media/a.png", width: 1200, height: 900, size: 5, format: "png", uuid: "u", thumb: { url: "/media/t.jpg", width: 198, height: 148, size: 2 } },
    }, BASE);
    assert.deepEqual(image, {
        type: "TIMImageElem",
        payload: {
            uuid: "u", format: "png", imageFormat: 3,
            imageInfoArray: [
                { type: 0, url: `${BASE}/media/a.png`, imageUrl: `${BASE}/media/a.png`, width: 1200, height: 900, size: 5 },
                { type: 1, url: `${BASE}/media/t.jpg`, imageUrl: `${BASE}/media/t.jpg`, width: 198, height: 148, size: 2 },
                { type: 2, url: `${BASE}/media/a.png`, imageUrl: `${BASE}/media/a.png`, width: 1200, height: 900, size: 5 },
            ],
        },
    });
    const [sound] = elementsFromWire({ sound: { url: "/s.mp3", seconds: 3.5, size: 9, uuid: "u" } }, BASE);
    assert.deepEqual(sound.payload, { uuid: "u", url: `${BASE}/s.mp3`, second: 3.5, size: 9 });
    const [video] = elementsFromWire({ video: { url: "/v.mp4", seconds: 7, size: 9, format: "mp4", thumb: { url: "/t.jpg", width: 3, height: 4, size: 5 } } }, BASE);
    assert.deepEqual(video.payload, {
        videoUUID: "", videoUrl: `${BASE}/v.mp4`, remoteVideoUrl: `${BASE}/v.mp4`, videoFormat: "mp4", videoSecond: 7, videoSize: 9,
        thumbUrl: `${BASE}/t.jpg`, thumbWidth: 3, thumbHeight: 4, thumbSize: 5,
        snapshotUrl: `${BASE}/t.jpg`, snapshotWidth: 3, snapshotHeight: 4, snapshotSize: 5,
    });
    const [file] = elementsFromWire({ file: { url: "/f.zip", name: "a.zip", size: 9 } }, BASE);
    assert.deepEqual(file.payload, { uuid: "", fileUrl: `${BASE}/f.zip`, fileName: "a.zip", fileSize: 9 });
    const [merger] = elementsFromWire({
        merger: { title: "t", abstracts: ["a: hi"], messages: [{ sender: "a", nick: "Al", time: 5000, text: "hi" }] },
    }, BASE);
    assert.deepEqual(merger.payload.messageList, [{
        ID: "a-5000", from: "a", nick: "Al", avatar: "", time: 5, cloudCustomData: "", type: "TIMTextElem", payload: { text: "hi" },
        messageBody: [{ type: "TIMTextElem", payload: { text: "hi" } }],
    }]);
});

test("whatever a stranger puts into a message has the types that a reader relies on", () => {
    const strange = [null, 1, "x", true, [], {}, [null], { url: 1, width: "2", name: {}, messages: [null, 7, { text: {} }] }, { messages: 3, abstracts: [1, null] }];
    for (const kind of ["text", "image", "sound", "video", "file", "face", "location", "custom", "merger"]) {
        for (const value of strange) {
            const [sample] = elementsFromWire({ [kind]: kind === "text" ? "x" : {} }, "");
            for (const { payload } of elementsFromWire({ [kind]: value }, ""))
                for (const [name, wanted] of Object.entries(sample.payload))
                    assert.equal(typeof payload[name], typeof wanted, `${kind}.${name} of ${JSON.stringify(value)}`);
        }
    }
    assert.deepEqual(elementsFromWire({ elements: [null, 3, { unknown: 1 }] }, ""), []);
    assert.deepEqual(elementsFromWire({ constructor: 1, toString: 2 }, ""), []);
});

test("URLs are absolute where they are shown, relative on the wire, and nothing that runs", () => {
    assert.equal(absolute("/media/a.png", BASE), `${BASE}/media/a.png`);
    assert.equal(absolute("/media/a.png", ""), "/media/a.png");
    assert.equal(absolute("https://x/y", BASE), "https://x/y");
    for (const url of ["javascript:alert(1)", " javascript:alert(1)", "JaVaScRiPt:1", "data:text/html,<script>", "vbscript:1", "//evil.org/x", "/\\evil.org", "file:///etc/passwd", 7, null, {}])
        assert.equal(absolute(url, BASE), "", String(url));
    assert.deepEqual(back({ file: { url: `${BASE}/media/a.zip` } }), { file: { url: "/media/a.zip" } });
});

test("bytes within a message are a data URL", () => {
    assert.equal(elementsFromWire({ image: { data: "AAAA" } }, "")[0].payload.imageInfoArray[0].url, "data:image/png;base64,AAAA");
    assert.equal(elementsFromWire({ sound: { data: "AAAA" } }, "")[0].payload.url, "data:application/octet-stream;base64,AAAA");
});

test("what a list of conversations shows", () => {
    assert.equal(messageForShow({ type: "TIMTextElem", payload: { text: "hi" } }), "hi");
    assert.equal(messageForShow({ type: "TIMImageElem", payload: {} }), "[图片]");
    assert.equal(messageForShow({ type: "TIMGroupTipElem", payload: {} }), "[群提示消息]");
});
