/** The agents of ops/docs/write-an-agent.md as processes of a test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { preparePython } from '../dev/python-tools.ts';
import { makeProject } from '../sdk/testing-project.ts';

const EXAMPLES = join(import.meta.dirname, '..', 'docs', 'examples');

/** Started, and not waited for. That in TypeScript stands in a project of its own in `folder`, as it would anywhere. */
export async function startExampleAgents(natsUrl: string, folder: string): Promise<ChildProcess[]> {
  const python = await preparePython(process.env);
  await makeProject(folder);
  await cp(join(EXAMPLES, 'agent.ts'), join(folder, 'agent.ts'));
  const start = (program: string, path: string, environment: Readonly<Record<string, string>>) =>
    spawn(program, [path], {
      env: { PATH: process.env.PATH, NATS_URL: natsUrl, ...environment },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  return [
    start(process.execPath, join(folder, 'agent.ts'), {}),
    start(python.python, join(EXAMPLES, 'agent.py'), python.environment),
  ];
}
