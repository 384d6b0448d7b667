/** Tells of actors whose state grows towards the bound: each snapshot counted, each actor logged once. */
import { formatAddress } from '#protocols/address.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Logger } from './logger.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Snapshot } from './store.ts';

/** Past so many names all are forgotten, and may be told again. */
const NAMES_MAX = 10_000;

export class LargeStates {
  readonly #host: { readonly logger: Logger; readonly metrics: Pick<RuntimeMetrics, 'largeStates'> };
  readonly #told = new Set<string>();

  constructor(host: { readonly logger: Logger; readonly metrics: Pick<RuntimeMetrics, 'largeStates'> }) {
    this.#host = host;
  }

  /** Looks at what was written. */
  look(snapshots: readonly Snapshot[]): void {
    for (const { address, state } of snapshots) {
      if (state.length <= LIMITS.actorStateBytesWarning) continue;
      this.#host.metrics.largeStates.inc();
      const name = formatAddress(address);
      if (this.#told.has(name)) continue;
      if (this.#told.size >= NAMES_MAX) this.#told.clear();
      this.#told.add(name);
      const bytes = Buffer.byteLength(state);
      this.#host.logger.warn({ address: name, bytes, bytesMax: LIMITS.actorStateBytesMax }, 'state is large');
    }
  }
}
