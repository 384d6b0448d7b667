/** The gateway's interface to nodes, locks and single actors, as the cluster's screen uses it. */
import type { Operations } from '#protocols/client/operations.generated.ts';
import type { ActorPlace } from './actor-place.ts';
import { client, orNull, told } from './api.ts';

export type Cluster = Operations['getCluster']['answer'];
export type Lock = Operations['listLocks']['answer']['items'][number];
export type Actor = Operations['getActor']['answer'];
export type Moment = Operations['getActorAt']['answer'];
export type Step = Operations['getActorHistory']['answer']['steps'][number];
export type Supervision = Operations['getActorSupervision']['answer'];

/** What is kept of an actor's past: the newest steps of what could be read, oldest first. */
export interface Past {
  readonly steps: readonly Step[];
  /** There is more behind the last one than was read. */
  readonly isCut: boolean;
}

const LOCKS_MAX = 100;
const STEPS_A_PAGE = 100;
const PAGES_MAX = 10;

export const clusterApi = {
  cluster: () => told(client.getCluster()),
  handOvers: () => told(client.listHandOvers({ limit: 100 })),
  locks: () => told(client.listLocks({ limit: LOCKS_MAX })),
  suspended: () => told(client.listSuspendedActors({ limit: LOCKS_MAX })),
  breakLock: ({ name, token }: Pick<Lock, 'name' | 'token'>, asked: { key: string; reason: string }) =>
    told(client.breakLock({ name, 'idempotency-key': asked.key, body: { token, reason: asked.reason } })),
  actor: (place: ActorPlace) => orNull(client.getActor({ ...place })),
  actorAt: (place: ActorPlace, version: number) => told(client.getActorAt({ ...place, version })),
  supervision: (place: ActorPlace) => orNull(client.getActorSupervision({ ...place })),
  past: (place: ActorPlace) => told(readPast(place)),
  suspend: (place: ActorPlace, { key, reason }: { key: string; reason: string }) =>
    told(client.suspendActor({ ...place, 'idempotency-key': key, body: { reason } })),
  resume: (place: ActorPlace, asked: { key: string; reason: string; mail: 'take' | 'drop' }) => {
    const { key, reason, mail } = asked;
    return told(client.resumeActor({ ...place, 'idempotency-key': key, body: { reason, mail } }));
  },
};

/** The gateway tells a past from its oldest step on: it is read to its end, up to a bound. */
async function readPast(place: ActorPlace): Promise<Past> {
  const steps: Step[] = [];
  let from: string | null = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const asked = { ...place, limit: STEPS_A_PAGE, ...(from === null ? {} : { from }) };
    const read: Operations['getActorHistory']['answer'] = await client.getActorHistory(asked);
    steps.push(...read.steps);
    from = read.next;
    if (from === null) break;
  }
  return { steps, isCut: from !== null };
}
