/** Lists come in pages: the same words in every query and every answer. */
import { z } from 'zod';

export const PAGE_SIZE_MAX = 100;

export const PageNumber = z.coerce.number().int().min(1).max(1_000_000).default(1).describe('Page, from 1.');
export const PageSize = z.coerce
  .number()
  .int()
  .min(1)
  .max(PAGE_SIZE_MAX)
  .default(20)
  .describe('Items on a page.');
export const SortOrder = z.enum(['asc', 'desc']).describe('Direction of the order.');

export const Search = z
  .string()
  .trim()
  .max(200)
  .optional()
  .describe('Words that it must contain, each whole or as the beginning of one.');

/** Of a list that may be large. */
export const PageCursor = z
  .string()
  .min(1)
  .max(2_000)
  .optional()
  .describe(
    '`next_cursor` of the page before, with the same filters and order. Goes on right behind that page, whatever was ' +
      'added or changed meanwhile; `page` then says nothing. Not with `sort=updated`, where rows move.',
  );

export const PageQuery = z.object({ page: PageNumber, page_size: PageSize });

/** Takes a list from a query: repeated, parted by commas, or both. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.preprocess(splitList, z.array(item).max(50));
}

function splitList(value: unknown): unknown {
  const parts = Array.isArray(value) ? value : [value];
  return parts.flatMap((part) =>
    typeof part === 'string' ? part.split(',').filter((text) => text !== '') : [part],
  );
}

/** A page of `item`. The id is the shape's name in the OpenAPI document. */
export function pageOf<Item extends z.ZodType>(id: string, item: Item) {
  return z
    .object({
      items: z.array(item),
      page: z.number().int().describe('This page, from 1.'),
      page_size: z.number().int().describe('How many items a full page has.'),
      total: z.number().int().describe('How many items match in all.'),
      pages: z.number().int().describe('How many pages there are.'),
    })
    .meta({ id });
}

/** As `pageOf`, of a list that may be large. */
export function listedPageOf<Item extends z.ZodType>(id: string, item: Item) {
  return z
    .object({
      ...pageOf(id, item).shape,
      is_total_exact: z.boolean().describe('False: there are more than `total`; they were not all counted.'),
      next_cursor: z
        .string()
        .nullable()
        .describe('Asks for the next page as `cursor`; null: this is the last.'),
    })
    .meta({ id });
}

export interface ListedPage<Item> extends Page<Item> {
  is_total_exact: boolean;
  next_cursor: string | null;
}

export interface Page<Item> {
  items: Item[];
  page: number;
  page_size: number;
  total: number;
  pages: number;
}

/** Puts items, of `total` that match, on the page that was asked for. */
export function toPage<Item>(
  items: Item[],
  total: number,
  asked: { readonly page: number; readonly page_size: number },
): Page<Item> {
  const { page, page_size } = asked;
  return { items, page, page_size, total, pages: Math.ceil(total / page_size) };
}
