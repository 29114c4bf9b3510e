import type { HistoryNode } from "./history-node.ts";

/**
 * Names for threads that take no more steps: how they got there is over, all that still counts is what they returned
 * and what their calls gave. Two histories with the same end are one.
 */
export class EndKeys {
  readonly #ended = new Map<HistoryNode, string>();
  readonly #gone = new Map<HistoryNode, string>();

  of(node: HistoryNode, gone: boolean, recorded: boolean): string {
    const keys = gone ? this.#gone : this.#ended;
    let key = keys.get(node);
    if (key === undefined) keys.set(node, (key = endKey(node, gone, recorded)));
    return key;
  }
}

function endKey(node: HistoryNode, gone: boolean, recorded: boolean): string {
  const outcome = gone ? "gone" : plainText(node.outcome);
  const calls = recorded ? plainText(node.calls) : "";
  return outcome === undefined || calls === undefined ? `${node.id}` : `<${outcome}${calls}>`;
}

/** A text that tells plain data apart; undefined for what is not plain. */
function plainText(value: unknown): string | undefined {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `${value}`;
  if (value === null || value === undefined || typeof value === "boolean") return `${value}`;
  if (typeof value !== "object") return undefined;
  const isArray = Array.isArray(value);
  if (!isArray && Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const parts: string[] = [];
  for (const [name, inner] of Object.entries(value)) {
    const text = plainText(inner);
    if (text === undefined) return undefined;
    parts.push(`${JSON.stringify(name)}:${text}`);
  }
  return isArray ? `[${value.length};${parts.join()}]` : `{${parts.join()}}`;
}
