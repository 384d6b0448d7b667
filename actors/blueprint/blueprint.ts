/**
 * The blueprint actor: takes versions of a template, numbers them, and is retired in the end.
 *
 * V1. A version never changes: it is sent to a row of its own once, and a further one gets the next number.
 * V2. A retired blueprint takes no more versions; what was made by it stays as it is.
 */

import { defineActor, type Turn, type TurnContext } from '#protocols/actor.ts';
import {
  BLUEPRINT_VERSIONS_MAX,
  Blueprint,
  type BlueprintBody,
  BlueprintMessage,
  blueprintVersionId,
} from '#protocols/blueprint.ts';
import { emit, reply, send } from '#protocols/effects.ts';
import { quotaExceeded } from '#protocols/failure.ts';
import { unknownTemplates } from '../session/drafts.ts';
import { isoTime, refused } from '../turn.ts';

export const blueprintKind = defineActor<Blueprint, BlueprintMessage>({
  type: 'blueprint',
  stateVersion: 1,
  state: Blueprint,
  message: BlueprintMessage,
  control: [],
  onDefect: 'resume',
  index: ({ id, retired_at }) => ({ title: id, status: retired_at === null ? 'active' : 'retired' }),
  handle,
});

function handle(
  blueprint: Blueprint | null,
  message: BlueprintMessage,
  context: TurnContext,
): Turn<Blueprint> {
  const { id, tenant } = context.self;
  const now = isoTime(context.now);
  if (message.type === 'create') {
    if (blueprint)
      return refused(blueprint, { code: 'NAME_TAKEN', detail: `There is a blueprint ${id} already.` });
    const none = {
      id,
      tenant_id: tenant,
      description: '',
      latest: 0,
      tasks: [],
      created_at: now,
      updated_at: now,
    };
    return addVersion({ ...none, created_by: context.by, retired_at: null }, message, context);
  }
  if (!blueprint)
    return refused<Blueprint>(null, { code: 'NOT_FOUND', detail: `There is no blueprint ${id}.` });
  if (blueprint.retired_at !== null) {
    const detail = 'A retired blueprint stays as it is.';
    return refused(blueprint, { code: 'INVALID_TRANSITION', detail, current_state: 'retired', allowed: [] });
  }
  if (message.type === 'add_version') return addVersion(blueprint, message, context);
  const retired = { ...blueprint, retired_at: now, updated_at: now };
  const record = { latest: blueprint.latest, reason: message.reason ?? null, who: context.by };
  return { state: retired, effects: [emit('retired', record), reply({ id, latest: blueprint.latest })] };
}

/** `blueprint` is as it was; of a new one that is refused there is none. */
function addVersion(blueprint: Blueprint, body: BlueprintBody, context: TurnContext): Turn<Blueprint> {
  const before = blueprint.latest === 0 ? null : blueprint;
  const errors = unknownTemplates(body.tasks);
  if (errors.length > 0) {
    return refused(before, {
      code: 'VALIDATION_FAILED',
      detail: 'It names templates that are not there.',
      errors,
    });
  }
  if (blueprint.latest >= BLUEPRINT_VERSIONS_MAX) {
    const [name, limit] = ['versions_per_blueprint', BLUEPRINT_VERSIONS_MAX];
    const frees = 'further ones go under another name';
    return refused(before, quotaExceeded({ name, limit, used: blueprint.latest, frees }));
  }
  const version = blueprint.latest + 1;
  const now = isoTime(context.now);
  const { description, tasks } = body;
  const state = { ...blueprint, description, latest: version, tasks, updated_at: now };
  const { id, tenant_id: tenant } = blueprint;
  const row = { blueprint_id: id, version, description, tasks, created_at: now, created_by: context.by };
  return {
    state,
    effects: [
      send(
        { type: 'blueprint-version', tenant, id: blueprintVersionId(id, version) },
        { type: 'keep', ...row },
      ),
      emit('version_added', { version, tasks: tasks.length, who: context.by }),
      reply({ id, latest: version }),
    ],
  };
}
