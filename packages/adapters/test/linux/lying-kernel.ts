import type { BatchMemory } from "../../src/transport/linux/batch-memory.ts";
import { BATCH_MESSAGES, CONTROL_BYTES } from "../../src/transport/linux/batch-memory.ts";
import { MMSGHDR_BYTES, NAME_BYTES } from "../../src/transport/linux/kernel.ts";
import type { SystemCalls } from "../../src/transport/linux/system-calls.ts";

export interface Lie {
  readonly length: number;
  readonly flags: number;
  readonly nameLength: number;
  readonly controlLength: number;
  readonly control: readonly number[];
  readonly name: readonly number[];
}

export interface LieRound {
  readonly result: number;
  readonly lies: readonly Lie[];
  readonly sendResults: readonly number[];
  readonly errno: number;
}

/** Near the end of a 4 GiB window, so that pointers carry from their low into their high word. */
const FIRST_ADDRESS = 0x7f31_ffff_f000;

/**
 * System calls that touch no kernel: recvmmsg fills headers with what it was told to say, and sendmmsg follows
 * every pointer that it is given and throws when one does not lie in the memory that the test made.
 */
export class LyingKernel implements SystemCalls {
  readonly binding = "lies";
  /** Pointers that sendmmsg followed since `say`. */
  pointersSeen = 0;
  readonly #arrays: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  #nextAddress = FIRST_ADDRESS;
  #round: LieRound | undefined;
  #memory: BatchMemory | undefined;
  #sends = 0;

  say(round: LieRound, memory: BatchMemory): void {
    this.#round = round;
    this.#memory = memory;
    this.#sends = 0;
    this.pointersSeen = 0;
  }

  addressOf(bytes: Uint8Array): number {
    const address = this.#nextAddress;
    this.#nextAddress += bytes.byteLength + 4_096;
    this.#arrays.push({ address, bytes });
    return address;
  }

  errno(): number {
    return this.#round?.errno ?? 0;
  }

  recvmmsg(_fd: number, headers: number, count: number): number {
    const { lies, result } = this.#round!;
    const memory = this.#memory!;
    const view = this.#view(headers, count * MMSGHDR_BYTES);
    for (let i = 0; i < Math.min(count, BATCH_MESSAGES, Math.max(0, result)); i++) {
      const lie = lies[i % lies.length]!;
      view.setInt32(i * MMSGHDR_BYTES + 8, lie.nameLength, true);
      view.setInt32(i * MMSGHDR_BYTES + 40, lie.controlLength, true);
      view.setInt32(i * MMSGHDR_BYTES + 48, lie.flags, true);
      view.setInt32(i * MMSGHDR_BYTES + 56, lie.length, true);
      memory.words.set(
        lie.control.slice(0, CONTROL_BYTES / 4),
        (memory.receiveControls + i * CONTROL_BYTES) / 4,
      );
      memory.words.set(lie.name.slice(0, NAME_BYTES / 4), (memory.receiveNames + i * NAME_BYTES) / 4);
    }
    return result;
  }

  sendmmsg(_fd: number, headers: number, count: number): number {
    const view = this.#view(headers, count * MMSGHDR_BYTES);
    for (let i = 0; i < count; i++) {
      const header = i * MMSGHDR_BYTES;
      const nameLength = view.getUint32(header + 8, true);
      if (nameLength !== 16 && nameLength !== 28) throw new Error(`msg_namelen ${nameLength}`);
      this.#view(pointerAt(view, header), nameLength);
      const vectors = view.getUint32(header + 24, true);
      if (vectors < 1 || vectors > 64) throw new Error(`msg_iovlen ${vectors}`);
      const list = this.#view(pointerAt(view, header + 16), vectors * 16);
      for (let v = 0; v < vectors; v++) {
        this.#view(pointerAt(list, v * 16), Number(list.getBigUint64(v * 16 + 8, true)));
      }
      const controlLength = Number(view.getBigUint64(header + 40, true));
      if (controlLength > 0) this.#view(pointerAt(view, header + 32), controlLength);
    }
    const { sendResults } = this.#round!;
    return sendResults[this.#sends++ % sendResults.length]!;
  }

  clock_gettime(): number {
    return 0;
  }
  socket(): number {
    return 3;
  }
  bind(): number {
    return 0;
  }
  getsockname(): number {
    return 0;
  }
  setsockopt(): number {
    return 0;
  }
  getsockopt(): number {
    return 0;
  }
  fcntl(): number {
    return 0;
  }
  close(): number {
    return 0;
  }
  connect(): number {
    return 0;
  }
  send(): number {
    return -1;
  }
  recv(): number {
    return -1;
  }
  epoll_create1(): number {
    return 4;
  }
  epoll_ctl(): number {
    return 0;
  }
  epoll_wait(): number {
    return 0;
  }

  /** The memory that a pointer names. Throws for a pointer to anything else. */
  #view(address: number, byteLength: number): DataView {
    this.pointersSeen += 1;
    for (const { address: start, bytes } of this.#arrays) {
      const offset = address - start;
      if (offset >= 0 && offset + byteLength <= bytes.byteLength) {
        return new DataView(bytes.buffer, bytes.byteOffset + offset, byteLength);
      }
    }
    throw new Error(`a pointer to ${address.toString(16)}, ${byteLength} bytes, is outside`);
  }
}

function pointerAt(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
