-- Up Migration

-- When a timer is to be sent (again): at first when it is due, and each time that it was sent later. One that does not
-- get applied goes behind those that do.
ALTER TABLE timers ADD COLUMN send_at timestamptz, ADD COLUMN sends int NOT NULL DEFAULT 0;
UPDATE timers SET send_at = due_at;
ALTER TABLE timers ALTER COLUMN send_at SET NOT NULL;
DROP INDEX timers_due;
CREATE INDEX timers_to_send ON timers (partition, send_at);

-- Down Migration

DROP INDEX timers_to_send;
ALTER TABLE timers DROP COLUMN send_at, DROP COLUMN sends;
CREATE INDEX timers_due ON timers (partition, due_at);
