/**
 * Ends a server and all it has started when this process is gone, however it went. A process that is killed cannot
 * clean up behind itself, and a server left over holds half a gigabyte. The watchdog is a shell that waits on a pipe
 * of ours: the kernel closes it when we die.
 */
import { spawn } from 'node:child_process';
import { MARK } from './processes.ts';

export type Watchdog = { stop(): void };

/** $1 is the server's process group, $2 the mark of everything it has started (readable on Linux only). */
const SCRIPT = `
cat >/dev/null
kill -TERM "-$1" 2>/dev/null
sleep 3
kill -KILL "-$1" 2>/dev/null
for file in $(grep -ls "$2" /proc/[0-9]*/environ 2>/dev/null); do
  process=\${file#/proc/}
  kill -KILL "\${process%/environ}" 2>/dev/null
done`;

export function startWatchdog(processGroup: number, mark: string): Watchdog {
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'watchdog', String(processGroup), `${MARK}=${mark}`], {
    // In a session of its own, so that a Ctrl-C at the terminal does not end it before its work.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell there is no watchdog; the server still ends with an orderly stop.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  return {
    stop() {
      if (shell.pid === undefined || shell.exitCode !== null || shell.signalCode !== null) return;
      try {
        // The whole group: the shell's cat would otherwise be left over.
        process.kill(-shell.pid, 'SIGKILL');
      } catch {
        // It is gone already, which is what was wanted.
      }
    },
  };
}
