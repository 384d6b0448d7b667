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

/** To a session whose process was ended in the middle. */
export function buildContinuation(title: string): string {
  return `# ${title}

The program that you work in was ended in the middle of this task, and was started again. The working directory is as you
left it; what was running has ended, and a change that you had asked for may not be made. Look at what is there, for instance
with git status and git diff, and go on with the task to its end. Do not do again what is done.`;
}

/** To a new session, where that of before is lost. */
export function buildRepeat(prompt: string): string {
  return `${prompt}

## This was begun already

Somebody worked on this task before you, and was cut off. What is done is in the working directory: look at it first, for
instance with git status and git diff, and go on from there.`;
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
