/**
 * Ends a family of processes when this process is gone, however it went: a process that is killed cannot clean up behind
 * itself. The watchdog is a shell that waits on a pipe of ours, which the kernel closes when we die.
 */
import { spawn } from 'node:child_process';
import { type Family, MARK, signalGroup } from './family.ts';

/** $1 is the family's group, $2 the mark of everything it has started (readable on Linux only). */
const SCRIPT = `
cat >/dev/null
kill -KILL "-$1" 2>/dev/null
for file in $(grep -ls "$2" /proc/[0-9]*/environ 2>/dev/null); do
  process=\${file#/proc/}
  kill -KILL "\${process%/environ}" 2>/dev/null
done`;

/** Returns what ends the watchdog itself, once the family is gone. */
export function startWatchdog({ group, mark }: Family): () => void {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'watchdog', String(group), `${MARK}=${mark}`], {
    // In a session of its own, so that a Ctrl-C at the terminal does not end it before its work.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell there is no watchdog; the family still ends with an orderly end.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  return () => {
    if (shell.pid !== undefined) signalGroup(shell.pid, 'SIGKILL');
  };
}
