-- Up Migration

-- What each commit took from its partition's log, in which order, and by which code: one row a batch, kept as long as
-- the log's own margin. `fold_order` is read by runtime/fold-order.ts.
CREATE TABLE batches (
  partition int NOT NULL,
  batch bigint NOT NULL,
  epoch bigint NOT NULL,
  generation bigint NOT NULL,
  data_from bigint NOT NULL,
  data_to bigint NOT NULL,
  control_from bigint NOT NULL,
  control_to bigint NOT NULL,
  digest int NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  fold_order text NOT NULL,
  code text NOT NULL,
  PRIMARY KEY (partition, batch)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- Where a fold can begin: an actor as it was after a batch. Without a state: it ended there; `born_at` then says when
-- that life had begun.
CREATE TABLE snapshots_kept (
  tenant text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  partition int NOT NULL,
  batch bigint NOT NULL,
  version bigint NOT NULL,
  state_version int NOT NULL,
  state json,
  timers json NOT NULL DEFAULT '{}',
  born_at timestamptz,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, type, id, batch)
);
CREATE INDEX snapshots_kept_by_batch ON snapshots_kept (partition, batch);

-- Which actor began as another's state.
CREATE TABLE forks (
  tenant text NOT NULL,
  type text NOT NULL,
  id text NOT NULL,
  from_id text NOT NULL,
  from_version bigint NOT NULL,
  from_message text,
  by text NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant, type, id)
);

-- The version in which each kind's states are written: what every node of the cluster can read. Only ever raised.
CREATE TABLE state_versions (
  type text PRIMARY KEY,
  version int NOT NULL,
  raised_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO state_versions (type, version) SELECT type, max(state_version) FROM actors GROUP BY type;

-- Down Migration

DROP TABLE state_versions, forks, snapshots_kept, batches;
