/** A gateway for tests: the real server over a client in memory. */
import type { Reply } from '#protocols/failure.ts';
import { Session } from '#protocols/session.ts';
import type { Command } from '#runtime/client.ts';
import { buildLogger } from '#runtime/logger.ts';
import { type Answer, MemoryClient } from '#runtime/testing/client.ts';
import type { App } from '../context.ts';
import { buildServer, type ServerOptions } from '../server.ts';

export const NOW_MS = Date.parse('2026-01-01T01:00:00.000Z');

export interface TestGateway {
  readonly app: App;
  readonly client: MemoryClient;
}

type Options = Partial<
  Pick<ServerOptions, 'feedLimits' | 'now' | 'elapsedMs' | 'logger'> & {
    /** Its own, where none is given. */
    readonly client: MemoryClient;
    readonly config: Partial<ServerOptions['config']>;
  }
>;

export function buildTestGateway(answer?: Answer, options: Options = {}): TestGateway {
  const { client = new MemoryClient(answer), config, ...others } = options;
  const plain = { tenant: 'dev', consoleDir: '/nonexistent', askTimeoutMs: 1_000, isRateLimited: false };
  const app = buildServer({
    client,
    config: { ...plain, auth: 'off', ...config },
    logger: buildLogger({ level: 'silent', role: 'gateway' }),
    now: () => NOW_MS,
    ...others,
  });
  return { app, client };
}

/** Answers as a session's actor might: creates it, starts it, and refuses to cancel one at work. */
export function actAsSession(command: Command, client: MemoryClient): Reply {
  const stored = client.find(command.to);
  const { type, ...fields } = command.message;
  if (type === 'create') {
    const session = Session.parse({ ...blank(command), ...fields });
    client.put(command.to, session, { status: session.state, title: session.title });
    return { ok: true, value: null };
  }
  if (!stored) return { ok: false, failure: { code: 'SESSION_NOT_FOUND', detail: 'no such session' } };
  const session = Session.parse(stored.state);
  if (type === 'delete') {
    client.drop(command.to);
    return { ok: true, value: null };
  }
  if (type === 'cancel' && session.state === 'running') {
    return {
      ok: false,
      failure: {
        code: 'INVALID_TRANSITION',
        detail: 'a session at work is stopped, not cancelled',
        current_state: 'running',
        allowed: ['completed', 'stopped'],
      },
    };
  }
  const state = type === 'start' ? 'running' : type === 'stop' ? 'stopped' : 'cancelled';
  const reason = typeof fields.reason === 'string' ? fields.reason : null;
  client.put(
    command.to,
    { ...session, state, state_reason: reason },
    { status: state, title: session.title },
  );
  return { ok: true, value: null };
}

function blank(command: Command) {
  const at = new Date(NOW_MS).toISOString();
  const none = { status_detail: null, state_reason: null, queued_at: null, started_at: null, ended_at: null };
  return {
    ...none,
    id: command.to.id,
    tenant_id: command.to.tenant,
    created_at: at,
    updated_at: at,
    created_by: command.by,
    state: 'pending',
    run: 0,
    retry_count: 0,
    deleted_at: null,
    used_template: null,
    tasks: [],
    result: null,
    error: null,
  };
}
