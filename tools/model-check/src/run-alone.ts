import { DirectMemory } from "./direct-memory.ts";
import { memoryHooks } from "./memory-hooks.ts";

/** Runs `body` with the hooked memory module reaching the real memory, as in `setup`, with no other thread around. */
export function runAlone<Result>(body: () => Result): Result {
  return memoryHooks.through(new DirectMemory(), body);
}
