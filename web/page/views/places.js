// SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
// What is shown where: one line each, so that the shell knows no view by name.

// Each is (app, id, signal) => Element, but for the last.

/** A conversation with a person, a stored group, or the server's notices; `id` is the conversationID. */
export { chatView } from "./chat.js";

/** A live room; `id` is the groupID. */
export { liveView } from "./live.js";

/** What the bar over a group's chat opens beside it; `id` is the groupID. */
export { groupView } from "./group.js";

/** "New group ..." and "Join a group": dialogs. */
export { openJoinGroup as joinGroup, openNewGroup as newGroup } from "./newgroup.js";
