import { pathToFileURL } from "node:url";
import type { RelayConfig } from "../config/relay-config.ts";
import { CncnetV2 } from "../protocol/cncnet-v2.ts";
import { CncnetV3 } from "../protocol/cncnet-v3.ts";
import { DemoProtocol } from "../protocol/demo.ts";
import type { Protocol } from "../protocol/protocol.ts";
import { RelayError } from "../relay-error.ts";

/**
 * The protocol that a configuration names: built in, or the default export of `protocolModule`, an object or a class
 * without parameters. Every worker loads its own.
 *
 * @throws RelayError `ERR_RELAY_CONFIG` for a module that cannot be loaded or exports no protocol
 */
export async function relayProtocol(config: RelayConfig): Promise<Protocol> {
  const { protocolModule } = config;
  if (protocolModule === "") {
    switch (config.protocol) {
      case "v2":
        return new CncnetV2();
      case "demo":
        return new DemoProtocol();
      case "v3":
        return new CncnetV3({ strict: config.strict });
    }
  }
  const refuse = (reason: string, cause?: unknown): never => {
    const message = `--protocol-module is ${JSON.stringify(protocolModule)}, allowed: ${reason}`;
    throw new RelayError("ERR_RELAY_CONFIG", message, { cause });
  };
  let exported: unknown;
  try {
    const { href } = /^[a-z]+:\/\//.test(protocolModule)
      ? new URL(protocolModule)
      : pathToFileURL(protocolModule);
    exported = ((await import(href)) as { default?: unknown }).default;
    if (typeof exported === "function") exported = new (exported as new () => unknown)();
  } catch (error) {
    return refuse(`a module that can be loaded (${(error as Error).message})`, error);
  }
  const lacks = lackOf(exported);
  return lacks === undefined ? (exported as Protocol) : refuse(`a module whose default export has ${lacks}`);
}

/**
 * A protocol that a program gives.
 *
 * @throws RelayError `ERR_RELAY_CONFIG` for what is none
 */
export function requireProtocol(given: Protocol): Protocol {
  const lacks = lackOf(given);
  if (lacks === undefined) return given;
  throw new RelayError("ERR_RELAY_CONFIG", `protocol is not one, allowed: an object that has ${lacks}`);
}

/** What a protocol has to have and this one has not. */
function lackOf(given: unknown): string | undefined {
  const protocol = given as Partial<Protocol> | null | undefined;
  if (typeof protocol?.name !== "string" || typeof protocol.read !== "function") {
    return "a name and a method read(datagram, route)";
  }
  if (protocol.measures !== undefined && typeof protocol.measure !== "function") {
    return "a method measure(datagram, into), since it says `measures`";
  }
  return undefined;
}
