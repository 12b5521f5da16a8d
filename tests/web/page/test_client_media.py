# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What the client finds out about a file by itself, which only a browser can: the size of a picture, its thumbnail, the length
of a recording."""
import urllib.request

import pytest

PLAIN = """<!doctype html><html lang="en"><head><title>plain</title><link rel="icon" href="data:,"></head><body></body></html>"""
START = """
const [url, httpUrl, userID, userSig] = arguments;
return (async () => {
    const [{ default: mqtt }, { create }] = await Promise.all([import("/mqtt.js"), import("/client/src/chat.js")]);
    const chat = window.chat = create({ SDKAppID: 1400000000, url, httpUrl }, mqtt.connect);
    await new Promise((ready) => { chat.on("sdkStateReady", ready); chat.login({ userID, userSig }); });
    window.record = (stream, milliseconds) => new Promise((done) => {
        const recorder = new MediaRecorder(stream), parts = [];
        recorder.ondataavailable = ({ data }) => parts.push(data);
        recorder.onstop = () => done(new Blob(parts, { type: recorder.mimeType }));
        recorder.start();
        setTimeout(() => recorder.stop(), milliseconds);
    });
    window.draw = (width, height) => {
        const canvas = document.createElement("canvas");
        Object.assign(canvas, { width, height });
        const pen = canvas.getContext("2d");
        for (let i = 0; i < 2000; i++) {
            pen.fillStyle = `hsl(${i * 37} 80% 50%)`;
            pen.fillRect((i * 7919) % width, (i * 104729) % height, 9, 9);
        }
        return canvas;
    };
    window.send = async (make, file, more) => {
        const parts = [];
        const message = chat[make]({ to: "bob", conversationType: "C2C", payload: { file, ...more }, onProgress: (part) => parts.push(part) });
        const before = JSON.parse(JSON.stringify(message.payload));
        await chat.sendMessage(message);
        return { before, payload: message.payload, parts, status: message.status };
    };
})();
"""


@pytest.fixture(params=["MQTT", "HTTP"])
def alice(request, house, window):
    (house.web / "plain.html").write_text(PLAIN)
    house.broker.create("alice", "bob")
    made = window("alice", url=house.url + "plain.html")
    http_url = house.url if request.param == "HTTP" else ""
    made.js(START, f"ws://127.0.0.1:{house.broker.websocket.number}", http_url, "alice", house.broker.sig("alice"))
    made.way = request.param
    return made


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        return answer.headers["Content-Type"], answer.read()


def test_pictures_sounds_and_videos(alice):
    sent = alice.js("""return new Promise((done) => draw(1000, 500).toBlob(done, "image/png"))
        .then((blob) => send("createImageMessage", blob))""")
    assert sent["status"] == "success" and sent["before"]["imageInfoArray"][0]["url"].startswith("blob:")
    whole, small, _ = sent["payload"]["imageInfoArray"]
    assert (whole["width"], whole["height"], small["width"], small["height"]) == (1000, 500, 400, 200)
    assert fetch(whole["url"])[0] == "image/png"
    kind, thumb = fetch(small["url"])
    assert kind == "image/jpeg" and len(thumb) == small["size"] < whole["size"]
    assert sent["parts"][0] == 0 and sent["parts"][-1] == 1 and sent["parts"] == sorted(sent["parts"])

    if alice.way == "HTTP":
        return  # what follows is the same on both ways

    tiny = alice.js("""return new Promise((done) => draw(20, 10).toBlob(done, "image/png"))
        .then((blob) => send("createImageMessage", blob))""")["payload"]["imageInfoArray"]
    assert tiny[0]["url"] == tiny[1]["url"] and tiny[1]["width"] == 20, "its own thumbnail"

    sound = alice.js("""return navigator.mediaDevices.getUserMedia({ audio: true }).then((stream) => record(stream, 1300))
        .then((blob) => send("createAudioMessage", blob))""")
    assert 1 < sound["payload"]["second"] < 2.5 and fetch(sound["payload"]["url"])[1]
    said = alice.js("""return send("createAudioMessage", new Blob(["no sound"]), { second: 7 });""")
    assert said["payload"]["second"] == 7

    video = alice.js("""
        const canvas = draw(640, 480), stream = canvas.captureStream(20);
        const timer = setInterval(() => canvas.getContext("2d").fillRect(0, 0, Math.random() * 640, 9), 30);
        return record(stream, 800).then((blob) => send("createVideoMessage", blob)).finally(() => clearInterval(timer));""")["payload"]
    assert 0 < video["videoSecond"] < 2.5  # a slow machine records a few frames only
    assert (video["snapshotWidth"], video["snapshotHeight"]) == (400, 300)
    assert fetch(video["snapshotUrl"])[0] == "image/jpeg" and fetch(video["videoUrl"])[1]

    broken = alice.js("""return send("createImageMessage", new Blob(["no picture"], { type: "image/png" }))""")
    assert broken["status"] == "success" and broken["payload"]["imageInfoArray"][0]["url"], "sent as it is"
