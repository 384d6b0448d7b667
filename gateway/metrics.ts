/** The gateway's own measures, in Prometheus' format. Labels come from closed sets only. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { FailureCode, FullScope } from '#protocols/failure.ts';

export interface Metrics {
  readonly contentType: string;
  read(): Promise<string>;
  /** `route` is the template, never the path. */
  requestEnded(request: { method: string; route: string; status: number; seconds: number }): void;
  /** `scope`: what was full. */
  requestFailed(code: FailureCode, scope: FullScope | undefined): void;
  viewersChanged(by: 1 | -1): void;
  framesSent(count: number): void;
  framesLeftOut(count: number): void;
  viewerShed(): void;
  start(): void;
  stop(): void;
}

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const DELAY_RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

export function buildMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: 'oio_http_request_seconds',
    help: 'Requests answered and how long they took.',
    labelNames: ['method', 'route', 'status'],
    buckets: LATENCY_SECONDS,
    registers,
  });
  const failures = new Counter({
    name: 'oio_http_failures_total',
    help: 'Requests that ended with a failure, by its code and, where something was full, by what.',
    labelNames: ['code', 'scope'],
    registers,
  });
  const viewers = new Gauge({ name: 'oio_live_viewers', help: 'Viewers of the live feed now.', registers });
  const frames = new Counter({
    name: 'oio_live_frames_total',
    help: 'Events sent to viewers, each viewer counted.',
    registers,
  });
  const leftOut = new Counter({
    name: 'oio_live_frames_left_out_total',
    help: 'Events left out for viewers that read too slowly, each viewer counted.',
    registers,
  });
  const shed = new Counter({
    name: 'oio_live_viewers_shed_total',
    help: 'Viewers closed because they read too slowly.',
    registers,
  });
  const delay = addProcessMetrics(registers);
  return {
    contentType: registry.contentType,
    read: () => registry.metrics(),
    requestEnded: ({ method, route, status, seconds }) =>
      requests.observe({ method, route, status: `${Math.floor(status / 100)}xx` }, seconds),
    requestFailed: (code, scope) => failures.inc({ code, scope: scope ?? 'none' }),
    viewersChanged: (by) => viewers.inc(by),
    framesSent: (count) => frames.inc(count),
    framesLeftOut: (count) => leftOut.inc(count),
    viewerShed: () => shed.inc(),
    start: () => void delay.enable(),
    stop: () => void delay.disable(),
  };
}

/** The process as it is when somebody reads. Returns the meter of the event loop's delay, not yet running. */
function addProcessMetrics(registers: Registry[]) {
  const delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  new Gauge({
    name: 'oio_event_loop_delay_seconds',
    help: 'Delay of the event loop since it was last read.',
    labelNames: ['quantile'],
    registers,
    collect() {
      if (delay.count > 0) {
        this.set({ quantile: '0.5' }, beyondResolution(delay.percentile(50)));
        this.set({ quantile: '0.99' }, beyondResolution(delay.percentile(99)));
        this.set({ quantile: '1' }, beyondResolution(delay.max));
      }
      delay.reset();
    },
  });
  new Gauge({
    name: 'oio_process_resident_bytes',
    help: 'Memory of the process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'oio_process_cpu_seconds',
    help: 'Processor time of the process since it began.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.set((user + system) / 1e6);
    },
  });
  return delay;
}

/** The meter counts its own interval as delay. */
function beyondResolution(nanoseconds: number): number {
  return Math.max(0, nanoseconds / NANOSECONDS - DELAY_RESOLUTION_MS / 1_000);
}
