import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { generateBlocks, readRegistry } from "../scripts/generate-blocks.ts";
import { addressBlocks, REASON_CODES, reasonCode, reasonName } from "../src/index.ts";
import type { ReasonName } from "../src/index.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

describe("the registry data", () => {
  it("is what the table was generated from", () => {
    // generateBlocks also refuses data whose SHA-256 is not the one in sources.json.
    expect(read("src/address-blocks.generated.ts")).toBe(generateBlocks());
  });

  it("has every row of both registries, and the dates they are as of", () => {
    const v4 = readRegistry(read("data/iana-ipv4-special-registry-1.csv"));
    const v6 = readRegistry(read("data/iana-ipv6-special-registry-1.csv"));
    expect([v4.length, v6.length]).toEqual([26, 25]);
    for (const { asOf } of JSON.parse(read("data/sources.json")) as { asOf: string }[]) {
      expect(asOf).toMatch(/^20\d\d-\d\d-\d\d$/);
      expect(read("data/README.md")).toContain(asOf);
    }
  });

  it("has the size that IANA's own files were measured to have, line ends aside", () => {
    for (const [version, bytes] of [
      [4, 2_423],
      [6, 2_289],
    ]) {
      const csv = read(`data/iana-ipv${version}-special-registry-1.csv`);
      // Rows end in CRLF there, line breaks within a cell are LF, followed by eight spaces.
      expect(csv.replace(/\n(?! {8})/g, "\r\n").length).toBe(bytes);
    }
  });

  it("keeps each flag of each row", () => {
    const rows = [
      "iana-ipv4-special-registry-1.csv",
      "iana-ipv6-special-registry-1.csv",
      "supplementary-blocks.csv",
    ].flatMap((file) => readRegistry(read(`data/${file}`)));
    expect(addressBlocks.length).toBe(rows.length);
    for (const [index, row] of rows.entries()) expect(addressBlocks[index]).toMatchObject(row);
  });
});

describe("reason codes", () => {
  it("are stable: they end up in metrics and in counters that outlive a release", () => {
    const names: ReasonName[] = [
      "accepted",
      "malformed",
      "port-zero",
      "port-denied",
      "denied-prefix",
      "unlisted",
      "own-endpoint",
      "peer-relay",
    ];
    expect(names.map(reasonCode)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(
      (["global", "unspecified", "this-network", "loopback", "private"] as const).map(reasonCode),
    ).toEqual([16, 17, 18, 19, 20]);
    expect((["multicast", "broadcast", "teredo", "6to4", "reserved"] as const).map(reasonCode)).toEqual([
      25, 26, 38, 39, 42,
    ]);
    expect(reasonCode("embedded-loopback")).toBe(64 + 19);
  });

  it("and names are inverse to each other", () => {
    let known = 0;
    for (let code = 0; code < REASON_CODES; code++) {
      const name = reasonName(code);
      if (name === "unknown") continue;
      known++;
      expect(reasonCode(name)).toBe(code);
    }
    // 8 rules and 27 classes, plain and embedded, but nothing is "embedded-accepted".
    expect(known).toBe(2 * (8 + 27) - 1);
    for (const code of [-1, 8, 15, 43, 64, 128, 1000, 0.5, NaN]) expect(reasonName(code)).toBe("unknown");
  });
});
