-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- The fifth schema: what is looked at before others see it, and what comes from elsewhere.

-- When a message was imported (importMessages); 0: it was sent here. Its age counts from then, and no replay brings it.
ALTER TABLE message ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
-- The last message that was imported, and its time; up to past_id all messages were, as read by everybody.
ALTER TABLE conversation ADD COLUMN imported_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN imported_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN past_id INTEGER NOT NULL DEFAULT 0;
-- 1: the member came elsewhere, when `joined` says; what is imported of before is not for this member.
ALTER TABLE member ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;

-- When a device last got its badge in a push job of its own (push_badge), ms: the next one comes ten seconds later. Such
-- a job is a row of push_job whose conversation and message are 0.
ALTER TABLE device ADD COLUMN badge_told INTEGER NOT NULL DEFAULT 0;

-- What an MQTT 5 client calls the subscription (its identifier); 0: nothing, or Mosquitto 2.0, which does not tell.
ALTER TABLE subscription ADD COLUMN identifier INTEGER NOT NULL DEFAULT 0;

-- What users have written that is to lose its content (plugin/life/purge.h), and has not lost all of it yet.
CREATE TABLE purge (
  conversation INTEGER NOT NULL,  -- 0: wherever they have written
  user         TEXT    NOT NULL,
  upto         INTEGER NOT NULL,  -- of messages up to this id, itself included
  below        INTEGER NOT NULL,  -- of those below this id some may be left: it falls
  PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
-- Of those who are purged everywhere: which conversations have been told.
CREATE TABLE purge_told (
  user         TEXT    NOT NULL,
  conversation INTEGER NOT NULL,
  PRIMARY KEY (user, conversation)
) STRICT, WITHOUT ROWID;
-- Whose uploads are to go: those up to a time (ms).
CREATE TABLE media_purge (
  user  TEXT    PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX media_owner ON media (user);

-- What a reviewer has not decided yet (plugin/delivery/review.h): accepted, acked, and given to nobody.
CREATE TABLE review (
  number   INTEGER PRIMARY KEY,         -- rises in the order in which they came
  kind     INTEGER NOT NULL,            -- 0 a message, 1 a command
  sender   TEXT    NOT NULL,
  client   TEXT    NOT NULL,            -- with which device
  platform TEXT    NOT NULL,            -- ... 'ios'
  address  TEXT    NOT NULL,            -- ... from where
  time     INTEGER NOT NULL,            -- ms
  random   INTEGER NOT NULL,            -- the message's; 0: none
  about    INTEGER NOT NULL,            -- of an edit: the message; 0: it is none
  qos      INTEGER NOT NULL,
  topic    TEXT    NOT NULL,            -- where it is addressed to; '': nowhere
  passed   INTEGER NOT NULL DEFAULT 0,  -- 1: it waits for those before it only
  text     TEXT    NOT NULL             -- the message, or the command: a JSON object
) STRICT;

-- What is a user's own, for exportUser.
CREATE INDEX application_user ON application (user);
CREATE INDEX group_ban_user ON group_ban (user);
