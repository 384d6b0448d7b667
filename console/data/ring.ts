/** The newest things, up to a bound: what is pushed over it pushes the oldest out. Plain data, no signals. */
export class Ring<Item> {
  readonly capacity: number;
  readonly #slots: (Item | undefined)[];
  #pushed = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#slots = new Array(capacity);
  }

  /** How many were ever pushed. */
  get pushed(): number {
    return this.#pushed;
  }

  get size(): number {
    return Math.min(this.#pushed, this.capacity);
  }

  push(item: Item): void {
    this.#slots[this.#pushed % this.capacity] = item;
    this.#pushed += 1;
  }

  /** The item so many back; 0 is the newest. */
  at(back: number): Item | undefined {
    return back < this.size ? this.#slots[(this.#pushed - 1 - back) % this.capacity] : undefined;
  }

  /** The items from the newest to the oldest that pass, up to `max`. */
  newest(max = this.capacity, passes: (item: Item) => boolean = () => true): Item[] {
    const found: Item[] = [];
    for (let back = 1; back <= this.size && found.length < max; back++) {
      const item = this.#slots[(this.#pushed - back) % this.capacity];
      if (item !== undefined && passes(item)) found.push(item);
    }
    return found;
  }

  clear(): void {
    this.#slots.fill(undefined);
    this.#pushed = 0;
  }
}
