// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Where no conversation is open.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../words.js";

export function emptyView() {
    return h(
        "div",
        { class: "place" },
        icon("chats"),
        h("p", { class: "place-title" }, t("empty.title")),
        h("p", { class: "place-text" }, t("empty.text")),
    );
}
