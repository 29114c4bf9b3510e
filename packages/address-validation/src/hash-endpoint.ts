import type { Endpoint } from "./endpoint.ts";

/**
 * HalfSipHash-1-3 over the six words of an endpoint (32 bits out), the same in every thread and process for
 * the same key. With a secret random key nobody can choose endpoints that collide (hash flooding); with the
 * default key anybody can, so key it wherever the endpoints come from the network.
 *
 * Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", and the reference
 * `halfsiphash.c` of the same authors (rotations 5, 16, 8, 13, 7, 16).
 *
 * @param key low word of the key, 32 bits
 * @param keyHigh high word of the key, 32 bits
 * @returns an unsigned 32-bit integer
 */
export function hashEndpoint(endpoint: Endpoint, key = 0, keyHigh = 0): number {
  let v0 = key | 0;
  let v1 = keyHigh | 0;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  message[0] = endpoint.a0;
  message[1] = endpoint.a1;
  message[2] = endpoint.a2;
  message[3] = endpoint.a3;
  message[4] = endpoint.port;
  message[5] = endpoint.zone;
  for (let i = 0; i < ROUNDS; i++) {
    const m = message[i]!;
    if (i === FIRST_FINAL_ROUND) v2 ^= 0xff;
    v3 ^= m;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= m;
  }
  return (v1 ^ v3) >>> 0;
}

const ROUNDS = 10;
const FIRST_FINAL_ROUND = 7;

/** A round each: six words of the endpoint, the length of 24 bytes, and nothing for the three final rounds. */
const message: Int32Array<ArrayBuffer> = Int32Array.of(0, 0, 0, 0, 0, 0, 24 << 24, 0, 0, 0);
