import { endpointFromWords, parsePrefix } from "../src/index.ts";
import type { Endpoint } from "../src/index.ts";

/** First and last address of a prefix. */
export function edgesOf(text: string): [Endpoint, Endpoint] {
  const { address, bits } = parsePrefix(text);
  const last = ([address.a0, address.a1, address.a2, address.a3] as const).map((word, index) => {
    const own = Math.min(32, Math.max(0, bits - 32 * index));
    return own === 32 ? word : word | (-1 >>> own);
  }) as [number, number, number, number];
  return [address, endpointFromWords(...last, 0)];
}
