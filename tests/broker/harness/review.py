# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Reviewers: administrators who are given what waits, and decide it."""

TOPIC = "chat/review"


def is_review(message):
    return message.topic == TOPIC


def reviewer(broker, device="other:reviewer", **how):
    return broker.admin(device, **how).subscribe(TOPIC)


def given(user):
    """Takes the next review that comes."""
    return user.wait(is_review, "no review came").data


def answer(user, review, action, **more):
    """Decides, and returns the code."""
    number = review if isinstance(review, int) else review["review"]
    return user.code("reviewed", review=number, action=action, **more)


def decide(user, action, **more):
    """Takes the next review that comes, and decides it."""
    review = given(user)
    assert answer(user, review, action, **more) == 0
    return review
