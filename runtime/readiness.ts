/** Whether a node can be trusted with its share, and if not, why: by what it gets done, not by its pulse. */
import type { NodeReport } from './membership.ts';
import { type Peers, STALLED_AFTER_MS } from './peers.ts';
import { type PartitionProgress, STUCK_AFTER_MS } from './progress.ts';

/** Longer without its own heartbeat: the others take its partitions. */
const DEAF_MAX_MS = 1_000;
/** In /ready; the metrics have all. */
const SHOWN_MAX = 20;

export interface Readiness {
  readonly isReady: boolean;
  readonly reasons: readonly string[];
  readonly partitions: number;
  readonly lag: number;
  readonly oldestMs: number;
  readonly leaseAgeMs: number;
  readonly storeSilentMs: number;
  /** Those that fall behind most, with their ages. */
  readonly behind: readonly PartitionProgress[];
}

/** Of a node, what it is judged by. */
export interface Judged {
  readonly peers: Pick<Peers, 'deafMs' | 'storeSilentMs'>;
  /** Whether it has taken its share and none of it failed. */
  readonly isSettled: boolean;
  report(): NodeReport;
  progress(): PartitionProgress[];
}

export function judge(node: Judged): Readiness {
  const report = node.report();
  const progress = node.progress();
  const { deafMs, storeSilentMs } = node.peers;
  const reasons = [
    report.joining && 'it still listens who else is there',
    report.draining && 'it hands its partitions over',
    storeSilentMs > STALLED_AFTER_MS && `Postgres has not answered for ${storeSilentMs} ms`,
    deafMs > DEAF_MAX_MS && `it has not heard its own heartbeat for ${deafMs} ms: NATS is away`,
    ...progress
      .filter(({ stillMs }) => stillMs >= STUCK_AFTER_MS)
      .map(({ id, lag, stillMs }) => `partition ${id} applied nothing for ${stillMs} ms, ${lag} wait`),
    !node.isSettled && 'it does not hold yet what it should',
  ].filter((reason) => typeof reason === 'string');
  return {
    isReady: reasons.length === 0,
    reasons,
    partitions: report.partitions.length,
    lag: report.lag,
    oldestMs: Math.max(0, ...progress.map(({ oldestMs }) => oldestMs)),
    leaseAgeMs: deafMs,
    storeSilentMs,
    behind: progress
      .filter(({ lag }) => lag > 0)
      .sort((a, b) => b.oldestMs - a.oldestMs)
      .slice(0, SHOWN_MAX),
  };
}
