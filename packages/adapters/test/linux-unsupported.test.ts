import { describe, expect, it } from "vitest";
import { AdapterError } from "../src/adapter-error.ts";
import {
  openSystemCalls,
  openSystemCallsOn,
  thisPlatform,
} from "../src/transport/linux/open-system-calls.ts";
import type { Platform } from "../src/transport/linux/open-system-calls.ts";
import { selfCheck } from "../src/transport/linux/self-check.ts";
import { linuxHere } from "./linux/linux-adapter.ts";

const missing = (): Promise<never> => Promise.reject(new Error("Cannot find it"));

describe("where the linux transport cannot work", () => {
  for (const [name, change, why] of [
    ["another system", { platform: "darwin" }, /Linux's; this is darwin/],
    ["another processor", { platform: "linux", arch: "riscv64" }, /riscv64/],
    ["another byte order", { platform: "linux", arch: "arm64", endianness: "BE" }, /BE/],
    [
      "no koffi",
      { platform: "linux", arch: "x64", endianness: "LE", bun: false, importKoffi: missing },
      /koffi/,
    ],
    [
      "no glibc",
      {
        platform: "linux",
        arch: "x64",
        endianness: "LE",
        bun: false,
        importKoffi: () =>
          Promise.resolve({
            default: {
              load: () => {
                throw new Error("libc.so.6: cannot open shared object file");
              },
            },
          }),
      },
      /glibc/,
    ],
  ] as [string, Partial<Platform>, RegExp][]) {
    it(`says so: ${name}`, async () => {
      const error: unknown = await openSystemCallsOn({
        ...thisPlatform(),
        ...change,
      }).catch((refused: unknown) => refused);
      expect(error).toBeInstanceOf(AdapterError);
      expect((error as AdapterError).code).toBe("ERR_ADAPTER_UNSUPPORTED");
      expect((error as AdapterError).message).toMatch(why);
    });
  }

  it.skipIf(!linuxHere)("checks itself against the kernel, and names what differs", async () => {
    const calls = await openSystemCalls();
    selfCheck({ ...calls });
    expect(() => selfCheck({ ...calls, recvmmsg: () => 0 })).toThrow(/recvmmsg did not receive/);
    expect(() => selfCheck({ ...calls, sendmmsg: () => -1 })).toThrow(/sendmmsg did not send/);
    // As if mmsghdr were laid out otherwise: each datagram lies one header further.
    const shifted: typeof calls = {
      ...calls,
      recvmmsg: (fd, headers, count, flags, timeout) =>
        calls.recvmmsg(fd, headers + 64, count - 1, flags, timeout),
    };
    expect(() => selfCheck(shifted)).toThrow(AdapterError);
  });
});
