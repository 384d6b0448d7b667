import { For } from 'solid-js';

export interface HeatStripProps {
  /** A value for each cell, the newest last. */
  values: readonly number[];
  /** What the picture says, in words. */
  label: string;
}

const STEPS = 5;

/** Cells as bright as their share of the highest: where something happened, at one look. */
export function HeatStrip(props: HeatStripProps) {
  const peak = () => Math.max(1, ...props.values);
  const step = (value: number) => (value === 0 ? 0 : Math.max(1, Math.ceil((value / peak()) * STEPS)));
  return (
    <div class="heat" role="img" aria-label={props.label}>
      <For each={props.values}>{(value) => <i class={`heat-${step(value)}`} title={`${value}/s`} />}</For>
    </div>
  );
}
