/** Sums of what attempts used. What nobody counted is left out, and is not nothing. Pure. */
import type { TokenUsage } from './task.ts';

type Combine = (one: number, other: number) => number;

export function addUsage(one: TokenUsage, other: TokenUsage): TokenUsage {
  return combine(one, other, (a, b) => a + b);
}

/** Usage is cumulative: a figure that went down is a fault of its sender, and the higher one stands. */
export function usageAtLeast(known: TokenUsage, told: TokenUsage): TokenUsage {
  return combine(known, told, Math.max);
}

/** Tokens in and out. */
export function tokensOf({ tokens_in, tokens_out }: TokenUsage): number {
  return tokens_in + tokens_out;
}

function combine(one: TokenUsage, other: TokenUsage, by: Combine): TokenUsage {
  const calls = counted(one.api_calls, other.api_calls, by);
  const errors = counted(one.api_errors, other.api_errors, by);
  return {
    tokens_in: by(one.tokens_in, other.tokens_in),
    tokens_out: by(one.tokens_out, other.tokens_out),
    cost_usd: by(one.cost_usd, other.cost_usd),
    ...(calls === undefined ? {} : { api_calls: calls }),
    ...(errors === undefined ? {} : { api_errors: errors }),
  };
}

function counted(one: number | undefined, other: number | undefined, by: Combine): number | undefined {
  return one === undefined && other === undefined ? undefined : by(one ?? 0, other ?? 0);
}
