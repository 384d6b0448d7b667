/**
 * What an agent has begun, on disk: a process of it that is started again after a crash claims it, and goes on with what
 * the orchestrator still counts as its own.
 *
 * L1. A record is whole or not there: it is written beside its place and renamed.
 * L2. It is there before the work begins, and gone when the attempt is over.
 * L3. It is taken up `RESUMES_MAX` times: an attempt that ends the process that works on it is not taken up for ever.
 * L4. Without it all goes on as before. What cannot be written is logged, and that attempt is not taken up.
 * L5. Files that are none of its own are left alone.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentIn, AgentOut } from '#protocols/eap/message.ts';
import { TokenUsage } from '#protocols/task.ts';
import type { Assign } from './incoming.ts';
import type { Logger } from './logger.ts';
import type { AttemptOut } from './outgoing.ts';

export type LastWord = Extract<AttemptOut, { kind: 'result' }>;

const RESUMES_MAX = 3;
const KEPT_CHARS_MAX = 64 * 1024;
const SUFFIX = '.attempt.json';
/** Beside its place, until it is whole. */
const UNFINISHED = `${SUFFIX}.new`;

const Record = z.object({
  assign: AgentIn.refine((said): said is Assign => said.kind === 'assign', 'an assignment'),
  /** By the clock of this machine, in ms. */
  begunAt: z.number(),
  resumes: z.number().int(),
  usage: TokenUsage.nullable(),
  /** Requests to people that are open. */
  asked: z.array(z.string()),
  /** What the work itself kept. */
  kept: z.unknown(),
  /** The result, from when it stands until it was answered. */
  lastWord: AgentOut.refine((said): said is LastWord => said.kind === 'result', 'a result').nullable(),
});
export type AttemptRecord = z.infer<typeof Record>;

export class Ledger {
  /** What processes of before had begun, and this one may claim. */
  readonly left: readonly AttemptLog[];
  readonly #folder: string;
  readonly #logger: Logger;

  private constructor(folder: string, left: readonly AttemptLog[], logger: Logger) {
    this.#folder = folder;
    this.left = left;
    this.#logger = logger;
  }

  /** One process at a time may use a folder. Records that cannot be read, or were taken up too often, are gone. */
  static async open(folder: string, logger: Logger): Promise<Ledger> {
    await mkdir(folder, { recursive: true });
    const left: AttemptLog[] = [];
    const own = (await readdir(folder)).filter((name) => name.endsWith(SUFFIX) || name.endsWith(UNFINISHED));
    for (const name of own) {
      const path = join(folder, name);
      const record = name.endsWith(SUFFIX) ? await readRecord(path) : null;
      if (record === null || record.resumes >= RESUMES_MAX) {
        logger.warn({ path }, 'agent does not take up an attempt');
        await rm(path, { force: true });
        continue;
      }
      const log = new AttemptLog(path, { ...record, resumes: record.resumes + 1 }, logger);
      await log.saved();
      left.push(log);
    }
    // Of two attempts of one task the newer comes last, and takes the place of the older.
    left.sort((one, other) => one.record.assign.attempt - other.record.assign.attempt);
    return new Ledger(folder, left, logger);
  }

  begin(assign: Assign): AttemptLog {
    const path = join(this.#folder, `${assign.taskId}.${assign.attempt}${SUFFIX}`);
    const fresh = { begunAt: Date.now(), resumes: 0, usage: null, asked: [], kept: null, lastWord: null };
    return new AttemptLog(path, { assign, ...fresh }, this.#logger);
  }
}

/** The record of one attempt. Writes follow each other, each of the newest; those that have nothing new are not made. */
export class AttemptLog {
  readonly #path: string;
  readonly #logger: Logger;
  #record: AttemptRecord;
  #written: AttemptRecord | null = null;
  #isOver = false;
  #last: Promise<void> = Promise.resolve();

  constructor(path: string, record: AttemptRecord, logger: Logger) {
    this.#path = path;
    this.#record = record;
    this.#logger = logger;
  }

  get record(): AttemptRecord {
    return this.#record;
  }

  /** Resolves when what is known now is on disk. */
  saved(): Promise<void> {
    this.#last = this.#last.then(async () => {
      const newest = this.#record;
      if (this.#isOver || newest === this.#written) return;
      try {
        await writeFile(`${this.#path}.new`, JSON.stringify(newest), { mode: 0o600, flush: true });
        await rename(`${this.#path}.new`, this.#path);
        this.#written = newest;
      } catch (error) {
        this.#logger.warn({ path: this.#path, err: error }, 'agent could not keep what it has begun');
      }
    });
    return this.#last;
  }

  async note(change: Partial<Pick<AttemptRecord, 'usage' | 'kept' | 'lastWord'>>): Promise<void> {
    if (JSON.stringify(change.kept ?? null).length > KEPT_CHARS_MAX)
      throw new Error(`at most ${KEPT_CHARS_MAX} characters of an attempt are kept`);
    this.#record = { ...this.#record, ...change };
    await this.saved();
  }

  async noteAsked(requestId: string, isOpen: boolean): Promise<void> {
    const others = this.#record.asked.filter((one) => one !== requestId);
    this.#record = { ...this.#record, asked: isOpen ? [...others, requestId] : others };
    await this.saved();
  }

  /** The attempt is over: nobody takes it up. */
  async remove(): Promise<void> {
    this.#isOver = true;
    this.#last = this.#last.then(() => rm(this.#path, { force: true }));
    await this.#last;
  }
}

async function readRecord(path: string): Promise<AttemptRecord | null> {
  try {
    return Record.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Half of one, or of another version: the attempt goes to another process as ever.
    return null;
  }
}
