/**
 * Every operation of the OpenAPI document, with the real actors behind the gateway: its good way, bad input, what is
 * unknown, the wrong state, and a repeated key. A new operation needs its case in `testing/route-cases.ts`.
 */
import { beforeAll, expect, test } from 'vitest';
import { buildTestGateway } from './testing/gateway.ts';
import { buildJudge, type Judge } from './testing/judge.ts';
import type { Document, Method } from './testing/random-requests.ts';
import { goodAsk, type Route, send, type Told, withOtherBody, wrongAsks } from './testing/route-asks.ts';
import { ROUTE_CASES, WITHOUT_CASE } from './testing/route-cases.ts';
import { buildRouteWorld, type RouteWorld } from './testing/route-world.ts';
import { isRecord } from './testing/schema-values.ts';

const LIMIT_MS = 180_000;
/** Fits the ids of all kinds, and is none of them. */
const NOBODY = '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d';
const NUMBER_OF_NONE = '999';
const KIND_OF_NONE = 'nothing';
const VERSION_OF_NONE = 999;

let document: Document;
let judge: Judge;
let routes: readonly Route[];

beforeAll(async () => {
  document = (await buildTestGateway().app.inject({ url: '/openapi.json' })).json();
  judge = buildJudge(document);
  routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const asked = ROUTE_CASES.get(operation.operationId);
      // The document's methods are those that our routes have.
      return asked ? [{ operation, method: method.toUpperCase() as Method, path, asked }] : [];
    }),
  );
});

test('every operation has a case, and every case its operation', () => {
  const named = Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .map(({ operationId }) => operationId);
  const known = new Set([...ROUTE_CASES.keys(), ...WITHOUT_CASE.keys()]);

  const advice = 'add its good request (and one in a wrong state) to gateway/testing/route-cases.ts';
  expect(named.filter((one) => !known.has(one)).map((one) => `${one}: ${advice}`)).toEqual([]);
  expect([...known].filter((one) => !named.includes(one))).toEqual([]);
});

test(
  'a good request is answered 2xx, as the document says',
  () =>
    expectOfEach(async (route) => {
      const world = await buildRouteWorld(document);
      const answer = await send(world, route, { ask: goodAsk(route, world) });
      return answer.status < 300 ? judge(route.operation, answer) : told(answer);
    }),
  LIMIT_MS,
);

test(
  'each field that is of a wrong type is refused with its path',
  async () => {
    const world = await buildRouteWorld(document);
    await expectOfEach(async (route) => {
      const good = goodAsk(route, world);
      const faults: string[] = [];
      const wrong = wrongAsks(route, good, document.components.schemas);
      if (wrong.length === 0 && hasFields(route)) return 'no wrong request could be made of its fields';
      for (const { path, ...asked } of wrong) {
        const answer = await send(world, route, asked);
        if (!namesFault(answer, path)) faults.push(`${path}: ${told(answer)}`);
      }
      return faults.length > 0 ? faults.join('; ') : null;
    });
  },
  LIMIT_MS,
);

test(
  'what is unknown is answered 404',
  async () => {
    const world = await buildRouteWorld(document);
    await expectOfEach(async (route) => {
      const good = goodAsk(route, world);
      const faults: string[] = [];
      for (const { name, schema, in: place } of route.operation.parameters ?? []) {
        if (place !== 'path' || route.asked.known?.[name] !== undefined) continue;
        const none = schema.type === 'integer' ? NUMBER_OF_NONE : name === 'type' ? KIND_OF_NONE : NOBODY;
        const answer = await send(world, route, { ask: { ...good, path: { ...good.path, [name]: none } } });
        const fault = answer.status === 404 ? judge(route.operation, answer) : told(answer);
        if (fault !== null) faults.push(`{${name}}: ${fault}`);
      }
      return faults.length > 0 ? faults.join('; ') : null;
    });
  },
  LIMIT_MS,
);

test(
  'what the state does not allow is answered 409 with the state and what is allowed',
  () =>
    expectOfEach(async (route) => {
      const { wrongState } = route.asked;
      if (!wrongState && !hasStates(route)) return null;
      if (!wrongState)
        return 'say in gateway/testing/route-cases.ts in which state it is refused, or why in none';
      if ('none' in wrongState) return null;
      const world = await buildRouteWorld(document);
      const ask = typeof wrongState === 'function' ? wrongState(world) : wrongState;
      const answer = await send(world, route, { ask });
      if (answer.status !== 409) return told(answer);
      const { current_state, allowed, current_token } = answer.fields;
      if (current_token !== undefined) return judge(route.operation, answer);
      if (typeof current_state !== 'string' || !Array.isArray(allowed))
        return `says too little: ${told(answer)}`;
      return judge(route.operation, answer);
    }),
  LIMIT_MS,
);

test(
  'a repeat under the same key gets the same answer and changes nothing; another body is refused',
  () =>
    expectOfEach(async (route) => {
      if (route.method === 'GET' || route.asked.repeats !== undefined) return null;
      const world = await buildRouteWorld(document);
      const good = goodAsk(route, world);
      const headers = { 'idempotency-key': 'key-of-the-test' };
      const first = await send(world, route, { ask: good, headers });
      if (first.status >= 300) return told(first);
      const before = figuresOf(world);
      const again = await send(world, route, { ask: good, headers });
      if (first.status !== again.status) return `${first.status}, and again: ${told(again)}`;
      if (first.body !== again.body) return `answered first ${first.body}, and again ${again.body}`;
      const otherAsk = withOtherBody(route, good);
      if (!otherAsk)
        return 'say in gateway/testing/route-cases.ts by which `other` fields its body is another one';
      const other = await send(world, route, { ask: otherAsk, headers });
      if (other.fields.code !== 'IDEMPOTENCY_KEY_REUSED') return `another body: ${told(other)}`;
      const after = figuresOf(world);
      return before === after ? null : `changed something: ${before} became ${after}`;
    }),
  LIMIT_MS,
);

test(
  'where If-Match names another version the answer is 412 with the one that is there, and nothing is done',
  () =>
    expectOfEach(async (route) => {
      if (!('412' in route.operation.responses)) return null;
      const world = await buildRouteWorld(document);
      const before = figuresOf(world);
      const headers = { 'if-match': `"${VERSION_OF_NONE}"` };
      const answer = await send(world, route, { ask: goodAsk(route, world), headers });
      if (answer.status !== 412 || !Number.isInteger(answer.fields.current_version)) return told(answer);
      return before === figuresOf(world) ? judge(route.operation, answer) : 'something was done';
    }),
  LIMIT_MS,
);

test('tasks and blueprints are changed under If-Match', () => {
  const taking = routes.filter(({ operation }) => '412' in operation.responses);
  const named = taking.map(({ operation }) => operation.operationId);
  const wanted = ['setTaskStatus', 'startTask', 'completeTask', 'failTask'];
  expect(named).toEqual(expect.arrayContaining([...wanted, 'retireBlueprint', 'createBlueprintVersion']));
});

async function expectOfEach(look: (route: Route) => Promise<string | null>): Promise<void> {
  const faults: string[] = [];
  for (const route of routes) {
    const fault = await look(route);
    if (fault !== null) faults.push(`${route.operation.operationId}: ${fault}`);
  }
  expect(faults).toEqual([]);
}

function namesFault({ status, fields }: Told, path: string): boolean {
  const faults = status === 422 && Array.isArray(fields.errors) ? fields.errors.filter(isRecord) : [];
  return faults.some((fault) => fault.path === path || String(fault.path).startsWith(`${path}.`));
}

/** Whether anything but its path can be said to it. */
function hasFields({ operation: { parameters = [], requestBody } }: Route): boolean {
  return requestBody !== undefined || parameters.some((one) => one.in === 'query');
}

function hasStates({ operation }: Route): boolean {
  const told: unknown = operation.responses['409'];
  return isRecord(told) && String(told.description).startsWith('Not from its present state');
}

/** All that a request may have changed: what actors handled and hold, the letters, the events. */
function figuresOf({ client, handled }: RouteWorld): string {
  const letters = client.deadLetters.rows.map(({ id, version }) => `${id} ${version}`);
  return JSON.stringify({ handled: handled(), letters, held: client.held });
}

function told({ status, body }: Told): string {
  return `answered ${status} ${body.slice(0, 600)}`;
}
