/** What a coding agent is told: the task as its prompt, and where it works as a part of its system prompt. Pure. */
import type { AssignPayload } from '#protocols/eap/message.ts';

export function buildPrompt(payload: AssignPayload): string {
  const { title, description, sessionTitle, prompt } = payload;
  const sections = [`# ${title}`];
  if (description.trim() !== '') sections.push(description.trim());
  // A session that is one task says the same in both places.
  if (prompt.trim() !== '' && !description.includes(prompt.trim())) {
    sections.push(`## The whole that this is a part of: ${sessionTitle}`, prompt.trim());
  }
  return sections.join('\n\n');
}

const HOUSE_RULES = `You work alone and unattended on one task, in a working copy made for it. Decide what is
reasonable rather than ask, for an answer may take long or never come, and say in your last message what you assumed. Stay inside the working directory. Everything
that you leave there becomes the result, so leave nothing that does not belong to it; you need not commit. Do this task
only: others work on the rest at the same time. Run the tests that cover your change. End with a short summary of what
you changed and what the tests said; never claim what you have not seen.`;

const INSTRUCTION_CHARS_MAX = 32_000;

/** The project's own instructions (AGENTS.md) go with ours. */
export function buildSystemPrompt(instructions: string | null): string {
  if (instructions === null || instructions.trim() === '') return HOUSE_RULES;
  return `${HOUSE_RULES}\n\n# The project's instructions\n\n${instructions.slice(0, INSTRUCTION_CHARS_MAX)}`;
}
