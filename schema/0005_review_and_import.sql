-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- The fifth schema: what is looked at before others see it, and what comes from elsewhere.

-- When a message was imported (importMessages); 0: it was sent here. Its age counts from then, and no replay brings it.
ALTER TABLE message ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;

-- When a device last got its badge in a push job of its own (push_badge), ms: the next one comes ten seconds later. Such
-- a job is a row of push_job whose conversation and message are 0.
ALTER TABLE device ADD COLUMN badge_told INTEGER NOT NULL DEFAULT 0;

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
