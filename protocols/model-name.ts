/** How models are named: a provider's by `provider/model`, one of the registry by a reference to a version of it. */
import { z } from 'zod';

const CHARS_MAX = 200;
const PROVIDERS_OWN = String.raw`[^\s/]+/\S+`;
const NAME = '[a-z0-9][a-z0-9-]{0,62}';
const PART = String.raw`(?:0|[1-9]\d{0,5})`;
const SEMVER = String.raw`${PART}\.${PART}\.${PART}(?:-[0-9a-z-]{1,32})?`;
const REFERENCE = `registry:${NAME}@(?:production|staging|${SEMVER})`;

export const ModelName = z
  .string()
  .max(CHARS_MAX)
  .regex(new RegExp(`^${PROVIDERS_OWN}$`), 'provider/model');

/** Name of a model in the registry; also its actor's id, so that there is one of a name in a tenant. */
export const RegisteredName = z
  .string()
  .regex(new RegExp(`^${NAME}$`), 'lower-case letters, digits and "-", at most 63 characters');

export const SemanticVersion = z
  .string()
  .regex(new RegExp(`^${SEMVER}$`), 'a semantic version such as 1.2.0 or 1.2.0-rc1');

/** `registry:fixer@production`, `registry:fixer@staging`, `registry:fixer@1.2.0`. */
export const ModelReference = z
  .string()
  .regex(new RegExp(`^${REFERENCE}$`), 'registry:name@production, @staging or @version');

/** What a session or an agent may name: a provider's model, or one of the registry. */
export const NamedModel = z
  .string()
  .max(CHARS_MAX)
  .regex(
    new RegExp(`^(?:${REFERENCE}|(?!registry:)${PROVIDERS_OWN})$`),
    'provider/model, or registry:name@production',
  );

/** What a reference stood for when work was assigned. */
export const ResolvedModel = z.object({
  reference: ModelReference,
  name: RegisteredName,
  version: SemanticVersion,
  source: ModelName,
});
export type ResolvedModel = z.infer<typeof ResolvedModel>;

/** The name and what stands behind the `@`; null: it is no reference to the registry. */
export function parseModelReference(text: string): { readonly name: string; readonly which: string } | null {
  if (!ModelReference.safeParse(text).success) return null;
  const [name = '', which = ''] = text.slice('registry:'.length).split('@');
  return { name, which };
}
