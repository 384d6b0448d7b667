/** A model by name: chosen before anything is asked, and only where the agent says that it has it. */
import { AttemptFailure } from './failure.ts';
import type { AgentLink, ModelChoice } from './link.ts';

const SHOWN_MAX = 20;

/** Throws where the agent does not have it, or does not take it. */
export async function requireModel(
  link: Pick<AgentLink, 'chooseModel'>,
  models: ModelChoice | null,
  name: string,
): Promise<void> {
  if (models === null) {
    const mend = 'leave the model out, or choose it by the settings of the agent itself';
    throw new AttemptFailure('MODEL_UNKNOWN', `the agent lets nobody choose "${name}": ${mend}`);
  }
  if (models.current === name) return;
  if (!models.offered.includes(name)) {
    const more = models.offered.length > SHOWN_MAX ? `, and ${models.offered.length - SHOWN_MAX} more` : '';
    const offered = models.offered.slice(0, SHOWN_MAX).join(', ') || 'none';
    throw new AttemptFailure('MODEL_UNKNOWN', `the agent has no model "${name}". It has: ${offered}${more}`);
  }
  const current = await link.chooseModel(name);
  if (current !== name)
    throw new AttemptFailure('MODEL_UNKNOWN', `the agent was told to use "${name}" and uses "${current}"`);
}
