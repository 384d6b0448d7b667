/** How a plan is made of templates: which of them, and how their tasks are laid out. */
import { z } from 'zod';

export const Strategy = z.enum(['functional', 'temporal', 'capability']);
export type Strategy = z.infer<typeof Strategy>;

const TemplateName = z.string().min(1).max(64);
export const TemplateNames = z
  .array(TemplateName)
  .min(1)
  .max(10)
  .describe('Names of several templates: the tasks of all of them, and one that puts them together.');
