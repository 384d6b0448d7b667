/** The stages of a model's version and the ways between them, as data. Anything else is INVALID_TRANSITION. */
import type { ModelStage, ModelVersion } from '#protocols/model.ts';

/** Of what is archived, a version that was in production comes back by `rollback` too. */
export const STAGE_MOVES = {
  candidate: ['staging', 'production', 'archived'],
  staging: ['candidate', 'production', 'archived'],
  production: ['archived'],
  archived: ['candidate'],
} as const satisfies Record<ModelStage, readonly ModelStage[]>;

/** What becomes of the version that was in a stage for which there is one place a name. */
const PUSHED_TO: Partial<Record<ModelStage, ModelStage>> = { production: 'archived', staging: 'candidate' };

export function canStage(from: ModelStage, to: ModelStage): boolean {
  const allowed: readonly ModelStage[] = STAGE_MOVES[from];
  return allowed.includes(to);
}

/** All versions with `number` in `stage`; whoever had the one place there makes room. */
export function putInStage(
  versions: readonly ModelVersion[],
  { number, stage, at }: { readonly number: string; readonly stage: ModelStage; readonly at: string },
): ModelVersion[] {
  const pushedTo = PUSHED_TO[stage];
  return versions.map((version) => {
    if (version.number === number) return { ...version, stage, stage_changed_at: at };
    if (pushedTo === undefined || version.stage !== stage) return version;
    return { ...version, stage: pushedTo, stage_changed_at: at };
  });
}

/** The next patch after the highest version, 1.0.0 where there is none. What is before a release counts as it. */
export function nextNumber(versions: readonly Pick<ModelVersion, 'number'>[]): string {
  const triples = versions.map(({ number }) => (number.split('-', 1)[0] ?? '').split('.').map(Number));
  const [highest] = triples.sort((a, b) => compare(b, a));
  if (!highest) return '1.0.0';
  const [major = 0, minor = 0, patch = 0] = highest;
  return `${major}.${minor}.${patch + 1}`;
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [at, part] of one.entries()) {
    const difference = part - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
