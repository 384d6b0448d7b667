/**
 * Artifacts: the list of a session's, the content of one, and its end.
 *
 * The content comes from an agent and is not trusted: it is always a download, of a media type that is only a hint.
 * It is checked against its hash while it is sent, and cut off before its end if it is not what the agent announced.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { artifactObject } from '#protocols/eap/intake.ts';
import { PageQuery, toPage } from '#protocols/http/page.ts';
import { SessionParams } from '#protocols/http/session.ts';
import { ArtifactPage, ArtifactParams, ArtifactView, toArtifactView } from '#protocols/http/task.ts';
import type { Artifact, Task } from '#protocols/task.ts';
import { acceptMessage } from '../accept.ts';
import {
  API_PREFIX,
  type App,
  addressOf,
  CommandHeaders,
  type GatewayContext,
  readAsked,
} from '../context.ts';
import { COMMAND_PROBLEMS, json, READ_PROBLEMS, Refused, unwrap } from '../failures.ts';
import { findSession } from './sessions.ts';
import { findTask, findTasks } from './tasks.ts';

const tags = ['artifacts'];
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/;
const CONTENT_TIMEOUT_MS = 600_000;

export function artifactRoutes(app: App, context: GatewayContext): void {
  addListOfSession(app, context);
  addContent(app, context);
  addDelete(app, context);
}

function addListOfSession(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/sessions/:id/artifacts`,
    {
      schema: {
        operationId: 'listSessionArtifacts',
        tags,
        summary: 'List the artifacts of a session',
        description: 'Of all its tasks, in the order of the tasks.',
        params: SessionParams,
        querystring: PageQuery,
        response: { 200: json('A page of artifacts.', ArtifactPage), ...READ_PROBLEMS },
      },
    },
    async (request) => {
      const { session } = await findSession(context, request.params.id);
      const ids = session.tasks.map((task) => task.id);
      const tasks = await findTasks(context, ids);
      const artifacts = tasks.flatMap(({ task }) => task.artifacts.map((one) => toArtifactView(task, one)));
      const { page, page_size } = request.query;
      const from = (page - 1) * page_size;
      return toPage(artifacts.slice(from, from + page_size), artifacts.length, request.query);
    },
  );
}

const Content = z.file().meta({ description: 'The bytes, of the media type that the agent gave.' });

function addContent(app: App, context: GatewayContext): void {
  app.get(
    `${API_PREFIX}/tasks/:id/artifacts/:artifact_id`,
    {
      handlerTimeout: CONTENT_TIMEOUT_MS,
      schema: {
        operationId: 'getArtifactContent',
        tags,
        summary: 'Get the content of an artifact',
        params: ArtifactParams,
        response: {
          200: {
            description: 'The content, as a download.',
            content: { 'application/octet-stream': { schema: Content } },
          },
          304: z.undefined().describe('The content has the hash of If-None-Match.'),
          ...READ_PROBLEMS,
        },
      },
    },
    async (request, reply) => {
      const { task } = await findTask(context, request.params.id);
      const { artifact, nameOf } = findArtifact(context, { task, id: request.params.artifact_id });
      if (artifact.deleted_at) {
        const detail = `the content of artifact ${artifact.artifact_id} was deleted at ${artifact.deleted_at}`;
        throw new Refused({ code: 'ARTIFACT_NOT_FOUND', detail });
      }
      const etag = `"${artifact.sha256}"`;
      reply.header('etag', etag).header('cache-control', 'private, max-age=31536000, immutable');
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();

      const first = await context.client.readObject(nameOf(0));
      if (!first) throw notFound(artifact.artifact_id);
      reply
        .header(
          'content-type',
          MEDIA_TYPE.test(artifact.media_type) ? artifact.media_type : 'application/octet-stream',
        )
        .header('content-length', artifact.size_bytes)
        .header('content-disposition', dispositionOf(artifact.name))
        .header('content-security-policy', "sandbox; default-src 'none'");
      // The types of a route know JSON only; Fastify sends a stream as it is.
      return reply.send(
        Readable.from(chunksOf(context, { artifact, first, nameOf }), { objectMode: false }) as never,
      );
    },
  );
}

function addDelete(app: App, context: GatewayContext): void {
  app.delete(
    `${API_PREFIX}/tasks/:id/artifacts/:artifact_id`,
    {
      schema: {
        operationId: 'deleteArtifact',
        tags,
        summary: 'Delete the content of an artifact',
        description:
          'For good: its bytes no longer count against the quota. Its record stays, with `deleted_at` and its hash. ' +
          'Asked again it is done again, and changes nothing.',
        headers: CommandHeaders,
        params: ArtifactParams,
        response: { 200: json('Its record.', ArtifactView), ...COMMAND_PROBLEMS },
      },
    },
    async (request) => {
      const { id, artifact_id } = request.params;
      const { task: known } = await findTask(context, id);
      const { nameOf } = findArtifact(context, { task: known, id: artifact_id });
      const message = { type: 'drop_artifact', artifact_id };
      const command = acceptMessage(readAsked(context, request), addressOf(context, 'task', id), message);
      unwrap(await context.client.ask(command));
      const { task } = await findTask(context, id);
      const { artifact } = findArtifact(context, { task, id: artifact_id });
      // Only now: what the record says is there must be there.
      for (let index = 0; index < artifact.chunks; index++) await context.client.deleteObject(nameOf(index));
      return toArtifactView(task, artifact);
    },
  );
}

interface Found {
  readonly artifact: Artifact;
  /** Of the object that holds its chunk. */
  readonly nameOf: (index: number) => string;
}

function findArtifact(context: GatewayContext, { task, id }: { task: Task; id: string }): Found {
  const artifact = task.artifacts.findLast((one) => one.artifact_id === id);
  const agent = task.attempts.find((attempt) => attempt.number === artifact?.attempt)?.agent_id;
  if (!artifact || agent === undefined) throw notFound(id);
  const { attempt, artifact_id: artifactId } = artifact;
  const place = { tenant: context.tenant, agent, taskId: task.id, attempt, artifactId };
  return { artifact, nameOf: (index) => artifactObject({ ...place, index }) };
}

interface Stored {
  readonly artifact: Artifact;
  readonly first: Uint8Array;
  readonly nameOf: (index: number) => string;
}

/** Chunk after chunk; the last one only when the hash of the whole is right. */
async function* chunksOf(context: GatewayContext, stored: Stored): AsyncGenerator<Uint8Array> {
  const { artifact, first, nameOf } = stored;
  const hash = createHash('sha256');
  let chunk = first;
  for (let index = 0; ; index++) {
    hash.update(chunk);
    if (index === artifact.chunks - 1) break;
    yield chunk;
    const next = await context.client.readObject(nameOf(index + 1));
    if (!next)
      throw new Error(`artifact ${artifact.artifact_id} lacks chunk ${index + 1} of ${artifact.chunks}`);
    chunk = next;
  }
  if (hash.digest('hex') !== artifact.sha256) {
    throw new Error(`artifact ${artifact.artifact_id} is not what its hash says`);
  }
  yield chunk;
}

/** RFC 6266: a plain name for old clients, and the true one. */
function dispositionOf(name: string): string {
  const plain = name.replace(/[^\w.-]/g, '_');
  const exact = encodeURIComponent(name.toWellFormed()).replace(
    /['()*!]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

function notFound(id: string): Refused {
  return new Refused({ code: 'ARTIFACT_NOT_FOUND', detail: `there is no artifact ${id} of this task` });
}
