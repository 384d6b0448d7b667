/** Nodes on ports in memory and a virtual clock, for tests of what becomes of partitions that change hands. */
import { buildLogger } from '../logger.ts';
import { buildMetrics } from '../metrics.ts';
import { RuntimeNode } from '../node.ts';
import { NODE_SETTINGS, type NodeSettings } from '../node-options.ts';
import type { Owner, Store } from '../store.ts';
import { VirtualClock } from './clock.ts';
import { COUNTER } from './counter.ts';
import type { EventLoopWatch } from './event-loop.ts';
import { takeInPlace } from './isolation.ts';
import { MemoryLog } from './log.ts';
import { HeartbeatNetwork, MemoryMembership } from './membership.ts';
import { MemoryRemote, RemoteNetwork } from './remote.ts';
import { MemoryStore } from './store.ts';

/** One for the process: they register with the collector of the whole process. */
const metrics = buildMetrics();

export interface Move {
  readonly atMs: number;
  readonly partition: number;
  readonly from: string | null;
  readonly to: string;
}

export interface NodeChange {
  readonly store?: Partial<Store>;
  readonly settings?: Partial<NodeSettings>;
}

export class MemoryCluster {
  readonly clock: VirtualClock;
  readonly store: MemoryStore;
  readonly log: MemoryLog;
  readonly heartbeats = new HeartbeatNetwork();
  /** Each time another node took a partition than the one before. */
  readonly moves: Move[] = [];
  readonly #partitions: number;
  readonly #holders = new Map<number, string>();

  constructor(loop: EventLoopWatch, partitions: number) {
    this.#partitions = partitions;
    this.clock = new VirtualClock({ idle: () => loop.idle() });
    this.store = new MemoryStore({ clock: this.clock, partitionCount: partitions });
    this.log = new MemoryLog(this.clock);
  }

  /** Starts a node; `change` replaces methods of what it has of the store. */
  start(id: string, change: NodeChange = {}): RuntimeNode {
    const node = new RuntimeNode({
      id,
      partitionCount: this.#partitions,
      kinds: [COUNTER],
      store: this.#storeOf(change.store ?? {}),
      log: this.log,
      membership: new MemoryMembership(this.heartbeats, this.clock),
      remote: new MemoryRemote(new RemoteNetwork()),
      clock: this.clock,
      logger: buildLogger({ level: 'silent', role: 'test' }),
      metrics,
      takeAlone: takeInPlace,
      settings: { ...NODE_SETTINGS, ...change.settings },
    });
    void node.start();
    return node;
  }

  owners(): Promise<Owner[]> {
    return this.store.owners();
  }

  #storeOf(change: Partial<Store>): Store {
    const acquire: Store['acquire'] = async (partition, seenEpoch, owner) => {
      const row = await this.store.acquire(partition, seenEpoch, owner);
      const from = this.#holders.get(partition) ?? null;
      if (row && from !== owner) {
        this.moves.push({ atMs: this.clock.now(), partition, from, to: owner });
        this.#holders.set(partition, owner);
      }
      return row;
    };
    return new Proxy<Store>(this.store, {
      get(target, name) {
        const own: unknown = Reflect.get(change, name) ?? (name === 'acquire' ? acquire : null);
        const value: unknown = own ?? Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}
