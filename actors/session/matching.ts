/** Which template fits a text best. Pure. */
import type { SessionDraft } from '#protocols/session.ts';
import { TEMPLATES, type Template } from './templates.ts';
import { countPhrases } from './words.ts';

type Text = Pick<SessionDraft, 'title' | 'description' | 'initial_prompt' | 'session_type'>;

/** Those whose words are in the text, the one with the highest priority first; more words win between equals. */
export function matchTemplates(draft: Text): Template[] {
  const text = [draft.title, draft.description ?? '', draft.initial_prompt, draft.session_type].join('\n');
  return TEMPLATES.map((template) => ({ template, found: countPhrases(text, template.matches) }))
    .filter(({ found }) => found > 0)
    .sort((one, other) => other.template.priority - one.template.priority || other.found - one.found)
    .map(({ template }) => template);
}
