/** An approval in words, and what can be said to it. Pure. */
import type { ApprovalView as Approval } from '#protocols/http/approval.ts';
import { shortSpan } from './figures.ts';

type Permission = Extract<Approval['ask'], { kind: 'permission' }>;
type Option = Permission['options'][number];

export interface Way {
  readonly option: string;
  readonly name: string;
  readonly key: string;
  readonly isGrave: boolean;
}

/** The second key of each; the first one is `a`. */
const KEYS = {
  allow_once: 'a y',
  allow_always: 'a a',
  reject_once: 'a r',
  reject_always: 'a x',
} as const satisfies Record<Option['kind'], string>;

/** What a permission can be told, by what it offers; a question can only be refused here. */
export function waysOf({ ask }: Approval): Way[] {
  if (ask.kind === 'input') return [{ option: 'reject', name: 'No answer', key: 'a r', isGrave: true }];
  return ask.options.map(({ option_id, name, kind }) => ({
    option: option_id,
    name,
    key: KEYS[kind],
    isGrave: kind.startsWith('reject'),
  }));
}

/** What it is about, beside its title. */
export function aboutOf({ ask, agent_id, origin_task_id }: Approval): string {
  const who = origin_task_id === null ? agent_id : `${agent_id}, for a sub-agent`;
  if (ask.kind === 'input') return who;
  const risk = ask.risk === 'unknown' ? '' : ` · risk ${ask.risk}`;
  return `${who} · ${ask.permission}: ${ask.patterns.join(', ')}${risk}`;
}

/** How long it still waits before it is rejected. */
export function leftOf({ expires_at }: Approval, nowSeconds: number): string {
  return shortSpan(Math.max(0, Date.parse(expires_at) / 1_000 - nowSeconds));
}

/** The answers of a form: what was chosen, and what was said in one's own words; null: a question has none. */
export function answersOf(questions: number, form: FormData): string[][] | null {
  const answers = Array.from({ length: questions }, (_, at) => {
    const own = String(form.get(`own-${at}`) ?? '').trim();
    const chosen = form.getAll(`choice-${at}`).map(String);
    return own === '' ? chosen : [...chosen, own];
  });
  return answers.every((answer) => answer.length > 0) ? answers : null;
}
