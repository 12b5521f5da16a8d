-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- The sixth schema: frames are numbered.

-- The number of the last frame that was executed (schema/ring.h). Frames have had one since this schema: 0 is before the first.
ALTER TABLE state ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
