-- Up Migration

-- When a partition was last given away so that a node that joined gets its share: bounds how many are at a time.
ALTER TABLE partitions ADD COLUMN yielded_at timestamptz;

-- How far the event stream was: one that is made anew begins above it, so that no viewer takes new events for seen.
ALTER TABLE cluster ADD COLUMN events_seq bigint NOT NULL DEFAULT 0;

-- One statement for the caller: a node that is frozen in the middle of it holds no lock. Each statement within sees
-- what was committed before it began, so whoever waited for the lock counts the moves of those before.
CREATE FUNCTION permit_move(moved int, known_epoch bigint, most int, within_ms int) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('oio.moves'));
  IF (SELECT count(*) FROM partitions WHERE yielded_at > clock_timestamp() - within_ms * interval '1 ms') >= most THEN
    RETURN false;
  END IF;
  UPDATE partitions SET yielded_at = clock_timestamp() WHERE id = moved AND epoch = known_epoch;
  RETURN FOUND;
END $$;

-- Down Migration

DROP FUNCTION permit_move;
ALTER TABLE cluster DROP COLUMN events_seq;
ALTER TABLE partitions DROP COLUMN yielded_at;
