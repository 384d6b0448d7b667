/**
 * From opencode's events to progress. Events are hints: they may be lost, repeated or late, so what is said here is
 * for watching, and the outcome is read from the messages (outcome.ts). Pure: all it remembers is in `Memory`.
 */
import type { Event, Part, SessionStatus, ToolPart } from '@opencode-ai/sdk/v2/client';
import { type SessionMessage, sumUp } from './outcome.ts';
import { addTokens, NO_TOKENS, type Tokens, toTokens } from './tokens.ts';

export type ToolStatus = 'pending' | 'in_progress' | 'completed' | 'failed';

export type Progress =
  /** A piece of what the model says or thinks. */
  | { readonly type: 'text' | 'reasoning'; readonly partId: string; readonly text: string }
  | {
      readonly type: 'tool';
      readonly callId: string;
      readonly tool: string;
      readonly title: string;
      readonly status: ToolStatus;
    }
  /** A step of the model ended; all counts from the beginning, over sub-agents too. */
  | {
      readonly type: 'step';
      readonly index: number;
      readonly total: Tokens;
      readonly costUsd: number;
      readonly apiErrors: number;
    }
  | { readonly type: 'todo'; readonly items: readonly { readonly text: string; readonly status: string }[] }
  | { readonly type: 'retry'; readonly attempt: number; readonly message: string };

export type Memory = {
  readonly sessions: Set<string>;
  readonly parts: Map<string, { readonly type: Part['type']; sent: number }>;
  readonly tools: Map<string, ToolStatus>;
  readonly steps: Set<string>;
  /** Of each session, the latest repeat of a call that was counted. */
  readonly retries: Map<string, number>;
  tokens: Tokens;
  costUsd: number;
  /** Calls of the model's API that failed and were repeated. */
  apiErrors: number;
};

export function newMemory(sessionId: string): Memory {
  return {
    sessions: new Set([sessionId]),
    parts: new Map(),
    tools: new Map(),
    steps: new Set(),
    retries: new Map(),
    tokens: NO_TOKENS,
    costUsd: 0,
    apiErrors: 0,
  };
}

/** Counts what was used before this run, in the same session. */
export function remember(memory: Memory, messages: readonly SessionMessage[]): void {
  const { tokens, costUsd } = sumUp(messages);
  memory.tokens = addTokens(memory.tokens, tokens);
  memory.costUsd += costUsd;
  for (const { parts } of messages) {
    for (const part of parts) {
      if (part.type === 'step-finish') memory.steps.add(part.id);
    }
  }
}

/** What an event says of this run; nothing if it is about another one. */
export function readEvent(memory: Memory, event: Event): readonly Progress[] {
  switch (event.type) {
    case 'session.created': {
      const { id, parentID } = event.properties.info;
      if (parentID !== undefined && memory.sessions.has(parentID)) memory.sessions.add(id);
      return [];
    }
    case 'message.part.updated':
      return memory.sessions.has(event.properties.sessionID) ? readPart(memory, event.properties.part) : [];
    case 'message.part.delta': {
      const { sessionID, partID, field, delta } = event.properties;
      return memory.sessions.has(sessionID) && field === 'text' ? readDelta(memory, partID, delta) : [];
    }
    case 'session.status': {
      const { sessionID, status } = event.properties;
      if (!memory.sessions.has(sessionID)) return [];
      countRetry(memory, sessionID, status);
      if (status.type !== 'retry') return [];
      return [{ type: 'retry', attempt: status.attempt, message: status.message }];
    }
    case 'todo.updated': {
      if (!memory.sessions.has(event.properties.sessionID)) return [];
      const items = event.properties.todos.map(({ content, status }) => ({ text: content, status }));
      return [{ type: 'todo', items }];
    }
    default:
      return [];
  }
}

/** Tries of one call are numbered; another state in between is another call. */
function countRetry(memory: Memory, sessionId: string, status: SessionStatus): void {
  const tried = status.type === 'retry' ? status.attempt : 0;
  if (tried > (memory.retries.get(sessionId) ?? 0)) memory.apiErrors += 1;
  memory.retries.set(sessionId, tried);
}

function readPart(memory: Memory, part: Part): readonly Progress[] {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return readWholeText(memory, part);
    case 'tool':
      return readTool(memory, part);
    case 'step-finish': {
      if (memory.steps.has(part.id)) return [];
      memory.steps.add(part.id);
      memory.tokens = addTokens(memory.tokens, toTokens(part.tokens));
      memory.costUsd += part.cost;
      const { tokens: total, costUsd, apiErrors } = memory;
      return [{ type: 'step', index: memory.steps.size, total, costUsd, apiErrors }];
    }
    default:
      return [];
  }
}

/** The whole text comes at a part's end: if deltas were lost, what is missing is said then. */
function readWholeText(
  memory: Memory,
  part: Extract<Part, { type: 'text' | 'reasoning' }>,
): readonly Progress[] {
  const known = memory.parts.get(part.id) ?? { type: part.type, sent: 0 };
  memory.parts.set(part.id, known);
  // The prompt itself is a text part too; it has no time, because nobody waited for it.
  if (part.time?.end === undefined || part.text.length <= known.sent) return [];
  const text = part.text.slice(known.sent);
  known.sent = part.text.length;
  return [{ type: part.type, partId: part.id, text }];
}

function readDelta(memory: Memory, partId: string, delta: string): readonly Progress[] {
  const known = memory.parts.get(partId);
  if (known === undefined || (known.type !== 'text' && known.type !== 'reasoning') || delta === '') return [];
  known.sent += delta.length;
  return [{ type: known.type, partId, text: delta }];
}

const TOOL_STATUS = {
  pending: 'pending',
  running: 'in_progress',
  completed: 'completed',
  error: 'failed',
} as const satisfies Record<ToolPart['state']['status'], ToolStatus>;

function readTool(memory: Memory, part: ToolPart): readonly Progress[] {
  // A call of a tool that there is not is answered by a tool of this name, which then counts as completed.
  const status = part.tool === 'invalid' ? 'failed' : TOOL_STATUS[part.state.status];
  if (memory.tools.get(part.callID) === status) return [];
  memory.tools.set(part.callID, status);
  return [{ type: 'tool', callId: part.callID, tool: part.tool, title: titleOf(part), status }];
}

/** Which argument of a tool says best what it is about. */
const SPEAKING_ARGUMENTS = ['filePath', 'command', 'pattern', 'url', 'description', 'name'] as const;

function titleOf(part: ToolPart): string {
  const { state } = part;
  if ((state.status === 'completed' || state.status === 'running') && state.title) return state.title;
  for (const name of SPEAKING_ARGUMENTS) {
    const value = state.input[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return part.tool;
}
