import type { AddressClass } from "./address-blocks.generated.ts";
import { blockOf } from "./classify.ts";
import { embeddedReadings, embeddingPrefixes } from "./embedded-ipv4.ts";
import type { EmbeddedReading } from "./embedded-ipv4.ts";
import type { Endpoint } from "./endpoint.ts";
import { formatAddress, formatEndpoint } from "./format-endpoint.ts";
import type { PolicyRules } from "./policy-table.ts";
import { hasPort } from "./port-rules.ts";
import { commonBits, formatPrefix, parsePrefix, prefixContains } from "./prefix.ts";
import type { Prefix } from "./prefix.ts";
import type { ReasonName, RuleReason } from "./reasons.ts";

/** A policy's rules as they were written. */
export interface ExplainedPolicy {
  readonly preset: string;
  readonly rules: PolicyRules;
  readonly acceptedPorts: Int32Array<ArrayBuffer>;
}

/** A verdict and the rule behind it. */
export interface Explanation {
  readonly reason: ReasonName;
  readonly text: string;
}

/**
 * Decides by scanning the rules one after the other, as the documentation of `AddressPolicy` states them, and says
 * which one decided. Nothing is shared with the compiled table, so that the two can be held against each other.
 */
export function explainEndpoint(endpoint: Endpoint, policy: ExplainedPolicy): Explanation {
  const name = formatEndpoint(endpoint);
  const refused = (reason: ReasonName, why: string): Explanation => ({
    reason,
    text: `${name} is refused (${reason}): ${why}`,
  });
  if (endpoint.port === 0) return refused("port-zero", "nothing can be sent to port 0");
  if (!hasPort(policy.acceptedPorts, endpoint.port)) {
    return refused("port-denied", `the port rules refuse port ${endpoint.port}`);
  }
  const outer = decide(endpoint, policy);
  if (outer.reason !== "accepted") return refused(outer.reason, outer.why);
  let why = outer.why;
  for (const { embedding, role, address } of readingsOf(endpoint, policy.rules)) {
    const inner = decide(address, policy);
    const carries = `by ${embedding} it carries ${role === "" ? "" : `${role} `}${inner.why}`;
    if (inner.reason !== "accepted") return refused(`embedded-${inner.reason}`, carries);
    why += `; ${carries}`;
  }
  return { reason: "accepted", text: `${name} is accepted: ${why}` };
}

interface Decision {
  readonly reason: "accepted" | RuleReason | AddressClass;
  readonly why: string;
}

function decide(endpoint: Endpoint, { preset, rules }: ExplainedPolicy): Decision {
  const address = formatAddress(endpoint);
  const relay = relayAt(endpoint, rules);
  if (relay === "own-endpoint") return { reason: relay, why: `${address}, which is this relay itself` };
  if (relay === "peer-relay") return { reason: relay, why: `${address}, which is another relay` };
  const block = blockOf(endpoint);
  const what =
    block === undefined
      ? `${address}, which is in no special-purpose block`
      : `${address}, which is in ${block.prefix} (${block.name} ${block.rfc})`;
  const listed = closestPrefix(endpoint, rules);
  const presetReason = rules.accepts(block) ? "accepted" : (block?.addressClass ?? "global");
  const byPreset = `${what}: preset ${preset} ${presetReason === "accepted" ? "accepts" : "refuses"} that`;
  if (listed === undefined) {
    if (presetReason !== "accepted" || rules.unlisted === "preset")
      return { reason: presetReason, why: byPreset };
    return { reason: "unlisted", why: `${what}: no allow prefix covers it` };
  }
  const byList = `${what}: ${listed.verb} by ${formatPrefix(listed)}`;
  if (listed.verb === "denied") return { reason: "denied-prefix", why: byList };
  const closerBlock = block !== undefined && parsePrefix(block.prefix).bits > listed.bits;
  if (closerBlock && presetReason !== "accepted") {
    return { reason: presetReason, why: `${byPreset}, and ${formatPrefix(listed)} is too wide to allow it` };
  }
  return { reason: "accepted", why: byList };
}

/** Own and peer endpoints: a port of its own before all ports, own before peer. */
function relayAt(
  endpoint: Endpoint,
  { own, peerRelays }: PolicyRules,
): "own-endpoint" | "peer-relay" | undefined {
  const at = (list: readonly Endpoint[], port: number): boolean =>
    list.some((other) => commonBits(other, endpoint) === 128 && other.port === port);
  for (const port of [endpoint.port, 0]) {
    if (at(own, port)) return "own-endpoint";
    if (at(peerRelays, port)) return "peer-relay";
  }
  return undefined;
}

/** The longest allow or deny prefix around an address. */
function closestPrefix(
  endpoint: Endpoint,
  rules: PolicyRules,
): (Prefix & { verb: "allowed" | "denied" }) | undefined {
  return [
    ...rules.allow.map((text) => ({ ...parsePrefix(text), verb: "allowed" as const })),
    ...rules.deny.map((text) => ({ ...parsePrefix(text), verb: "denied" as const })),
  ]
    .filter((prefix) => prefixContains(prefix, endpoint))
    .sort((a, b) => b.bits - a.bits)[0];
}

function readingsOf(endpoint: Endpoint, rules: PolicyRules): readonly EmbeddedReading[] {
  const form = embeddingPrefixes(rules.nat64Prefixes)
    .reverse()
    .filter((prefix) => prefixContains(prefix, endpoint))
    .sort((a, b) => b.bits - a.bits)[0];
  return form === undefined ? [] : embeddedReadings(endpoint, form.code);
}
