/** What the OpenAPI document says of access: how one says who one is, which routes ask, and who may. Pure. */
import { ACCESS } from '#protocols/access.ts';
import { PROBLEM_MEDIA_TYPE } from '#protocols/http/problem.ts';
import { ROUTE_ACTIONS } from './route-actions.ts';

const SCHEMES = {
  key: { type: 'http', scheme: 'bearer', description: 'A key: `Authorization: Bearer oio_…`.' },
  login: {
    type: 'apiKey',
    in: 'cookie',
    name: 'oio-login',
    description: 'Set by `POST /api/v1/login`; over https it is `__Host-oio`.',
  },
} as const;

interface Operation {
  readonly operationId?: string;
  readonly responses: Record<string, unknown>;
}

interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, unknown>> };
}

const problem = (description: string) => ({
  description,
  content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
});

/** Adds schemes, what each operation needs, and its two refusals. With authentication off none of it is asked. */
export function withAccess<Given extends object>(given: Given): Given {
  const document: Document = given;
  const paths = Object.entries(document.paths ?? {}).map(([path, methods]) => [
    path,
    Object.fromEntries(Object.entries(methods).map(([method, one]) => [method, withNeeds(one)])),
  ]);
  const components = { ...document.components, securitySchemes: SCHEMES };
  return { ...given, paths: Object.fromEntries(paths), components };
}

function withNeeds(operation: Operation): Operation {
  const action = ROUTE_ACTIONS.get(operation.operationId ?? '') ?? 'open';
  if (action === 'open') return { ...operation, ...{ security: [] } };
  const needs = { security: [{ key: [] }, { login: [] }], 'x-oio-action': action };
  const may = ACCESS[action].join(', ');
  const refusals = {
    401: problem('Nobody said who asks, or the key or login is not known here, or it is over.'),
    403: problem(`It takes a key that may do \`${action}\`: ${may}.`),
  };
  return { ...operation, ...needs, responses: { ...refusals, ...operation.responses } };
}
