// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// Where no conversation is open.

import { emptyPlace, placeText } from "../place.js";
import { t } from "../words.js";

export function emptyView() {
    return emptyPlace("chats", t("empty.title"), placeText(t("empty.text")));
}
