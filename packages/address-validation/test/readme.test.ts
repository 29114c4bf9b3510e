import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

describe("the README's example", () => {
  it("does what its comments say", async () => {
    const code = /```ts\n([\s\S]*?)```/.exec(readme)![1]!;
    const folder = new URL("../tmp/", import.meta.url);
    mkdirSync(folder, { recursive: true });
    const file = new URL("readme-example.ts", folder);
    writeFileSync(file, code);
    const { onMessage } = (await import(file.href)) as {
      onMessage: (rinfo: { address: string; port: number }) => string;
    };
    expect(onMessage({ address: "::ffff:8.8.8.8", port: 53 })).toBe("0 0 65535 134744072 53 0");
    expect(onMessage({ address: "127.0.0.1", port: 53 })).toBe("loopback");
    expect(onMessage({ address: "45.33.1.1", port: 53 })).toBe("denied-prefix");
    expect(onMessage({ address: "64:ff9b::10.0.0.1", port: 53 })).toBe("embedded-private");
    expect(onMessage({ address: "198.41.0.4", port: 50_001 })).toBe("own-endpoint");
    expect(onMessage({ address: "198.41.0.4", port: 0 })).toBe("port-zero");
  });
});
