import type { AccessKind } from "./operation.ts";

/** Where accesses go: to the real memory (set-up and checks), or to a model thread's replay. */
export interface AccessSink {
  access(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    bytes: 1 | 2 | 4,
    operand: number,
    expected: number,
  ): number;
  access64(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    operand: bigint,
    expected: bigint,
  ): bigint;
  fence(): void;
  pause(): void;
  wait(buffer: ArrayBufferLike, byteOffset: number, expected: number, timeoutMs: number): WaitResult;
  notify(buffer: ArrayBufferLike, byteOffset: number, count: number): number;
}

export type WaitResult = "ok" | "not-equal" | "timed-out";

/**
 * What the twin of the memory module calls, found under a global symbol so that the checked package imports no tool.
 * Exactly one sink is active; switching it is how one body is run in set-up, replay and check.
 */
class MemoryHooks implements AccessSink {
  /** Set by the twin when it is loaded: without it, the scenarios would run the unhooked module and see nothing. */
  loaded = false;
  /** Counts accesses, so that a scenario can prove that its bodies came through here. */
  accesses = 0;
  sink: AccessSink | undefined;

  access(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    bytes: 1 | 2 | 4,
    operand: number,
    expected: number,
  ): number {
    if (!(byteOffset >= 0 && byteOffset + bytes <= buffer.byteLength)) {
      throw new RangeError(`${kind} outside the memory: byte ${byteOffset} of ${buffer.byteLength}`);
    }
    if (byteOffset % bytes !== 0)
      throw new RangeError(`${kind} of ${bytes} bytes, misaligned: byte ${byteOffset}`);
    return this.#active().access(buffer, byteOffset, kind, bytes, operand, expected);
  }

  access64(
    buffer: ArrayBufferLike,
    byteOffset: number,
    kind: AccessKind,
    operand: bigint,
    expected: bigint,
  ): bigint {
    if (!(byteOffset >= 0 && byteOffset + 8 <= buffer.byteLength)) {
      throw new RangeError(`${kind} outside the memory: byte ${byteOffset} of ${buffer.byteLength}`);
    }
    if (byteOffset % 8 !== 0) throw new RangeError(`${kind} of 8 bytes, misaligned: byte ${byteOffset}`);
    return this.#active().access64(buffer, byteOffset, kind, operand, expected);
  }

  fence(): void {
    this.#active().fence();
  }

  pause(): void {
    this.#active().pause();
  }

  wait(buffer: ArrayBufferLike, byteOffset: number, expected: number, timeoutMs: number): WaitResult {
    return this.#active().wait(buffer, byteOffset, expected, timeoutMs);
  }

  notify(buffer: ArrayBufferLike, byteOffset: number, count: number): number {
    return this.#active().notify(buffer, byteOffset, count);
  }

  /** Runs `body` with its accesses going to `sink`. */
  through<Result>(sink: AccessSink, body: () => Result): Result {
    const before = this.sink;
    this.sink = sink;
    try {
      return body();
    } finally {
      this.sink = before;
    }
  }

  #active(): AccessSink {
    if (this.sink === undefined) throw new Error("shared memory touched outside a scenario");
    this.accesses++;
    return this.sink;
  }
}

const key = Symbol.for("@udp-relay/model-check");
const globals = globalThis as Record<symbol, unknown>;

/** The one set of hooks of this process. */
export const memoryHooks: MemoryHooks = (globals[key] as MemoryHooks | undefined) ?? new MemoryHooks();
globals[key] = memoryHooks;
