/**
 * Rules of what needs no person, as opencode has them: the last one that matches decides. Pure.
 * `*` stands for any characters, `?` for one; a pattern that ends in ` *` also matches without the rest: `git push *`
 * matches `git push`.
 */
import { z } from 'zod';

export const PermissionAction = z.enum(['allow', 'deny', 'ask']);
export type PermissionAction = z.infer<typeof PermissionAction>;

export const PermissionRule = z.object({
  /** What is asked for: `bash`, `edit`, `webfetch`, `question`, …; may have wildcards. */
  permission: z.string().min(1).max(128),
  /** Of what is asked: the command, the path, the address; may have wildcards. */
  pattern: z.string().min(1).max(500),
  action: PermissionAction,
});
export type PermissionRule = z.infer<typeof PermissionRule>;

/** One thing that a request wants to do. */
export const PermissionCheck = z.object({ permission: z.string(), pattern: z.string() });
export type PermissionCheck = z.infer<typeof PermissionCheck>;

/** What the rules say of all of it, and which rule says it; null: none matches one of the checks. */
export interface Verdict {
  readonly action: PermissionAction;
  readonly rule: PermissionRule | null;
}

/** One thing that is denied denies the whole; it is allowed when everything is. Where no rule matches, a person is asked. */
export function judge(rules: readonly PermissionRule[], checks: readonly PermissionCheck[]): Verdict {
  const verdicts = checks.map((check) => judgeOne(rules, check));
  const denied = verdicts.find(({ action }) => action === 'deny');
  const asked = verdicts.find(({ action }) => action === 'ask');
  return denied ?? asked ?? verdicts[0] ?? { action: 'ask', rule: null };
}

export function describeRule({ permission, pattern, action }: PermissionRule): string {
  return `${action} ${permission} ${pattern}`;
}

function judgeOne(rules: readonly PermissionRule[], check: PermissionCheck): Verdict {
  const rule = rules.findLast(
    (one) => matches(one.permission, check.permission) && matches(one.pattern, check.pattern),
  );
  return rule ? { action: rule.action, rule } : { action: 'ask', rule: null };
}

/** Whether `text` is as `pattern` says, in time that grows with the product of their lengths at most. */
export function matches(pattern: string, text: string): boolean {
  if (fits(pattern, text)) return true;
  return pattern.endsWith(' *') && fits(pattern.slice(0, -2), text);
}

function fits(pattern: string, text: string): boolean {
  let [at, from] = [0, 0];
  let star: { readonly at: number; from: number } | null = null;
  while (from < text.length) {
    const sign = pattern[at];
    if (sign === '*') {
      star = { at, from };
      at += 1;
    } else if (sign !== undefined && (sign === '?' || sign === text[from])) {
      at += 1;
      from += 1;
    } else if (star) {
      // The last star takes one character more.
      star.from += 1;
      at = star.at + 1;
      from = star.from;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
