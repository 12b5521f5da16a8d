# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""How long a message takes from its sender to its receiver, while something else goes on beside it. The sender and the
receiver are a process of their own."""
import multiprocessing
import threading
import time

from harness.raw import Closed, RawClient


def listen(client, waits):
    try:
        while True:
            message = client.next_message()
            if b'"text":"' in message.payload:  # no tip
                waits.append(time.monotonic() - float(message.payload.rpartition(b":")[2].strip(b'"}')))
    except (Closed, TimeoutError):
        pass


def messages(port, sigs, topic, rate, seconds, out):
    """From alice to bob, each with the time at which it was sent: in private, or in a live group."""
    alice, bob = (RawClient(port, sig=sigs.get) for _ in sigs)
    alice.login("alice")
    bob.login("bob")
    for client in (bob, alice) if topic.startswith("chat/group/") else (bob,):
        client.subscribe(topic)
    waits = []
    threading.Thread(target=listen, args=(bob, waits), daemon=True).start()
    begun = time.monotonic()
    for number in range(rate * seconds):
        alice.start_publish(topic, repr(time.monotonic()), qos=0)
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
    time.sleep(0.5)
    out.put(sorted(waits))


def measure(broker, title, rate, seconds, beside=lambda is_over: None, topic="chat/user/bob"):
    out = multiprocessing.Queue()
    sigs = {name: broker.sig(name) for name in ("alice", "bob")}
    process = multiprocessing.Process(target=messages, args=(broker.mqtt.number, sigs, topic, rate, seconds, out))
    process.start()
    beside(lambda: not out.empty())
    waits = out.get()
    process.join()
    shown = ", ".join(f"{1e3 * waits[min(len(waits) - 1, int(len(waits) * share))]:.1f} ms {name}"
                      for share, name in ((0.5, "median"), (0.99, "of 99 %"), (1, "longest")))
    print(f"{title}: {len(waits)} messages, {shown}")
