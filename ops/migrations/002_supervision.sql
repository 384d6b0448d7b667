-- Up Migration

-- Which message an owner was about to take, alone, in the batch of that number; and those of which owners died.
ALTER TABLE partitions ADD COLUMN attempt text;
ALTER TABLE partitions ADD COLUMN attempt_batch bigint;
ALTER TABLE partitions ADD COLUMN suspects jsonb NOT NULL DEFAULT '{}';

-- Actors that had faults lately, or take nothing until a person resumes them.
CREATE TABLE supervised (
  tenant text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  partition int NOT NULL,
  status text NOT NULL CHECK (status IN ('active', 'suspended', 'resuming', 'dropping')),
  faults json NOT NULL,
  reason text NOT NULL,
  by text NOT NULL,
  since_ms bigint NOT NULL,
  kept int NOT NULL,
  kept_bytes bigint NOT NULL,
  last_kept bigint NOT NULL,
  resumes int NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, type, id)
);
CREATE INDEX supervised_by_partition ON supervised (partition);
CREATE INDEX supervised_suspended ON supervised (updated_at) WHERE status <> 'active';

-- Mail of suspended actors, in the order in which they will take it, with its place in the log.
CREATE TABLE kept_mail (
  tenant text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  n bigint NOT NULL,
  generation bigint NOT NULL,
  lane text NOT NULL,
  seq bigint NOT NULL,
  at_ms bigint NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (tenant, type, id, n)
);

-- Down Migration

DROP TABLE kept_mail, supervised;
ALTER TABLE partitions DROP COLUMN attempt, DROP COLUMN attempt_batch, DROP COLUMN suspects;
