/** The commit's share of dead letters: the new ones, and what became of those that were sent again. */
import type { Batch } from '../store.ts';
import { type Column, type Section, spread, toText } from './section.ts';

const LETTER_COLUMNS =
  'partition, generation, lane, seq, address, reason, error, state_version, body, ' +
  'id, tenant, actor_type, message_type, group_key, summary';

export function letterSections(batches: readonly Batch[]): Section[] {
  return [
    {
      columns: letterColumns(batches),
      types: ['int', 'bigint', 'text', 'bigint', 'text', 'text', 'text', 'int', 'text', 'uuid'].concat(
        Array(5).fill('text'),
      ),
      sql: (unnest) => `buried AS (
        INSERT INTO dead_letters (${LETTER_COLUMNS})
        SELECT * FROM ${unnest} AS d(${LETTER_COLUMNS})
        WHERE d.partition IN (SELECT id FROM moved)
        ON CONFLICT DO NOTHING
      )`,
    },
    {
      columns: replayColumns(batches),
      types: ['int', 'uuid', 'int', 'text', 'text', 'text', 'text', 'int', 'text', 'text'],
      // Only this replay's letter: one that was dealt with otherwise meanwhile stays as it is. The status is put so that
      // no plan goes through all that are being replayed, as one made on an empty table would.
      sql: (unnest) => `replay_ended AS (
        UPDATE dead_letters d SET status = r.status, version = d.version + 1, changed_at = now(),
          outcome = r.outcome::json,
          reason = coalesce(r.reason, d.reason), error = coalesce(r.error, d.error),
          state_version = CASE WHEN r.reason IS NULL THEN d.state_version ELSE r.state_version END,
          group_key = coalesce(r.group_key, d.group_key), summary = coalesce(r.summary, d.summary)
        FROM ${unnest}
          AS r(partition, letter, n, status, outcome, reason, error, state_version, group_key, summary)
        WHERE d.id = r.letter AND d.replays = r.n AND d.status || '' = 'replaying'
          AND r.partition IN (SELECT id FROM moved)
      )`,
    },
  ];
}

function letterColumns(batches: readonly Batch[]): Column[] {
  const letters = spread(batches, (batch) => batch.deadLetters);
  return [
    letters.map(({ batch }) => batch.partition),
    letters.map(({ batch }) => batch.generation),
    letters.map(({ part }) => part.lane),
    letters.map(({ part }) => part.seq),
    letters.map(({ part }) => part.address),
    letters.map(({ part }) => part.reason),
    letters.map(({ part }) => toText(part.error)),
    letters.map(({ part }) => part.stateVersion),
    letters.map(({ part }) => toText(part.body)),
    letters.map(({ part }) => part.id),
    letters.map(({ part }) => part.tenant),
    letters.map(({ part }) => part.actorType),
    letters.map(({ part }) => toText(part.messageType)),
    letters.map(({ part }) => part.group),
    letters.map(({ part }) => toText(part.summary)),
  ];
}

function replayColumns(batches: readonly Batch[]): Column[] {
  const replays = spread(batches, (batch) => batch.replays).map(({ batch, part }) => ({
    ...part,
    partition: batch.partition,
    failed: part.result.type === 'failed' ? part.result : null,
  }));
  return [
    replays.map(({ partition }) => partition),
    replays.map(({ letter }) => letter),
    replays.map(({ n }) => n),
    replays.map(({ failed }) => (failed ? 'open' : 'replayed')),
    replays.map(({ n, result }) =>
      JSON.stringify({ n, type: result.type, reply: result.type === 'applied' ? result.reply : null }),
    ),
    replays.map(({ failed }) => failed?.reason ?? null),
    replays.map(({ failed }) => toText(failed?.error ?? null)),
    replays.map(({ failed }) => failed?.stateVersion ?? null),
    replays.map(({ failed }) => failed?.group ?? null),
    replays.map(({ failed }) => toText(failed?.summary ?? null)),
  ];
}
