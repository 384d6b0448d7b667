/** `oio context …`: values of the shared memory, read and written by their paths. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { type Cli, COMMON, type CommonFlags, describe, perform, wholeNumber } from '../cli.ts';

const ID = { brief: 'Id of the context', parse: String, placeholder: 'id' } as const;

const get = buildCommand({
  docs: describe({
    brief: 'Show a context, or one value of it',
    more: 'A path is dotted: plan.steps.0; a dot in a key has a backslash before it.',
    examples: ['oio context get c-1', 'oio context get c-1 plan.steps.0', 'oio context get c-1 --json'],
  }),
  parameters: {
    flags: COMMON,
    positional: {
      kind: 'tuple',
      parameters: [ID, { brief: 'Which value', parse: String, placeholder: 'path', optional: true }],
    },
  },
  async func(this: Cli, flags: CommonFlags, ...[id, path]: [string, string?]) {
    await perform(this, flags, async ({ api, out }) => {
      if (path !== undefined) {
        const found = await api.getContextKey({ id, path });
        out.both(found, JSON.stringify(found.value, null, 2));
        return;
      }
      const context = await api.getContext({ id });
      out.json(context);
      out.note(`${context.name} · ${context.scope} · version ${context.version} · ${context.bytes} bytes`);
      out.line(JSON.stringify(context.data, null, 2));
    });
  },
});

interface SetFlags extends CommonFlags {
  readonly version?: number;
}

const set = buildCommand({
  docs: describe({
    brief: 'Write one value of a context',
    more: 'The value is JSON; what is no JSON is taken as text. Without --version it is written over whatever is there.',
    examples: [
      'oio context set c-1 plan.owner ada',
      `oio context set c-1 plan.steps '["read","mend"]' --version 3`,
    ],
  }),
  parameters: {
    flags: {
      ...COMMON,
      version: {
        kind: 'parsed',
        parse: wholeNumber(1, Number.MAX_SAFE_INTEGER),
        brief: 'The version that was read: refused where another is there by now',
        placeholder: 'N',
        optional: true,
      },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        ID,
        { brief: 'Which value', parse: String, placeholder: 'path' },
        { brief: 'JSON, or text', parse: String, placeholder: 'value' },
      ],
    },
  },
  async func(this: Cli, flags: SetFlags, ...[id, path, text]: [string, string, string]) {
    await perform(this, flags, async ({ api, out }) => {
      const written = await api.putContextKey({
        id,
        path,
        'if-match': flags.version === undefined ? '*' : `"${flags.version}"`,
        'idempotency-key': crypto.randomUUID(),
        body: { value: parseValue(text) },
      });
      out.both(written, `version ${written.version}: ${written.name}, ${written.bytes} bytes`);
    });
  },
});

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: it is meant as it stands.
    return text;
  }
}

export const contextRoutes = buildRouteMap({
  routes: { get, set },
  docs: { brief: 'Contexts: shared, versioned memory' },
});
