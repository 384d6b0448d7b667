/**
 * What is typed into the wildcard bar: filters of subjects, which the gateway applies, or words, which are looked for here.
 * `*` is one token, `>` the rest; `task.*.created` is short for `evt.*.task.*.created`. Several are parted by blanks.
 */
export interface TrafficFilter {
  /** For the gateway; empty: all. */
  readonly subjects: readonly string[];
  /** In small letters, all of which a row must have. */
  readonly words: readonly string[];
}

const SUBJECTS_MAX = 32;
const SUBJECT = /^(?:evt|tap)(?:\.(?:[\w-]+|\*))*(?:\.(?:[\w-]+|\*|>))$/;

export function parseTrafficFilter(typed: string): TrafficFilter {
  const subjects: string[] = [];
  const words: string[] = [];
  for (const part of typed.trim().split(/\s+/).filter(Boolean)) {
    const subject = toSubject(part);
    if (subject && subjects.length < SUBJECTS_MAX) subjects.push(subject);
    else words.push(part.toLowerCase());
  }
  return { subjects, words };
}

function toSubject(part: string): string | null {
  const isFilter = /^(?:evt|tap)\./.test(part) || /[*>]/.test(part);
  if (!isFilter) return null;
  const whole = /^(?:evt|tap)\./.test(part) ? part : `evt.*.${part}`;
  return SUBJECT.test(whole) ? whole : null;
}
