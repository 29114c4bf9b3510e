import { blockRows } from "./address-blocks.generated.ts";
import type { AddressClass } from "./address-blocks.generated.ts";
import { parsePrefix } from "./prefix.ts";
import type { Prefix } from "./prefix.ts";

/**
 * One block of the IANA special-purpose registries (RFC 6890, RFC 8190) or of the supplement in `data/`. A flag is
 * undefined where the registry says N/A, or nothing because the block was terminated.
 */
export interface AddressBlock {
  /** As the registry writes it: `10.0.0.0/8`. */
  readonly prefix: string;
  readonly addressClass: AddressClass;
  readonly name: string;
  /** RFCs, as the registry writes them: `[RFC1918]`. */
  readonly rfc: string;
  /** Month of the allocation, `YYYY-MM`. */
  readonly allocated: string;
  /** Month in which the allocation ended, undefined while it stands. */
  readonly terminated: string | undefined;
  /** May be the source of a datagram that passes two devices. */
  readonly source: boolean | undefined;
  /** May be the destination of a datagram that passes two devices. */
  readonly destination: boolean | undefined;
  /** May be forwarded by a router between external interfaces. */
  readonly forwardable: boolean | undefined;
  /** May be forwarded beyond an administrative domain. */
  readonly globallyReachable: boolean | undefined;
  /** IP itself treats it in a special way. */
  readonly reservedByProtocol: boolean | undefined;
  /** Which file it is from. */
  readonly registry: string;
}

/**
 * All blocks, in the order of the files. `::ffff:0:0/96` is among them, although no endpoint is ever in it: its
 * addresses are IPv4 here.
 */
export const addressBlocks: readonly AddressBlock[] = /* @__PURE__ */ blockRows.map(
  ([prefix, addressClass, name, rfc, allocated, terminated, flags, registry]) =>
    Object.freeze({
      prefix,
      addressClass,
      name,
      rfc,
      allocated,
      terminated: terminated === "" ? undefined : terminated,
      source: flagOf(flags, 0),
      destination: flagOf(flags, 1),
      forwardable: flagOf(flags, 2),
      globallyReachable: flagOf(flags, 3),
      reservedByProtocol: flagOf(flags, 4),
      registry,
    }),
);

/** A block with its parsed prefix. */
export interface BlockPrefix extends Prefix {
  readonly block: AddressBlock;
}

let parsed: readonly BlockPrefix[] | undefined;

/** The blocks that an endpoint can be in, parsed at the first call: all but the IPv4-mapped one. */
export function blockPrefixes(): readonly BlockPrefix[] {
  parsed ??= addressBlocks
    .filter(({ addressClass }) => addressClass !== "ipv4-mapped")
    .map((block) => ({ ...parsePrefix(block.prefix), block }));
  return parsed;
}

function flagOf(flags: string, index: number): boolean | undefined {
  const flag = flags.charAt(index);
  return flag === "-" ? undefined : flag === "y";
}
