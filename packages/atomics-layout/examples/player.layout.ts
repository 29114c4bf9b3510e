import { array, bytes, defineLayout, line, u16, u32, u64, update } from "@udp-relay/atomics-layout";

/** What a game server knows about a player, as several worker threads see it. */
export const Player = defineLayout(
  "Player",
  {
    identity: line({
      createdMs: u32.immutable().describe("Tick of the first datagram, ms"),
      port: u16.immutable(),
      name: bytes(24).immutable().describe("UTF-8, zero-padded"),
    }),
    hot: line({
      packets: u64,
      bytes: u64,
      seenMs: u32.describe("Tick of the last datagram, ms"),
    }),
    sweep: line({
      level: u32.singleWriter("the sweeping worker"),
      history: array(u16.singleWriter("the sweeping worker"), 12).describe("Packets a second, last twelve"),
    }),
  },
  {
    updates: {
      received: update(
        ["byteCount", "nowMs"],
        { packets: { add: 1 }, bytes: { add: "byteCount" }, seenMs: { advance: "nowMs" } },
        "A datagram from the player",
      ),
    },
  },
);
