/** The bucket of the locks in memory; whoever writes may be overtaken at every step. */
import type { LockEntry } from '#protocols/lock-mirror.ts';
import type { KnownEntry, LockBucket } from '../lock-mirror.ts';

export class MemoryLockBucket implements LockBucket {
  /** Null: it is gone. */
  entries: Map<string, { entry: LockEntry | null; revision: number }> | null = null;
  /** Waited for between any two steps. */
  pause: () => Promise<void> = async () => undefined;
  /** Writes that were refused since another came first. */
  refused = 0;
  #revision = 0;

  async ensure(): Promise<void> {
    this.entries ??= new Map();
  }

  async read(key: string): Promise<KnownEntry | null> {
    const found = this.#there().get(key);
    await this.pause();
    return found ? { key, ...found } : null;
  }

  async write(key: string, entry: LockEntry, revision: number | null): Promise<boolean> {
    await this.pause();
    if ((this.#there().get(key)?.revision ?? null) !== revision) {
      this.refused++;
      return false;
    }
    this.#there().set(key, { entry, revision: ++this.#revision });
    return true;
  }

  async drop(key: string, revision: number): Promise<void> {
    await this.pause();
    const found = this.#there().get(key);
    if (found && found.revision <= revision) this.#there().delete(key);
  }

  async ofTenant(tenant: string): Promise<readonly KnownEntry[]> {
    await this.pause();
    const all = [...this.#there()].map(([key, found]) => ({ key, ...found }));
    await this.pause();
    return all.filter(({ key }) => key.startsWith(`${tenant}.`));
  }

  #there(): NonNullable<MemoryLockBucket['entries']> {
    if (!this.entries) throw new Error('the bucket is gone');
    return this.entries;
  }
}
