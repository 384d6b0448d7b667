/** YAML bodies, beside JSON ones, for routes of documents that people write. Alone imports the library. */
import { parseDocument } from 'yaml';
import type { App } from './context.ts';
import { Refused } from './failures.ts';

export const YAML_TYPES = ['application/yaml', 'application/x-yaml', 'text/yaml'];

/** Aliases are resolved so many times at most: a small text must not become a large value. */
const ALIASES_MAX = 100;

export function readYamlBodies(app: App): void {
  app.addContentTypeParser(
    YAML_TYPES,
    { parseAs: 'string' },
    async (_request: unknown, body: string | Buffer) => parseYaml(body.toString()),
  );
}

/** The value of a text, or the refusal of it with the line. Only what JSON could say: no tags, no dates. */
export function parseYaml(text: string): unknown {
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true });
  const errors = document.errors.map(({ message }) => ({
    path: '',
    message: message.split('\n', 1)[0] ?? message,
  }));
  if (errors.length > 0) throw refusal(errors);
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw refusal([{ path: '', message: error instanceof Error ? error.message : 'it can not be read' }]);
  }
}

function refusal(errors: { path: string; message: string }[]): Refused {
  return new Refused({ code: 'VALIDATION_FAILED', detail: 'the body is not YAML', errors });
}
