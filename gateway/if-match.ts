/** `If-Match` on what changes an entity: it is checked where the change is made, so that nothing can come between. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Asked } from './accept.ts';
import { CommandHeaders, type GatewayContext, readAsked } from './context.ts';

const TAG = '(?:W/)?"\\d{1,15}"';
const TAGS_MAX_CHARS = 255;

/** Headers of a route that changes an entity with an ETag. */
export const EntityHeaders = CommandHeaders.extend({
  'if-match': z
    .string()
    .max(TAGS_MAX_CHARS)
    .regex(new RegExp(`^(?:\\*|${TAG}(?:\\s*,\\s*${TAG})*)$`), 'ETags such as "3", or *')
    .optional()
    .describe('ETag that it must still have, else 412 and nothing is done; several by commas; * for any.'),
});

/** Of a route that changes the plan of a session: the plan is the session's, and so is the ETag. */
export const PlanHeaders = EntityHeaders.extend({
  'if-match': EntityHeaders.shape['if-match'].describe(
    'ETag of the session whose plan it is: it must still have it, else 412 and nothing is done; several by commas; * for any.',
  ),
});

/** What was asked, with the versions that the entity may have. */
export function readChange(context: GatewayContext, request: FastifyRequest): Asked {
  const { 'if-match': tags } = request.headers;
  const versions =
    tags === undefined ? [] : [...tags.matchAll(/"(\d+)"/g)].map(([, digits]) => Number(digits));
  const asked = readAsked(context, request);
  return versions.length === 0 ? asked : { ...asked, ifVersions: versions };
}
