/** `oio key …`: keys of the tenant, and the first one. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { makeFirstKey } from '#gateway/first-key.ts';
import { Role } from '#protocols/access.ts';
import type { MadeKey } from '#protocols/client/operations.generated.ts';
import { TenantId } from '#protocols/ids.ts';
import { type Cli, COMMON, type CommonFlags, describe, oneId, perform, wholeNumber } from '../cli.ts';
import { CliFailure, EXIT } from '../exit.ts';
import { type Output, toTable } from '../output.ts';

const reason = {
  kind: 'parsed',
  parse: String,
  optional: true,
  placeholder: 'TEXT',
  brief: 'Why; kept in the audit',
} as const;

interface CreateFlags extends CommonFlags {
  readonly role: Role;
  readonly user: string;
  readonly name?: string;
  readonly agent?: readonly string[];
  readonly days: number | null;
  readonly reason?: string;
}

const create = buildCommand({
  docs: describe({
    brief: 'Make a key',
    more: 'The key alone goes to stdout, this once. Roles: viewer reads; developer works; admin may all of the tenant;\nagent joins over HTTP as an agent, and nothing else.',
    examples: [
      'oio key create --role developer --user anna',
      'oio key create --role agent --user ci --agent AGENT-CI --days 90 > agent.key',
      'oio key create --role viewer --user prometheus --days never',
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      role: { kind: 'enum', values: Role.options, brief: 'What it may be used for' },
      user: { kind: 'parsed', parse: String, placeholder: 'NAME', brief: 'Whom it stands for' },
      name: {
        ...{ kind: 'parsed', parse: String, optional: true, placeholder: 'TEXT' },
        brief: 'What it is told apart by',
      },
      agent: {
        ...{ kind: 'parsed', parse: String, optional: true, variadic: true, placeholder: 'NAME' },
        brief: 'Of role agent: an agent that it speaks for; may be repeated',
      },
      days: {
        ...{ kind: 'parsed', placeholder: 'N', default: '365' },
        parse: (text: string) => (text === 'never' ? null : wholeNumber(1, 3_650)(text)),
        brief: 'When it expires, or `never`',
      },
      reason,
    },
  },
  async func(this: Cli, flags: CreateFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const { role, user, name, agent: agents, days: expires_in_days, reason } = flags;
      const body = {
        ...{ role, user, expires_in_days },
        ...(name === undefined ? {} : { name }),
        ...(agents === undefined ? {} : { agents: [...agents] }),
        ...(reason === undefined ? {} : { reason }),
      };
      const made = await api.createKey({ 'idempotency-key': crypto.randomUUID(), body });
      show(made, out);
    });
  },
});

interface RotateFlags extends CommonFlags {
  readonly graceSeconds: number;
  readonly reason?: string;
}

const rotate = buildCommand({
  docs: describe({
    brief: 'Replace a key by a new one',
    more: 'Both work until the grace is over. The new key alone goes to stdout.',
    examples: ['oio key rotate 4fTq0mZs8XkB', 'oio key rotate 4fTq0mZs8XkB --grace-seconds 3600'],
  }),
  parameters: {
    flags: {
      ...COMMON,
      graceSeconds: {
        ...{ kind: 'parsed', parse: wholeNumber(0, 30 * 86_400), placeholder: 'N', default: '86400' },
        brief: 'How long the old one still works',
      },
      reason,
    },
    positional: oneId('key'),
  },
  async func(this: Cli, flags: RotateFlags, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const { graceSeconds: grace_seconds, reason } = flags;
      const body = { grace_seconds, ...(reason === undefined ? {} : { reason }) };
      show(await api.rotateKey({ id, 'idempotency-key': crypto.randomUUID(), body }), out);
    });
  },
});

function show(made: MadeKey, out: Output): void {
  const { key, text } = made;
  out.json(made);
  const ends = key.expires_at === null ? 'does not expire' : `expires ${key.expires_at.slice(0, 10)}`;
  out.note(`key ${key.id} of ${key.user}, ${key.role}, ${ends}; shown this once:`);
  out.line(text ?? '');
}

const ls = buildCommand({
  docs: describe({
    brief: 'List keys',
    more: 'Those that are over are among them; the keys themselves are not shown.',
    examples: ['oio key ls', 'oio key ls --json'],
  }),
  parameters: { flags: COMMON },
  async func(this: Cli, flags: CommonFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const list = await api.listKeys();
      out.json(list);
      const rows = list.items.map(({ id, role, user, name, state, expires_at }) => [
        ...[id, role, user, state, expires_at?.slice(0, 10) ?? 'never', name],
      ]);
      out.line(toTable(['ID', 'ROLE', 'USER', 'STATE', 'EXPIRES', 'NAME'], rows));
    });
  },
});

const revoke = buildCommand({
  docs: describe({
    brief: 'End a key',
    more: 'For good: within 5 s no gateway takes it, its logins are over and its lines are closed.',
    examples: ['oio key revoke 4fTq0mZs8XkB --reason "the laptop was lost"'],
  }),
  parameters: {
    flags: { ...COMMON, reason: { ...reason, optional: false } },
    positional: oneId('key'),
  },
  async func(this: Cli, flags: CommonFlags & { readonly reason: string }, id: string) {
    await perform(this, flags, async ({ api, out }) => {
      const { reason } = flags;
      const key = await api.revokeKey({ id, 'idempotency-key': crypto.randomUUID(), body: { reason } });
      out.both(key, `revoked: ${key.id} of ${key.user}, ${key.role}`);
    });
  },
});

const first = buildCommand({
  docs: describe({
    brief: 'Make the first key of an admin, without a gateway',
    more: 'Prints the key, to keep, and the setting OIO_ADMIN_KEY_HASH, from which nobody can tell the key: give it to every\ngateway and start them again. The tenant `system` makes a key of the platform.',
    examples: ['oio key first', 'oio key first --tenant acme', 'oio key first --tenant system'],
  }),
  parameters: {
    flags: {
      json: COMMON.json,
      tenant: { kind: 'parsed', parse: String, placeholder: 'NAME', default: 'dev', brief: 'Whose admin' },
    },
  },
  async func(this: Cli, flags: { readonly json: boolean; readonly tenant: string }) {
    await perform(this, flags, async ({ out }) => {
      const tenant = TenantId.safeParse(flags.tenant);
      if (!tenant.success) throw new CliFailure(EXIT.usage, `--tenant: ${tenant.error.issues[0]?.message}`);
      const { text, setting } = makeFirstKey(tenant.data);
      out.json({ text, setting });
      out.note('the key, which nobody else has, and the setting for every gateway:');
      out.line(text);
      out.line(setting);
    });
  },
});

export const keyRoutes = buildRouteMap({
  routes: { create, ls, rotate, revoke, first },
  docs: { brief: 'Keys: who may use this' },
});
