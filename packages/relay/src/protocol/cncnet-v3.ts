import { type Datagram, type Protocol, type Route, readU32 } from "./protocol.ts";

/** `u32 sender LE | u32 receiver LE | payload`. */
export const V3_HEADER_BYTES = 8;
/** A ping is exactly this long, with both ids 0 … */
export const PING_BYTES = 50;
/** … and is answered with this many of its bytes. */
export const PONG_BYTES = 12;
/** Ids, command byte and the SHA-1 of the password. */
const COMMAND_BYTES: number = V3_HEADER_BYTES + 1 + 20;
/** The receiver that marks a command (with sender 0). */
const COMMAND_RECEIVER = 0xffffffff;
/** Strict mode: the shortest data packet of a real client. */
const STRICT_DATA_BYTES = 15;

/** How strictly V3 is read. */
export interface CncnetV3Options {
  /** Only pings of 50 bytes, registrations of exactly 8 and data of at least 15 bytes pass. Default false. */
  readonly strict?: boolean | undefined;
}

/** The CnCNet V3 tunnel protocol. It carries no sequence numbers, so it measures nothing. */
export class CncnetV3 implements Protocol {
  readonly name = "v3";
  readonly #strict: boolean;

  constructor(options: CncnetV3Options = {}) {
    this.#strict = options.strict ?? false;
  }

  read(datagram: Datagram, route: Route): void {
    const { length } = datagram;
    if (length < V3_HEADER_BYTES) route.drop("tooShort");
    else {
      const sender = readU32(datagram, 0);
      const receiver = readU32(datagram, 4);
      if (sender === 0) readNobody(receiver, length, route);
      else if (sender === receiver) route.drop("selfAddressed");
      else if (this.#strict && !isStrict(receiver, length)) route.drop("notStrict");
      else if (receiver === 0) route.register(sender);
      else route.forward(sender, receiver);
    }
  }
}

/** Sender 0: a ping, a command, or nothing. */
function readNobody(receiver: number, length: number, route: Route): void {
  if (receiver === 0 && length === PING_BYTES) route.reply(PONG_BYTES);
  else if (receiver === 0) route.drop("badPing");
  else if (receiver === COMMAND_RECEIVER && length >= COMMAND_BYTES) route.command();
  else route.drop("badCommand");
}

function isStrict(receiver: number, length: number): boolean {
  return receiver === 0 ? length === V3_HEADER_BYTES : length >= STRICT_DATA_BYTES;
}
