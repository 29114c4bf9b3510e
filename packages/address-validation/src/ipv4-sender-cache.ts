import { scanIPv4, scannedIPv4 } from "./address-text.ts";
import { isPort } from "./endpoint.ts";

/** A power of two. */
const CAPACITY = 16_384;

/** Of the texts that were not found, one in so many is kept: a power of two. */
const KEEP_ONE_IN = 8;

/**
 * The word of an IPv4 sender's address in text, for who looks it up by words at once and needs no endpoint object.
 *
 *     place   [ by the low bits of the port ]     port, word, text
 *
 * What is not in its place is scanned, and allocates nothing. Port and word stand apart from the text, so that the three
 * are fetched at the same time; through objects, as in `RinfoCache`, each is waited for. Where far more senders than places
 * send in turn, to keep each one's text would cost more than the scan does, because what is kept lives on: hence one in 8.
 *
 * Nobody can make it grow. Concurrency: one thread's.
 */
export class IPv4SenderCache {
  /** The address as int32, network order, after `find` returned true. */
  word = 0;
  /** Port and word of each place. What fills an unused place is true as well. */
  readonly #numbers: Int32Array<ArrayBuffer> = new Int32Array(2 * CAPACITY);
  readonly #texts: string[] = new Array<string>(CAPACITY).fill("0.0.0.0");
  #unfound = 0;

  /**
   * Whether that is an IPv4 address in decimal and a port of 0..65535; then `word` is the address. Never throws.
   *
   * An IPv6 address is answered with false, also an IPv4-mapped one.
   */
  find(address: string, port: number): boolean {
    const place = port & (CAPACITY - 1);
    const numbers = this.#numbers;
    if (numbers[2 * place] === port && this.#texts[place] === address) {
      this.word = numbers[2 * place + 1]!;
      return true;
    }
    return this.#scan(address, port, place);
  }

  #scan(address: string, port: number, place: number): boolean {
    if (typeof address !== "string" || !isPort(port)) return false;
    if (!scanIPv4(address, 0, address.length)) return false;
    this.word = scannedIPv4;
    this.#unfound = (this.#unfound + 1) & (KEEP_ONE_IN - 1);
    if (this.#unfound === 1) {
      this.#numbers[2 * place] = port;
      this.#numbers[2 * place + 1] = this.word;
      this.#texts[place] = address;
    }
    return true;
  }
}
