/** Every NATS subject, stream and bucket in one place. A partition's stream is part of this layout. */
import type { Address } from './address.ts';

export type Lane = 'data' | 'control';
export const LANES = ['data', 'control'] as const satisfies readonly Lane[];

export const STREAMS = { data: 'MAILBOX', control: 'CONTROL', events: 'EVENTS' } as const;
export const STREAM_SUBJECTS = { MAILBOX: 'mbx.*', CONTROL: 'ctl.*', EVENTS: 'evt.>' } as const;
export const ARTIFACT_BUCKET = 'artifacts';
/** Buckets for people and clients to watch: which nodes there are, and which holds which partition. */
export const NODE_BUCKET = 'nodes';
export const PARTITION_BUCKET = 'partitions';

/** The stream that holds a lane of a partition. One stream today; more of them are a change of this line only. */
export function laneStream(lane: Lane): string {
  return STREAMS[lane];
}

export function laneSubject(lane: Lane, partition: number): string {
  return lane === 'data' ? `mbx.${partition}` : `ctl.${partition}`;
}

/** The partition of a lane's subject, or null for what is none. */
export function partitionOfSubject(subject: string): number | null {
  const digits = /^(?:mbx|ctl)\.(\d{1,9})$/.exec(subject)?.[1];
  return digits === undefined ? null : Number(digits);
}

export function eventSubject(address: Address, name: string): string {
  return `evt.${address.tenant}.${address.type}.${address.id}.${name}`;
}

/** The rest of a filter behind its first word, as a regular expression: words, `*` for one, `>` at the end. */
export const ADDRESS_TOKENS = '(?:(?:[A-Za-z0-9_-]+|\\*)\\.)*(?:[A-Za-z0-9_-]+|\\*|>)';

/** How a message between actors is named for those who watch: nothing is published there. */
export function tapSubject(to: Address, message: string): string {
  return `tap.${to.tenant}.${to.type}.${to.id}.${message.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`;
}

/** Events of the lock actors of all tenants. */
export const LOCK_EVENTS_ALL = 'evt.*.lock.locks.*';

/** Heartbeats of runtime nodes: core NATS, so that an election inside JetStream stops nobody. */
export const NODE_HEARTBEATS = 'oio.node.heartbeat';

/** What waits for the partitions' owners, told by them: whoever takes commands in from outside listens. */
export const NODE_LOADS = 'oio.node.load';

/** Questions about an actor's past: whichever node is free folds it. */
export const NODE_PAST = 'oio.node.past';

/** Where a process gets the replies to its commands. */
export function replySubject(clientId: string): string {
  return `oio.reply.${clientId}`;
}

/** Where one command's reply is awaited: the inbox of the process that asked, and the command's id. */
export function replyToOf(inbox: string, id: string): string {
  return `${inbox}.${id}`;
}

export function parseReplyTo(replyTo: string): { inbox: string; id: string } {
  const at = replyTo.lastIndexOf('.');
  return { inbox: replyTo.slice(0, at), id: replyTo.slice(at + 1) };
}

export const AGENT_OUT_ALL = 'eap.v2.*.*.out';
export const AGENT_HEARTBEATS_ALL = 'eap.v2.*.*.hb';

/** agent → orchestrator: a request, answered when its commit is done. */
export function agentOut(tenant: string, agent: string): string {
  return `eap.v2.${tenant}.${agent}.out`;
}

/** orchestrator → one instance of an agent: a request, repeated until it is answered. */
export function agentIn(tenant: string, agent: string, instance: string): string {
  return `eap.v2.${tenant}.${agent}.${instance}.in`;
}

export function agentHeartbeat(tenant: string, agent: string): string {
  return `eap.v2.${tenant}.${agent}.hb`;
}

/** Token and terminal deltas: may be lost, numbered, so that a gap shows. */
export function agentLog(tenant: string, agent: string, task: string): string {
  return `eap.v2.${tenant}.${agent}.log.${task}`;
}

/** Tenant and agent of an agent's subject: who speaks is read here, never from the body. */
export function parseAgentSubject(subject: string): { tenant: string; agent: string } | null {
  const [root, version, tenant, agent] = subject.split('.');
  return root === 'eap' && version === 'v2' && tenant && agent ? { tenant, agent } : null;
}

/** Whether a subject matches a filter with `*` (one token) and `>` (one or more, at the end). */
export function subjectMatches(filter: string, subject: string): boolean {
  const wanted = filter.split('.');
  const given = subject.split('.');
  for (const [index, token] of wanted.entries()) {
    if (token === '>') return given.length > index;
    if (index >= given.length || (token !== '*' && token !== given[index])) return false;
  }
  return wanted.length === given.length;
}
