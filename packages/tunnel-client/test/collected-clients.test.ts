import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { TunnelClient, TunnelClientTable } from "../src/index.ts";

const CLIENTS = 16;

/** What the runtime collects garbage by. */
function collector(): () => void {
  const bun = (globalThis as { Bun?: { gc(force: boolean): void } }).Bun;
  if (bun !== undefined) {
    return () => {
      bun.gc(true);
    };
  }
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Clients that nobody keeps, and the private tables that were made for them. */
function abandoned(tables: TunnelClientTable[]): void {
  const create = TunnelClientTable.create.bind(TunnelClientTable);
  const noted: typeof create = (options) => {
    const table = create(options);
    tables.push(table);
    return table;
  };
  TunnelClientTable.create = noted;
  try {
    // No other test has this timeout: the tables are this one's.
    for (let n = 0; n < CLIENTS; n++) new TunnelClient({ timeoutMs: 8_321 }).received(n);
  } finally {
    TunnelClientTable.create = create;
  }
}

describe("a client by itself that nobody keeps", () => {
  it("gives its slot back when it is collected", async () => {
    const tables: TunnelClientTable[] = [];
    abandoned(tables);
    const [table] = tables;
    expect(table!.size).toBeGreaterThan(0);
    const collect = collector();
    const giveUpMs = performance.now() + 20_000;
    // Not all: a runtime may take what lies on its stack for one that is kept.
    while (table!.size > CLIENTS / 4 && performance.now() < giveUpMs) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(table!.size).toBeLessThanOrEqual(CLIENTS / 4);
    abandoned(tables);
    expect(tables.length).toBeLessThanOrEqual(2);
  });
});
