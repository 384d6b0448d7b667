/** The three NATS servers together: who leads, whether all replicas are there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { STREAMS } from '#protocols/subjects.ts';
import type { NatsMember } from './nats-member.ts';

const Replica = z.object({ name: z.string(), current: z.boolean(), offline: z.boolean().default(false) });
const StreamsReport = z.object({
  account_details: z
    .array(
      z.object({
        stream_detail: z
          .array(
            z.object({
              name: z.string(),
              cluster: z.object({ leader: z.string().default(''), replicas: z.array(Replica).default([]) }),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});
const ClusterReport = z.object({ meta_cluster: z.object({ leader: z.string().default('') }).optional() });

export class NatsCluster {
  readonly members: readonly NatsMember[];

  constructor(members: readonly NatsMember[]) {
    this.members = members;
  }

  async start(): Promise<void> {
    await Promise.all(this.members.map((member) => member.start()));
    await this.#until('the cluster has a leader', 60_000, async () => {
      const leaders = await Promise.all(this.members.map((member) => metaLeader(member)));
      return leaders[0] !== '' && leaders.every((leader) => leader === leaders[0]);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }

  member(name: string): NatsMember {
    const found = this.members.find((member) => member.name === name);
    if (!found) throw new Error(`no NATS server is called ${name}`);
    return found;
  }

  /** The member that leads the stream of the mailboxes. */
  async mailboxLeader(): Promise<NatsMember> {
    let leader = '';
    await this.#until('the mailbox stream has a leader', 30_000, async () => {
      for (const member of this.members) {
        const mailbox = (await streamsOf(member)).find(({ name }) => name === STREAMS.data);
        leader ||= mailbox?.cluster.leader ?? '';
      }
      return leader !== '';
    });
    return this.member(leader);
  }

  /** Every server runs, all agree on a leader, and each stream has one whose replicas have all there is. */
  async untilWhole(withinMs: number): Promise<void> {
    await this.#until('every replica is current', withinMs, async () => {
      if (this.members.some((member) => !member.isRunning)) return false;
      const leaders = new Set(await Promise.all(this.members.map(metaLeader)));
      if (leaders.size !== 1 || leaders.has('')) return false;
      const led = new Set<string>();
      for (const member of this.members) {
        for (const { name, cluster } of await streamsOf(member)) {
          const isWhole = cluster.replicas.every((one) => one.current && !one.offline);
          if (cluster.leader === member.name && isWhole) led.add(name);
        }
      }
      return Object.values(STREAMS).every((name) => led.has(name));
    });
  }

  async #until(what: string, withinMs: number, check: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + withinMs;
    while (!(await check())) {
      if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${what}`);
      await sleep(100);
    }
  }
}

async function metaLeader(member: NatsMember): Promise<string> {
  const report = ClusterReport.safeParse(await member.monitor('/jsz'));
  return report.data?.meta_cluster?.leader ?? '';
}

async function streamsOf(member: NatsMember) {
  const report = StreamsReport.safeParse(await member.monitor('/jsz?streams=true'));
  return (report.data?.account_details ?? []).flatMap((account) => account.stream_detail);
}
