# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""The largest message in the smallest ring."""
import pytest

from harness.raw import Closed


def publish_until_stored(broker, payload):
    """A full ring closes the connection without an ack: the client sends again."""
    while True:
        alice = broker.raw()
        try:
            alice.login("alice")
            return alice.publish("chat/user/bob", payload)
        except Closed:
            pass
        finally:
            alice.close()


@pytest.mark.options(ring_bytes=4194304, max_message_bytes=1048576)
def test_the_largest_message_goes_through_the_smallest_ring_again_and_again(broker):
    bob = broker.user("bob").subscribe("chat/user/bob/#")
    for number in range(12):
        text = f"{number:02d}" + "x" * (1048576 - 2)
        publish_until_stored(broker, text.encode())
        bob.text(text)
