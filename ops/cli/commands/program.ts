/** `oio dev`, `node`, `gateway`, `agent run`: the same programs that the npm scripts start, in this process. */
import { buildCommand } from '@stricli/core';
import { type Cli, describe, type Program } from '../cli.ts';

const JSON_ALWAYS = {
  json: {
    kind: 'boolean',
    brief: 'Log lines as JSON (they always are)',
    default: false,
    withNegated: false,
  },
} as const;

/** A program that takes its settings from the environment alone. */
export function programCommand(program: Exclude<Program, 'agent acp' | 'dev' | 'mcp'>, brief: string) {
  return buildCommand({
    docs: describe({
      brief,
      more: 'Its settings stand in the environment: NATS_URL, DATABASE_URL and others; see the README.',
      examples: [`oio ${program}`],
    }),
    parameters: { flags: JSON_ALWAYS },
    func(this: Cli, _flags: { readonly json: boolean }) {
      return this.start(program, []);
    },
  });
}

interface DevFlags {
  readonly port?: string;
  readonly nodes?: string;
  readonly agent: boolean;
  readonly data?: string;
  readonly json: boolean;
}

const text = (placeholder: string, brief: string) =>
  ({ kind: 'parsed', parse: String, optional: true, placeholder, brief }) as const;

export const dev = buildCommand({
  docs: describe({
    brief: 'Start the whole system on this machine (npm start)',
    more: 'NATS and Postgres are brought along where NATS_URL and DATABASE_URL name none. Ctrl-C drains and stops all of it.\nIts own exit codes: `npm start -- --help`.',
    examples: ['oio dev', 'oio dev --port 8080 --nodes 3', 'oio dev --no-agent'],
  }),
  parameters: {
    flags: {
      port: text('N', "The console's and the API's port (PORT, 8000)"),
      nodes: text('N', 'Runtime nodes side by side (1)'),
      agent: { kind: 'boolean', brief: 'With the opencode agent', default: true },
      data: text('DIR', 'Where all data is kept (OIO_DATA_DIR, .oio)'),
      json: { kind: 'boolean', brief: 'Log lines as JSON', default: false, withNegated: false },
    },
  },
  func(this: Cli, flags: DevFlags) {
    const { port, nodes, data } = flags;
    const given = Object.entries({ port, nodes, data }).filter(([, value]) => value !== undefined);
    return this.start('dev', [
      ...given.flatMap(([name, value]) => [`--${name}`, String(value)]),
      ...(flags.agent ? [] : ['--no-agent']),
      ...(flags.json ? ['--json'] : []),
    ]);
  },
});

interface AcpFlags {
  readonly agent?: string;
  readonly command?: string;
  readonly capabilities?: string;
  readonly parallel?: string;
  readonly model?: string;
  readonly json: boolean;
}

export const agentAcp = buildCommand({
  docs: describe({
    brief: 'Start an agent that works with any ACP agent: Claude Code, Gemini CLI, Codex, goose, opencode',
    more: 'Its other settings stand in the environment; see ops/docs/acp-agents.md.',
    examples: ['oio agent acp --agent claude', "oio agent acp --command 'opencode acp' --parallel 4"],
  }),
  parameters: {
    flags: {
      agent: text('NAME', 'A known agent (OIO_ACP_AGENT)'),
      command: text(
        'COMMAND',
        'Any agent that speaks ACP on its standard input and output (OIO_ACP_COMMAND)',
      ),
      capabilities: text('A,B', 'What it is asked for first (OIO_CAPABILITIES)'),
      parallel: text('N', 'Tasks at a time (OIO_CAPACITY, 2)'),
      model: text('NAME', 'For tasks that name none, by the agent’s own name (OIO_MODEL)'),
      ...JSON_ALWAYS,
    },
  },
  func(this: Cli, { json: _, ...flags }: AcpFlags) {
    const given = Object.entries(flags).filter(([, value]) => value !== undefined);
    return this.start(
      'agent acp',
      given.flatMap(([name, value]) => [`--${name}`, value]),
    );
  },
});
