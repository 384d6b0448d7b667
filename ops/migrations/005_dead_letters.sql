-- Up Migration

-- What people look for, list and count by; what became of a letter; and what they sent instead.
ALTER TABLE dead_letters
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN tenant text NOT NULL DEFAULT '-',
  ADD COLUMN actor_type text,
  ADD COLUMN message_type text,
  ADD COLUMN group_key text NOT NULL DEFAULT '',
  ADD COLUMN summary text NOT NULL DEFAULT '',
  ADD COLUMN status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replaying', 'replayed', 'dropped')),
  ADD COLUMN version int NOT NULL DEFAULT 1,
  ADD COLUMN replays int NOT NULL DEFAULT 0,
  ADD COLUMN edited text,
  ADD COLUMN outcome json,
  ADD COLUMN changed_at timestamptz NOT NULL DEFAULT now();

UPDATE dead_letters SET
  tenant = coalesce(split_part(address, '/', 2), '-'),
  actor_type = split_part(address, '/', 1),
  summary = left(split_part(error, E'\n', 1), 300),
  group_key = left(md5(reason || split_part(error, E'\n', 1) || coalesce(split_part(address, '/', 1), '')), 16);

-- Ids sort by time: a page goes on below the last id of the page before.
CREATE UNIQUE INDEX dead_letters_by_id ON dead_letters (id);
CREATE INDEX dead_letters_by_tenant ON dead_letters (tenant, id DESC);
CREATE INDEX dead_letters_by_status ON dead_letters (tenant, status, id DESC);
CREATE INDEX dead_letters_by_reason ON dead_letters (tenant, reason, id DESC);
CREATE INDEX dead_letters_by_address ON dead_letters (tenant, address, id DESC);
CREATE INDEX dead_letters_by_group ON dead_letters (tenant, group_key, id DESC);
CREATE INDEX dead_letters_replaying ON dead_letters (partition, changed_at) WHERE status = 'replaying';
CREATE INDEX dead_letters_done ON dead_letters (changed_at) WHERE status IN ('replayed', 'dropped');

-- Who did what with a letter, when and why. `before`: what an edit replaced.
CREATE TABLE dead_letter_acts (
  letter uuid NOT NULL REFERENCES dead_letters (id) ON DELETE CASCADE,
  version int NOT NULL,
  act text NOT NULL,
  by text NOT NULL,
  reason text NOT NULL,
  before text,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (letter, version)
);

-- Down Migration

DROP TABLE dead_letter_acts;
DROP INDEX dead_letters_by_id, dead_letters_by_tenant, dead_letters_by_status, dead_letters_by_reason,
  dead_letters_by_address, dead_letters_by_group, dead_letters_replaying, dead_letters_done;
ALTER TABLE dead_letters
  DROP COLUMN id, DROP COLUMN tenant, DROP COLUMN actor_type, DROP COLUMN message_type, DROP COLUMN group_key,
  DROP COLUMN summary, DROP COLUMN status, DROP COLUMN version, DROP COLUMN replays, DROP COLUMN edited,
  DROP COLUMN outcome, DROP COLUMN changed_at;
