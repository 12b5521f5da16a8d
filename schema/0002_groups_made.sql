-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- How many groups a user has made today.
ALTER TABLE user ADD COLUMN groups_day INTEGER NOT NULL DEFAULT 0;   -- days since 1970: when the last one was made
ALTER TABLE user ADD COLUMN groups_made INTEGER NOT NULL DEFAULT 0;  -- on that day
