import { AddressError } from "./address-validation-error.ts";
import type { AddressBlock } from "./address-blocks.ts";
import type { AddressClass } from "./address-blocks.generated.ts";
import type { PortRules } from "./port-rules.ts";

/** A set of rules to start from. */
export type PresetName = "crate" | "public-only" | "lan" | "turn-server";

/** Which addresses and ports a preset accepts. */
export interface Preset {
  /** Whether addresses of a block are accepted; `undefined` stands for addresses in no block. */
  accepts(block: AddressBlock | undefined): boolean;
  readonly ports: PortRules;
}

/** `validate_address` of crate udp-relay-core 0.1.0 refuses these and accepts everything else. */
const crateRefuses: ReadonlySet<AddressClass> = new Set<AddressClass>([
  "loopback",
  "unspecified",
  "multicast",
  "broadcast",
]);

const local: ReadonlySet<AddressClass> = new Set<AddressClass>(["private", "unique-local", "link-local"]);

/**
 * What can be the source and the destination of a datagram that crosses the Internet. Where the registry says N/A or
 * nothing (6to4, Teredo, terminated blocks) it does not say yes.
 */
function isPublic(block: AddressBlock | undefined): boolean {
  return (
    block === undefined ||
    (block.source === true && block.destination === true && block.globallyReachable === true)
  );
}

const presets: Readonly<Record<PresetName, Preset>> = {
  crate: { accepts: (block) => block === undefined || !crateRefuses.has(block.addressClass), ports: {} },
  "public-only": { accepts: isPublic, ports: {} },
  lan: { accepts: (block) => block !== undefined && local.has(block.addressClass), ports: {} },
  // Well-known ports are where the services are that a relayed datagram could be meant to abuse: DNS, NTP, CLDAP.
  "turn-server": { accepts: isPublic, ports: { deny: ["0-1023"] } },
};

/** @throws AddressError ERR_ADDRESS_POLICY for an unknown name */
export function presetOf(name: PresetName): Preset {
  if (!Object.hasOwn(presets, name)) {
    throw new AddressError(
      "ERR_ADDRESS_POLICY",
      `no preset ${JSON.stringify(name)}: ${Object.keys(presets).join(", ")}`,
    );
  }
  return presets[name];
}
