/**
 * One run: a safety phase with faults, then a liveness phase without, in which everything has to come to rest.
 *
 * Y1. Nothing in a run depends on real time or real chance: a seed and a number of acts say all of it.
 */
import type { Logger } from '#runtime/logger.ts';
import { watchEventLoop } from '#runtime/testing/event-loop.ts';
import { Caller } from './caller.ts';
import { checkRest, findUnrest } from './checker.ts';
import { Cluster } from './cluster.ts';
import { keepWatch } from './keeper.ts';
import { KINDS, ORACLE } from './kinds.ts';
import { checkLocks } from './lock-checker.ts';
import { keepLocking, Registers } from './lock-users.ts';
import { Mender } from './mender.ts';
import type { Mutant } from './mutant.ts';
import { doHarm } from './nemesis.ts';
import { checkPast } from './past-check.ts';
import { LogOver, storeOver } from './ports.ts';
import { SimProcess } from './process.ts';
import { keepAsking } from './workload.ts';
import { World } from './world.ts';

/** All must have come to rest so long after the last fault; effects are sent again after at most 60 s. */
const REST_WITHIN_MS = 100_000;
const NODES = 3;
const CALLERS = 6;
const LOCK_USERS = 3;

export interface RunOptions {
  readonly seed: number;
  /** How many harms are done. */
  readonly acts: number;
  /** Acts that are left out, from 0: for finding the few that matter. */
  readonly spared?: readonly number[];
  readonly mutant?: Mutant;
  readonly loggerOf?: (name: string, clock: { now(): number }) => Logger;
}

export interface RunResult {
  readonly seed: number;
  /** Begun before the run ended: fewer than planned where a violation ended it. */
  readonly acts: number;
  readonly violations: readonly string[];
  /** Of everything that happened: equal for two runs of one seed. */
  readonly digest: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly virtualMs: number;
  readonly restAfterMs: number;
  readonly history: readonly string[];
}

export async function simulate(options: RunOptions): Promise<RunResult> {
  const loop = watchEventLoop();
  const world = new World(options.seed, loop, options.mutant?.kinds ?? KINDS);
  const blame = (reason: unknown) =>
    world.violated(`defect: ${reason instanceof Error ? reason.stack : String(reason)}`);
  process.on('unhandledRejection', blame);
  try {
    return await run(options, world);
  } finally {
    process.off('unhandledRejection', blame);
    loop.stop();
  }
}

async function run(options: RunOptions, world: World): Promise<RunResult> {
  const { seed, acts, spared = [], mutant, loggerOf } = options;
  const beganMs = world.clock.now();
  const logger = loggerOf && ((name: string) => loggerOf(name, world.clock));
  const cluster = new Cluster({ world, mutant: mutant ?? null, ...(logger ? { loggerOf: logger } : {}) });
  world.remote.agents.set(ORACLE, async (body) => ({ ok: true, value: body }));
  for (let node = 0; node < NODES; node++) cluster.start();
  const callers = Array.from({ length: CALLERS }, (_, index) => buildCaller(world, `caller-${index}`));
  const lockUsers = Array.from({ length: LOCK_USERS }, (_, index) => buildCaller(world, `locker-${index}`));
  const registers = new Registers(world);
  let [isHarmDone, stillAsking] = [false, callers.length + lockUsers.length];
  for (const caller of callers) {
    void keepAsking(world, caller, () => isHarmDone).then(() => stillAsking--);
  }
  for (const caller of lockUsers) {
    void keepLocking({ world, caller, registers, isOver: () => isHarmDone }).then(() => stillAsking--);
  }
  for (const mender of [new Mender(world, 'mender-1'), new Mender(world, 'mender-2')]) {
    void mender.keepMending(() => isHarmDone);
  }
  void keepWatch(world, buildCaller(world, 'keeper'), () => isHarmDone);
  void doHarm(world, cluster, { acts, spared }).then(() => {
    isHarmDone = true;
  });
  while (!isHarmDone && world.violations.length === 0) await world.clock.step();
  const harmEndedMs = world.clock.now();
  if (world.violations.length === 0)
    await comeToRest({
      world,
      cluster,
      callers: [...callers, ...lockUsers],
      isAsking: () => stillAsking > 0,
    });
  if (world.violations.length === 0) checkRest(world, [...callers, ...lockUsers]);
  if (world.violations.length === 0) checkLocks(world, registers);
  if (world.violations.length === 0) await checkPast(world);
  for (const { node } of cluster.nodes) node.activations.stop();
  world.counts.set('folded messages', world.fold.messages);
  return {
    seed,
    acts: world.acts,
    violations: world.violations,
    digest: world.digest,
    counts: world.counts,
    virtualMs: world.clock.now() - beganMs,
    restAfterMs: world.clock.now() - harmEndedMs,
    history: world.history,
  };
}

function buildCaller(world: World, name: string): Caller {
  const process = new SimProcess(name);
  const kinds = new Map(KINDS.map((kind) => [kind.type, kind]));
  return new Caller({
    name,
    world,
    store: storeOver(world, process, world.store),
    log: new LogOver(world, process, world.log),
    isControl: (type, messageType) => kinds.get(type)?.isControl(messageType) ?? false,
  });
}

interface Resting {
  readonly world: World;
  readonly cluster: Cluster;
  readonly callers: readonly Caller[];
  isAsking(): boolean;
}

async function comeToRest({ world, cluster, callers, isAsking }: Resting): Promise<void> {
  world.note('no more harm');
  world.calm();
  cluster.heal();
  if (cluster.alive.every(({ isDraining }) => isDraining)) cluster.start();
  const untilMs = world.clock.now() + REST_WITHIN_MS;
  for (;;) {
    await world.clock.advance(250);
    if (world.violations.length > 0) return;
    const unrest = findUnrest(world, cluster, callers);
    if (unrest.length === 0 && !isAsking()) return;
    if (world.clock.now() < untilMs) continue;
    for (const what of [...unrest, ...(isAsking() ? ['callers still ask'] : [])])
      world.violated(`rest: ${what}`);
    return;
  }
}
