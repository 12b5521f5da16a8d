# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The client in tabs of one browser, of which each is a device of its own, and what it hears from the browser about the
network."""
import pytest

PLAIN = """<!doctype html><html lang="en"><head><title>plain</title><link rel="icon" href="data:,"></head><body></body></html>"""
START = """
const [url, userID, userSig, hasLocks] = arguments;
// Pages that do not come from a secure origin have none.
if (!hasLocks) Object.defineProperty(navigator, "locks", { value: undefined });
return (async () => {
    const [{ default: mqtt }, { create }] = await Promise.all([import("/mqtt.js"), import("/client/src/chat.js")]);
    const chat = create({ SDKAppID: 1400000000, url }, mqtt.connect);
    Object.assign(window, { chat, states: [], ends: [] });
    chat.on("netStateChange", ({ data }) => states.push(data.state));
    chat.on("kickedOut", ({ data }) => ends.push(data.type));
    await new Promise((ready) => { chat.on("sdkStateReady", ready); chat.login({ userID, userSig }); });
    return (await chat.getDevices()).data.devices.filter(({ isThis }) => isThis).map(({ clientID }) => clientID);
})();
"""


@pytest.fixture
def open_tab(house, window):
    (house.web / "plain.html").write_text(PLAIN)

    def start(tab, has_locks=True):
        sig = house.broker.sig("alice")
        (client_id,) = tab.js(START, f"ws://127.0.0.1:{house.broker.websocket.number}", "alice", sig, has_locks)
        return client_id

    def make(has_locks=True):
        tab = window("alice", url=house.url + "plain.html", device="browser")
        return tab, start(tab, has_locks)

    make.start = start
    return make


@pytest.mark.parametrize("has_locks", [True, False], ids=["locks", "no locks"])
def test_each_tab_is_a_device_and_stays_one(open_tab, has_locks):
    first, one = open_tab(has_locks)
    second, two = open_tab(has_locks)
    third, three = open_tab(has_locks)
    assert one.startswith("alice:web:") and (two, three) == (one + ".1", one + ".2")
    second.reload()
    assert open_tab.start(second, has_locks) == two
    first.close()
    assert open_tab(has_locks)[1] == one, "what a tab leaves the next one takes"
    for tab in (second, third):
        assert tab.js("return [chat.isReady(), states, ends]") == [True, ["connecting", "connected"], []]


def test_the_browser_says_that_there_is_no_network(open_tab):
    tab, _ = open_tab()
    tab.allow("ERR_INTERNET_DISCONNECTED")
    tab.offline()
    tab.until("return states.at(-1) === 'disconnected'")
    tab.offline(False)
    tab.until("return states.at(-1) === 'connected'", timeout=3)
    assert tab.js("return ends") == []
