import { CoarseClock } from "@udp-relay/clock";
import { describe, expect, it } from "vitest";
import { codeOf } from "./error-code.ts";

describe("a clock in somebody else's buffer", () => {
  it("keeps to its 64 bytes", () => {
    const buffer = new SharedArrayBuffer(256);
    const words = new Int32Array(buffer).fill(0x5a5a_5a5a);
    words.fill(0, 32, 48);
    using clock = new CoarseClock({ buffer, byteOffset: 128 });
    for (let i = 0; i < 100; i++) clock.update();
    expect(words.slice(0, 32).every((word) => word === 0x5a5a_5a5a)).toBe(true);
    expect(words.slice(48).every((word) => word === 0x5a5a_5a5a)).toBe(true);
    expect(words[32]! >>> 0).toBe(clock.recentMs());
    expect(words[33]! >>> 0).toBe(clock.recentMicros());
  });

  it("runs over a shared WebAssembly memory", () => {
    // The types of WebAssembly are a page's.
    const { WebAssembly: wasm } = globalThis as unknown as {
      WebAssembly: { Memory: new (options: object) => { readonly buffer: SharedArrayBuffer } };
    };
    const { buffer } = new wasm.Memory({ initial: 1, maximum: 1, shared: true });
    using clock = new CoarseClock({ buffer, byteOffset: 65_536 - 64 });
    using other = CoarseClock.attach(clock.shared);
    expect(other.update()).toBe(clock.recentMs());
  });

  it("starts at byte 0 unless told otherwise", () => {
    using clock = new CoarseClock({ buffer: new SharedArrayBuffer(64) });
    expect(clock.shared.byteOffset).toBe(0);
  });

  it("refuses an offset that is unaligned, outside, or no offset", () => {
    const buffer = new SharedArrayBuffer(128);
    for (const byteOffset of [1, 4, 60, 72, 128, -64, 0.5, NaN, Infinity, "0", null]) {
      const options = { buffer, byteOffset: byteOffset as number };
      expect([byteOffset, codeOf(() => new CoarseClock(options))]).toEqual([byteOffset, "ERR_CLOCK_OFFSET"]);
    }
    expect(codeOf(() => new CoarseClock({ buffer: new SharedArrayBuffer(63) }))).toBe("ERR_CLOCK_OFFSET");
  });

  it("refuses a buffer that is not shared, or may grow", () => {
    const growable = new SharedArrayBuffer(64, { maxByteLength: 128 });
    for (const buffer of [new ArrayBuffer(64), new Uint8Array(64), {}, null, undefined, growable]) {
      const options = { buffer: buffer as SharedArrayBuffer };
      expect(codeOf(() => new CoarseClock(options))).toBe("ERR_CLOCK_BUFFER_NOT_SHARED");
    }
  });

  it("refuses bytes that are in use, and leaves them alone", () => {
    const buffer = new SharedArrayBuffer(64);
    using clock = new CoarseClock({ buffer });
    const tick = clock.recentMs();
    expect(codeOf(() => new CoarseClock({ buffer }))).toBe("ERR_CLOCK_CELL_IN_USE");
    expect(clock.recentMs()).toBe(tick);

    const data = new SharedArrayBuffer(64);
    new Uint8Array(data)[63] = 1;
    expect(codeOf(() => new CoarseClock({ buffer: data }))).toBe("ERR_CLOCK_CELL_IN_USE");
    expect(new Uint8Array(data).slice(0, 63).every((byte) => byte === 0)).toBe(true);
  });
});

describe("attaching", () => {
  it("refuses the handle of something else", () => {
    const buffer = new SharedArrayBuffer(64);
    const kind = "@udp-relay/clock";
    const handles: unknown[] = [
      undefined,
      null,
      7,
      "@udp-relay/clock",
      {},
      { buffer, byteOffset: 0 },
      { kind: "@udp-relay/region", buffer, byteOffset: 0 },
      { kind, buffer, byteOffset: 0 },
      { kind, buffer, byteOffset: 4 },
      { kind, buffer: new ArrayBuffer(64), byteOffset: 0 },
      { kind },
    ];
    for (const handle of handles) {
      expect(codeOf(() => CoarseClock.attach(handle as never))).toBe("ERR_CLOCK_HANDLE");
    }
  });

  it("refuses the cell of another version", () => {
    using clock = new CoarseClock({ buffer: new SharedArrayBuffer(64) });
    const { shared: handle } = clock;
    new Int32Array(handle.buffer)[2]! += 1;
    expect(codeOf(() => CoarseClock.attach(handle))).toBe("ERR_CLOCK_HANDLE");
  });

  it("gives the same time in the same thread", () => {
    using clock = new CoarseClock();
    using other = CoarseClock.attach(structuredClone(clock.shared));
    const before = clock.nowMs();
    const between = other.nowMs();
    expect(between).toBeGreaterThanOrEqual(before - 0.01);
    expect(between).toBeLessThanOrEqual(clock.nowMs() + 0.01);
    const tick = other.update();
    expect([clock.recentMs(), clock.recentMicros()]).toEqual([tick, other.recentMicros()]);
    expect(other.unixMs(tick)).toBe(clock.unixMs(tick));
  });
});
