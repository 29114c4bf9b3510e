import { fileURLToPath } from "node:url";
import { buildC, cSkip } from "../native.ts";
import type { BenchCase } from "../suite.ts";

/** What c/udp-load.c puts on a relay. */
export interface Load {
  /** The compiled program. */
  readonly program: string;
  readonly packetsPerSecond: number;
  readonly seconds: number;
  /** Consecutive datagrams for one receiver. */
  readonly burst: number;
  /** Sockets that stand for all clients. */
  readonly sources: number;
  readonly clients: number;
  /** At least so long; longer until the relay has used 0.4 s of a CPU. */
  readonly warmUpSeconds: number;
  /** The clients register as a CnCNet V3 tunnel's, ids from 1, and send from their own endpoints. */
  readonly tunnel: boolean;
  /** What goes to one receiver in a row leaves as one message, as a network card's receive offload would join it. */
  readonly joined?: boolean;
}

/** A relay that is told its job, where its arguments say JOB (PORT BASE SOURCES CLIENTS) or $PORT. */
export interface Relay {
  readonly name: string;
  readonly file: () => string;
  readonly args: readonly string[];
  readonly skip?: () => string | undefined;
}

/** The first of the ports that runs use. */
export const SMALLEST_PORT = 10_000;

export const SOURCE_CONDITION = "--conditions=@udp-relay/source";

/** The relay under the load; `seconds` is what a full round measures, a quick one a quarter of it. */
export function loadCase(relay: Relay, load: Omit<Load, "program">): BenchCase {
  return driven("drive", relay, load, 40_000);
}

/** What "full" behind the relay's arguments adds to its user CPU a datagram, in ns: four runs under the load. */
export function addedCase(relay: Relay, load: Omit<Load, "program">): BenchCase {
  return driven("added", relay, load, 160_000);
}

function driven(driver: string, relay: Relay, load: Omit<Load, "program">, timeoutMs: number): BenchCase {
  const program = fileURLToPath(new URL(`./${driver}.ts`, import.meta.url));
  return {
    name: relay.name,
    skip: () => cSkip("udp-load") ?? relay.skip?.(),
    timeoutMs,
    command: (quick) => {
      const seconds = quick ? load.seconds / 4 : load.seconds;
      const told: Load = { ...load, seconds, program: buildC("udp-load").file };
      return {
        file: process.execPath,
        args: [SOURCE_CONDITION, program, JSON.stringify(told), relay.file(), ...relay.args],
      };
    },
  };
}

/** The bare forwarding in C: recvfrom and sendto (`single`), recvmmsg and sendmmsg (`batch`), GRO and GSO (`segments`). */
export function relayInC(name: string, mode: "single" | "batch" | "segments"): Relay {
  return {
    name,
    file: () => buildC("forward-relay").file,
    args: ["JOB", mode],
    skip: () => cSkip("forward-relay"),
  };
}
