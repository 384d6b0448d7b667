/** From what an agent says to the message that goes into an actor's log. Pure. */
import type { Address } from '../address.ts';
import { agentIdOf } from '../agent.ts';
import type { Message } from '../envelope.ts';
import { type Failure, toFaults } from '../failure.ts';
import { toRequestMessage } from './approval.ts';
import { toLockMessage } from './lock.ts';
import { AgentOut } from './message.ts';

/** A command for the log; with the bytes that must be stored before it, where it brings some. */
export interface Intake {
  readonly to: Address;
  readonly message: Message | null;
  /** Idempotency key: repeats of an agent's message are answered as the first one was. */
  readonly key: string;
  readonly blob: { readonly name: string; readonly base64: string } | null;
  /** Of an artifact: how large it is in all, and whether this is its first piece. */
  readonly artifact?: { readonly sizeBytes: number; readonly isFirst: boolean };
  /** Of a lock: under which attempt, which must be the speaker's; and how long an acquire may be waited for. */
  readonly lock?: {
    readonly taskId: string;
    readonly attempt: number;
    readonly acquireWithinMs: number | null;
  };
  /** Tools are asked for, for this attempt, which must be the speaker's and open. */
  readonly tools?: { readonly taskId: string; readonly attempt: number };
}

export type Speaker = { readonly tenant: string; readonly agent: string };

/** The object that holds one chunk of an artifact. The agent is in its name: none can write over another's. */
export function artifactObject(parts: {
  tenant: string;
  agent: string;
  taskId: string;
  attempt: number;
  artifactId: string;
  index: number;
}): string {
  return `${parts.tenant}/${parts.agent}/${parts.taskId}/${parts.attempt}/${parts.artifactId}/${parts.index}`;
}

/** Translates what `speaker` (read from the subject) said. */
export function takeIn(speaker: Speaker, body: unknown): Intake | { failure: Failure } {
  const parsed = AgentOut.safeParse(body);
  if (!parsed.success) {
    return {
      failure: {
        code: 'VALIDATION_FAILED',
        detail: 'not a message of EAP 2.0',
        errors: toFaults(parsed.error),
      },
    };
  }
  const said = parsed.data;
  const key = `eap:${speaker.agent}:${said.id}`;
  const agent: Address = { type: 'agent', tenant: speaker.tenant, id: speaker.agent };
  switch (said.kind) {
    case 'register':
      if (agentIdOf(said.card.name) !== speaker.agent) {
        const detail = `${said.card.name} may not register on the subject of ${speaker.agent}`;
        return { failure: { code: 'FORBIDDEN', detail } };
      }
      return {
        to: agent,
        key,
        blob: null,
        message: {
          type: 'register',
          card: said.card,
          instance: said.instance,
          resume: said.resume.map((one) => ({ task_id: one.taskId, attempt: one.attempt })),
        },
      };
    case 'deregister':
    case 'drain':
      return { to: agent, key, blob: null, message: { type: said.kind, instance: said.instance } };
    case 'lock_acquire':
    case 'lock_renew':
    case 'lock_release': {
      const { taskId, attempt } = said;
      const acquireWithinMs = said.kind === 'lock_acquire' ? said.answerWithinMs : null;
      const lock = { taskId, attempt, acquireWithinMs };
      return { ...toLockMessage(said, speaker.tenant), key, blob: null, lock };
    }
    case 'tools.request': {
      const { taskId, attempt } = said;
      const to: Address = { type: 'task', tenant: speaker.tenant, id: taskId };
      return { to, key, blob: null, message: null, tools: { taskId, attempt } };
    }
    default:
      return { to: { type: 'task', tenant: speaker.tenant, id: said.taskId }, key, ...ofTask(speaker, said) };
  }
}

type OfTask = Extract<
  AgentOut,
  {
    kind:
      | 'progress'
      | 'tool'
      | 'artifact'
      | 'result'
      | 'permission.request'
      | 'input.request'
      | 'request.withdrawn';
  }
>;

function ofTask(speaker: Speaker, said: OfTask): Pick<Intake, 'message' | 'blob' | 'artifact'> {
  const common = { attempt: said.attempt, agent_id: speaker.agent };
  switch (said.kind) {
    case 'progress':
      return {
        blob: null,
        message: {
          type: 'progress',
          ...common,
          percent: said.percent,
          note: said.note,
          usage: said.usage,
          waits_for: said.waitsFor,
          training: said.training,
        },
      };
    case 'tool':
      return {
        blob: null,
        message: {
          type: 'tool',
          ...common,
          call_id: said.callId,
          tool: said.tool,
          title: said.title,
          status: said.status,
        },
      };
    case 'result':
      return {
        blob: null,
        message: {
          type: 'result',
          ...common,
          result: said.result,
          usage: said.usage,
          cancelled: said.cancelled,
        },
      };
    case 'permission.request':
    case 'input.request':
    case 'request.withdrawn':
      return { blob: null, message: toRequestMessage(said, common) };
    case 'artifact': {
      const { index, count } = said.chunk;
      const name = artifactObject({
        ...speaker,
        taskId: said.taskId,
        attempt: said.attempt,
        artifactId: said.artifactId,
        index,
      });
      const artifact = {
        artifact_id: said.artifactId,
        attempt: said.attempt,
        name: said.name,
        role: said.role,
        media_type: said.mediaType,
        size_bytes: said.sizeBytes,
        sha256: said.sha256,
        chunks: count,
      };
      return {
        blob: { name, base64: said.data },
        artifact: { sizeBytes: said.sizeBytes, isFirst: index === 0 },
        message: index === count - 1 ? { type: 'artifact', ...common, artifact } : null,
      };
    }
  }
}
