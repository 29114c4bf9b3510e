import { reasonName } from "@udp-relay/address-validation";
import { joinRefusalName } from "@udp-relay/tunnel-client";

/** Why a `RelayEndpoint` did not take a datagram that its transport received. */
export type RelayRefusal =
  /** Shorter than `minimumBytes`. */
  | "tooShort"
  /** `identify` found no id in it. */
  | "noId"
  /** A live client has the id, at another endpoint. */
  | "idTaken"
  /** `identify` or `onDatagram` threw. */
  | "callbackThrew"
  /** `policy`: the address policy's reason. */
  | `address: ${string}`
  /** The table had no place: `full`, `prefix full`, `busy`, `resting`. */
  | `table: ${string}`;

/** Counts refusals: a number a reason, without a string on the way of a datagram. */
export class RelayRefusals {
  tooShort = 0;
  noId = 0;
  idTaken = 0;
  callbackThrew = 0;
  readonly #address = new Float64Array(256);
  readonly #table = new Float64Array(16);

  /** @param code what the policy answered */
  address(code: number): void {
    this.#address[code]! += 1;
  }

  /** @param code the negative number that the table answered */
  table(code: number): void {
    this.#table[-code]! += 1;
  }

  /** Reasons that happened, and how often. */
  snapshot(): Partial<Record<RelayRefusal, number>> {
    const { tooShort, noId, idTaken, callbackThrew } = this;
    const counts: [RelayRefusal, number][] = Object.entries({
      tooShort,
      noId,
      idTaken,
      callbackThrew,
    }) as never;
    for (const [code, count] of this.#address.entries()) counts.push([`address: ${reasonName(code)}`, count]);
    for (const [code, count] of this.#table.entries()) {
      counts.push([`table: ${joinRefusalName(-code) ?? code}`, count]);
    }
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }
}
