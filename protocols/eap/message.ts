/**
 * The External Agent Protocol 2.0: what agents and the orchestrator say to each other, in core NATS requests.
 * Field names are camelCase, as in A2A. The subject says who speaks; the body never does.
 */
import { z } from 'zod';
import { AgentCard } from '../agent.ts';
import { EntityId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { TaskResult, TokenUsage } from '../task.ts';
import { TrainingReport } from '../training-report.ts';
import {
  INPUT,
  INPUT_REQUEST,
  PERMISSION_DECISION,
  PERMISSION_REQUEST,
  REQUEST_WITHDRAWN,
  STEER,
} from './approval.ts';
import { LOCK_ACQUIRE, LOCK_RELEASE, LOCK_RENEW } from './lock.ts';
import { TOOLS_REQUEST } from './tools.ts';

export const EAP_VERSION = '2.0';

const attempt = z.number().int().positive();
/** Of one attempt. The attempt's number is the lease epoch: what an older one says is not applied. */
const ofAttempt = { taskId: EntityId, attempt };

const head = {
  eap: z.literal(EAP_VERSION),
  /** Idempotency key of this message: a repeat is answered as the first was. */
  id: z
    .string()
    .min(8)
    .max(64)
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces'),
  ts: z.iso.datetime(),
};

/** agent → orchestrator. */
export const AgentOut = z.discriminatedUnion('kind', [
  z.object({
    ...head,
    kind: z.literal('register'),
    card: AgentCard,
    instance: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
    resume: z.array(z.object(ofAttempt)).max(50).default([]),
  }),
  z.object({ ...head, kind: z.literal('deregister'), instance: z.string() }),
  z.object({ ...head, kind: z.literal('drain'), instance: z.string() }),
  z.object({
    ...head,
    ...ofAttempt,
    kind: z.literal('progress'),
    percent: z.number().min(0).max(100).optional(),
    note: z.string().max(2_000).optional(),
    usage: TokenUsage.optional(),
    /** What it waits for by itself; said with every report that it still holds for. */
    waitsFor: z.enum(['rate_limit', 'auth']).optional(),
    /** Of the training of a model: its phase and the latest points of its loss curve. */
    training: TrainingReport.optional(),
  }),
  z.object({
    ...head,
    ...ofAttempt,
    kind: z.literal('tool'),
    callId: z.string().max(128),
    tool: z.string().max(128),
    title: z.string().max(500),
    status: z.enum(['pending', 'in_progress', 'completed', 'failed']),
  }),
  /** One chunk of an artifact, base64. The last one makes it known to the task. */
  z.object({
    ...head,
    ...ofAttempt,
    kind: z.literal('artifact'),
    artifactId: EntityId,
    name: z.string().max(255),
    role: z.enum(['result', 'patch', 'report', 'log', 'test', 'transcript']),
    mediaType: z.string().max(127),
    sizeBytes: z.number().int().nonnegative().max(LIMITS.artifactBytesMax),
    sha256: z.string().length(64),
    chunk: z.object({ index: z.number().int().nonnegative(), count: z.number().int().positive().max(1_024) }),
    data: z.base64().max(Math.ceil((LIMITS.artifactChunkBytesMax * 4) / 3) + 4),
  }),
  z.object({ ...head, ...ofAttempt, ...LOCK_ACQUIRE }),
  z.object({ ...head, ...ofAttempt, ...LOCK_RENEW }),
  z.object({ ...head, ...ofAttempt, ...LOCK_RELEASE }),
  z.object({ ...head, ...ofAttempt, ...TOOLS_REQUEST }),
  z.object({ ...head, ...ofAttempt, ...PERMISSION_REQUEST }),
  z.object({ ...head, ...ofAttempt, ...INPUT_REQUEST }),
  z.object({ ...head, ...ofAttempt, ...REQUEST_WITHDRAWN }),
  z.object({
    ...head,
    ...ofAttempt,
    kind: z.literal('result'),
    result: TaskResult,
    usage: TokenUsage,
    /** The work ended because it was told to. */
    cancelled: z.boolean().default(false),
  }),
]);
export type AgentOut = z.infer<typeof AgentOut>;

/** The orchestrator's answer to any of these, once it is committed. */
export const OutAnswer = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }),
  }),
]);
export type OutAnswer = z.infer<typeof OutAnswer>;

/** The value of the answer to `register`. */
export const Registered = z.object({
  agentId: z.string(),
  heartbeatSeconds: z.number().int().positive(),
  /** Attempts of `resume` that are still this agent's, and those that it must drop. */
  adopt: z.array(z.object(ofAttempt)),
  drop: z.array(z.object(ofAttempt)),
});
export type Registered = z.infer<typeof Registered>;

/** What an agent needs to do one task. */
export const AssignPayload = z.object({
  sessionId: EntityId,
  sessionTitle: z.string(),
  title: z.string(),
  description: z.string(),
  taskType: z.string(),
  prompt: z.string(),
  model: z.string().optional(),
  timeoutSeconds: z.number().int().positive(),
  workspace: z
    .object({
      repo: z.string(),
      baseRef: z.string(),
      /** `oio/<session>/<task>`: where the work is committed. */
      branch: z.string(),
      /** Branches of finished dependencies, merged in this order before the work begins. */
      merge: z.array(z.string()),
    })
    .optional(),
});
export type AssignPayload = z.infer<typeof AssignPayload>;

/** The orchestrator's ids name the task that they are of, and a task's id may be long. */
const headIn = { ...head, id: z.string().min(8).max(255) };

/** orchestrator → the instance of an agent that holds the lease. */
export const AgentIn = z.discriminatedUnion('kind', [
  z.object({ ...headIn, ...ofAttempt, kind: z.literal('assign'), payload: AssignPayload }),
  z.object({
    ...headIn,
    ...ofAttempt,
    kind: z.literal('cancel'),
    reason: z.string(),
    graceSeconds: z.number(),
  }),
  z.object({ ...headIn, ...ofAttempt, ...PERMISSION_DECISION }),
  z.object({ ...headIn, ...ofAttempt, ...INPUT }),
  z.object({ ...headIn, ...ofAttempt, ...STEER }),
  /** The orchestrator counts this instance as gone: stop its work and register again. */
  z.object({ ...headIn, kind: z.literal('lease_lost'), reason: z.string() }),
]);
export type AgentIn = z.infer<typeof AgentIn>;

/** The `reason` of a `lease_lost` whose receiver shall not come back: two processes would take turns for ever. */
export const LEASE_REPLACED = 'another process registered as this agent';

/** The agent's answer. A repeat of an `id` that it knows is answered alike and does nothing more. */
export const InAnswer = z.discriminatedUnion('accepted', [
  z.object({ accepted: z.literal(true) }),
  z.object({
    accepted: z.literal(false),
    reason: z.enum(['capacity', 'capability', 'draining', 'unknown', 'invalid']),
  }),
]);
export type InAnswer = z.infer<typeof InAnswer>;

/** On the heartbeat subject: core NATS, kept in memory, never in a log. */
export const Heartbeat = z.object({
  instance: z.string(),
  ts: z.iso.datetime(),
  running: z.array(z.object(ofAttempt)).max(50),
});
export type Heartbeat = z.infer<typeof Heartbeat>;
