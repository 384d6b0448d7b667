/** Progress as measures: read when somebody asks. The partition is a label: there are as many as the cluster has. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';
import type { PartitionProgress } from './progress.ts';
import type { Readiness } from './readiness.ts';

const DELAY_RESOLUTION_MS = 10;
const NANOS_PER_MS = 1e6;

export interface ProgressLook {
  readonly progress: readonly PartitionProgress[];
  readonly readiness: Readiness;
}

/** Adds the measures; they stay empty until somebody says by the returned function where to look. */
export function addProgressMetrics(registry: Registry): (look: () => ProgressLook) => void {
  let look: (() => ProgressLook) | null = null;
  const ofPartition = (name: string, help: string, read: (one: PartitionProgress) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['partition'],
      registers: [registry],
      collect() {
        this.reset();
        for (const one of look?.().progress ?? []) this.set({ partition: String(one.id) }, read(one));
      },
    });
  const ofNode = (name: string, help: string, read: (readiness: Readiness) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        if (look) this.set(read(look().readiness));
      },
    });
  ofPartition('oio_partition_lag_messages', 'Messages of a held partition that wait', ({ lag }) => lag);
  ofPartition(
    'oio_partition_oldest_seconds',
    'Age of the oldest message that was delivered and is not applied',
    ({ oldestMs }) => oldestMs / 1_000,
  );
  ofPartition(
    'oio_partition_still_seconds',
    'For how long messages have waited and none was applied',
    ({ stillMs }) => stillMs / 1_000,
  );
  ofNode('oio_ready', 'Whether the node is ready', ({ isReady }) => Number(isReady));
  ofNode(
    'oio_lease_age_seconds',
    'Since the node heard its own heartbeat',
    ({ leaseAgeMs }) => leaseAgeMs / 1_000,
  );
  ofNode('oio_store_silent_seconds', 'Since Postgres answered', ({ storeSilentMs }) => storeSilentMs / 1_000);
  const delay = addLoopDelay(registry);
  return (from) => {
    delay.enable();
    look = from;
  };
}

function addLoopDelay(registry: Registry): ReturnType<typeof monitorEventLoopDelay> {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  new Gauge({
    name: 'oio_event_loop_delay_seconds',
    help: 'Delay of the event loop since it was last read',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      if (delay.count > 0) {
        const seconds = (nanos: number) => Math.max(0, nanos / NANOS_PER_MS - DELAY_RESOLUTION_MS) / 1_000;
        this.set({ quantile: '0.5' }, seconds(delay.percentile(50)));
        this.set({ quantile: '0.99' }, seconds(delay.percentile(99)));
        this.set({ quantile: '1' }, seconds(delay.max));
      }
      delay.reset();
    },
  });
  return delay;
}
