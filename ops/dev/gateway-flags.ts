/**
 * How Node is told to run a gateway. Its garbage is frames of the live feed, which die young at some megabytes a second:
 * left alone, Node lets a space of 100 MB grow for them before it looks, which makes nothing faster.
 */
export const GATEWAY_FLAGS = ['--max-semi-space-size=4'] as const;
