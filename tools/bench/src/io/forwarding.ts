/**
 * The job that every relay of this area does: a datagram of at least 8 bytes names its receiver by the u32 at
 * offset 4, and goes there unchanged. Receiver i listens at 127.0.(1 + i/S/256).(1 + i/S%256), port BASE + i % S,
 * for S sources (see c/udp-load.c and c/forward-relay.c, which say the same in C).
 */
export interface Job {
  readonly port: number;
  readonly base: number;
  readonly sources: number;
  readonly clients: number;
}

/** The job from a relay's command line: PORT BASE SOURCES CLIENTS. */
export function jobOf(argv: readonly string[]): Job {
  const [port = 0, base = 0, sources = 0, clients = 0] = argv.slice(0, 4).map(Number);
  return { port, base, sources, clients };
}

export function receiverAddress(id: number, { sources }: Job): string {
  const group = Math.floor(id / sources);
  return `127.0.${1 + (group >> 8)}.${1 + (group & 255)}`;
}

export function receiverPort(id: number, { base, sources }: Job): number {
  return base + (id % sources);
}
