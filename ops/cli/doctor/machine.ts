/** Checks of this machine: Node, git, disk, port. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isNewEnough } from '../../dev/nats-binary.ts';
import { assertPortFree } from '../../dev/ports.ts';
import { codeOf, reasonOf } from '../../dev/start-failure.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

const NODE_MIN = '24.0.0';
const GIT_MIN = '2.30.0';
const GIT_MS = 5_000;
const MIB = 1_024 * 1_024;
const FREE_MIB_WARN = 2_048;
const FREE_MIB_MIN = 256;

export function checkNode(version = process.versions.node): Finding {
  if (isNewEnough(version, NODE_MIN)) return ok('node', `Node ${version}`);
  return fail(
    'node',
    `Node ${version}; ${NODE_MIN} or newer is needed`,
    'npm ci brings one: use ops/cli/oio',
  );
}

export async function checkGit(command = 'git'): Promise<Finding> {
  const mend = `install git ${GIT_MIN} or newer: agents work in its working copies`;
  try {
    const { stdout } = await promisify(execFile)(command, ['--version'], { timeout: GIT_MS });
    const version = /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? '0';
    if (isNewEnough(version, GIT_MIN)) return ok('git', `git ${version}`);
    return warn('git', `git ${version} is old`, mend);
  } catch (thrown) {
    return fail('git', `git cannot be run: ${codeOf(thrown) || reasonOf(thrown)}`, mend);
  }
}

/** Of the disk that has the data folder, or will have it. */
export async function checkDisk(dataDir: string): Promise<Finding> {
  const folder = resolve(dataDir);
  const found = await statfs(folder).catch(() => statfs(dirname(folder)));
  const freeMib = Math.floor((found.bavail * found.bsize) / MIB);
  const detail = `${(freeMib / 1_024).toFixed(1)} GiB free for ${folder}`;
  const mend = 'make room, or name another folder with OIO_DATA_DIR';
  if (freeMib < FREE_MIB_MIN) return fail('disk', detail, mend);
  return freeMib < FREE_MIB_WARN ? warn('disk', detail, mend) : ok('disk', detail);
}

/** The gateway's port: it must be the gateway's, or nobody's. */
export async function checkPort(url: string, isGatewayThere: boolean): Promise<Finding> {
  const { hostname, port, protocol } = new URL(url);
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  if (isGatewayThere) return ok('port', `${number} is the gateway's`);
  if (!['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
    return ok('port', `${number} is on ${hostname}, not on this machine`);
  }
  try {
    await assertPortFree('127.0.0.1', number);
    return ok('port', `${number} is free`);
  } catch (thrown) {
    const mend = `end what uses it, or take another: oio dev --port ${number + 1}`;
    return fail('port', reasonOf(thrown).split('. ')[0] ?? '', mend);
  }
}
