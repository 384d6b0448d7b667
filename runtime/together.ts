/** Does work for each item, at most `width` at a time; what is not begun when `signal` aborts is left. */
export async function eachTogether<Item>(
  items: readonly Item[],
  { width, signal }: { width: number; signal: AbortSignal },
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const workers = Array.from({ length: width }, async () => {
    for (const item of waiting) {
      if (signal.aborted) return;
      await work(item);
    }
  });
  await Promise.all(workers);
}
