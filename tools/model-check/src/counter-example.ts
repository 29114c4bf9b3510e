import type { ModelSystem } from "./model-system.ts";
import type { TraceStep } from "./model-state.ts";
import { describeOperation } from "./operation.ts";

/** The execution that leads to a fault, one line a step: who did what to which field. */
export function describeTrace(system: ModelSystem, last: TraceStep | undefined): string {
  const steps: TraceStep[] = [];
  for (let step = last; step !== undefined; step = step.previous) steps.push(step);
  steps.reverse();
  const width = Math.max(...system.names.map((name) => name.length));
  const lines: string[] = [];
  let previousCall = "";
  for (const step of steps) {
    const text = describeStep(system, step);
    if (text === undefined) continue;
    const name = system.names[step.thread]!;
    const call = currentCall(step);
    const head = `  ${name.padEnd(width)}  `;
    if (call !== "" && `${name}${call}` !== previousCall) lines.push(`${head}${call}:`);
    previousCall = `${name}${call}`;
    lines.push(`${head}${call === "" ? "" : "  "}${text}`);
  }
  return lines.join("\n");
}

function describeStep(system: ModelSystem, step: TraceStep): string | undefined {
  const { operation } = step;
  if (step.action === "kill") return "IS KILLED";
  if (step.action === "stop") return "STANDS STILL for ever";
  if (step.action === "return") return undefined;
  if (operation === undefined || step.spinning) return undefined;
  const text = describeOperation(operation, step.result, system.locations);
  if (step.action === "flush") return `… its ${text} becomes visible`;
  if (step.action === "spin-out") return "pause, and nothing changes for the rest of its spin";
  if (step.action === "time-out") return `${text}: timed out`;
  return step.stale ? `${text}, an older value` : text;
}

function currentCall({ node, action }: TraceStep): string {
  if (action === "flush" || action === "kill" || action === "stop") return "";
  const call = node.calls[node.ended];
  return call === undefined ? "" : `${call.name}(${call.args.map((arg) => JSON.stringify(arg)).join(", ")})`;
}
