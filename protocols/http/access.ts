/** Keys, logins and who one is, on HTTP. A key's text stands in one answer only: that of its making. */
import { z } from 'zod';
import { ACTIONS, Role, Standing } from '../access.ts';
import { AgentName } from '../agent.ts';
import { EntityId } from '../ids.ts';
import { Reason } from '../session-acts.ts';
import { ApiKey, KEY_LIMITS, KeyName, keyState, UserName } from '../tenant.ts';

export const KEY_DAYS_DEFAULT = 365;
const DAY_SECONDS = 86_400;

const example = {
  id: '4fTq0mZs8XkB',
  tenant_id: 'dev',
  name: "Anna's laptop",
  role: 'developer',
  user: 'anna',
  agents: null,
  state: 'live',
  created_at: '2026-01-01T00:00:00.000Z',
  created_by: 'user:operator',
  expires_at: '2027-01-01T00:00:00.000Z',
  revoked_at: null,
  revoked_by: null,
  replaced_by: null,
} as const;

export const KeyParams = z.object({ id: EntityId.describe('Id of the key: the third part of its text.') });

export const CreateKeyBody = z
  .object({
    role: Role.describe('What it may be used for. `agent`: to join over HTTP as an agent, and nothing else.'),
    user: UserName.describe('Whom it stands for: events and the audit name them.'),
    name: KeyName.optional().describe('What it is told apart by; left out: its user.'),
    agents: z
      .array(AgentName)
      .min(1)
      .max(KEY_LIMITS.agentsMax)
      .optional()
      .describe('Of role `agent`: names of the agents that it speaks for; left out: any.'),
    expires_in_days: z
      .number()
      .int()
      .min(1)
      .max(3_650)
      .nullable()
      .default(KEY_DAYS_DEFAULT)
      .describe('Null: it does not expire.'),
    reason: Reason.optional().describe('Why; kept in the audit.'),
  })
  .refine(({ role, agents }) => agents === undefined || role === 'agent', {
    path: ['agents'],
    message: 'only keys of role agent are for agents',
  })
  .meta({ id: 'CreateKey', examples: [{ role: 'developer', user: 'anna', name: "Anna's laptop" }] });

export const RotateKeyBody = z
  .object({
    grace_seconds: z
      .number()
      .int()
      .min(0)
      .max(KEY_LIMITS.graceSecondsMax)
      .default(DAY_SECONDS)
      .describe('How long the old one counts beside the new one.'),
    reason: Reason.optional().describe('Why; kept in the audit.'),
  })
  .meta({ id: 'RotateKey', examples: [{ grace_seconds: 3_600 }] });

export const RevokeKeyBody = z
  .object({ reason: Reason.describe('Why; kept in the audit.') })
  .meta({ id: 'RevokeKey', examples: [{ reason: 'the laptop was lost' }] });

export const KeyView = ApiKey.omit({ hash: true })
  .extend({
    tenant_id: z.string(),
    state: z
      .enum(['live', 'replaced', 'expired', 'revoked'])
      .describe('`replaced`: it counts until it expires.'),
  })
  .meta({ id: 'Key', description: 'A key, without what is secret of it.', examples: [example] });
export type KeyView = z.infer<typeof KeyView>;

export const MadeKeyView = z
  .object({
    key: KeyView,
    text: z
      .string()
      .nullable()
      .describe('What is to be presented. Shown this once; null where the request was a repeat.'),
  })
  .meta({
    id: 'MadeKey',
    description: 'A new key, and its text.',
    examples: [
      { key: example, text: 'oio_dev_4fTq0mZs8XkB_5cV8xPq2mT9bL4wK7yR3nJ6hD1gF0sA8zX5vC2bN4m_1aB2cD' },
    ],
  });

export const KeyListView = z
  .object({ items: z.array(KeyView) })
  .meta({ id: 'KeyList', description: 'Keys of the tenant, those that are over among them. Newest first.' });

export const LoginBody = z.object({ key: z.string().min(1).max(300).describe('The text of a key.') }).meta({
  id: 'Login',
  examples: [{ key: 'oio_dev_4fTq0mZs8XkB_5cV8xPq2mT9bL4wK7yR3nJ6hD1gF0sA8zX5vC2bN4m_1aB2cD' }],
});

export const MeView = z
  .object({
    auth: z.enum(['off', 'keys']).describe('`off`: nobody is asked who they are, and everybody may do all.'),
    tenant_id: z.string().describe('Whose gateway this is.'),
    user: z.string(),
    by: z.string().describe('As events and the audit name you.'),
    standing: Standing,
    key: z
      .object({ id: z.string(), name: z.string(), expires_at: z.string().nullable() })
      .nullable()
      .describe('What you came with.'),
    login_expires_at: z.string().nullable().describe('When the login ends that your cookie stands for.'),
    actions: z.array(z.enum(ACTIONS)).describe('What you may do.'),
  })
  .meta({
    id: 'Me',
    description: 'Who you are to this gateway, and what you may do.',
    examples: [
      {
        ...{ auth: 'keys', tenant_id: 'dev', user: 'anna', by: 'user:anna', standing: 'viewer' },
        key: { id: example.id, name: example.name, expires_at: example.expires_at },
        ...{ login_expires_at: '2026-01-01T12:00:00.000Z', actions: ['sessions.read', 'self.read'] },
      },
    ],
  });
export type MeView = z.infer<typeof MeView>;

export function toKeyView(key: ApiKey, { tenant, nowMs }: { tenant: string; nowMs: number }): KeyView {
  const { hash: _, ...shown } = key;
  return { ...shown, tenant_id: tenant, state: keyState(key, nowMs) };
}
