import { DirectMemory } from "./direct-memory.ts";
import { resetEnvironment } from "./environment.ts";
import { memoryHooks } from "./memory-hooks.ts";
import type { AccessSink } from "./memory-hooks.ts";
import type { OperationKind, StepResult } from "./operation.ts";

/** One access of `attach`, as it went when it ran in the real memory. */
export interface AttachStep {
  readonly kind: OperationKind;
  readonly byteOffset: number;
  readonly result: StepResult;
}

/** Runs `attach` in the real memory and keeps what each access gave, for the replays. */
export function recordAttach(
  attach: () => unknown,
): { kind: OperationKind; byteOffset: number; result: StepResult }[] {
  const steps: { kind: OperationKind; byteOffset: number; result: StepResult }[] = [];
  const direct = new DirectMemory();
  resetEnvironment();
  const keep = <Result extends StepResult>(
    kind: OperationKind,
    byteOffset: number,
    result: Result,
  ): Result => {
    steps.push({ kind, byteOffset, result });
    return result;
  };
  const sink: AccessSink = {
    access: (buffer, byteOffset, kind, bytes, operand, expected) =>
      keep(kind, byteOffset, direct.access(buffer, byteOffset, kind, bytes, operand, expected)),
    access64: (buffer, byteOffset, kind, operand, expected) =>
      keep(kind, byteOffset, direct.access64(buffer, byteOffset, kind, operand, expected)),
    fence: () => {
      keep("fence", -1, undefined);
    },
    pause: () => {
      keep("pause", -1, undefined);
    },
    wait: (buffer, byteOffset, expected, timeoutMs) =>
      keep("wait", byteOffset, direct.wait(buffer, byteOffset, expected, timeoutMs)),
    notify: (_buffer, byteOffset) => keep("notify", byteOffset, direct.notify()),
  };
  memoryHooks.through(sink, attach);
  return steps;
}
