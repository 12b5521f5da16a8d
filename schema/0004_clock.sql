-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- One row: what is known of the clock, so that nothing is removed by a wrong one (belief.h).
CREATE TABLE clock (
  one      INTEGER PRIMARY KEY CHECK (one = 1),
  time     INTEGER NOT NULL,  -- the newest that was believed; 0: none yet
  boot_id  TEXT    NOT NULL,  -- of the machine, when the rest was written
  ahead    INTEGER,           -- ms by which it was ahead of the clock that runs since the machine was started; NULL:
                              -- none has been believed since then
  doubtful INTEGER,           -- the same of a clock that is not believed yet; NULL: it is
  since    INTEGER            -- ms since the start of the machine: when it was first seen
) STRICT;
INSERT INTO clock VALUES (1, ifnull((SELECT time FROM message ORDER BY id DESC LIMIT 1), 0), '', NULL, NULL, NULL);
