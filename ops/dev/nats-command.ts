/** Finds the `nats` command, for agents of nothing else: in the cache folder, or built there (nats-command.sh). */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'nats-command.sh');
const BUILD_MS = 600_000;
const NO_GO = 3;

/** The folder that has it; null where there is none and no Go to build it. Throws where it could not be built. */
export function findNatsCommand(): Promise<string | null> {
  return new Promise((resolve, reject) => {
    execFile('sh', [SCRIPT], { timeout: BUILD_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim());
      else if (error.code === NO_GO) resolve(null);
      else
        reject(new Error(`the nats command could not be built: ${stderr.slice(-1_000)}`, { cause: error }));
    });
  });
}
