/** What this agent does with a task, by its type: build a data set, or have a model trained. */
import type { Logger } from '#actors/remote/sdk/logger.ts';
import type { Work } from '#actors/remote/sdk/task.ts';
import { DATASET_CAPABILITY, DATASET_TASK_TYPE } from '#protocols/dataset.ts';
import { TRAINING_CAPABILITY, TRAINING_TASK_TYPE } from '#protocols/training-job.ts';
import { buildDataset } from './build.ts';
import { TuningFailure, toFailedResult } from './failure.ts';
import type { GatewayOptions } from './gateway.ts';
import { type TrainerOptions, trainModel } from './train.ts';

/** By it a training can insist on this trainer. */
export const OPENAI_TRAINER = 'openai_fine_tuning';

export interface TuningOptions {
  readonly gateway: GatewayOptions;
  /** Null: it builds data sets only. */
  readonly trainer: Omit<TrainerOptions, 'gateway'> | null;
  readonly logger: Logger;
}

/** What its card says: without an endpoint it does not claim to train. */
export function capabilitiesOf({ trainer }: Pick<TuningOptions, 'trainer'>): string[] {
  return [DATASET_CAPABILITY, ...(trainer === null ? [] : [TRAINING_CAPABILITY, OPENAI_TRAINER])];
}

export function makeWork({ gateway, trainer, logger }: TuningOptions): Work {
  return async (task) => {
    const { taskType } = task.payload;
    const about = { taskId: task.id, attempt: task.attempt, taskType };
    logger.info(about, 'work begins');
    try {
      if (taskType === DATASET_TASK_TYPE) return await buildDataset(gateway, task);
      if (taskType === TRAINING_TASK_TYPE && trainer) return await trainModel({ ...trainer, gateway }, task);
      throw new TuningFailure('TASK_UNKNOWN', `tasks of the type ${taskType} are not done here`, false);
    } catch (error) {
      if (task.signal.aborted) throw error;
      const result = toFailedResult(error);
      logger.warn({ ...about, error: result.error }, 'work failed');
      return result;
    }
  };
}
