import { AdapterError } from "../../adapter-error.ts";
import type { DatagramBatch } from "../datagram-transport.ts";
import type { DropReasonCode } from "../drop-reason.ts";
import type { DescriptorJournalHandle } from "./descriptor-journal.ts";
import type { LinuxTransport } from "./linux-transport.ts";
import type { SystemCalls } from "./system-calls.ts";

const DEFAULT_DATAGRAM_BYTES = 2_048;
const LARGEST_DATAGRAM_BYTES = 65_507;

/** How a set of connected sockets is made. */
export interface ConnectedSocketsOptions {
  /** A larger datagram is dropped and counted, never handed over cut. Default 2,048, at most 65,507. */
  readonly maxDatagramBytes?: number | undefined;
  /** Opened with `blocking`: its turn comes with the sockets', when it is ready. */
  readonly transport?: LinuxTransport | undefined;
  /** `shared` of a `DescriptorJournal`: what is open when this thread is killed can be closed by whoever made it. */
  readonly journal?: DescriptorJournalHandle | undefined;
  /** Another way to libc than the runtime's own, such as `await openNodeFfi()`. */
  readonly systemCalls?: SystemCalls | undefined;
}

/** What a connected socket tells, during `turn` or `send`. */
export interface ConnectedSocketEvents {
  /** A datagram of the peer's; the bytes are good until this returns. */
  onDatagram(bytes: Uint8Array): void;
  /** An error that belongs to an earlier datagram, by its name: `ECONNREFUSED`, `EHOSTUNREACH`. The socket goes on. */
  onError(code: string): void;
}

/** One UDP socket that talks to one peer: the kernel hands over that peer's datagrams only. */
export interface ConnectedSocket {
  /** Sends at once: 0, or why the datagram was dropped. The bytes have been copied when this returns. */
  send(bytes: Uint8Array): 0 | DropReasonCode;
  /** Sends datagram `index` of a batch on: from where it lies, if the batch is the transport's of this set, else as `send`. */
  forward(batch: DatagramBatch, index: number): 0 | DropReasonCode;
  /** Nothing is told after this. Idempotent. */
  close(): void;
}

/** What the sockets of one set share. */
export interface ConnectedOwner {
  send(socket: Connected, bytes: Uint8Array): 0 | DropReasonCode;
  forward(socket: Connected, batch: DatagramBatch, index: number): 0 | DropReasonCode;
  close(socket: Connected): void;
}

/** An open socket, as the set that it is in knows it: one object, and no closures, since there are many. */
export class Connected implements ConnectedSocket {
  readonly fd: number;
  readonly place: number;
  readonly generation: number;
  readonly events: ConnectedSocketEvents;
  open = true;
  readonly #owner: ConnectedOwner;

  constructor(
    owner: ConnectedOwner,
    fd: number,
    place: number,
    generation: number,
    events: ConnectedSocketEvents,
  ) {
    this.#owner = owner;
    this.fd = fd;
    this.place = place;
    this.generation = generation;
    this.events = events;
  }

  send(bytes: Uint8Array): 0 | DropReasonCode {
    return this.#owner.send(this, bytes);
  }

  forward(batch: DatagramBatch, index: number): 0 | DropReasonCode {
    return this.#owner.forward(this, batch, index);
  }

  close(): void {
    this.#owner.close(this);
  }
}

/** @throws AdapterError ERR_ADAPTER_OPTION */
export function checkedDatagramBytes({
  maxDatagramBytes: bytes = DEFAULT_DATAGRAM_BYTES,
}: ConnectedSocketsOptions): number {
  if (Number.isInteger(bytes) && bytes >= 1 && bytes <= LARGEST_DATAGRAM_BYTES) return bytes;
  throw new AdapterError("ERR_ADAPTER_OPTION", `maxDatagramBytes is ${bytes}, allowed: 1 to 65507`);
}

/** @param code of the system: EMFILE, ENETUNREACH, … */
export function cannotOpen(call: string, code: string): AdapterError {
  const cause = Object.assign(new Error(`${call} ${code}`), { code, syscall: call });
  return new AdapterError("ERR_ADAPTER_BIND", `cannot open a connected socket: ${call} ${code}`, { cause });
}
