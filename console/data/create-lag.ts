/** How late what happens is shown here, moving. */
import { type Accessor, createSignal, onCleanup } from 'solid-js';
import { LagMeter } from './lag-meter.ts';

const READ_MS = 500;

export interface Lag {
  readonly lagMs: Accessor<number | null>;
  /** Something came that was sent at this time of the server's. */
  readonly hear: (serverMs: number) => void;
}

export function createLag(): Lag {
  const meter = new LagMeter();
  const [lagMs, setLagMs] = createSignal<number | null>(null);
  const timer = setInterval(() => setLagMs(meter.lagMs(Date.now())), READ_MS);
  onCleanup(() => clearInterval(timer));
  return { lagMs, hear: (serverMs) => meter.hear(serverMs, Date.now()) };
}
