-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- The first schema. Never edited after a release: changes are new files.
-- Ids of users, groups, devices are text, always ("007" is a user). Times are milliseconds since 1970 unless said otherwise.

-- One row: how far the ring has been executed, and what the next start must know. Changes with every commit.
CREATE TABLE state (
  one         INTEGER PRIMARY KEY CHECK (one = 1),
  database_id BLOB    NOT NULL,  -- 16 random bytes, also in the ring's header: a ring belongs to one database
  position    INTEGER NOT NULL,  -- every frame before it has been executed, none after it
  epoch       INTEGER NOT NULL,  -- frames of the running life carry it; new at every start
  id_mark     INTEGER NOT NULL,  -- no message id at or above it has ever been used
  boot_id     TEXT    NOT NULL,  -- the machine's, at the last start
  clean       INTEGER NOT NULL   -- 1: the last life ended in order
) STRICT;

CREATE TABLE user (
  user        TEXT PRIMARY KEY,
  created     INTEGER NOT NULL,
  kicked      INTEGER NOT NULL DEFAULT 0,  -- seconds: userSigs made up to this second are dead
  deleted     INTEGER NOT NULL DEFAULT 0,  -- 1: by an admin, and his memberships are still being ended; 2: all is done
  nickname    TEXT    NOT NULL DEFAULT '',
  face_url    TEXT    NOT NULL DEFAULT '',
  self_signature TEXT NOT NULL DEFAULT '',
  c2c_muted_until   INTEGER NOT NULL DEFAULT 0,  -- by an administrator
  group_muted_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Whose private messages a user does not want.
CREATE TABLE blacklist (
  user        TEXT NOT NULL,
  blocked     TEXT NOT NULL,
  PRIMARY KEY (user, blocked)
) STRICT, WITHOUT ROWID;
CREATE INDEX user_leaving ON user (user) WHERE deleted = 1;

-- A device is a client id. It keeps its cursors and its push token while it is away.
CREATE TABLE device (
  client      TEXT PRIMARY KEY,
  user        TEXT    NOT NULL,
  platform    INTEGER NOT NULL,            -- enum platform
  last_used   INTEGER NOT NULL,
  online      INTEGER NOT NULL DEFAULT 0,
  background  INTEGER NOT NULL DEFAULT 0,
  acks        INTEGER NOT NULL DEFAULT 0,  -- 1: has used `ack`, its cursors move by nothing else
  place       INTEGER NOT NULL DEFAULT 0,  -- among its user's devices, in the order of logins; 0: logged out or displaced
  displaced   INTEGER NOT NULL DEFAULT 0,  -- enum offline_reason of which it is still to be told; 0: of nothing
  displaced_by       TEXT,                 -- client id and enum platform of whom it gave way to
  displaced_platform INTEGER,
  provider    TEXT,                        -- push token, all three or none
  business    TEXT,
  token       TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX device_user ON device (user);
CREATE INDEX device_last_used ON device (last_used) WHERE online = 0;
CREATE INDEX device_place ON device (user, platform, place) WHERE place > 0;
CREATE UNIQUE INDEX device_token ON device (provider, token) WHERE token IS NOT NULL;

-- What a device is subscribed to, and what it has had of it.
CREATE TABLE subscription (
  client      TEXT    NOT NULL,
  topic       TEXT    NOT NULL,  -- 'inbox', 'feed' or 'group/<groupID>'
  qos         INTEGER NOT NULL,
  active      INTEGER NOT NULL,  -- 0: unsubscribed; the cursor stays
  cursor      INTEGER NOT NULL,  -- the last message id it has had
  PRIMARY KEY (client, topic)
) STRICT, WITHOUT ROWID;

-- A pair of users (user_a < user_b; '@system' is always user_a) or a group (both NULL).
CREATE TABLE conversation (
  id          INTEGER PRIMARY KEY,
  user_a      TEXT,
  user_b      TEXT,
  last_seq    INTEGER NOT NULL DEFAULT 0,
  last_id     INTEGER NOT NULL DEFAULT 0,
  last_time   INTEGER NOT NULL DEFAULT 0,
  recalled_id INTEGER NOT NULL DEFAULT 0   -- no message after it has been recalled
) STRICT;
CREATE UNIQUE INDEX conversation_pair ON conversation (user_a, user_b) WHERE user_a IS NOT NULL;

CREATE TABLE chat_group (
  conversation INTEGER PRIMARY KEY,
  group_id     TEXT    NOT NULL UNIQUE,
  type         INTEGER NOT NULL,           -- enum group_type
  name         TEXT    NOT NULL,
  introduction TEXT    NOT NULL,
  notification TEXT    NOT NULL,
  face_url     TEXT    NOT NULL,
  add_opt      INTEGER NOT NULL,           -- enum add_opt
  invite_opt   INTEGER NOT NULL,           -- enum invite_opt
  all_muted    INTEGER NOT NULL DEFAULT 0,
  owner        TEXT,                       -- NULL: a Private group whose owner has left
  created      INTEGER NOT NULL,
  member_count INTEGER NOT NULL DEFAULT 0,
  dismissed    INTEGER                     -- when; all of it goes retention_days later
) STRICT;
CREATE INDEX chat_group_dismissed ON chat_group (dismissed) WHERE dismissed IS NOT NULL;

-- Who is in a conversation. A row outlives leaving (role 0): mutes survive, and what one wrote stays counted.
-- Unread is (last_seq - read_seq) - (sent - read_sent): others' messages with content after the read position. Less
-- those recalled or deleted since, which are counted when recalled_id or deleted_id is past the read position.
CREATE TABLE member (
  conversation   INTEGER NOT NULL,
  user           TEXT    NOT NULL,
  role           INTEGER NOT NULL,            -- enum role; 0: has left, -1: was in the group when it was dismissed
  joined_id      INTEGER NOT NULL DEFAULT 0,  -- messages after this id are his
  joined         INTEGER NOT NULL DEFAULT 0,
  read_id        INTEGER NOT NULL DEFAULT 0,
  read_seq       INTEGER NOT NULL DEFAULT 0,  -- seq at read_id
  read_sent      INTEGER NOT NULL DEFAULT 0,  -- own messages up to read_id
  sent           INTEGER NOT NULL DEFAULT 0,  -- own messages with content, all
  sent_id        INTEGER NOT NULL DEFAULT 0,  -- the last of them
  receive_option INTEGER NOT NULL DEFAULT 0,  -- 0 AcceptAndNotify, 1 AcceptNotNotify, 2 Discard
  muted_until    INTEGER NOT NULL DEFAULT 0,
  name_card      TEXT    NOT NULL DEFAULT '',
  cleared_id     INTEGER NOT NULL DEFAULT 0,  -- the conversation was deleted by him: messages up to this id are not his
  deleted_id     INTEGER NOT NULL DEFAULT 0,  -- no message after it has been deleted by him
  pinned         INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_user ON member (user, conversation);

-- The log: a row a message, however many receive it. Its id is the position for everything.
CREATE TABLE message (
  id           INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  sender       TEXT    NOT NULL,
  client       TEXT    NOT NULL,  -- the sending device: it never gets its own message back
  time         INTEGER NOT NULL,
  kind         INTEGER NOT NULL,  -- 0 content, 1 tips, 2 notice, 3 recall
  random       INTEGER NOT NULL,  -- the client's, 0: none
  push         INTEGER NOT NULL,  -- 0 nobody, 1 who wants to be notified, 2 under AcceptNotNotify too ("@all")
  body         TEXT    NOT NULL,  -- the client's members, behind the stamp: "text":"hello"}
  mentions     TEXT,              -- who is named in `at`: ',bob,carol,' or '@all'; NULL: nobody
  recalled     INTEGER NOT NULL DEFAULT 0  -- 1: its content is gone, body and mentions too
) STRICT;
CREATE INDEX message_conversation ON message (conversation);
CREATE INDEX message_mentions ON message (conversation) WHERE mentions IS NOT NULL;
CREATE INDEX message_recalled ON message (conversation) WHERE recalled = 1;

-- Messages that a user has deleted for himself, one by one.
CREATE TABLE deleted (
  user         TEXT    NOT NULL,
  conversation INTEGER NOT NULL,
  id           INTEGER NOT NULL,
  counts       INTEGER NOT NULL,  -- 1: another's message with content
  PRIMARY KEY (user, conversation, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deleted_id ON deleted (id);

CREATE TABLE application (
  conversation INTEGER NOT NULL,
  user         TEXT    NOT NULL,
  kind         INTEGER NOT NULL,  -- 0 join, 1 invite
  inviter      TEXT,
  message      TEXT    NOT NULL,
  time         INTEGER NOT NULL,
  handled      INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (conversation, user)
) STRICT, WITHOUT ROWID;

-- Groups that were dismissed and whose members (role -1) have not all been told yet.
CREATE TABLE notice_task (
  conversation INTEGER PRIMARY KEY,
  group_id     TEXT    NOT NULL,
  operator     TEXT    NOT NULL,
  told         TEXT    NOT NULL DEFAULT ''  -- users up to this one have their notice
) STRICT;

-- Notices to everybody who was connected, and who of them still has to be told.
CREATE TABLE broadcast (
  broadcast   INTEGER PRIMARY KEY,  -- an id as messages have
  body        TEXT    NOT NULL      -- of the notice, behind the stamp
) STRICT;
CREATE TABLE broadcast_part (
  broadcast   INTEGER NOT NULL,
  part        INTEGER NOT NULL,
  users       TEXT    NOT NULL,     -- with spaces in between; told in one frame, which deletes the row
  PRIMARY KEY (broadcast, part)
) STRICT, WITHOUT ROWID;

-- Push jobs. At most one waits per device and conversation; it stands for the newest message there.
CREATE TABLE push_job (
  job          INTEGER PRIMARY KEY AUTOINCREMENT,
  client       TEXT    NOT NULL,
  user         TEXT    NOT NULL,
  conversation INTEGER NOT NULL,
  message      INTEGER NOT NULL,  -- the one that made it
  only_this    INTEGER NOT NULL,  -- 1: made by an @ under AcceptNotNotify: stands for it, or for a newer @all
  handed       INTEGER NOT NULL DEFAULT 0,  -- up to this id the device's cursor does not prove that it has had a message
  created      INTEGER NOT NULL,
  attempt      INTEGER NOT NULL DEFAULT 0,
  due          INTEGER NOT NULL,
  state        INTEGER NOT NULL DEFAULT 0,  -- 0 waits, 1 out to a worker, 2 failed and waits again, 3 dead
  error        TEXT
) STRICT;
CREATE UNIQUE INDEX push_job_waits ON push_job (client, conversation) WHERE state = 0;
CREATE INDEX push_job_due ON push_job (due) WHERE state < 3;
CREATE INDEX push_job_dead ON push_job (job) WHERE state = 3;
CREATE INDEX push_job_client ON push_job (client);
