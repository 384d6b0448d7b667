/** Every error of the HTTP interface: problem details (RFC 9457). */
import { Problem } from '../failure.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const ProblemView = Problem.meta({
  id: 'Problem',
  description:
    'What went wrong. Switch on `code`, never on text; quote `request_id` when asking for help. ' +
    'Where `retryable` is true the same request may succeed later, unchanged.',
  examples: [
    {
      type: 'urn:oio:problem:invalid_transition',
      title: 'invalid transition',
      status: 409,
      detail: 'a completed session cannot be started',
      code: 'INVALID_TRANSITION',
      request_id: '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d',
      retryable: false,
      current_state: 'completed',
      allowed: [],
    },
  ],
});
