/** `oio login`, `logout`, `whoami`: the key that commands send. */
import { buildCommand } from '@stricli/core';
import type { MeView } from '#protocols/http/access.ts';
import { type Cli, COMMON, type CommonFlags, describe, perform } from '../cli.ts';
import { CliFailure, EXIT } from '../exit.ts';
import { dropKey, saveKey } from '../saved-keys.ts';

export const login = buildCommand({
  docs: describe({
    brief: 'Keep a key for a gateway, and send it from now on',
    more: 'Read from stdin: typed, where nobody sees it, or from a file. Kept in keys.json of OIO_CONFIG_DIR (~/.config/oio), for\nyou alone. OIO_KEY goes before it.',
    examples: ['oio login', 'oio login --url https://oio.example'],
  }),
  parameters: { flags: COMMON },
  async func(this: Cli, flags: CommonFlags) {
    await perform(this, flags, async ({ cli, settings, apiWith, out }) => {
      const key = (await cli.readSecret(`key for ${settings.url}: `)).trim();
      if (!/^oio_[\w-]{1,200}$/.test(key)) {
        const mend = 'a key begins with oio_; an admin makes one with `oio key create`';
        throw new CliFailure(EXIT.denied, 'what was given is no key', { mend });
      }
      const me = await apiWith(key).getMe();
      const file = saveKey(settings, key);
      out.both(me, `${wordsOf(me)}; kept in ${file}`);
    });
  },
});

export const logout = buildCommand({
  docs: describe({
    brief: 'Forget the key for a gateway',
    more: 'The key itself goes on to work elsewhere: `oio key revoke` ends it.',
    examples: ['oio logout'],
  }),
  parameters: { flags: COMMON },
  async func(this: Cli, flags: CommonFlags) {
    await perform(this, flags, async ({ settings, out }) => {
      const was = dropKey(settings);
      out.both({ forgotten: was }, was ? `forgotten: the key for ${settings.url}` : 'there was none');
    });
  },
});

export const whoami = buildCommand({
  docs: describe({ brief: 'Say who you are to the gateway', examples: ['oio whoami', 'oio whoami --json'] }),
  parameters: { flags: COMMON },
  async func(this: Cli, flags: CommonFlags) {
    await perform(this, flags, async ({ api, out }) => {
      const me = await api.getMe();
      out.both(me, wordsOf(me));
    });
  },
});

function wordsOf({ auth, by, standing, tenant_id, key }: MeView): string {
  if (auth === 'off') return `${by} in ${tenant_id}: this gateway asks nobody who they are`;
  return `${by} in ${tenant_id}, ${standing}, by key ${key?.id ?? '-'}`;
}
