/** The commit's share of the past: snapshots that are kept beside the newest, and where forks come from. */
import type { Batch } from '../store.ts';
import { addressColumns, type Column, type Section, spread } from './section.ts';

/** Beside the records of the batches themselves. */
export function pastSections(batches: readonly Batch[]): Section[] {
  return [
    {
      columns: keptColumns(batches),
      types: ['int', 'text', 'text', 'text', 'bigint', 'bigint', 'int', 'text', 'text'],
      sql: (unnest) => `kept AS (
        INSERT INTO snapshots_kept (partition, tenant, type, id, batch, version, state_version, state, timers)
        SELECT k.partition, k.tenant, k.type, k.id, k.batch, k.version, k.state_version, k.state::json, k.timers::json
        FROM ${unnest} AS k(partition, tenant, type, id, batch, version, state_version, state, timers)
        WHERE k.partition IN (SELECT id FROM moved)
      )`,
    },
    {
      columns: forkColumns(batches),
      types: ['int', 'text', 'text', 'text', 'text', 'bigint', 'text', 'text'],
      sql: (unnest) => `forked AS (
        INSERT INTO forks (tenant, type, id, from_id, from_version, from_message, by)
        SELECT f.tenant, f.type, f.id, f.from_id, f.from_version, f.from_message, f.by
        FROM ${unnest} AS f(partition, tenant, type, id, from_id, from_version, from_message, by)
        WHERE f.partition IN (SELECT id FROM moved)
        ON CONFLICT (tenant, type, id) DO UPDATE SET from_id = excluded.from_id, from_version = excluded.from_version,
          from_message = excluded.from_message, by = excluded.by, at = now()
      )`,
    },
  ];
}

function keptColumns(batches: readonly Batch[]): Column[] {
  const kept = spread(batches, (batch) => batch.kept);
  return [
    ...addressColumns(kept.map(({ batch, part }) => ({ batch, part: part.address }))),
    kept.map(({ batch }) => batch.batch),
    kept.map(({ part }) => part.version),
    kept.map(({ part }) => part.stateVersion),
    kept.map(({ part }) => part.state),
    kept.map(({ part }) => JSON.stringify(part.timers)),
  ];
}

function forkColumns(batches: readonly Batch[]): Column[] {
  const forks = spread(batches, (batch) => batch.forks);
  return [
    ...addressColumns(forks.map(({ batch, part }) => ({ batch, part: part.address }))),
    forks.map(({ part }) => part.id),
    forks.map(({ part }) => part.version),
    forks.map(({ part }) => part.messageId),
    forks.map(({ part }) => part.by),
  ];
}
