/**
 * Requests of an agent to people in EAP, the answers to them, and what a person says to an agent at work.
 *
 * Q1. A request is known by its task, attempt and `requestId`: said again, whatever its `id`, it asks what became of it.
 * Q2. An answer names the request that it is of. Two at once can come back in any order.
 */
import { z } from 'zod';
import {
  Answers,
  APPROVAL_LIMITS,
  OPTIONS_DEFAULT,
  OptionKind,
  PermissionAsk,
  PermissionSubject,
  Question,
  RequestId,
  Risk,
  SteerDelivery,
} from '../approval.ts';
import type { Message } from '../envelope.ts';

const request = {
  requestId: RequestId,
  /** How long to wait for a person; the tenant's policy says it where nothing is wished, and shortens it at most. */
  expiresSeconds: z
    .number()
    .min(APPROVAL_LIMITS.expiresSecondsMin)
    .max(APPROVAL_LIMITS.expiresSecondsMax)
    .optional(),
  /** Of a sub-agent: the agent's own name for its task. */
  originTaskId: z.string().min(1).max(128).optional(),
};

const Option = z.object({
  optionId: z.string().min(1).max(64),
  name: z.string().min(1).max(100),
  kind: OptionKind,
});

export const PERMISSION_REQUEST = {
  kind: z.literal('permission.request'),
  ...request,
  subject: PermissionSubject,
  permission: PermissionAsk.shape.permission,
  patterns: PermissionAsk.shape.patterns,
  always: PermissionAsk.shape.always,
  /** Left out: allow once, allow for the session, reject. */
  options: z.array(Option).min(1).max(8).optional(),
  risk: Risk.default('unknown'),
};

export const INPUT_REQUEST = {
  kind: z.literal('input.request'),
  ...request,
  prompt: z.string().min(1).max(4_000),
  /** Left out: the prompt itself is the question. */
  questions: z.array(Question).min(1).max(8).optional(),
};

/** The agent no longer wants to know: what it was about has ended. */
export const REQUEST_WITHDRAWN = { kind: z.literal('request.withdrawn'), requestId: RequestId };

const decided = { requestId: RequestId, by: z.string(), note: z.string().nullable() };

/** The answer to a permission request. Without an option (`cancelled`, `expired`) it is a rejection. */
const decision = {
  ...decided,
  outcome: z.enum(['selected', 'cancelled', 'expired']),
  optionId: z.string().nullable(),
  optionKind: OptionKind.nullable(),
};

/** The answer to an input request: for each question what was chosen or said. */
const input = {
  ...decided,
  outcome: z.enum(['answered', 'rejected', 'cancelled', 'expired']),
  answers: Answers.nullable(),
};

export const PERMISSION_DECISION = { kind: z.literal('permission.decision'), ...decision };
export const INPUT = { kind: z.literal('input'), ...input };

export const STEER = {
  kind: z.literal('steer'),
  message: z.string().min(1).max(10_000),
  /** `steer`: heard with the next step of the work. `interrupt`: what is under way is broken off for it. */
  delivery: SteerDelivery,
  by: z.string(),
};

/** The value of the answer to a request: it waits, or what became of it. */
export const RequestSaid = z.discriminatedUnion('state', [
  z.object({ state: z.literal('pending'), requestId: RequestId, expiresAt: z.iso.datetime() }),
  z.object({
    state: z.literal('decided'),
    decision: z.discriminatedUnion('kind', [z.object(PERMISSION_DECISION), z.object(INPUT)]),
  }),
]);
export type RequestSaid = z.infer<typeof RequestSaid>;

type Fields<Shape extends z.core.$ZodLooseShape> = z.infer<z.ZodObject<Shape>>;
export type PermissionRequest = Fields<typeof PERMISSION_REQUEST>;
export type InputRequest = Fields<typeof INPUT_REQUEST>;
export type RequestSaying = PermissionRequest | InputRequest | Fields<typeof REQUEST_WITHDRAWN>;
export type PermissionDecision = Fields<typeof PERMISSION_DECISION>;
export type InputDecision = Fields<typeof INPUT>;

/** What goes to the task. */
export function toRequestMessage(
  said: RequestSaying,
  common: { readonly attempt: number; readonly agent_id: string },
): Message {
  const request_id = said.requestId;
  if (said.kind === 'request.withdrawn') return { type: 'withdraw_request', ...common, request_id };
  const wished = {
    ...(said.expiresSeconds === undefined ? {} : { expires_seconds: said.expiresSeconds }),
    ...(said.originTaskId === undefined ? {} : { origin_task_id: said.originTaskId }),
  };
  return { type: 'request', ...common, request_id, ask: toAsk(said), ...wished };
}

function toAsk(said: PermissionRequest | InputRequest): unknown {
  if (said.kind === 'input.request') {
    const { prompt, questions = [{ question: prompt.slice(0, 2_000) }] } = said;
    return { kind: 'input', prompt, questions };
  }
  const { subject, permission, patterns, always, risk } = said;
  const options =
    said.options?.map(({ optionId, name, kind }) => ({ option_id: optionId, name, kind })) ?? OPTIONS_DEFAULT;
  return { kind: 'permission', subject, permission, patterns, always, options, risk };
}
