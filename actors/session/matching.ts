/** Which template fits a text best. Pure. */
import type { SessionDraft } from '#protocols/session.ts';
import { TEMPLATES, type Template } from './templates.ts';
import { countPhrases } from './words.ts';

type Text = Pick<SessionDraft, 'title' | 'description' | 'initial_prompt' | 'session_type'>;

/** The one template with the highest priority of those whose words are in the text; more words win between equals. */
export function matchTemplate(draft: Text): Template | null {
  const text = [draft.title, draft.description ?? '', draft.initial_prompt, draft.session_type].join('\n');
  let best: { readonly template: Template; readonly found: number } | null = null;
  for (const template of TEMPLATES) {
    const found = countPhrases(text, template.matches);
    if (found === 0) continue;
    const ahead = best === null ? 1 : template.priority - best.template.priority || found - best.found;
    if (ahead > 0) best = { template, found };
  }
  return best?.template ?? null;
}
