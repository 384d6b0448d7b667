/** A plan that an agent makes: how it is asked for, and how its answer is read. Pure. */
import { toFaults } from './failure.ts';
import { type PlanTask, PlanTasks } from './plan.ts';

/** Type of the task whose result is a plan. */
export const PLANNING_TYPE = 'planning_by_agent';

/** What an agent must be able to for it. */
export const PLANNING_CAPABILITY = 'task_decomposition';

export const PLANNING_INSTRUCTIONS = `Do not do the work: plan it. Answer with one JSON object and nothing else, as the
result's field "plan" or as its summary:
{"tasks": [{"key": "store", "title": "Implement the store", "description": "…", "required_capabilities":
["code_generation"], "estimate": {"optimistic": 1, "likely": 2, "pessimistic": 4}, "after": [{"key": "design", "kind":
"finish_to_start", "required": true}], "required": true}]}
Titles begin with a verb. Keys are letters, digits, "_", "-" and ".". "after" names tasks of this plan that must be done
before; "kind" may also be start_to_start, finish_to_finish or start_to_finish. No task waits for itself, not even by way
of others. Only "key" and "title" are needed.`;

const FAULTS_TOLD_MAX = 10;

/** The tasks of a plan, or in one sentence what is wrong with it. */
export function readPlan(result: {
  readonly plan?: unknown;
  readonly summary: string;
}): { readonly tasks: PlanTask[] } | { readonly fault: string } {
  const said = result.plan ?? parseJson(result.summary);
  if (typeof said !== 'object' || said === null)
    return { fault: 'the plan was refused: it is not a JSON object' };
  const parsed = PlanTasks.safeParse('tasks' in said ? said.tasks : undefined);
  if (parsed.success) return { tasks: parsed.data };
  const faults = toFaults(parsed.error).map(({ path, message }) => {
    return `${['tasks', path].filter(Boolean).join('.')}: ${message}`;
  });
  const more = faults.length > FAULTS_TOLD_MAX ? ` (and ${faults.length - FAULTS_TOLD_MAX} more)` : '';
  return { fault: `the plan was refused: ${faults.slice(0, FAULTS_TOLD_MAX).join('; ')}${more}` };
}

/** JSON from the first brace to the last: models like to say something around it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1));
  } catch {
    return null;
  }
}
