/** What a person says of the work of a session. */
import { z } from 'zod';

export const ReviewVerdict = z.enum(['accepted', 'rejected']);
export type ReviewVerdict = z.infer<typeof ReviewVerdict>;

export const SessionReview = z.object({
  verdict: ReviewVerdict,
  by: z.string().describe('Who said it: `user:…`.'),
  at: z.string(),
  reason: z.string().nullable(),
});
