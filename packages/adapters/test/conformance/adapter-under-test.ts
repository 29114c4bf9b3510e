import type {
  DatagramTransport,
  TransportKind,
  TransportOptions,
} from "../../src/transport/datagram-transport.ts";

/** Somebody at the other end, who does not use the adapter under test where there is another way. */
export interface Peer {
  readonly received: Uint8Array[];
  send(bytes: Uint8Array): void;
  close(): Promise<void>;
}

export interface PeerOptions {
  /** Address the peer binds, and the address at which it finds the transport. */
  readonly host?: string;
  readonly to?: string;
}

/** What the conformance suite needs of an adapter. */
export interface AdapterUnderTest {
  readonly name: string;
  open(options?: TransportOptions): Promise<DatagramTransport>;
  peer(transport: DatagramTransport, options?: PeerOptions): Promise<Peer>;
  /** Lets time pass until `condition` holds; rejects after 20 s with `what` and `describe`'s account. */
  until(condition: () => boolean, what: string, account?: () => unknown): Promise<void>;
  /** Addresses and ports are the transport's own to choose; false for transports over connections. */
  readonly datagramSockets: boolean;
  /** Whose errors a report is of, where it is not the transport's own kind: a joined one has others below. */
  readonly reportedKind?: TransportKind;
  /** A link-local address with its zone that this machine has, undefined if it has none. */
  readonly linkLocal: string | undefined;
}

/** Less than a test may take, and more than a busy machine needs. */
const GIVE_UP_MS = 20_000;

/** `until` for transports whose time is the machine's. */
export async function untilReal(
  condition: () => boolean,
  what: string,
  account: () => unknown = () => "",
): Promise<void> {
  const giveUpMs = performance.now() + GIVE_UP_MS;
  while (!condition()) {
    if (performance.now() > giveUpMs)
      throw new Error(`waited ${GIVE_UP_MS} ms for ${what}: ${JSON.stringify(account())}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Bytes that tell their length and number: every datagram of a test is different. */
export function pattern(length: number, number = length): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + number * 7 + (number >>> 8)) & 255;
  return bytes;
}

export function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

export function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}
