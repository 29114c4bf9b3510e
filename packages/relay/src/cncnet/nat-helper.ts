import { randomBytes } from "node:crypto";
import { isIPv4, type AddressPolicy, type Endpoint } from "@udp-relay/address-validation";
import { AdapterError, type DatagramBatch, type DatagramTransport, openTransport } from "@udp-relay/adapters";
import type { Clock } from "@udp-relay/clock";
import { AddressRate } from "../limits/address-rate.ts";
import { RelayError } from "../relay-error.ts";

/** A request is exactly this long and begins with {@link MAGIC}. */
const REQUEST_BYTES = 48;
const RESPONSE_BYTES = 40;
const MAGIC = [0x66, 0x96] as const;
const FILLER_AT = 8;
/** What addresses and ports are XORed with, byte by byte. */
const MASK = 0x20;

/** Why a request was not answered. */
export type NatDropReason = "badRequest" | "addressRefused" | "notIPv4" | "requestLimit" | "notSent";

/** Where a NAT helper answers, and whom. */
export interface NatHelperOptions {
  readonly host: string;
  /** One socket each; 0 takes a free one. */
  readonly ports: readonly number[];
  /** Of one address; 0 answers nobody. */
  readonly requestsPerMinute: number;
  readonly policy: AddressPolicy;
  readonly clock: Clock;
}

/** What a {@link NatHelper} has done. received = answered + all drops. */
export interface NatHelperReport {
  readonly ports: readonly number[];
  readonly received: number;
  readonly answered: number;
  readonly dropped: Readonly<Record<NatDropReason, number>>;
}

/**
 * Tells CnCNet's clients as whom the network shows them: their IPv4 address and port, masked, in 40 bytes for their 48.
 * It looks like STUN and is none.
 */
export class NatHelper implements AsyncDisposable {
  readonly #transports: DatagramTransport[] = [];
  readonly #dropped: Record<NatDropReason, number> = {
    badRequest: 0,
    addressRefused: 0,
    notIPv4: 0,
    requestLimit: 0,
    notSent: 0,
  };
  readonly #rate: AddressRate;
  readonly #response: Uint8Array = answerOf(randomBytes(RESPONSE_BYTES - FILLER_AT));
  #policy: AddressPolicy;
  #received = 0;
  #answered = 0;

  /** @throws RelayError `ERR_RELAY_PORT_IN_USE`, `ERR_RELAY_START` */
  static async open(options: NatHelperOptions): Promise<NatHelper> {
    const helper = new NatHelper(options);
    try {
      for (const port of options.ports) {
        const { transport } = await openTransport({ host: options.host, port });
        helper.serve(transport);
      }
    } catch (error) {
      await helper.close();
      if (!(error instanceof AdapterError)) throw error;
      throw new RelayError("ERR_RELAY_START", `the NAT helper: ${error.message}`, { cause: error });
    }
    return helper;
  }

  constructor({ requestsPerMinute, policy, clock }: Omit<NatHelperOptions, "host" | "ports">) {
    this.#rate = new AddressRate(requestsPerMinute, clock);
    this.#policy = policy;
  }

  /** Answers on another socket, too; `close` closes it. */
  serve(transport: DatagramTransport): void {
    this.#transports.push(transport);
    transport.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) this.#answer(transport, batch, i);
    };
  }

  /** Another policy from the next request on. */
  configure({ policy, requestsPerMinute }: Pick<NatHelperOptions, "policy" | "requestsPerMinute">): void {
    this.#policy = policy;
    this.#rate.perMinute = requestsPerMinute;
  }

  /** What it has done so far. */
  report(): NatHelperReport {
    return {
      ports: this.#transports.map(({ localEndpoint }) => localEndpoint.port),
      received: this.#received,
      answered: this.#answered,
      dropped: { ...this.#dropped },
    };
  }

  /** Closes all sockets. */
  async close(): Promise<void> {
    await Promise.all(this.#transports.map((transport) => transport.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #answer(transport: DatagramTransport, batch: DatagramBatch, i: number): void {
    this.#received++;
    const source = batch.endpoint(i);
    const reason = this.#refusal(batch, i, source);
    if (reason !== undefined) {
      this.#dropped[reason]++;
      return;
    }
    writeSource(this.#response, source);
    if (transport.send(this.#response, source) === 0) this.#answered++;
    else this.#dropped.notSent++;
  }

  #refusal(batch: DatagramBatch, i: number, source: Endpoint): NatDropReason | undefined {
    const bytes = batch.slab(i);
    const offset = batch.offset(i);
    const isRequest =
      batch.length(i) === REQUEST_BYTES && bytes[offset] === MAGIC[0] && bytes[offset + 1] === MAGIC[1];
    if (!isRequest) return "badRequest";
    if (this.#policy.judge(source) !== 0) return "addressRefused";
    if (!isIPv4(source)) return "notIPv4";
    return this.#rate.take(source) ? undefined : "requestLimit";
  }
}

/** A response without its first six bytes; the filler is the same for the whole process. */
function answerOf(filler: Uint8Array): Uint8Array {
  const response = new Uint8Array(RESPONSE_BYTES);
  response.set(MAGIC, 6);
  response.set(filler, FILLER_AT);
  return response;
}

function writeSource(response: Uint8Array, { a3, port }: Endpoint): void {
  for (let byte = 0; byte < 4; byte++) response[byte] = ((a3 >>> (24 - 8 * byte)) & 0xff) ^ MASK;
  response[4] = (port >>> 8) ^ MASK;
  response[5] = (port & 0xff) ^ MASK;
}
