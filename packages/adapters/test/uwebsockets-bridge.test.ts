import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";

describe("the example of a browser-to-UDP bridge", () => {
  it.skipIf(process.env.UDP_RELAY_UWS === undefined)(
    "brings a WebSocket client and a UDP client together, with the real uWebSockets.js (`npm run test:uws`)",
    async () => {
      // Beside this file, with its ending: .js where the suite was compiled for Node 20.
      const program = new URL(`../examples/browser-bridge${import.meta.url.slice(-3)}`, import.meta.url);
      const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(program)], {
        timeout: 30_000,
      });
      const lines = stdout.trimEnd().split("\n");
      expect(lines[0]).toMatch(/^open http:\/\/127\.0\.0\.1:\d+; UDP clients send to 127\.0\.0\.1:\d+$/);
      // The very first move of one of them finds nobody there.
      const heard = [
        /^UDP client: .* heard (\d+) of the browser's/,
        /^browser: .* heard (\d+) of the UDP client's/,
      ];
      const counts = heard.map((pattern, n) => Number(pattern.exec(lines[n + 1]!)?.[1]));
      expect(counts.every((count) => count >= 99 && count <= 100)).toBe(true);
      expect(lines[3]).toBe(
        `the room handled 200 datagrams and passed on ${counts[0]! + counts[1]!}, drops {}`,
      );
    },
    60_000,
  );
});
