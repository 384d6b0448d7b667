/**
 * Puts a data set together, sample after sample: without secrets, without duplicates, in two halves, in each format asked
 * for; and counts what was left out and why. No I/O: the same rules and samples in the same order give the same bytes.
 *
 * A1. What goes into a file was redacted, and is looked through once more as it stands there; a finding ends it all.
 * A2. A duplicate is one wherever its like is: the halves have no sample in common.
 */
import { hash } from 'node:crypto';
import type {
  BuildOrder,
  DatasetFile,
  DatasetFormat,
  DatasetSplit,
  DatasetSummary,
} from '#protocols/dataset.ts';
import type { Trajectory } from '#protocols/trajectory.ts';
import { SeenSamples } from './duplicates.ts';
import { EXPORTERS } from './formats.ts';
import { findResidue, type Redactions, redactMessages } from './redact.ts';
import { type Origin, obstacleTo, type TrajectorySample, toSample } from './sample.ts';
import { splitOf } from './split.ts';

/** Why a session or a sample is not in it. */
export type Drop =
  | 'success_rate'
  | 'no_trajectory'
  | 'unreadable'
  | 'too_short'
  | 'too_long'
  | 'duplicate'
  | 'near_duplicate'
  | `not_in_${DatasetFormat}`;

/** It can not be built, and trying again would not help. */
export class DatasetRefused extends Error {
  override name = 'DatasetRefused';
  readonly code: 'DATASET_EMPTY' | 'DATASET_TOO_LARGE' | 'RESIDUAL_SECRET';

  constructor(code: DatasetRefused['code'], detail: string) {
    super(detail);
    this.code = code;
  }
}

export interface BuiltFile extends DatasetFile {
  readonly text: string;
}

export interface BuiltDataset {
  readonly summary: DatasetSummary;
  readonly files: readonly BuiltFile[];
  /** The whole manifest, as JSON: what the summary says, the rules, and each sample with where it is from. */
  readonly manifest: string;
}

/** An artifact may not be larger, and a trainer takes one file. */
const FILE_BYTES_MAX = 32 * 1_024 * 1_024;
const SPLITS = ['train', 'validation'] as const satisfies readonly DatasetSplit[];

interface Lines {
  readonly lines: string[];
  bytes: number;
}

export class Assembly {
  readonly #order: BuildOrder;
  readonly #seen: SeenSamples;
  readonly #lines = new Map<string, Lines>();
  readonly #dropped: Record<string, number> = {};
  readonly #redactions: Redactions = {};
  readonly #samples: object[] = [];
  readonly #bySplit = { train: 0, validation: 0 };
  readonly #sessions = { considered: new Set<string>(), used: new Set<string>() };
  #considered = 0;

  constructor(order: BuildOrder) {
    this.#order = order;
    this.#seen = new SeenSamples(order.rules.near_duplicate);
  }

  /** A session was looked at, whatever came of it. */
  consider(sessionId: string): void {
    this.#sessions.considered.add(sessionId);
  }

  drop(reason: Drop): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  /** What was said and done in one attempt. Throws `DatasetRefused` where a secret would stand in a file. */
  take(origin: Origin, trajectory: Trajectory): void {
    this.#considered++;
    const obstacle = obstacleTo(trajectory.messages, this.#order.rules.sample_chars_max);
    if (obstacle) {
      this.drop(obstacle);
      return;
    }
    const { value: messages, redactions } = redactMessages(trajectory.messages);
    const sample = toSample(origin, messages, redactions);
    const known = this.#seen.take(sample);
    if (known) this.drop(known);
    else this.#add(sample);
  }

  finish(): BuiltDataset {
    const { rules } = this.#order;
    if (this.#bySplit.train < rules.samples_min) {
      const detail = `${this.#bySplit.train} samples to train on, and ${rules.samples_min} are wanted: ${tell(this.#dropped)}`;
      throw new DatasetRefused('DATASET_EMPTY', detail);
    }
    const files = rules.formats.flatMap((format) => SPLITS.flatMap((split) => this.#fileOf(format, split)));
    const { considered, used } = this.#sessions;
    const summary: DatasetSummary = {
      sessions: { considered: considered.size, used: used.size },
      samples: { considered: this.#considered, ...this.#bySplit },
      dropped: this.#dropped,
      redactions: this.#redactions,
      files: files.map(({ text: _, ...file }) => file),
    };
    const manifest = { ...this.#order, ...summary, manifest_of: this.#samples };
    return { summary, files, manifest: `${JSON.stringify(manifest, null, 1)}\n` };
  }

  #add(sample: TrajectorySample): void {
    const { formats, seed, validation_share: share } = this.#order.rules;
    const split = splitOf(sample.session_id, { seed, share });
    const written = formats.flatMap((format) => {
      const line = EXPORTERS[format](sample);
      if (line === null) this.drop(`not_in_${format}`);
      return line === null ? [] : [{ format, line }];
    });
    if (written.length === 0) return;
    for (const { format, line } of written) this.#write(nameOf(format, split), checked(line, sample.id));
    this.#bySplit[split]++;
    this.#sessions.used.add(sample.session_id);
    for (const [kind, count] of Object.entries(sample.redactions)) {
      this.#redactions[kind] = (this.#redactions[kind] ?? 0) + count;
    }
    const { messages, ...about } = sample;
    this.#samples.push({ ...about, repo: about.repo === null ? null : hash('sha256', about.repo), split });
  }

  #write(name: string, line: string): void {
    const file = this.#lines.get(name) ?? { lines: [], bytes: 0 };
    file.lines.push(`${line}\n`);
    file.bytes += Buffer.byteLength(line) + 1;
    this.#lines.set(name, file);
    if (file.bytes <= FILE_BYTES_MAX) return;
    const detail = `${name} is larger than ${FILE_BYTES_MAX} bytes: choose fewer sessions`;
    throw new DatasetRefused('DATASET_TOO_LARGE', detail);
  }

  #fileOf(format: DatasetFormat, split: DatasetSplit): BuiltFile[] {
    const name = nameOf(format, split);
    const found = this.#lines.get(name);
    if (!found) return [];
    const text = found.lines.join('');
    const { bytes } = found;
    return [{ name, format, split, lines: found.lines.length, bytes, sha256: hash('sha256', text), text }];
  }
}

function nameOf(format: DatasetFormat, split: DatasetSplit): string {
  return `${split}.${format}.jsonl`;
}

/** The line as it will stand in the file, after it was looked through in the shape that a reader sees. */
function checked(line: object, id: string): string {
  const residue = findResidue(line);
  if (residue.length === 0) return JSON.stringify(line);
  throw new DatasetRefused('RESIDUAL_SECRET', `${residue.join(', ')} would be in the sample ${id}`);
}

function tell(dropped: Readonly<Record<string, number>>): string {
  const reasons = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  return reasons.length === 0 ? 'no accepted session fits the rules' : `left out ${reasons.join(', ')}`;
}
