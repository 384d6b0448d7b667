/**
 * Runs a program in a tree of files as a container would, without an engine: nothing but the tree and this machine's
 * system folders, all read-only, as an unprivileged user that can gain no right, with no variable but those given.
 * It shares the network and the list of processes with this machine: that is where it is less than a container.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Sandboxed {
  /** The tree: it becomes the root, and gets the mount points that it lacks. */
  readonly root: string;
  /** `uid:gid`. */
  readonly user: string;
  readonly workDir: string;
  /** Folders in memory, the only ones that can be written. */
  readonly writable: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

export interface Launch {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const SYSTEM = ['usr', 'bin', 'lib', 'lib64', 'etc'];
/** Where the tree has its Node: this machine's system folders may have an older one. */
const NODE = '/opt/node';

/** Why this machine can't; null if it can. */
export function whyNoSandbox(): string | null {
  if (process.platform !== 'linux') return 'it takes Linux';
  if (process.getuid?.() !== 0) return 'only root may make mounts';
  try {
    execFileSync('unshare', ['--mount', 'setpriv', '--reuid=65532', '--clear-groups', 'true'], {
      stdio: 'pipe',
    });
    return null;
  } catch (error) {
    return `unshare or setpriv refuses: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
}

/** How to start it: `PATH` finds this process's Node first. */
export function launchIn({ root, user, workDir, writable, environment, command }: Sandboxed): Launch {
  const [uid = '', gid = ''] = user.split(':');
  const links = SYSTEM.filter((name) => lstatSync(`/${name}`, { throwIfNoEntry: false })?.isSymbolicLink());
  const folders = SYSTEM.filter((name) => existsSync(`/${name}`) && !links.includes(name));
  for (const name of links) link(readlinkSync(`/${name}`), join(root, name));
  for (const name of [...folders, NODE.slice(1), 'dev', 'proc', ...writable.map((path) => path.slice(1))]) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const steps = [
    'set -e',
    `mount --bind "$1" "$1"`,
    ...folders.map((name) => `mount --rbind /${name} "$1/${name}" && mount -o remount,bind,ro "$1/${name}"`),
    `mount --bind "$2" "$1${NODE}" && mount -o remount,bind,ro "$1${NODE}"`,
    'mount --rbind /dev "$1/dev"',
    'mount --rbind /proc "$1/proc"',
    ...writable.map((path) => `mount -t tmpfs -o size=1g,mode=0700,uid=${uid},gid=${gid} tmpfs "$1${path}"`),
    'mount -o remount,bind,ro "$1"',
    `cd "$1" && shift 2 && exec chroot . env -u PWD -u OLDPWD --chdir=${workDir} setpriv --reuid=${uid} --regid=${gid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`,
  ];
  const nodeFolder = join(process.execPath, '..');
  return {
    command: 'unshare',
    parameters: [
      '--mount',
      '--propagation=private',
      'sh',
      '-c',
      steps.join('\n'),
      'sh',
      root,
      nodeFolder,
      ...command,
    ],
    env: { ...environment, PATH: `${NODE}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin` },
  };
}

function link(target: string, path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(target, path);
}
