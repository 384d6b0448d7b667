/**
 * The door for remote agents: what they say becomes a command in the log, answered when it is committed.
 *
 * G1. Who speaks is read from the subject. The body is checked before anything is stored.
 * G2. A chunk of an artifact is stored before its task hears of the artifact, and none past the tenant's quota.
 */
import { createHash } from 'node:crypto';
import { type Intake, takeIn } from '#protocols/eap/intake.ts';
import type { OutAnswer } from '#protocols/eap/message.ts';
import { type Failure, isRetryable } from '#protocols/failure.ts';
import type { Lane } from '#protocols/subjects.ts';
import { refuseArtifact } from './artifact-quota.ts';
import type { Client, Command } from './client.ts';
import { hearOfLock } from './locks-door.ts';
import type { Objects, Speaker } from './remote.ts';
import { hearOfTools, type ToolsOffer } from './tools-door.ts';

const ASK_TIMEOUT_MS = 10_000;

export interface DoorHost {
  readonly client: Pick<Client, 'ask' | 'get' | 'acquireLock'>;
  readonly objects: Pick<Objects, 'put'>;
  /** Null: this deployment offers none. */
  readonly tools?: ToolsOffer | null;
  isControl(type: string, messageType: string): boolean;
}

/** Takes what `speaker` said and returns the answer. Throws where the log or the store is away: no answer then. */
export async function hearAgent(host: DoorHost, speaker: Speaker, body: unknown): Promise<OutAnswer> {
  const intake = takeIn(speaker, body);
  if ('failure' in intake) return refuse(intake.failure);
  const full = await refuseArtifact(host.client, speaker.tenant, intake);
  // Nothing says when there is room again: it is not waited for.
  if (full) return refuse(full, false);
  if (intake.blob) await host.objects.put(intake.blob.name, Buffer.from(intake.blob.base64, 'base64'));
  if (intake.tools) {
    const said = await hearOfTools(host.client, host.tools ?? null, { speaker, ...intake.tools });
    return said.ok ? said : refuse(said.failure);
  }
  if (!intake.message) return { ok: true, value: null };
  const command: Command = {
    to: intake.to,
    message: intake.message,
    lane: laneOf(host, intake),
    key: intake.key,
    bodyHash: createHash('sha256').update(JSON.stringify(intake.message)).digest('hex'),
    by: `agent:${speaker.agent}`,
    timeoutMs: ASK_TIMEOUT_MS,
  };
  const reply = intake.lock
    ? await hearOfLock(host, { speaker, lock: intake.lock, command })
    : await host.client.ask(command);
  return reply.ok ? { ok: true, value: reply.value } : refuse(reply.failure);
}

function laneOf(host: DoorHost, intake: Intake): Lane {
  return intake.message && host.isControl(intake.to.type, intake.message.type) ? 'control' : 'data';
}

function refuse(failure: Failure, retryable = isRetryable(failure.code)): OutAnswer {
  const faults = failure.errors?.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  const message = faults ? `${failure.detail} (${faults})` : failure.detail;
  return { ok: false, error: { code: failure.code, message, retryable } };
}
