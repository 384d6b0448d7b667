/** What people do with dead letters: edit, replay, drop; one, or many in one request. */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { READS_OF_KINDS } from '#protocols/access.ts';
import { parseAddress } from '#protocols/address.ts';
import {
  ActOnLetter,
  BulkLetters,
  BulkLettersResult,
  EditLetter,
  LetterParams,
  LetterView,
} from '#protocols/http/dead-letter.ts';
import type { LetterAct } from '#runtime/dead-letters.ts';
import { type Asked, acceptKey } from '../accept.ts';
import { demand } from '../authenticate.ts';
import { type Caller, callerOf } from '../caller.ts';
import { API_PREFIX, type App, CommandHeaders, etagOf, type GatewayContext, readAsked } from '../context.ts';
import { COMMAND_PROBLEMS, CREATE_PROBLEMS, json, Refused, unwrap } from '../failures.ts';
import { findLetter, toFilter } from '../read-letters.ts';
import { readBase, WriteHeaders } from './context-access.ts';

const ROOT = `${API_PREFIX}/dead-letters`;
const tags = ['dead-letters'];

export function deadLetterActRoutes(app: App, context: GatewayContext): void {
  addBulk(app, context);
  addEdit(app, context);
  addReplay(app, context);
  addDrop(app, context);
}

function addEdit(app: App, context: GatewayContext): void {
  app.patch(
    `${ROOT}/:id`,
    {
      schema: {
        operationId: 'editDeadLetter',
        tags,
        summary: 'Edit an open dead letter',
        description:
          'What shall be sent when it is replayed: another message, to the same actor or another one of the tenant. What ' +
          'came is kept. Messages to the actors of keys and of the audit are not written so.',
        headers: WriteHeaders,
        params: LetterParams,
        body: EditLetter,
        response: { 200: json('The letter as it is now.', LetterView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { message, to, reason, version } = request.body;
      const act: LetterAct = { type: 'edit', message, ...(to ? { to } : {}) };
      const asked = { id: request.params.id, act, reason, ...(version ? { version } : {}) };
      const letter = await actOnLetter(context, request, asked);
      reply.header('etag', etagOf(letter.version));
      return letter;
    },
  );
}

function addReplay(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/replay`,
    {
      schema: {
        operationId: 'replayDeadLetter',
        tags,
        summary: 'Send a dead letter again',
        description:
          'Its message goes to its actor once more, and is applied once, whoever asks for it at the same time. Accepted ' +
          'means that it will be sent: `status` and `outcome` tell what became of it. Where it fails again the same letter ' +
          'is open again. At most five times a letter. Whoever asked at first has had an error and hears no more; the ' +
          "actor's answer is in the letter.",
        headers: WriteHeaders,
        params: LetterParams,
        body: ActOnLetter,
        response: { 202: json('It will be sent.', LetterView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { reason, version } = request.body;
      const asked = { id: request.params.id, act: { type: 'replay' } as const, reason };
      const letter = await actOnLetter(context, request, { ...asked, ...(version ? { version } : {}) });
      reply.code(202).header('etag', etagOf(letter.version));
      return letter;
    },
  );
}

function addDrop(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/:id/drop`,
    {
      schema: {
        operationId: 'dropDeadLetter',
        tags,
        summary: 'Give a dead letter up',
        description: 'It is final. The letter is kept for thirty days.',
        headers: WriteHeaders,
        params: LetterParams,
        body: ActOnLetter,
        response: { 200: json('The letter as it is now.', LetterView), ...COMMAND_PROBLEMS },
      },
    },
    async (request, reply) => {
      const { reason, version } = request.body;
      const asked = { id: request.params.id, act: { type: 'drop' } as const, reason };
      const letter = await actOnLetter(context, request, { ...asked, ...(version ? { version } : {}) });
      reply.header('etag', etagOf(letter.version));
      return letter;
    },
  );
}

function addBulk(app: App, context: GatewayContext): void {
  app.post(
    `${ROOT}/bulk`,
    {
      schema: {
        operationId: 'bulkDeadLetters',
        tags,
        summary: 'Replay or drop many dead letters',
        description:
          'One after the other, each for itself: what is refused for one does not stop the others. Repeat a filter until ' +
          '`is_whole` is true.',
        headers: CommandHeaders,
        body: BulkLetters,
        response: { 200: json('What became of each.', BulkLettersResult), ...CREATE_PROBLEMS },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      if (request.body.act === 'drop') demand(caller, 'letters.change');
      const asked = readAsked(context, request);
      const keyed = acceptKey(asked);
      const known =
        keyed && (await context.client.deadLetters.recall({ tenant: asked.tenant, key: keyed.key }));
      if (known && known.bodyHash === keyed.bodyHash) return BulkLettersResult.parse(unwrap(known.reply));
      if (known) throw reusedKey();
      const value = await actOnMany(context, request.body, { asked, caller });
      if (keyed)
        await context.client.deadLetters.keep({ tenant: asked.tenant, ...keyed, reply: { ok: true, value } });
      return value;
    },
  );
}

async function actOnLetter(
  context: GatewayContext,
  request: FastifyRequest,
  asked: { readonly id: string; readonly act: LetterAct; readonly reason: string; readonly version?: number },
): Promise<LetterView> {
  const { id, act, reason } = asked;
  const given = readAsked(context, request);
  const caller = callerOf(request);
  const letter = await findLetter(context, id, caller);
  if (act.type === 'edit') refuseByHand(letter.actor_type, act.to);
  const reply = await context.client.deadLetters.act({
    tenant: given.tenant,
    by: given.by,
    id,
    act,
    reason,
    version: readBase(request, asked.version),
    keyed: acceptKey(given),
  });
  unwrap(reply);
  return findLetter(context, id, caller);
}

/** Nobody writes keys or the audit by hand: what is sent to them again is what came. */
function refuseByHand(type: string | null, to: string | undefined): void {
  const types = [type ?? '', to === undefined ? '' : parseAddress(to).type];
  if (!types.some((one) => READS_OF_KINDS[one] !== undefined)) return;
  const detail =
    'messages to the keys and the audit are not written by hand: replay the letter as it came, or drop it';
  throw new Refused({ code: 'FORBIDDEN', detail });
}

async function actOnMany(
  context: GatewayContext,
  body: z.infer<typeof BulkLetters>,
  { asked, caller }: { readonly asked: Asked; readonly caller: Caller },
): Promise<BulkLettersResult> {
  const { act, reason, limit } = body;
  const { deadLetters } = context.client;
  const keyed = acceptKey(asked);
  const filter = { ...toFilter(context, body.filter ?? {}, caller), status: ['open'] as const };
  const fitting = body.ids ? null : await deadLetters.list({ ...filter, limit: limit + 1 });
  const ids = fitting ? fitting.slice(0, limit).map(({ id }) => id) : [...new Set(body.ids)];
  const items: BulkLettersResult['items'] = [];
  for (const id of ids) {
    const reply = await deadLetters.act({
      ...{ tenant: asked.tenant, by: asked.by, id, reason, act: { type: act }, version: null },
      // A repeat after a crash half-way finds what was done already.
      keyed: keyed && { ...keyed, key: `${keyed.key}#${id}` },
    });
    const { code = null, detail = null } = reply.ok ? {} : reply.failure;
    items.push({ id, ok: reply.ok, code, detail });
  }
  const done = items.filter(({ ok }) => ok).length;
  return { items, done, refused: items.length - done, is_whole: !fitting || fitting.length <= limit };
}

function reusedKey(): Refused {
  const detail = 'this idempotency key was used for another request';
  return new Refused({ code: 'IDEMPOTENCY_KEY_REUSED', detail });
}
