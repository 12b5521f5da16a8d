-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- The second schema: pictures, moderation, and what live platforms ask for.

-- Messages that do not count as unread (`noUnread`): message.kind 4, with a seq like any content. All numbers that
-- unread is counted from leave them out: member.sent does, and member.read_seq, which is the seq at read_id less
-- the `quiet` there. Unread is (last_seq - quiet - read_seq) - (sent - read_sent), less what is gone.
ALTER TABLE conversation ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;  -- how many of them, up to last_seq
ALTER TABLE message ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;       -- and up to this message, itself included
