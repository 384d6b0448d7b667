/** A plan by a model: how it is asked for, and how its answer is read. Pure. */
import { z } from 'zod';
import type { AssignPayload } from '#protocols/eap/message.ts';
import { type PlanTask, PlanTasks } from '#protocols/plan.ts';
import { readPlan } from '#protocols/plan-by-agent.ts';
import type { Wanted } from './answer.ts';
import { conversation, quote } from './untrusted.ts';

export type Plan = { readonly tasks: readonly PlanTask[] };

/** What of the project a planner sees: names of files, as many as fit. */
export type Project = { readonly files: readonly string[]; readonly filesTotal: number };

const SYSTEM = `You plan work for coding agents. Part the work that you are given into tasks: each one is done by one
agent that sees its own task and the whole's prompt, in a copy of the repository with the work of the tasks before it.
Make as few tasks as serve the work, and let what does not depend on each other go side by side. You do not do the work.`;

const FORM = {
  name: 'plan',
  schema: z.toJSONSchema(z.object({ tasks: PlanTasks }), { io: 'input', unrepresentable: 'any' }),
};

/** The description has the instructions for the form, and what was wrong with an earlier attempt's plan. */
export function wantPlan(
  { sessionTitle, prompt, description }: Pick<AssignPayload, 'sessionTitle' | 'prompt' | 'description'>,
  { project, mark }: { readonly project: Project | null; readonly mark: string },
): Wanted<Plan> {
  const parts = [`# The work: ${sessionTitle}`, prompt, '# How to answer', description];
  if (project && project.files.length > 0) {
    const { files, filesTotal } = project;
    const rest = filesTotal > files.length ? `\n(and ${filesTotal - files.length} more)` : '';
    parts.push('# The repository', quote('names of files', `${files.join('\n')}${rest}`, mark));
  }
  return { form: FORM, messages: conversation(SYSTEM, parts.join('\n\n')), read: read };
}

function read(text: string): { readonly value: Plan } | { readonly fault: string } {
  const plan = readPlan({ summary: text });
  return 'fault' in plan ? plan : { value: plan };
}
