-- SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
-- When the device said its push token last: Apple's "no token since" counts only after it.
ALTER TABLE device ADD COLUMN token_time INTEGER;

-- A token of Apple's is one whatever letters its hex is written with. The device that was used last keeps it.
CREATE INDEX device_spelled ON device (lower(token), last_used) WHERE provider = 'apns';
UPDATE device SET provider = NULL, business = NULL, token = NULL
WHERE provider = 'apns' AND EXISTS (
  SELECT 1 FROM device AS other WHERE other.provider = 'apns' AND lower(other.token) = lower(device.token)
  AND (other.last_used, other.client) > (device.last_used, device.client));
DELETE FROM push_job WHERE client IN (SELECT client FROM device WHERE token IS NULL);
UPDATE device SET token = lower(token) WHERE provider = 'apns' AND token <> lower(token);
DROP INDEX device_spelled;
