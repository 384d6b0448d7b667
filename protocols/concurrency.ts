/**
 * Concurrency keys: what a session shares with others while it has its slot. A key has a limit of sessions at once; it is
 * one of four kinds, and reads `kind:name`. Pure.
 */
import { z } from 'zod';
import { hash32 } from './partition.ts';

/** `repository`, `agent` and `provider` are read from the session; `key` is what a person names freely. */
export const KeyKind = z.enum(['repository', 'agent', 'provider', 'key']);
export type KeyKind = z.infer<typeof KeyKind>;

export const FreeKey = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/, 'letters, digits, ".", "_", "/", "-"');

const KEY_CHARS_MAX = 120;
const HEAD_CHARS = 100;
/** More names than these are not counted: a session works with few agents at once. */
const AGENTS_MAX = 8;

export const ConcurrencyKey = z
  .string()
  .max(KEY_CHARS_MAX)
  .regex(
    /^(repository|agent|provider|key):\S+$/,
    'kind:name, the kind one of repository, agent, provider, key',
  );

/** What of a session its keys are read from. */
interface Keyed {
  readonly workspace?: { readonly repo: string } | undefined;
  readonly model?: string | undefined;
  readonly agent_config: Readonly<Record<string, unknown>>;
  readonly concurrency_keys: readonly string[];
}

/** All keys of a session, each once. The same repository has one key with and without `.git` or a slash at its end. */
export function concurrencyKeysOf(session: Keyed): string[] {
  const { workspace, model, agent_config, concurrency_keys } = session;
  const agents = Object.keys(agent_config).toSorted().slice(0, AGENTS_MAX);
  const keys = [
    ...(workspace === undefined ? [] : [keyOf('repository', plainRepository(workspace.repo))]),
    ...(model === undefined ? [] : [keyOf('provider', model.slice(0, model.indexOf('/')))]),
    ...agents.map((name) => keyOf('agent', name)),
    ...concurrency_keys.map((name) => keyOf('key', name)),
  ];
  return [...new Set(keys)];
}

/** The key of a name; of one that is too long its beginning and a number made of all of it. */
export function keyOf(kind: KeyKind, name: string): string {
  const key = `${kind}:${name.replaceAll(/\s/g, '_')}`;
  return key.length <= KEY_CHARS_MAX ? key : `${key.slice(0, HEAD_CHARS)}~${hash32(key).toString(16)}`;
}

export function kindOfKey(key: string): KeyKind {
  return KeyKind.parse(key.slice(0, key.indexOf(':')));
}

function plainRepository(repo: string): string {
  return repo
    .trim()
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
}
