import type { SimulatedLinkOptions } from "@udp-relay/quality-analyzer/simulation";

export const DEMO_PLAYERS_PER_ROOM = 4;

/** What the demo's player process is told to play. */
export interface DemoPlan {
  readonly relayHost: string;
  readonly relayPort: number;
  /** `demo` stamps its datagrams with a measuring header, `v3` sends bare CnCNet V3. */
  readonly protocol: "demo" | "v3";
  readonly seed: number;
  readonly framesPerSecond: number;
  readonly rooms: readonly DemoRoom[];
}

export interface DemoRoom {
  readonly name: string;
  readonly playerIds: readonly number[];
  /** The path from these players to the relay; undefined is the bare loopback. */
  readonly uplink: SimulatedLinkOptions | undefined;
}

/** What one player did, as it counted it itself. */
export interface PlayerReport {
  readonly id: number;
  readonly room: string;
  /** Datagrams and bytes that it put on the socket (after its link's losses), registrations and pings included. */
  readonly sent: number;
  readonly sentBytes: number;
  /** Datagrams and bytes that reached it through the relay. */
  readonly received: number;
  readonly receivedBytes: number;
  /** Answers to its pings. */
  readonly pongs: number;
  /** What its simulated uplink really did; null without one. */
  readonly link: { readonly offered: number; readonly lost: number; readonly lossPerMille: number } | null;
}

export interface ToPlayers {
  readonly type: "stop";
}
export type FromPlayers =
  { readonly type: "playing" } | { readonly type: "done"; readonly players: readonly PlayerReport[] };

/** RFC 3550 jitter of independent normal delays is 2 sigma / sqrt(pi). */
const sigmaForJitter = (jitterMs: number): number => (jitterMs * Math.sqrt(Math.PI)) / 2;

/** Two rooms of `playersPerRoom`; the second one over a link with 2 % loss and 15 ms jitter. */
export function demoRooms(playersPerRoom: number, seed: number): DemoRoom[] {
  const ids = (room: number): number[] =>
    Array.from({ length: playersPerRoom }, (_, player) => 0x1000 * room + player + 1);
  return [
    { name: "good", playerIds: ids(1), uplink: undefined },
    {
      name: "bad",
      playerIds: ids(2),
      uplink: {
        seed,
        delayMs: 40,
        jitter: { kind: "normal", sigmaMs: sigmaForJitter(15) },
        loss: { kind: "independent", perMille: 20 },
      },
    },
  ];
}
