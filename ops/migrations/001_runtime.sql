-- Up Migration

-- What both stores must agree on: the cluster's id stands here and in the streams' metadata.
CREATE TABLE cluster (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  partition_count int NOT NULL CHECK (partition_count BETWEEN 1 AND 4096),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The authority over each partition. Every commit moves its row, where epoch and batch are as the owner knows them.
CREATE TABLE partitions (
  id int PRIMARY KEY,
  epoch bigint NOT NULL DEFAULT 0,
  batch bigint NOT NULL DEFAULT 0,
  generation bigint NOT NULL DEFAULT 0,
  cursor bigint NOT NULL DEFAULT 0,
  cursor_id text,
  control_cursor bigint NOT NULL DEFAULT 0,
  control_cursor_id text,
  owner text,
  moved_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Snapshots. `state` is json, not jsonb: its text, key order included, is what the handler returned.
CREATE TABLE actors (
  tenant text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  partition int NOT NULL,
  version bigint NOT NULL,
  state_version int NOT NULL,
  state json NOT NULL,
  timers json NOT NULL DEFAULT '{}',
  status text,
  title text,
  parent text,
  watch_ms int,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, type, id)
) WITH (fillfactor = 80);
-- Lists ask for `tenant || '/' || type`: with the bare columns these indexes would look as good as the primary key to a
-- planner that has no statistics yet, and finding one actor would read all of its kind.
CREATE INDEX actors_by_status ON actors ((tenant || '/' || type), status, created_at DESC);
CREATE INDEX actors_by_created ON actors ((tenant || '/' || type), created_at DESC);
CREATE INDEX actors_by_parent ON actors ((tenant || '/' || type), parent) WHERE parent IS NOT NULL;
CREATE INDEX actors_watched ON actors (partition) WHERE watch_ms IS NOT NULL;

-- What committed turns have still to send. target -1: the event stream.
CREATE TABLE outbox (
  partition int NOT NULL,
  target int NOT NULL,
  lane text NOT NULL CHECK (lane IN ('data', 'control', 'event')),
  n bigint NOT NULL,
  subject text NOT NULL,
  id text NOT NULL,
  body text NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (partition, target, lane, n)
);

-- Counters, one writer each: the source writes outbound, the target writes inbound.
CREATE TABLE outbound (
  partition int NOT NULL,
  target int NOT NULL,
  lane text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (partition, target, lane)
) WITH (fillfactor = 50);
CREATE TABLE inbound (
  partition int NOT NULL,
  source int NOT NULL,
  lane text NOT NULL,
  n bigint NOT NULL,
  PRIMARY KEY (partition, source, lane)
) WITH (fillfactor = 50);

-- Idempotency keys with their replies, by the hour; nodes make the next hours' tables and drop the old ones.
CREATE TABLE replies (
  tenant text NOT NULL,
  key text NOT NULL,
  body_hash text NOT NULL,
  reply json NOT NULL,
  at timestamptz NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX replies_by_key ON replies (tenant, key);

CREATE TABLE timers (
  tenant text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  key text NOT NULL,
  partition int NOT NULL,
  generation bigint NOT NULL,
  due_at timestamptz NOT NULL,
  message json NOT NULL,
  PRIMARY KEY (tenant, type, id, key)
);
CREATE INDEX timers_due ON timers (partition, due_at);

CREATE TABLE dead_letters (
  partition int NOT NULL,
  generation bigint NOT NULL,
  lane text NOT NULL,
  seq bigint NOT NULL,
  address text,
  reason text NOT NULL,
  error text NOT NULL,
  state_version int,
  body text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (partition, generation, lane, seq)
);

-- Down Migration

DROP TABLE dead_letters, timers, replies, inbound, outbound, outbox, actors, partitions, cluster;
