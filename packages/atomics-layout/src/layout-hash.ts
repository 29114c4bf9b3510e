import type { LayoutPlan } from "./planned-layout.ts";

/**
 * A u32, never 0, over everything that two threads must agree on: the name, the places, types and disciplines of the
 * fields, and the updates' steps. Names of writers and descriptions do not count. FNV-1a over the ASCII text below.
 */
export function layoutHash(plan: Omit<LayoutPlan, "hash" | "updates">): number {
  const lines = [`${plan.name} ${plan.lineBytes} ${plan.byteLength}`];
  for (const { name, byteOffset, type, shape, length, discipline } of plan.groups.flatMap(
    ({ fields }) => fields,
  )) {
    lines.push(`${name} ${byteOffset} ${type} ${shape} ${length} ${discipline}`);
  }
  for (const { compound } of plan.plannedUpdates) {
    lines.push(`${compound.name}(${compound.parameters.join()})`);
    for (const { op, byteOffset, value } of compound.steps) {
      lines.push(`${op} ${byteOffset} ${"parameter" in value ? value.parameter : value.constant}`);
    }
  }
  const text = lines.join("\n");
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0 === 0 ? 1 : hash >>> 0;
}
