/** One version of a blueprint, in a row of its own: kept once, and never changed. */
import { defineActor, type Turn } from '#protocols/actor.ts';
import { BlueprintVersion, BlueprintVersionMessage } from '#protocols/blueprint.ts';
import { unchanged } from '../turn.ts';

export const blueprintVersionKind = defineActor<BlueprintVersion, BlueprintVersionMessage>({
  type: 'blueprint-version',
  stateVersion: 1,
  state: BlueprintVersion,
  message: BlueprintVersionMessage,
  control: [],
  onDefect: 'resume',
  index: ({ blueprint_id, description }) => ({ title: description, parent: blueprint_id }),
  handle,
});

function handle(version: BlueprintVersion | null, message: BlueprintVersionMessage): Turn<BlueprintVersion> {
  if (version) return unchanged(version);
  const { type: _, ...kept } = message;
  return { state: kept, effects: [] };
}
