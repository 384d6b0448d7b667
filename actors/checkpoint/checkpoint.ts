/**
 * The checkpoint actor: one checkpoint of one session, in a row of its own so that the session stays small. Its session
 * sends it once and drops it when it is too many; a checkpoint never changes in between.
 */
import { defineActor, type Turn } from '#protocols/actor.ts';
import { Checkpoint, CheckpointMessage } from '#protocols/checkpoint.ts';
import { NOBODY, unchanged } from '../turn.ts';

export const checkpointKind = defineActor<Checkpoint, CheckpointMessage>({
  type: 'checkpoint',
  stateVersion: 1,
  state: Checkpoint,
  message: CheckpointMessage,
  control: [],
  onDefect: 'resume',
  index: ({ session_id, reason }) => ({ title: reason, parent: session_id }),
  handle,
});

function handle(checkpoint: Checkpoint | null, message: CheckpointMessage): Turn<Checkpoint> {
  if (message.type === 'drop') return NOBODY;
  if (checkpoint) return unchanged(checkpoint);
  const { type: _, ...kept } = message;
  return { state: kept, effects: [] };
}
