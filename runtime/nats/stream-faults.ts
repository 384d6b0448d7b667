/** What a stream's settings must be for the promises to hold, and which of them are not so. */
import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';

const NANOS_PER_S = 1_000_000_000;

/** Each a short sentence; empty where the stream is as it must be. `wanted` is what a node would make. */
export function findFaults(found: StreamConfig, wanted: Partial<StreamConfig>): string[] {
  const faults = [
    found.storage !== StorageType.File && 'storage must be file: memory is lost with the server',
    found.retention !== RetentionPolicy.Limits &&
      'retention must be limits: what was read must stay until it is purged',
    found.discard !== wanted.discard && `discard must be ${wanted.discard}`,
    found.num_replicas < (wanted.num_replicas ?? 1) && `replicas must be ${wanted.num_replicas}`,
    found.max_msgs_per_subject > 0 && 'max_msgs_per_subject must be unlimited: it drops what was not read',
    found.max_bytes <= 0 && 'max_bytes must be set: else only a full disk stops it',
    found.duplicate_window < (wanted.duplicate_window ?? 0) &&
      `duplicate_window must be at least ${(wanted.duplicate_window ?? 0) / NANOS_PER_S} s`,
    isBelow(found.max_msg_size, wanted.max_msg_size ?? 0) &&
      `max_msg_size must be at least ${wanted.max_msg_size}`,
    !wanted.subjects?.every((subject) => found.subjects?.includes(subject)) &&
      `subjects must be ${wanted.subjects?.join(', ')}`,
    found.no_ack && 'no_ack must be off: nobody would know what was kept',
    found.persist_mode === 'async' && 'persist_mode must not be async: what was acknowledged could be lost',
    found.allow_rollup_hdrs && 'allow_rollup_hdrs must be off: one message could remove all others',
    found.sealed && 'it is sealed and takes nothing',
    (found.mirror || found.sources?.length) && 'it must neither mirror another stream nor draw from one',
    ...(wanted.discard === DiscardPolicy.New ? findLaneFaults(found) : []),
  ];
  return faults.filter((fault) => typeof fault === 'string');
}

/** A lane keeps everything until it is purged behind the cursors. */
function findLaneFaults(found: StreamConfig): (string | false)[] {
  return [
    found.max_age > 0 && 'max_age must be unlimited: what waits for long would be dropped',
    found.max_msgs > 0 && 'max_msgs must be unlimited: max_bytes is the bound',
    found.deny_purge && 'deny_purge must be off: it could not be trimmed',
    found.max_consumers > 0 && 'max_consumers must be unlimited',
  ];
}

function isBelow(size: number, least: number): boolean {
  return size > 0 && size < least;
}
