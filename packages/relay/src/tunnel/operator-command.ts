import { createHash, timingSafeEqual } from "node:crypto";
import type { RelayControl } from "../shared/relay-control.ts";
import type { Datagram } from "../protocol/protocol.ts";

/** `u32 0 | u32 0xFFFFFFFF | u8 command | 20 bytes SHA-1(UTF-8 password)`. */
const COMMAND_AT = 8;
const HASH_AT = 9;
const HASH_BYTES = 20;

const TOGGLE_MAINTENANCE = 0;
const SWEEP = 1;

/**
 * The V3 commands of an operator who knows the password. The password is compared in constant time and before the
 * minute's budget is looked at, so that wrong guesses cost the operator nothing.
 */
export class OperatorCommand {
  readonly #expected: Buffer | undefined;
  readonly #given: Buffer = Buffer.alloc(HASH_BYTES);
  readonly #control: RelayControl;

  /** @param password empty: every command is refused */
  constructor(password: string, control: RelayControl) {
    this.#expected = password === "" ? undefined : createHash("sha1").update(password, "utf8").digest();
    this.#control = control;
  }

  /** Returns whether the command was carried out. Concurrency: any thread; never waits. */
  run(datagram: Datagram, tick: number): boolean {
    const { bytes, offset } = datagram;
    if (this.#expected === undefined) return false;
    this.#given.set(bytes.subarray(offset + HASH_AT, offset + HASH_AT + HASH_BYTES));
    const command = bytes[offset + COMMAND_AT]!;
    if (!timingSafeEqual(this.#given, this.#expected)) return false;
    if (command > SWEEP || !this.#control.spendCommand(tick)) return false;
    if (command === TOGGLE_MAINTENANCE) this.#control.toggleMaintenance();
    else this.#control.requestSweep();
    return true;
  }
}
