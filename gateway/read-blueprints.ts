/** Blueprints as they are stored, and what a new session takes from one. */
import {
  Blueprint,
  type BlueprintBody,
  BlueprintVersion,
  blueprintVersionId,
  parseReference,
} from '#protocols/blueprint.ts';
import { addressOf, type GatewayContext, readState } from './context.ts';
import { Refused } from './failures.ts';

export async function findBlueprint(
  context: GatewayContext,
  name: string,
): Promise<{ blueprint: Blueprint; version: number }> {
  const stored = await context.client.get(addressOf(context, 'blueprint', name));
  if (!stored) throw new Refused({ code: 'NOT_FOUND', detail: `there is no blueprint ${name}` });
  return { blueprint: readState(Blueprint, stored), version: stored.version };
}

/** The newest is in the blueprint itself too: each version's row is written a moment after it was answered. */
export async function findVersion(
  context: GatewayContext,
  name: string,
  version: number,
): Promise<BlueprintVersion> {
  const stored = await context.client.get(
    addressOf(context, 'blueprint-version', blueprintVersionId(name, version)),
  );
  if (stored) return readState(BlueprintVersion, stored);
  const { blueprint } = await findBlueprint(context, name);
  if (version >= 1 && version < blueprint.latest) {
    const detail = `version ${version} of blueprint ${name} is being written; ask again`;
    throw new Refused({ code: 'NOT_READY', detail, retry_after_seconds: 1 });
  }
  if (blueprint.latest !== version) {
    throw new Refused({ code: 'NOT_FOUND', detail: `blueprint ${name} has no version ${version}` });
  }
  const { description, tasks, updated_at: created_at, created_by } = blueprint;
  return { blueprint_id: name, version, description, tasks, created_at, created_by };
}

/** The version that a session names, whole, with its number in the reference. Refused where there is none, or it is retired. */
export async function resolveBlueprint(
  context: GatewayContext,
  reference: string,
): Promise<{ blueprint: string; plan: BlueprintBody['tasks'] }> {
  const { name, version } = parseReference(reference);
  const stored = await context.client.get(addressOf(context, 'blueprint', name));
  const blueprint = stored && readState(Blueprint, stored);
  if (!blueprint) throw refusal(`there is no blueprint ${name}`);
  if (blueprint.retired_at !== null) throw refusal(`blueprint ${name} is retired`);
  const number = version ?? blueprint.latest;
  if (number > blueprint.latest) throw refusal(`blueprint ${name} has no version ${number}`);
  const { tasks } = await findVersion(context, name, number);
  return { blueprint: `${name}@${number}`, plan: tasks };
}

function refusal(message: string): Refused {
  return new Refused({
    code: 'VALIDATION_FAILED',
    detail: message,
    errors: [{ path: 'blueprint', message }],
  });
}
