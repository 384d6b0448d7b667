/**
 * Steps of one node's clock, by libfaketime: the library reads the shift from a file, which may change while it runs.
 * Only the wall clock is shifted; what measures durations stays true, as after a step by hand.
 */
import { existsSync, globSync, writeFileSync } from 'node:fs';

const PLACES = '/usr/lib{,64}{,/*-linux-gnu}/faketime/libfaketimeMT.so.1';

export class ClockShift {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
    this.shift(0);
  }

  /** Why clocks can't be shifted here; null where they can. */
  static missing(): string | null {
    return findLibrary() === null ? 'libfaketime is not installed (Debian: apt-get install faketime)' : null;
  }

  /** What a process needs whose clock shall follow; empty where that is not possible. */
  get env(): Readonly<Record<string, string>> {
    const library = findLibrary();
    if (library === null) return {};
    return {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      // Else the file would be read at every look at the clock.
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  shift(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? '' : '+'}${seconds}\n`);
  }
}

function findLibrary(): string | null {
  return globSync(PLACES).find((path) => existsSync(path)) ?? null;
}
