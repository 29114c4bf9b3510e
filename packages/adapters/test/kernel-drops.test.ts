import { parseEndpoint } from "@udp-relay/address-validation";
import { endianness } from "node:os";
import { describe, expect, it } from "vitest";
import { dropsOf, kernelReceiveDrops } from "../src/transport/kernel-drops.ts";
import { nativeAdapter as adapter } from "./conformance/native-adapter.ts";

const header =
  "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             \n";
const line = (local: string, drops: number): string =>
  `  427: ${local} 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 69406 2 00000000c0ffee00 ${drops}         \n`;

describe.skipIf(endianness() !== "LE")("the kernel's table of sockets", () => {
  const local = parseEndpoint("127.0.0.1:8080");

  it("has the drops of the one socket that is bound there", () => {
    const table = `${header}${line("0100007F:1F91", 7)}${line("0100007F:1F90", 2898)}${line("00000000:1F90", 5)}`;
    expect(dropsOf(table, local, false)).toBe(2898);
    expect(dropsOf(table, parseEndpoint("0.0.0.0:8080"), false)).toBe(5);
  });

  it("has nothing for a port that two sockets share, or that nobody has", () => {
    expect(dropsOf(header + line("0100007F:1F90", 1) + line("0100007F:1F90", 2), local, false)).toBe(
      undefined,
    );
    expect(dropsOf(header, local, false)).toBe(undefined);
    expect(dropsOf("", local, false)).toBe(undefined);
    expect(dropsOf(" 0100007F:1F90 cut short", local, false)).toBe(undefined);
  });

  it("names IPv6 sockets by four words, mapped addresses too", () => {
    const table =
      header +
      line("00000000000000000000000001000000:1F90", 3) +
      line("0000000000000000FFFF00000100007F:1F90", 4);
    expect(dropsOf(table, parseEndpoint("[::1]:8080"), true)).toBe(3);
    expect(dropsOf(table, local, true)).toBe(4);
  });
});

describe.skipIf(process.platform !== "linux")("the kernel's table of this machine", () => {
  it("knows a socket of either family", async () => {
    await using four = await adapter.open({ host: "127.0.0.1" });
    await using six = await adapter.open({ host: "::1" });
    expect(kernelReceiveDrops(four.localEndpoint, false)).toBe(0);
    expect(kernelReceiveDrops(six.localEndpoint, true)).toBe(0);
  });
});
