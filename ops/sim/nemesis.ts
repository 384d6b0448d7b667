/** Does harm, one act after the other, and mends what must be mended for the next one to hurt. */
import { STREAMS } from '#protocols/subjects.ts';
import type { Cluster, SimNode } from './cluster.ts';
import type { Nemesis } from './faults.ts';
import type { World } from './world.ts';

const NODES_MAX = 4;
/** A stream made anew begins this much above every cursor, as a starting node makes it. */
const FIRST_SEQ_GAP = 1_000;

type Act = (world: World, cluster: Cluster, victim: SimNode) => void;

const ACTS: Readonly<Record<Nemesis, Act>> = {
  kill(world, cluster, victim) {
    cluster.kill(victim);
    world.clock.after(world.random.between(0, 5_000), () => cluster.start());
  },
  pause(world, _cluster, victim) {
    victim.process.pause();
    world.clock.after(world.random.between(100, 6_000), () => victim.process.resume());
  },
  drain(world, cluster, victim) {
    if (victim.isDraining) return;
    void cluster.drain(victim);
    world.clock.after(world.random.between(0, 5_000), () => cluster.start());
  },
  join(_world, cluster) {
    if (cluster.alive.length < NODES_MAX) cluster.start();
  },
  cutHeartbeats(world, cluster, victim) {
    const untilMs = world.clock.now() + world.random.between(500, 5_000);
    for (const other of cluster.alive) {
      if (other !== victim && world.random.chance(0.7)) cluster.cut(victim, other, untilMs);
    }
  },
  storeAway(world) {
    world.storeAwayUntilMs = world.clock.now() + world.random.between(100, 4_000);
  },
  cutStore(world, _cluster, victim) {
    victim.process.storeCutUntilMs = world.clock.now() + world.random.between(1_000, 12_000);
  },
  storeSlow(world) {
    world.storeSlowUntilMs = world.clock.now() + world.random.between(500, 6_000);
  },
  logAway(world) {
    world.logAwayUntilMs = world.clock.now() + world.random.between(100, 4_000);
    world.log.resetReaders();
  },
  resetReaders: (world) => world.log.resetReaders(),
  forgetIds(world) {
    world.log.forgetIds(STREAMS.data);
    world.log.forgetIds(STREAMS.control);
  },
  loseTail(world) {
    const stream = world.random.chance(0.7) ? STREAMS.data : STREAMS.control;
    world.fold.logWasDamaged();
    world.log.loseTail(stream, world.random.between(1, 40));
  },
  recreateLog(world) {
    const stream = world.random.chance(0.7) ? STREAMS.data : STREAMS.control;
    const { partitions } = world.store.rows;
    const highest = Math.max(...partitions.map((row) => Math.max(row.cursor.seq, row.controlCursor.seq)));
    world.fold.logWasDamaged();
    world.log.recreate(stream, world.random.chance(0.8) ? highest + FIRST_SEQ_GAP : 1);
  },
  clockJump(world, _cluster, victim) {
    victim.process.clockOffMs += world.random.between(0, 120_000);
  },
};

export interface Plan {
  readonly acts: number;
  /** Numbers of the acts that are drawn and not done, from 0. */
  readonly spared: readonly number[];
}

/** `acts` times: waits a little, then does one of the harms that the seed allows. */
export async function doHarm(world: World, cluster: Cluster, { acts, spared }: Plan): Promise<void> {
  const { random, clock } = world;
  for (let act = 0; act < acts; act++) {
    world.acts = act + 1;
    await clock.sleep(random.between(50, 2_000) * world.slowness);
    const victims = cluster.alive;
    if (world.nemeses.length === 0 || victims.length === 0) continue;
    const nemesis = random.pick(world.nemeses);
    const victim = random.pick(victims);
    if (spared.includes(act)) continue;
    world.note(`nemesis ${nemesis} ${victim.process.name} (act ${act})`);
    world.count(nemesis);
    ACTS[nemesis](world, cluster, victim);
  }
}
