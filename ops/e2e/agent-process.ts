/** An agent of ours as a process of a test: started, waited for until it has joined, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

const PROGRAMS = join(import.meta.dirname, '..', '..', 'actors', 'remote');
const READY_MS = 60_000;
const OUTPUT_CHARS_KEPT = 4_000;

/** Resolves when the agent has joined. Its environment is PATH and what is given. */
export async function startAgent(
  program: 'shell' | 'opencode' | 'acp',
  environment: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const agent = spawn(process.execPath, [join(PROGRAMS, program, 'main.ts')], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = Promise.withResolvers<void>();
  for (const stream of [agent.stdout, agent.stderr]) {
    stream?.on('data', (part) => {
      output = (output + part).slice(-OUTPUT_CHARS_KEPT);
      if (output.includes('"msg":"ready"')) ready.resolve();
    });
  }
  agent.once('exit', (code) => ready.reject(new Error(`the agent ended with ${code}: ${output}`)));
  const timer = setTimeout(() => ready.reject(new Error(`the agent is not ready: ${output}`)), READY_MS);
  try {
    await ready.promise;
    return agent;
  } catch (error) {
    await endAgent(agent);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Kill -9, also of one that is frozen. */
export async function endAgent(agent: ChildProcess): Promise<void> {
  if (agent.exitCode !== null || agent.signalCode !== null) return;
  const exited = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill('SIGKILL');
  await exited;
}
