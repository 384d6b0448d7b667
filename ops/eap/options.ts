/** What the kit is told on its command line. */
import { parseArgs } from 'node:util';
import type { Subject } from './stage.ts';

export interface KitOptions {
  /** Somebody's agent; null: all of ours. */
  readonly subject: Subject | null;
  readonly ours: string | null;
  /** Only over this one; null: ours over both, somebody's over NATS. */
  readonly transport: Subject['transport'] | null;
  readonly only: ReadonlySet<string> | null;
  readonly json: boolean;
}

export const USAGE = `npm run eap:conformance -- [options]

  --agent '<command>'  the agent to test, started by /bin/sh; without it: all agents of ours
  --http               over HTTP (OIO_GATEWAY_URL) instead of NATS (NATS_URL); of ours: over HTTP alone
  --ours <name>        only this agent of ours: shell, acp, opencode, python
  --only <C1,C2,…>     only these checks
  --json               one JSON document on stdout
  --help

Its environment says where the orchestrator is and who it is: NATS_URL or OIO_GATEWAY_URL, OIO_TENANT, OIO_AGENT_NAME,
OIO_CAPACITY, OIO_WORK_DIR, OIO_HEARTBEAT_SECONDS, and a secret that it may say to nobody, OIO_CONFORMANCE_SECRET.
The kit's tasks say in their title and prompt what they want:
  conformance: finish    succeed at once        conformance: wait      work for at least a minute, until told to end
  conformance: ask       ask for two permissions at once, and succeed with the titles of those that were allowed as summary
  conformance: slow      succeed after some 3 s conformance: artifact  make an artifact of more than 128 KiB, then succeed
What an agent does beside its tasks its card says (\`supports\`): a check of what it does not is skipped, and says so.
Exit code: 0 all checks passed, 1 one failed, 2 wrong options.`;

/** Throws with what is wrong. Null: help is wanted. */
export function parseOptions(parameters: readonly string[]): KitOptions | null {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      agent: { type: 'string' },
      http: { type: 'boolean', default: false },
      ours: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { agent, http, ours, only, json } = values;
  if (agent !== undefined && ours !== undefined) throw new Error('--agent or --ours, not both');
  const transport = http ? ('http' as const) : null;
  return {
    subject: agent === undefined ? null : { name: agent, command: agent, transport: transport ?? 'nats' },
    ours: ours ?? null,
    transport,
    only: only === undefined ? null : new Set(only.split(',').map((name) => name.trim())),
    json,
  };
}
