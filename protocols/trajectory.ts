/** What was said and done in one attempt at a task, for machines: an artifact that agents leave beside the transcript. */
import { z } from 'zod';

/** Name of the artifact. */
export const TRAJECTORY_NAME = 'trajectory.json';
export const TRAJECTORY_MEDIA_TYPE = 'application/vnd.oio.trajectory+json';

export const TrajectoryCall = z.object({
  id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.record(z.string(), z.unknown()),
});

export const TrajectoryMessage = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: z.string() }),
  z.object({ role: z.literal('user'), content: z.string() }),
  z.object({
    role: z.literal('assistant'),
    content: z.string(),
    tool_calls: z.array(TrajectoryCall).default([]),
  }),
  z.object({
    role: z.literal('tool'),
    tool_call_id: z.string(),
    content: z.string(),
    is_error: z.boolean().default(false),
  }),
]);
export type TrajectoryMessage = z.infer<typeof TrajectoryMessage>;

export const Trajectory = z.object({
  format: z.literal(1),
  /** The model that made it, as `provider/model`. */
  model: z.string().max(200).nullable(),
  messages: z.array(TrajectoryMessage),
});
export type Trajectory = z.infer<typeof Trajectory>;
