import { compileLayout, createRegion, line, u32, u64, update } from "@udp-relay/atomics-layout";

const Player = compileLayout(
  "Player",
  { hot: line({ packets: u64, bytes: u64, seenMs: u32 }), cold: line({ level: u32 }) },
  {
    updates: {
      received: update(["byteCount", "nowMs"], {
        packets: { add: 1 },
        bytes: { add: "byteCount" },
        seenMs: { advance: "nowMs" },
      }),
    },
  },
);
const region = createRegion(Player, { capacity: 1_000 });
const players = new Player.View(region);
players.at(7).received(1_200, 5);
players.at(7).addPackets(1);
console.log(players.packets, players.bytes, players.seenMs);
