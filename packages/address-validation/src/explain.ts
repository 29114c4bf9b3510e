import { blockOf } from "./classify.ts";
import { describeEmbedded, embeddingPrefixes } from "./embedded-ipv4.ts";
import type { EmbeddedIPv4 } from "./embedded-ipv4.ts";
import type { Endpoint } from "./endpoint.ts";
import { formatAddress, formatEndpoint } from "./format-endpoint.ts";
import type { PolicyRules } from "./policy-table.ts";
import { formatPrefix, parsePrefix, prefixContains } from "./prefix.ts";
import type { Prefix } from "./prefix.ts";
import { EMBEDDED, reasonName } from "./reasons.ts";

/**
 * A verdict as one line for people. It repeats the policy's decision by scanning the rules as they were written, not
 * by the compiled table, so that a test can hold the two against each other.
 */
export function explainVerdict(
  endpoint: Endpoint,
  verdict: number,
  preset: string,
  rules: PolicyRules,
): string {
  const head = `${formatEndpoint(endpoint)} is ${verdict === 0 ? "accepted" : `refused (${reasonName(verdict)})`}`;
  const embedded = embeddedOf(endpoint, rules);
  const own = `${head}: ${describe(endpoint, verdict & EMBEDDED ? 0 : verdict, preset, rules)}`;
  if (embedded === undefined || (verdict !== 0 && (verdict & EMBEDDED) === 0)) return own;
  const inner = [embedded.address, ...(embedded.server === undefined ? [] : [embedded.server])].map(
    (address) => describe(address, verdict === 0 ? 0 : verdict & ~EMBEDDED, preset, rules),
  );
  return `${own}; it carries by ${embedded.embedding}: ${inner.join("; its server: ")}`;
}

function describe(endpoint: Endpoint, verdict: number, preset: string, rules: PolicyRules): string {
  const reason = reasonName(verdict);
  if (reason === "port-zero") return "nothing can be sent to port 0";
  if (reason === "port-denied") return `the port rules refuse port ${endpoint.port}`;
  if (reason === "own-endpoint") return `${formatAddress(endpoint)} is this relay itself`;
  if (reason === "peer-relay") return `${formatAddress(endpoint)} is another relay`;
  const block = blockOf(endpoint);
  const what =
    block === undefined
      ? `${formatAddress(endpoint)} is in no special-purpose block`
      : `${formatAddress(endpoint)} is in ${block.prefix}, ${block.name} ${block.rfc}`;
  const listed = closest(endpoint, rules);
  if (listed !== undefined && (verdict === 0 || reason === "denied-prefix")) {
    return `${what}; ${listed.verb} by ${formatPrefix(listed.prefix)}`;
  }
  if (reason === "unlisted") return `${what}; no allow prefix covers it`;
  return `${what}; preset ${preset} ${rules.accepts(block) ? "accepts" : "refuses"} it`;
}

interface Listed {
  readonly prefix: Prefix;
  readonly verb: "allowed" | "denied";
}

/** The longest allow or deny prefix around an address. */
function closest(endpoint: Endpoint, rules: PolicyRules): Listed | undefined {
  const around = [
    ...rules.allow.map((text): Listed => ({ prefix: parsePrefix(text), verb: "allowed" })),
    ...rules.deny.map((text): Listed => ({ prefix: parsePrefix(text), verb: "denied" })),
  ].filter(({ prefix }) => prefixContains(prefix, endpoint));
  return around.sort((a, b) => b.prefix.bits - a.prefix.bits)[0];
}

function embeddedOf(endpoint: Endpoint, rules: PolicyRules): EmbeddedIPv4 | undefined {
  const form = embeddingPrefixes(rules.nat64Prefixes)
    .filter((prefix) => prefixContains(prefix, endpoint))
    .sort((a, b) => b.bits - a.bits)[0];
  return form === undefined || form.code === 0 ? undefined : describeEmbedded(endpoint, form.code);
}
