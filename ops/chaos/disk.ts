/**
 * A disk for one server: an ext4 image mounted by the loop device. What the server has not synced lives only in the
 * mounted file system's memory, so a copy of the image is what a power failure leaves.
 *
 * D1. A disk is mounted only under the run's own folder, and unmounted before that folder goes.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const IMAGE_BYTES = 640 * 1024 ** 2;
const COMMAND_MS = 60_000;
const FILLER = 'filler';
const PIECE = Buffer.alloc(1024 ** 2, 0x5a);

export class Disk {
  readonly mountPoint: string;
  readonly #folder: string;
  readonly #name: string;
  #images = 0;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.mountPoint = join(folder, name);
  }

  /** Throws where this user may not mount. */
  static async make(folder: string, name: string): Promise<Disk> {
    const disk = new Disk(folder, name);
    mkdirSync(disk.mountPoint, { recursive: true });
    writeFileSync(disk.#image, '');
    truncateSync(disk.#image, IMAGE_BYTES);
    await run('mkfs.ext4', ['-q', '-F', '-m', '0', disk.#image], { timeout: COMMAND_MS });
    await disk.#mount();
    return disk;
  }

  get #image(): string {
    return join(this.#folder, `${this.#name}.${this.#images}.img`);
  }

  /** Who writes on it must be dead. Afterwards the disk has what was synced, and nothing else. */
  async losePower(): Promise<void> {
    const before = this.#image;
    this.#images++;
    await run('cp', ['--sparse=always', before, this.#image], { timeout: COMMAND_MS });
    await this.unmount();
    rmSync(before);
    await this.#mount();
  }

  /** Takes all the room that is left. */
  fill(): void {
    const file = join(this.mountPoint, FILLER);
    try {
      for (let bytes = 0; bytes < IMAGE_BYTES; bytes += PIECE.length)
        writeFileSync(file, PIECE, { flag: 'a' });
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOSPC')) throw thrown;
    }
  }

  empty(): void {
    rmSync(join(this.mountPoint, FILLER), { force: true });
  }

  async unmount(): Promise<void> {
    await run('umount', [this.mountPoint], { timeout: COMMAND_MS });
  }

  async #mount(): Promise<void> {
    await run('mount', ['-o', 'loop', this.#image, this.mountPoint], { timeout: COMMAND_MS });
  }
}

/** Unmounts what a killed run left mounted under its folder. */
export async function unmountUnder(folder: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points) await run('umount', [point], { timeout: COMMAND_MS });
}
