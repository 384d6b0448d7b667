/** What a node is made of, and how it is set. */
import type { ActorKind } from '#protocols/actor.ts';
import type { NodeBounds } from './bounds.ts';
import type { Clock } from './clock.ts';
import type { TakeAlone } from './isolation.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { Membership } from './membership.ts';
import type { RuntimeMetrics } from './metrics.ts';
import type { Remote } from './remote.ts';
import type { Store } from './store.ts';

export interface NodeOptions {
  /** Unique per process start. */
  readonly id: string;
  readonly partitionCount: number;
  readonly kinds: readonly ActorKind[];
  readonly store: Store;
  readonly log: Log;
  readonly membership: Membership;
  readonly remote: Remote;
  readonly takeAlone: TakeAlone;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  readonly settings: NodeSettings;
}

export interface NodeSettings {
  /** How long to listen for others before the first partition is taken. */
  readonly settleMs: number;
  /** How often owners are compared with the plan. */
  readonly planEveryMs: number;
  readonly bounds?: NodeBounds;
  /** Of all partitions, how many may move within `MOVE_WINDOW_MS` when a node joins. */
  readonly movesPercentMax: number;
  /** How long all nodes must have known a newer state version before it is written. */
  readonly raiseVersionsAfterMs?: number;
  /** One of so many turns is taken twice to compare; 0: none. */
  readonly twiceEvery?: number;
}

export const NODE_SETTINGS: NodeSettings = { settleMs: 700, planEveryMs: 250, movesPercentMax: 5 };
