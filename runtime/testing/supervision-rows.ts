/** Supervised actors, kept mail and attempts, in memory: the part of the store in memory that supervision needs. */
import { type Address, formatAddress } from '#protocols/address.ts';
import type { Batch } from '../store.ts';
import { type AttemptPlace, attemptText, type KeptMail, type SupervisedRow } from '../supervision.ts';

interface Attempt {
  readonly text: string;
  readonly batch: number;
}

export class SupervisionRows {
  readonly #rows = new Map<string, { partition: number; row: SupervisedRow }>();
  readonly #mail = new Map<string, KeptMail[]>();
  readonly #attempts = new Map<number, Attempt>();
  readonly #suspects = new Map<number, Record<string, number>>();

  of(partition: number): SupervisedRow[] {
    return [...this.#rows.values()].flatMap((kept) => (kept.partition === partition ? [kept.row] : []));
  }

  keptMail(address: Address, limit: number): KeptMail[] {
    return (this.#mail.get(formatAddress(address)) ?? []).slice(0, limit);
  }

  attempt(partition: number, batch: number, places: readonly AttemptPlace[] | null): void {
    if (places) this.#attempts.set(partition, { text: attemptText(places), batch });
    else {
      this.#attempts.delete(partition);
      this.#suspects.delete(partition);
    }
  }

  /** A new owner took the partition; returns of which messages owners died. */
  acquired(partition: number, batch: number, isAbandoned: boolean): Record<string, number> {
    const attempt = this.#attempts.get(partition);
    const suspects = { ...this.#suspects.get(partition) };
    this.#attempts.delete(partition);
    if (isAbandoned && attempt?.batch === batch) suspects[attempt.text] = (suspects[attempt.text] ?? 0) + 1;
    this.#suspects.set(partition, suspects);
    return suspects;
  }

  apply({ partition, supervised, mailKept, mailTaken }: Batch): void {
    for (const { address, n } of mailTaken) {
      const name = formatAddress(address);
      this.#mail.set(
        name,
        (this.#mail.get(name) ?? []).filter((mail) => mail.n > n),
      );
    }
    for (const mail of mailKept) {
      const name = formatAddress(mail.address);
      const kept = this.#mail.get(name) ?? [];
      if (kept.some(({ n }) => n === mail.n)) throw new Error(`${name} has mail ${mail.n} already`);
      this.#mail.set(name, [...kept, structuredClone(mail)]);
    }
    for (const row of supervised) {
      this.#rows.set(formatAddress(row.address), { partition, row: structuredClone(row) });
    }
  }

  get rows() {
    return {
      supervised: [...this.#rows.values()].map(({ row }) => row),
      keptMail: [...this.#mail.values()].flat(),
    };
  }
}
