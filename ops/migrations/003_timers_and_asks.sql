-- Up Migration

-- When a timer is to be sent (again): at first when it is due, and each time that it was sent later. One that does not
-- get applied goes behind those that do.
ALTER TABLE timers ADD COLUMN send_at timestamptz, ADD COLUMN sends int NOT NULL DEFAULT 0;
UPDATE timers SET send_at = due_at;
ALTER TABLE timers ALTER COLUMN send_at SET NOT NULL;
DROP INDEX timers_due;
CREATE INDEX timers_to_send ON timers (partition, send_at);

-- Commands in the log that were not given to their actors: past their deadline, taken back, or repeats.
CREATE TABLE skipped (
  partition int NOT NULL,
  generation bigint NOT NULL,
  lane text NOT NULL,
  seq bigint NOT NULL,
  reason text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (partition, generation, lane, seq)
);
CREATE INDEX skipped_by_time ON skipped (at);

-- A key is one row in the table of its time, also when two commits bring it at the same moment. An index on `replies`
-- itself could not be unique; nodes make one with each table.
DROP INDEX replies_by_key;
DO $$
DECLARE one regclass;
BEGIN
  FOR one IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'replies'::regclass LOOP
    EXECUTE format('DELETE FROM %s a USING %s b WHERE a.tenant = b.tenant AND a.key = b.key AND a.ctid > b.ctid', one, one);
    EXECUTE format('CREATE UNIQUE INDEX %I ON %s (tenant, key)', one || '_key', one);
  END LOOP;
END $$;

-- Down Migration

DO $$
DECLARE one regclass;
BEGIN
  FOR one IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'replies'::regclass LOOP
    EXECUTE format('DROP INDEX IF EXISTS %I', one || '_key');
  END LOOP;
END $$;
CREATE INDEX replies_by_key ON replies (tenant, key);

DROP TABLE skipped;
DROP INDEX timers_to_send;
ALTER TABLE timers DROP COLUMN send_at, DROP COLUMN sends;
CREATE INDEX timers_due ON timers (partition, due_at);
