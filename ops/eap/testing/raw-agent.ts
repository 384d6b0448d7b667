/**
 * An agent without the SDK, so that the kit can be seen to find what is wrong with one: in order, or with the fault
 * that `FAULT` names. It knows as little of the protocol as it can.
 */
import { randomUUID } from 'node:crypto';
import { connect } from '@nats-io/transport-node';
import { readServers } from '#actors/remote/sdk/connection.ts';
import { agentInboxPrefix } from '#protocols/eap/permissions.ts';
import { agentHeartbeat, agentIn, agentOut } from '#protocols/subjects.ts';

type Fault = 'none' | 'twice' | 'new id' | 'deaf' | 'secret' | 'nonsense' | 'stray';

interface Told {
  readonly id: string;
  readonly kind: string;
  readonly taskId: string;
  readonly attempt: number;
  readonly payload: { readonly title: string };
}

const { NATS_URL = '', OIO_TENANT = '', OIO_AGENT_NAME = '', OIO_CONFORMANCE_SECRET = '' } = process.env;
const fault = (process.env.FAULT ?? 'none') as Fault;
const agent = OIO_AGENT_NAME.toLowerCase();
const instance = `i-${randomUUID()}`;
const { servers, login } = readServers(NATS_URL);
const nats = await connect({
  ...{ servers, user: login.user?.name ?? '', pass: login.user?.password ?? '' },
  inboxPrefix: agentInboxPrefix(OIO_TENANT, agent),
});
const begun = new Set<string>();
/** Cancelled before they came. */
const overtaken = new Set<string>();
const waiting = new Map<string, () => void>();

const head = () => ({ eap: '2.0', id: randomUUID(), ts: new Date().toISOString() });

async function say(said: Record<string, unknown>): Promise<void> {
  for (let message = { ...head(), ...said }; ; ) {
    const answer = await nats.request(agentOut(OIO_TENANT, agent), JSON.stringify(message), {
      timeout: 5_000,
    });
    const { ok, error } = answer.json<{ ok: boolean; error?: { retryable: boolean } }>();
    if (ok || !error?.retryable) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
    if (fault === 'new id') message = { ...message, id: randomUUID() };
  }
}

async function work({ taskId, attempt, payload }: Told): Promise<void> {
  let cancelled = false;
  if (/wait/.test(payload.title)) {
    await new Promise<void>((resolve) => waiting.set(taskId, resolve));
    cancelled = true;
  }
  const summary = fault === 'secret' ? `done with ${OIO_CONFORMANCE_SECRET}` : 'done';
  const result = { success: !cancelled, summary, commit: null, changes: null, error: null };
  const usage = { tokens_in: 0, tokens_out: 0, cost_usd: 0 };
  await say({ kind: 'result', taskId, attempt, result, usage, cancelled });
}

function take(text: string): Record<string, unknown> {
  const told = JSON.parse(text) as Told;
  if (told.kind === 'cancel') {
    if (fault !== 'deaf') waiting.get(told.taskId)?.();
    if (!begun.has(`${told.taskId} ${told.attempt}`)) overtaken.add(`${told.taskId} ${told.attempt}`);
    return { accepted: true };
  }
  if (told.kind !== 'assign') return { accepted: false, reason: 'unknown' };
  const name = `${told.taskId} ${told.attempt}`;
  if (typeof told.payload?.title !== 'string') return { accepted: false, reason: 'invalid' };
  if (overtaken.has(name)) return { accepted: false, reason: 'unknown' };
  const isKnown = begun.has(name);
  begun.add(name);
  if (!isKnown || fault === 'twice') void work(told);
  return { accepted: true };
}

nats.subscribe(agentIn(OIO_TENANT, agent, instance), {
  callback: (_, message) => {
    try {
      message.respond(JSON.stringify(take(message.string())));
    } catch (error) {
      if (fault === 'nonsense') throw error;
      message.respond(JSON.stringify({ accepted: false, reason: 'invalid' }));
    }
  },
});
if (fault === 'stray') nats.publish('mbx.1', 'from an agent');
const card = {
  ...{ name: OIO_AGENT_NAME, agent_type: 'implementer', version: '1' },
  capabilities: { primary: ['code_generation'] },
};
await say({ kind: 'register', card, instance, resume: [] });
setInterval(() => {
  const beat = { instance, ts: new Date().toISOString(), running: [] };
  nats.publish(agentHeartbeat(OIO_TENANT, agent), JSON.stringify(beat));
}, 1_000);
