import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
/** Compiled suites (Node 20) run compiled examples. */
const extension = extname(import.meta.url);

/** Whatever is `pub` in the source of udp-relay-core 0.1.0. */
const CRATE =
  `TunnelClient::new new_with_endpoint remote_ep set_last_receive_tick_at set_last_receive_tick is_timed_out
  update_stats get_priority set_latency set_packet_loss_rate is_slow_connection current_timestamp recent_timestamp
  update_clock reset_stats QualityAnalyzer::new record_packet get_packet_loss_rate validate_address
  create_dashmap_with_capacity`.split(/\s+/);

describe("the README's table of the crate's surface", () => {
  it("has everything that the crate offers in its first column, and something of ours beside it", () => {
    const readme = readFileSync(path("../README.md"), "utf8");
    const [, section] = /\n## From the crate udp-relay-core\n([^]*?)\n## /.exec(readme) ?? [];
    const rows = section!.split("\n").filter((line) => line.startsWith("| `"));
    const [theirs, ours] = [1, 2].map((column) => rows.map((row) => row.split(" | ")[column - 1]!));
    const spelled = theirs!.join().replaceAll("`…_tick()`", "`set_last_receive_tick()`");
    for (const name of CRATE) expect(spelled).toMatch(new RegExp(`\\b${name}\\b`));
    for (const cell of ours!) expect(cell.trim()).not.toBe("");
  });
});

describe("the README's example", () => {
  it("is the one in examples/, and runs", () => {
    const [, example] = /```ts\n([^]*?)```/.exec(readFileSync(path("../README.md"), "utf8")) ?? [];
    expect(example).toBe(readFileSync(path("../examples/shared-clients.ts"), "utf8"));
    const conditions = extension === ".ts" ? ["--conditions=@udp-relay/source"] : [];
    const args = [...conditions, path(`../examples/shared-clients${extension}`)];
    const ran = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 20_000 });
    expect(ran.stderr).toBe("");
    expect(ran.stdout).toBe("100 bytes, priority 1000, 1 client\n");
  });
});
