/** The agents of ops/docs/write-an-agent.md as processes of a test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { preparePython } from '../dev/python-tools.ts';

const EXAMPLES = join(import.meta.dirname, '..', 'docs', 'examples');

/** Started, and not waited for. */
export async function startExampleAgents(natsUrl: string): Promise<ChildProcess[]> {
  const python = await preparePython(process.env);
  const start = (program: string, name: string, environment: Readonly<Record<string, string>>) =>
    spawn(program, [join(EXAMPLES, name)], {
      env: { PATH: process.env.PATH, NATS_URL: natsUrl, ...environment },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  return [start(process.execPath, 'agent.ts', {}), start(python.python, 'agent.py', python.environment)];
}
