-- Up Migration

-- The mirror of the locks reads the tables of a node's partitions: one row a tenant among all actors.
CREATE INDEX actors_locks ON actors (partition) WHERE type = 'lock';

-- Down Migration

DROP INDEX actors_locks;
