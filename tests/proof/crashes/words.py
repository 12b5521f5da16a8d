# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""What messages say: the last word of a text tells the reviewers what is to become of it."""

FATES = ("pass", "refuse", "drop", "replace")
CODES = {"pass": 0, "refuse": 1, "drop": 2, "replace": 0}  # ErrorCode of a hook that decides


def pair(one, other):
    """The name of a private conversation."""
    return "|".join(sorted((one, other)))


def where(message):
    """The name of the conversation of a message that was delivered or read."""
    return message.get("group") or pair(message["sender"], message["to"])


def is_content(message):
    return "sender" in message and not {"tips", "notice", "recall", "edit", "purge"} & message.keys()


def fate(text):
    last = (text or "").split(" ")[-1]
    return last if last in FATES else "pass"


def shown(text):
    """The text under which others see it; None: they do not."""
    return {"refuse": None, "drop": None, "replace": text + "d"}.get(fate(text), text)


def _elements(text):
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]


def _text(body):
    elements = body.get("MsgBody") or [{}]
    return elements[0].get("MsgContent", {}).get("Text", "")


def hook_answer(body):
    text = _text(body)
    replaced = {"MsgBody": _elements(shown(text))} if fate(text) == "replace" else {}
    return {"ActionStatus": "OK", "ErrorInfo": "", "ErrorCode": CODES[fate(text)], **replaced}


def hook_key(command, body):
    """Which message a hook about what has happened was for; None of one that decides, or tells of a refused one."""
    if command == "C2C.CallbackAfterSendMsg" and body["MsgSeq"]:
        return "sent", body["From_Account"], body["To_Account"], body["MsgSeq"]
    if command == "Group.CallbackAfterSendMsg":
        return "sent", body["From_Account"], body["GroupId"], body["MsgSeq"]
    if command == "C2C.CallbackAfterMsgWithDraw":
        return "recalled", body["From_Account"], body["To_Account"], int(body["MsgKey"].split("_")[0])
    return None


def key_of(what, message):
    """The same of a message that was read."""
    return what, message["sender"], message.get("group") or message["to"], message["seq"]


def review_answer(review):
    """The command of a reviewer."""
    command = {"command": "reviewed", "review": review["review"]}
    text = review["message"].get("text") if "message" in review else ""
    action = fate(text)
    more = {"message": {"text": shown(text)}} if action == "replace" else {}
    return {**command, "action": action, **more}
