/** What was learned of the templates that a new session may be planned by. */
import type { BlueprintBody } from '#protocols/blueprint.ts';
import { parseReference } from '#protocols/blueprint.ts';
import {
  BUILT_IN_ESTIMATES,
  Estimates,
  estimatesOfBlueprint,
  type LearnedByTask,
  learnedKey,
} from '#protocols/estimates.ts';
import { addressOf, type GatewayContext, readState } from './context.ts';

/** What goes with a session, or with a task that is taken apart; of a blueprint only what its plan has use for. */
export async function readLearned(
  context: GatewayContext,
  planned?: { readonly blueprint: string; readonly plan: BlueprintBody['tasks'] },
): Promise<{ learned?: LearnedByTask }> {
  const keys = new Set(planned?.plan.map(({ key }) => key));
  const [builtIn, own] = await Promise.all([
    readTasks(context, BUILT_IN_ESTIMATES),
    planned ? readTasks(context, estimatesOfBlueprint(parseReference(planned.blueprint).name)) : [],
  ]);
  const known = [...builtIn, ...own.filter(({ key }) => keys.has(key))];
  if (known.length === 0) return {};
  const entries = known.map(({ estimates, key, base, likely, confidence }) => {
    return [learnedKey({ estimates, key }), { base, likely, confidence }] as const;
  });
  return { learned: Object.fromEntries(entries) };
}

async function readTasks(context: GatewayContext, estimates: string) {
  const stored = await context.client.get(addressOf(context, 'estimates', estimates));
  return stored ? readState(Estimates, stored).tasks.map((task) => ({ ...task, estimates })) : [];
}
