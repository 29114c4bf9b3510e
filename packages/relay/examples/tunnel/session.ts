import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  getCiphers,
  hkdfSync,
  type KeyObject,
} from "node:crypto";

/* Messages as in WireGuard's white paper, section 5.4, without its macs, cookies, pre-shared keys and exact hashes:
   initiation  type 1 u32 | sender index u32 | ephemeral key 32 | sealed static key 48 | sealed time 24
   response    type 2 u32 | sender index u32 | receiver index u32 | ephemeral key 32 | sealed nothing 16
   transport   type 4 u32 | receiver index u32 | counter u64 | sealed packet, padded to 16 bytes          (little-endian) */
export const INITIATION = 1;
export const RESPONSE = 2;
export const TRANSPORT = 4;
const INITIATION_BYTES = 112;
const RESPONSE_BYTES = 60;
const TRANSPORT_HEADER_BYTES = 16;
const KEY_BYTES = 32;
const TAG_BYTES = 16;
/** How far behind the newest a datagram may come and still be taken once (RFC 6479). */
const REPLAY_WINDOW = 2_048;
/** WireGuard's own, which Bun's node:crypto has not; both take keys of 32, nonces of 12 and tags of 16 bytes. */
const cipher = (
  getCiphers().includes("chacha20-poly1305") ? "chacha20-poly1305" : "aes-256-gcm"
) as "chacha20-poly1305";

export interface Identity {
  readonly publicKey: Buffer;
  readonly privateKey: KeyObject;
}

export function newIdentity(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync("x25519");
  return { publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x!, "base64url"), privateKey };
}

/** Both directions of one session, known to the other side by `theirIndex`. */
export class Session {
  readonly theirIndex: number;
  readonly #sendKey: Buffer;
  readonly #receiveKey: Buffer;
  readonly #seen = new Float64Array(REPLAY_WINDOW).fill(-1);
  #newest = -1;
  #counter = 0;

  constructor(theirIndex: number, sendKey: Buffer, receiveKey: Buffer) {
    this.theirIndex = theirIndex;
    this.#sendKey = sendKey;
    this.#receiveKey = receiveKey;
  }

  seal(packet: Uint8Array): Buffer {
    const header = Buffer.alloc(TRANSPORT_HEADER_BYTES);
    header.writeUInt32LE(TRANSPORT, 0);
    header.writeUInt32LE(this.theirIndex, 4);
    header.writeBigUInt64LE(BigInt(this.#counter), 8);
    const padded = Buffer.alloc(Math.ceil(packet.length / 16) * 16);
    padded.set(packet);
    return Buffer.concat([header, seal(this.#sendKey, this.#counter++, padded)]);
  }

  /** The packet, still padded, and its number; undefined when it was not sealed by the other side, or came before. */
  open(datagram: Buffer): { readonly packet: Buffer; readonly counter: number } | undefined {
    if (datagram.length < TRANSPORT_HEADER_BYTES + TAG_BYTES) return undefined;
    const counter = Number(datagram.readBigUInt64LE(8));
    if (counter <= this.#newest - REPLAY_WINDOW || this.#seen[counter % REPLAY_WINDOW] === counter)
      return undefined;
    const packet = open(this.#receiveKey, counter, datagram.subarray(TRANSPORT_HEADER_BYTES));
    if (packet === undefined) return undefined;
    this.#seen[counter % REPLAY_WINDOW] = counter; // only now: a forged number must not spoil the true one
    this.#newest = Math.max(this.#newest, counter);
    return { packet, counter };
  }
}

/** A handshake under way, of the side that began it. */
export interface Initiation {
  readonly datagram: Buffer;
  /** The session, if this is the true answer. */
  complete(response: Buffer): Session | undefined;
}

export function initiate(me: Identity, theirKey: Buffer, myIndex: number): Initiation {
  const ephemeral = newIdentity();
  const key1 = derive(theirKey, agree(ephemeral, theirKey));
  const key2 = derive(key1, agree(me, theirKey));
  const time = Buffer.alloc(8);
  time.writeDoubleLE(performance.timeOrigin + performance.now());
  const datagram = Buffer.concat([
    words(INITIATION, myIndex),
    ephemeral.publicKey,
    seal(key1, 0, me.publicKey),
    seal(key2, 0, time),
  ]);
  return {
    datagram,
    complete(response) {
      if (response.length !== RESPONSE_BYTES || response.readUInt32LE(8) !== myIndex) return undefined;
      const theirs = response.subarray(12, 12 + KEY_BYTES);
      const key3 = derive(derive(key2, agree(ephemeral, theirs)), agree(me, theirs));
      if (open(key3, 0, response.subarray(12 + KEY_BYTES)) === undefined) return undefined;
      return sessionOf(key3, response.readUInt32LE(4), true);
    },
  };
}

/** Who asks, and when he says he does; undefined when it was not meant for us. */
export interface Request {
  readonly publicKey: Buffer;
  readonly unixMs: number;
  accept(myIndex: number): { readonly session: Session; readonly response: Buffer };
}

export function readInitiation(me: Identity, datagram: Buffer): Request | undefined {
  if (datagram.length !== INITIATION_BYTES) return undefined;
  const theirEphemeral = Buffer.from(datagram.subarray(8, 40));
  const key1 = derive(me.publicKey, agree(me, theirEphemeral));
  const publicKey = open(key1, 0, datagram.subarray(40, 88));
  if (publicKey === undefined) return undefined;
  const key2 = derive(key1, agree(me, publicKey));
  const time = open(key2, 0, datagram.subarray(88));
  if (time === undefined) return undefined;
  const theirIndex = datagram.readUInt32LE(4);
  return {
    publicKey,
    unixMs: time.readDoubleLE(0),
    accept(myIndex) {
      const ephemeral = newIdentity();
      const key3 = derive(derive(key2, agree(ephemeral, theirEphemeral)), agree(ephemeral, publicKey));
      const header = Buffer.concat([words(RESPONSE, myIndex, theirIndex), ephemeral.publicKey]);
      const response = Buffer.concat([header, seal(key3, 0, Buffer.alloc(0))]);
      return { session: sessionOf(key3, theirIndex, false), response };
    },
  };
}

function sessionOf(secret: Buffer, theirIndex: number, began: boolean): Session {
  const toResponder = derive(secret, Buffer.from("to responder"));
  const toInitiator = derive(secret, Buffer.from("to initiator"));
  return began
    ? new Session(theirIndex, toResponder, toInitiator)
    : new Session(theirIndex, toInitiator, toResponder);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [n, value] of values.entries()) bytes.writeUInt32LE(value, 4 * n);
  return bytes;
}

/** The chained secret of what was agreed before and what is agreed now. */
function derive(chain: Buffer, secret: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, chain, "udp-relay example", KEY_BYTES));
}

function agree({ privateKey }: Identity, theirKey: Buffer): Buffer {
  const jwk = { kty: "OKP", crv: "X25519", x: theirKey.toString("base64url") };
  try {
    return diffieHellman({ privateKey, publicKey: createPublicKey({ key: jwk, format: "jwk" }) });
  } catch {
    return Buffer.alloc(KEY_BYTES); // a key of low order: what it seals does not open
  }
}

function nonce(counter: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64LE(BigInt(counter), 4);
  return bytes;
}

function seal(key: Buffer, counter: number, bytes: Uint8Array): Buffer {
  const sealing = createCipheriv(cipher, key, nonce(counter), { authTagLength: TAG_BYTES });
  return Buffer.concat([sealing.update(bytes), sealing.final(), sealing.getAuthTag()]);
}

function open(key: Buffer, counter: number, sealed: Buffer): Buffer | undefined {
  const opening = createDecipheriv(cipher, key, nonce(counter), { authTagLength: TAG_BYTES });
  opening.setAuthTag(sealed.subarray(-TAG_BYTES));
  const opened = opening.update(sealed.subarray(0, -TAG_BYTES));
  try {
    opening.final();
    return opened;
  } catch {
    return undefined;
  }
}
