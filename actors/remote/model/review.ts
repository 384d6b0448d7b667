/** A review by a model: how it is asked for, how its answer is read, and how it is told. Pure. */
import { z } from 'zod';
import type { AssignPayload } from '#protocols/eap/message.ts';
import { toFaults } from '#protocols/failure.ts';
import { parseObject, type Wanted } from './answer.ts';
import { conversation, quote } from './untrusted.ts';

const Finding = z.object({
  severity: z.enum(['blocker', 'major', 'minor', 'note']),
  file: z.string().max(1_000),
  line: z.number().int().positive().nullable(),
  title: z.string().min(3).max(200),
  detail: z.string().max(2_000),
});

export const Review = z
  .object({
    verdict: z.enum(['approve', 'changes_requested']),
    summary: z.string().min(1).max(4_000),
    findings: z.array(Finding).max(100),
  })
  .refine(
    ({ verdict, findings }) =>
      verdict !== 'approve' || !findings.some(({ severity }) => severity === 'blocker'),
    { path: ['verdict'], message: 'what has a blocker is not approved' },
  );
export type Review = z.infer<typeof Review>;

/** A change as it is shown: perhaps not all of it. */
export type Change = {
  readonly diff: string;
  /** Files of which the diff is not shown. */
  readonly leftOut: readonly string[];
};

const SYSTEM = `You review a change before it is merged. Look for what is wrong or missing: correctness first, then
security, tests, and what the next reader stumbles over. Say only what you see in the change; where you are not sure say
so in the detail. Approve what may be merged as it is.`;

const ANSWER = `Answer with one JSON object and nothing else:
{"verdict": "approve" or "changes_requested", "summary": "…", "findings": [{"severity": "blocker", "major", "minor" or
"note", "file": "src/a.ts", "line": 12 or null, "title": "…", "detail": "…"}]}`;

const FORM = { name: 'review', schema: z.toJSONSchema(Review, { io: 'input' }) };

export function wantReview(
  { title, description, sessionTitle, prompt }: AssignPayload,
  { change, mark }: { readonly change: Change; readonly mark: string },
): Wanted<Review> {
  const { diff, leftOut } = change;
  const hidden =
    leftOut.length === 0 ? [] : [`Too large to be shown, so not reviewed: ${leftOut.length} files.`];
  const user = [
    `# Your task: ${title}`,
    description,
    `# What the change is for: ${sessionTitle}`,
    prompt,
    '# The change',
    quote('unified diff', diff, mark),
    ...hidden,
    '# How to answer',
    ANSWER,
  ];
  return { form: FORM, messages: conversation(SYSTEM, user.join('\n\n')), read };
}

function read(text: string): { readonly value: Review } | { readonly fault: string } {
  const parsed = Review.safeParse(parseObject(text));
  if (parsed.success) return { value: parsed.data };
  const faults = toFaults(parsed.error).map(({ path, message }) =>
    [path, message].filter(Boolean).join(': '),
  );
  return { fault: `the review was refused: ${faults.slice(0, 10).join('; ')}` };
}

/** For people: the verdict first, then what was found, the worst first. */
export function describeReview({ verdict, summary, findings }: Review, { leftOut }: Change): string {
  const order = Finding.shape.severity.options;
  const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const lines = sorted.map(({ severity, file, line, title, detail }) => {
    const place = line === null ? file : `${file}:${line}`;
    return `- **${severity}** ${place} ${title}\n  ${detail.replaceAll('\n', '\n  ')}`;
  });
  const hidden =
    leftOut.length === 0 ? [] : [`Not reviewed, being too large to be shown: ${leftOut.join(', ')}`];
  const words = verdict === 'approve' ? 'Approved' : 'Changes requested';
  return [`${words}: ${summary}`, lines.join('\n'), ...hidden].filter((part) => part !== '').join('\n\n');
}
