/** The nodes of the simulated cluster: real `RuntimeNode` and `Upkeep` on the simulated ports, started and stopped. */

import { NODE_BOUNDS, type NodeBounds } from '#runtime/bounds.ts';
import type { Logger } from '#runtime/logger.ts';
import { buildLogger } from '#runtime/logger.ts';
import { buildMetrics } from '#runtime/metrics.ts';
import { RuntimeNode } from '#runtime/node.ts';
import { NODE_SETTINGS } from '#runtime/node-options.ts';
import type { Store } from '#runtime/store.ts';
import { takeInPlace } from '#runtime/testing/isolation.ts';
import { MemoryMembership } from '#runtime/testing/membership.ts';
import type { Random } from '#runtime/testing/random.ts';
import { MemoryRemote } from '#runtime/testing/remote.ts';
import { Upkeep } from '#runtime/upkeep.ts';
import { KINDS } from './kinds.ts';
import type { Mutant } from './mutant.ts';
import { LogOver, remoteOver, storeOver } from './ports.ts';
import { SimProcess } from './process.ts';
import type { World } from './world.ts';

const DRAIN_MS = 10_000;

/** One for the process: they register with the collector of the whole process. */
const metrics = buildMetrics();
const silent = buildLogger({ level: 'silent', role: 'sim' });

export interface SimNode {
  readonly process: SimProcess;
  readonly node: RuntimeNode;
  readonly upkeep: Upkeep;
  readonly log: LogOver;
  isDraining: boolean;
}

export interface ClusterOptions {
  readonly world: World;
  readonly mutant: Mutant | null;
  readonly loggerOf?: (name: string) => Logger;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #serverStore: Store;
  readonly #idleMs: number;
  readonly #bounds: NodeBounds;
  readonly #movesPercentMax: number;
  #started = 0;
  readonly nodes: SimNode[] = [];

  constructor(options: ClusterOptions) {
    const { world, mutant } = options;
    this.#options = options;
    this.#serverStore = mutant?.serverStore?.(world) ?? world.store;
    this.#idleMs = world.random.between(200, 20_000);
    this.#bounds = drawBounds(world.random);
    this.#movesPercentMax = world.random.pick([5, 50, 100]);
    world.heartbeats.carries = (from, to) => this.#carries(from, to);
  }

  get alive(): SimNode[] {
    return this.nodes.filter(({ process }) => !process.isDead);
  }

  start(): void {
    const { world, mutant, loggerOf } = this.#options;
    const process = new SimProcess(`node-${++this.#started}`);
    const clock = process.clockOn(world.clock);
    const logOver = new LogOver(world, process, world.log);
    const store = storeOver(world, process, this.#serverStore);
    const ports = {
      store: mutant?.nodeStore?.(store, { world, log: logOver }) ?? store,
      log: mutant?.nodeLog?.(logOver, { world, log: logOver }) ?? logOver,
      clock,
      logger: loggerOf?.(process.name) ?? silent,
      metrics,
    };
    const node = new RuntimeNode({
      ...ports,
      id: process.name,
      partitionCount: world.partitionCount,
      kinds: mutant?.kinds ?? KINDS,
      membership: this.#join(process, clock),
      remote: remoteOver(world, process, new MemoryRemote(world.remote)),
      takeAlone: takeInPlace,
      settings: { ...NODE_SETTINGS, bounds: this.#bounds, movesPercentMax: this.#movesPercentMax },
    });
    const settings = { idleMs: this.#idleMs, journalMs: 5_000 };
    const { past } = world.store;
    const upkeep = new Upkeep({ ...ports, past, node, routes: node.routes, settings });
    this.nodes.push({ process, node, upkeep, log: logOver, isDraining: false });
    world.note(`start ${process.name}`);
    void node.start().then(() => upkeep.start());
  }

  kill(victim: SimNode): void {
    this.#options.world.note(`kill ${victim.process.name}`);
    victim.process.kill();
    void victim.log.close();
  }

  /** As SIGTERM does: hands its partitions over, then ends. */
  async drain(victim: SimNode): Promise<void> {
    victim.isDraining = true;
    this.#options.world.note(`drain ${victim.process.name}`);
    await victim.upkeep.stop();
    await victim.node.drain(DRAIN_MS);
    if (!victim.process.isDead) this.kill(victim);
  }

  #memberships = new Map<MemoryMembership, SimProcess>();
  /** Pairs that don't hear each other, and until when. */
  readonly #cuts = new Map<string, number>();

  cut(a: SimNode, b: SimNode, untilMs: number): void {
    this.#cuts.set(`${a.process.name}>${b.process.name}`, untilMs);
    if (this.#options.world.random.chance(0.5))
      this.#cuts.set(`${b.process.name}>${a.process.name}`, untilMs);
  }

  heal(): void {
    this.#cuts.clear();
    for (const { process } of this.nodes) {
      process.storeCutUntilMs = 0;
      process.resume();
    }
  }

  #join(process: SimProcess, clock: ReturnType<SimProcess['clockOn']>): MemoryMembership {
    const membership = new MemoryMembership(this.#options.world.heartbeats, clock);
    this.#memberships.set(membership, process);
    return membership;
  }

  #carries(from: string, to: MemoryMembership): boolean {
    const { world } = this.#options;
    const receiver = this.#memberships.get(to);
    const sender = this.nodes.find(({ process }) => process.name === from);
    if (!receiver?.isRunning || sender?.process.isDead || from === receiver.name) return false;
    if ((this.#cuts.get(`${from}>${receiver.name}`) ?? 0) > world.clock.now()) return false;
    return !world.random.chance(world.rates.heartbeatLost);
  }
}

/** Now and then so narrow that actors leave memory all the time, and messages wait for room. */
function drawBounds(random: Random): NodeBounds {
  if (random.chance(0.5)) return NODE_BOUNDS;
  return {
    actorBytesMax: random.between(1, 30_000),
    uncommittedMax: random.between(1, 100),
    uncommittedBytesMax: random.between(1, 40_000),
    inFlightMax: random.between(1, 50),
    inFlightBytesMax: random.between(1, 20_000),
  };
}
