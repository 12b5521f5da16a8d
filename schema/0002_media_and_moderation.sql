-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- The second schema: pictures, moderation, and what live platforms ask for.

-- Messages that do not count as unread (`noUnread`): message.kind 4, with a seq like any content. All numbers that
-- unread is counted from leave them out: member.sent does, and member.read_seq, which is the seq at read_id less
-- the `quiet` there. Unread is (last_seq - quiet - read_seq) - (sent - read_sent), less what is gone.
ALTER TABLE conversation ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;  -- how many of them, up to last_seq
ALTER TABLE message ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0;       -- and up to this message, itself included

-- What a group's owner and admins have attached to it: at most 16.
ALTER TABLE chat_group ADD COLUMN attributes_version INTEGER NOT NULL DEFAULT 0;  -- changes so far
CREATE TABLE group_attribute (
  conversation INTEGER NOT NULL,
  key          TEXT    NOT NULL,
  value        TEXT    NOT NULL,
  PRIMARY KEY (conversation, key)
) STRICT, WITHOUT ROWID;

-- How many groups a user has made today.
ALTER TABLE user ADD COLUMN groups_day INTEGER NOT NULL DEFAULT 0;   -- days since 1970: when the last one was made
ALTER TABLE user ADD COLUMN groups_made INTEGER NOT NULL DEFAULT 0;  -- on that day

-- Who may not come (back) into a group. What is over goes with the next ban there.
CREATE TABLE group_ban (
  conversation INTEGER NOT NULL,
  user         TEXT    NOT NULL,
  until        INTEGER NOT NULL,
  operator     TEXT    NOT NULL,
  reason       TEXT    NOT NULL,
  PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
-- The last message of a conversation when its user took it from the list (deleteConversation with keepMessages).
ALTER TABLE member ADD COLUMN hidden_id INTEGER NOT NULL DEFAULT 0;

-- Users in the order in which they came, for going through all of them (getUsers).
ALTER TABLE user ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE user SET number = place FROM
  (SELECT user AS name, row_number() OVER (ORDER BY created, user) AS place FROM user) WHERE user = name;
CREATE INDEX user_number ON user (number);

-- Until when a user may not log in.
ALTER TABLE user ADD COLUMN banned_until INTEGER NOT NULL DEFAULT 0;

-- When a device last asked for a subscription: the position in the ring, which only rises. Of what was asked for
-- before the broker's start the broker itself may know nothing.
ALTER TABLE subscription ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;

-- What was uploaded, and is in media_dir for good (plugin/media/stock.h). A row is there before its file.
CREATE TABLE media (
  file TEXT    PRIMARY KEY,           -- 32 hex digits; the first two are its folder's name, too
  ext  TEXT    NOT NULL DEFAULT '',   -- 'jpg'; '': not there yet, nobody was told of it
  user TEXT    NOT NULL,
  size INTEGER NOT NULL,
  time INTEGER NOT NULL               -- ms
) STRICT, WITHOUT ROWID;
CREATE INDEX media_time ON media (time);
CREATE INDEX media_unfinished ON media (file) WHERE ext = '';

-- How much of it each user has: media_user_bytes.
CREATE TABLE media_user (
  user  TEXT    PRIMARY KEY,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Edits. The message itself has its last content, behind "edited":<time>; each edit is a message of its own, too
-- (message.kind 5), whose content goes with that of the message.
ALTER TABLE message ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;  -- how many there have been
ALTER TABLE message ADD COLUMN edit_of INTEGER;                   -- of an edit: the message
CREATE INDEX message_edit ON message (edit_of) WHERE edit_of IS NOT NULL;

-- Where a deletion stands among the messages: an id of its own, which no message has. 0: made before that was noted.
ALTER TABLE deleted ADD COLUMN at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE member ADD COLUMN cleared_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX deleted_at ON deleted (user, at) WHERE at > 0;
-- The last id that was used for anything but a message: none comes again.
ALTER TABLE state ADD COLUMN used_id INTEGER NOT NULL DEFAULT 0;
