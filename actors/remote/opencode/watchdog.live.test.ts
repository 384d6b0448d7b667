import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { endMarked, MARK } from './processes.ts';

const WATCHDOG = fileURLToPath(new URL('watchdog.ts', import.meta.url));

/** A process that starts a server's stand-in (which has a child in a session of its own) and watches over it. */
const OWNER = `
import { spawn } from 'node:child_process';
import { startWatchdog } from ${JSON.stringify(WATCHDOG)};
const env = { ...process.env, ${MARK}: process.argv[1] };
const script = 'setsid sleep 291 & echo $!; wait';
const server = spawn('/bin/sh', ['-c', script], { detached: true, env, stdio: ['ignore', 'pipe', 'ignore'] });
server.stdout.once('data', (data) => console.log(server.pid, Number(data)));
startWatchdog(server.pid, process.argv[1]);
setInterval(() => {}, 1000);
`;

test('when its owner is killed, a server ends at once and what it started soon after', async () => {
  const { owner, server, command } = await startOwner('mark-killed');
  expect([isAlive(server), isAlive(command)]).toEqual([true, true]);

  owner.kill('SIGKILL');

  expect(await isGoneWithin(server, 2_000)).toBe(true);
  expect(await isGoneWithin(command, 6_000)).toBe(true);
});

test('all that bears a mark ends, and nothing else', async () => {
  const { owner, server, command } = await startOwner('mark-ended');

  await endMarked('mark-other');
  expect([isAlive(server), isAlive(command)]).toEqual([true, true]);
  await endMarked('mark-ended');

  expect([isAlive(server), isAlive(command)]).toEqual([false, false]);
  owner.kill('SIGKILL');
});

async function startOwner(mark: string): Promise<{ owner: ChildProcess; server: number; command: number }> {
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', OWNER, mark], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(owner.stdout, 'data');
  const [server = 0, command = 0] = String(said).trim().split(' ').map(Number);
  return { owner, server, command };
}

/** A process that has ended and was not waited for yet is not alive. */
function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

async function isGoneWithin(pid: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    if (!isAlive(pid)) return true;
    await sleep(50);
  }
  return false;
}
