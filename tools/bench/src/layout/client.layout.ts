import { defineLayout, type LayoutDefinition, line, u32, u64, update } from "@udp-relay/atomics-layout";

/** What a relay counts of a client, once for many writers and once for one. */
export const Client: LayoutDefinition = defineLayout(
  "Client",
  {
    shared: line({ packets: u64, bytes: u64, seenMs: u32, drops: u32 }),
    own: line({
      ownPackets: u64.singleWriter(),
      ownBytes: u64.singleWriter(),
      ownSeenMs: u32.singleWriter(),
      ownDrops: u32.singleWriter(),
    }),
  },
  {
    updates: {
      received: update(["byteCount", "nowMs"], {
        seenMs: { store: "nowMs" },
        packets: { add: 1 },
        bytes: { add: "byteCount" },
      }),
    },
  },
);
