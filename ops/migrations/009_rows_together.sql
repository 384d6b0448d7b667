-- Up Migration

-- What committed turns have still to send, many to a row: a row each, written and deleted, and a counter's row for each
-- pair of partitions, were half of what a commit cost. The n-th elements of the arrays belong together. A row that
-- fits a page is not cut up nor compressed.
ALTER TABLE outbox RENAME TO outbox_single;
CREATE TABLE outbox (
  id uuid PRIMARY KEY,
  partitions int[] NOT NULL,
  targets int[] NOT NULL,
  lanes text[] NOT NULL,
  ns bigint[] NOT NULL,
  subjects text[] NOT NULL,
  ids text[] NOT NULL,
  bodies text[] NOT NULL,
  committed_at timestamptz NOT NULL DEFAULT now()
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
INSERT INTO outbox SELECT gen_random_uuid(), array[partition], array[target], array[lane], array[n], array[subject],
  array[id], array[body], committed_at FROM outbox_single;
DROP TABLE outbox_single;

-- The number of a partition's last event: its row is written by each commit anyway.
ALTER TABLE partitions ADD COLUMN event_n bigint NOT NULL DEFAULT 0;
UPDATE partitions p SET event_n = o.n FROM outbound o WHERE o.partition = p.id AND o.lane = 'event';

-- Counters of 32 other partitions to a row, as {"<other>/<lane>": n}. Still one writer each.
ALTER TABLE outbound RENAME TO outbound_single;
ALTER TABLE inbound RENAME TO inbound_single;
CREATE TABLE outbound (
  partition int NOT NULL,
  chunk int NOT NULL,
  counters jsonb NOT NULL,
  PRIMARY KEY (partition, chunk)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
CREATE TABLE inbound (
  partition int NOT NULL,
  chunk int NOT NULL,
  counters jsonb NOT NULL,
  PRIMARY KEY (partition, chunk)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
INSERT INTO outbound SELECT partition, target / 32, jsonb_object_agg(target || '/' || lane, n)
  FROM outbound_single WHERE lane <> 'event' GROUP BY 1, 2;
INSERT INTO inbound SELECT partition, source / 32, jsonb_object_agg(source || '/' || lane, n)
  FROM inbound_single GROUP BY 1, 2;
DROP TABLE outbound_single, inbound_single;
ALTER INDEX outbox_pkey1 RENAME TO outbox_pkey;
ALTER INDEX outbound_pkey1 RENAME TO outbound_pkey;
ALTER INDEX inbound_pkey1 RENAME TO inbound_pkey;

-- Down Migration

ALTER TABLE outbox RENAME TO outbox_rows;
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
INSERT INTO outbox SELECT o.partition, o.target, o.lane, o.n, o.subject, o.id, o.body, r.committed_at
  FROM outbox_rows r,
  unnest(r.partitions, r.targets, r.lanes, r.ns, r.subjects, r.ids, r.bodies) AS o(partition, target, lane, n, subject, id, body);
DROP TABLE outbox_rows;
ALTER TABLE outbound RENAME TO outbound_rows;
ALTER TABLE inbound RENAME TO inbound_rows;
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
INSERT INTO outbound SELECT r.partition, split_part(c.key, '/', 1)::int, split_part(c.key, '/', 2), c.value::bigint
  FROM outbound_rows r, jsonb_each_text(r.counters) AS c;
INSERT INTO outbound SELECT id, -1, 'event', event_n FROM partitions WHERE event_n > 0;
INSERT INTO inbound SELECT r.partition, split_part(c.key, '/', 1)::int, split_part(c.key, '/', 2), c.value::bigint
  FROM inbound_rows r, jsonb_each_text(r.counters) AS c;
DROP TABLE outbound_rows, inbound_rows;
ALTER TABLE partitions DROP COLUMN event_n;
