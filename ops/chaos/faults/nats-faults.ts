/** NATS servers that die, sleep, lose their power or their room; one of them, the leader, or all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ALL_PARTITIONS, type Fault, type Scene } from '../fault.ts';
import type { NatsMember } from '../nats-member.ts';
import type { Stage } from '../stage.ts';

const DEAD_MS = 2_000;
/** Longer than an election, so that the sleeper wakes into a cluster that went on without it. */
const ASLEEP_MS = 12_000;
const ALL_DEAD_MS = 3_000;
const FULL_MS = 6_000;
const FROM_FAULT = 'the fault → every partition has answered';
const FROM_BACK = 'the servers started again → every partition has answered';

export const NATS_KILL: Fault = {
  name: 'nats-kill',
  what: 'SIGKILL of a NATS server that does not lead the mailboxes, and a start',
  measured: FROM_FAULT,
  run: async (scene) => killAndStart(scene, await pickFollower(scene)),
};

export const NATS_LEADER_KILL: Fault = {
  name: 'nats-leader-kill',
  what: 'SIGKILL of the server that leads the mailboxes, and a start',
  measured: FROM_FAULT,
  run: async (scene) => killAndStart(scene, await scene.stage.nats.mailboxLeader()),
};

export const NATS_PAUSE: Fault = {
  name: 'nats-pause',
  what: 'SIGSTOP of a NATS server that does not lead the mailboxes, longer than an election, and SIGCONT',
  measured: FROM_FAULT,
  run: async (scene) => pauseAndWake(scene, await pickFollower(scene)),
};

export const NATS_LEADER_PAUSE: Fault = {
  name: 'nats-leader-pause',
  what: 'SIGSTOP of the server that leads the mailboxes, longer than an election, and SIGCONT',
  measured: FROM_FAULT,
  run: async (scene) => pauseAndWake(scene, await scene.stage.nats.mailboxLeader()),
};

export const NATS_DOWN: Fault = {
  name: 'nats-down',
  what: 'SIGKILL of all three NATS servers at once, and a start',
  measured: FROM_BACK,
  async run({ stage: { nats }, probe }) {
    await Promise.all(nats.members.map((member) => member.kill()));
    await sleep(ALL_DEAD_MS);
    const starting = nats.start();
    probe(ALL_PARTITIONS);
    await starting;
  },
};

export const NATS_POWER: Fault = {
  name: 'nats-power',
  what: 'a NATS server loses its power: it starts again with what it had synced to its disk, and nothing else',
  measured: FROM_FAULT,
  missing: ({ noDisks }) => noDisks,
  async run({ stage, probe }) {
    const leader = await stage.nats.mailboxLeader();
    probe(ALL_PARTITIONS);
    await leader.kill();
    await diskOf(stage, leader).losePower();
    await leader.start();
  },
};

export const NATS_POWER_ALL: Fault = {
  name: 'nats-power-all',
  what: 'all three NATS servers lose their power at once',
  measured: FROM_BACK,
  missing: ({ noDisks }) => noDisks,
  async run({ stage, probe }) {
    const { nats } = stage;
    await Promise.all(nats.members.map((member) => member.kill()));
    await Promise.all(nats.members.map((member) => diskOf(stage, member).losePower()));
    const starting = nats.start();
    probe(ALL_PARTITIONS);
    await starting;
  },
};

export const NATS_FULL: Fault = {
  name: 'nats-full',
  what: "the disk of the mailboxes' leader is full; then there is room, and the server is started again",
  measured: FROM_FAULT,
  missing: ({ noDisks }) => noDisks,
  async run({ stage, probe, tell }) {
    const leader = await stage.nats.mailboxLeader();
    const disk = diskOf(stage, leader);
    disk.fill();
    probe(ALL_PARTITIONS);
    await sleep(FULL_MS);
    tell(
      `${leader.name} is ${(await leader.monitor('/healthz')) === null ? 'unwell' : 'well'} on its full disk`,
    );
    disk.empty();
    await leader.stop();
    await leader.start();
  },
};

export const NATS_FULL_ALL: Fault = {
  name: 'nats-full-all',
  what: 'the disks of all three NATS servers are full; then there is room, and they are started again one by one',
  measured: 'room again → every partition has answered',
  missing: ({ noDisks }) => noDisks,
  async run({ stage, probe }) {
    const { nats } = stage;
    for (const member of nats.members) diskOf(stage, member).fill();
    await sleep(FULL_MS);
    for (const member of nats.members) diskOf(stage, member).empty();
    probe(ALL_PARTITIONS);
    for (const member of nats.members) {
      await member.stop();
      await member.start();
    }
  },
};

async function killAndStart({ probe, tell }: Scene, member: NatsMember): Promise<void> {
  tell(`killing ${member.name}`);
  member.signal('SIGKILL');
  probe(ALL_PARTITIONS);
  await member.kill();
  await sleep(DEAD_MS);
  await member.start();
}

async function pauseAndWake({ probe, tell }: Scene, member: NatsMember): Promise<void> {
  tell(`pausing ${member.name}`);
  member.signal('SIGSTOP');
  probe(ALL_PARTITIONS);
  await sleep(ASLEEP_MS);
  member.signal('SIGCONT');
}

async function pickFollower({ stage: { nats }, random }: Scene): Promise<NatsMember> {
  const leader = await nats.mailboxLeader();
  return random.pick(nats.members.filter((member) => member !== leader));
}

function diskOf({ disks }: Stage, { name }: NatsMember) {
  const disk = disks.get(name);
  if (!disk) throw new Error(`${name} has no disk of its own`);
  return disk;
}
