import {
  attachRegion,
  createRegion,
  LayoutError,
  type RegionHandle,
  type RegionPlan,
} from "@udp-relay/atomics-layout";
import { allocate, wordsOf, type SharedMemory } from "@udp-relay/atomics-layout/memory";
import { describe, expect, it } from "vitest";
import { initializeHeader, readHeader, sectionTableEnd } from "../src/region-header.ts";
import { layOut } from "../src/region-plan.ts";

const plan: RegionPlan = {
  name: "Client",
  hash: 0xc0ff_ee01,
  capacity: 100,
  sections: [
    { name: "records", byteLength: 100 * 128, align: 128 },
    { name: "index", byteLength: 1_000 },
    { name: "tail", byteLength: 1 },
  ],
  parameters: [1, -1, 0xffff_ffff],
  owners: 8,
};
const expected = { name: plan.name, hash: plan.hash };

function codeOf(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    if (error instanceof LayoutError) return error.code;
    throw error;
  }
  return "accepted";
}

/** A second memory with the same bytes, or with only the first of them. */
function copyOf(memory: SharedMemory, byteLength = memory.buffer.byteLength): SharedMemory {
  const copy = allocate(byteLength);
  new Uint8Array(copy.buffer).set(
    new Uint8Array(memory.buffer, 0, Math.min(byteLength, memory.buffer.byteLength)),
  );
  return copy;
}

function attach(memory: unknown, what = expected): unknown {
  return attachRegion({ kind: "@udp-relay/atomics-layout", memory } as RegionHandle, what);
}

/** xorshift32: the same corruptions in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe("attachRegion refuses", () => {
  const region = createRegion(plan);

  it("nothing of an equal region", () => {
    expect(codeOf(() => attach(copyOf(region.memory)))).toBe("accepted");
  });

  it("another layout, by hash and by name", () => {
    expect(codeOf(() => attach(region.memory, { ...expected, hash: 1 }))).toBe("ERR_REGION_LAYOUT");
    expect(codeOf(() => attach(region.memory, { ...expected, name: "Room" }))).toBe("ERR_REGION_LAYOUT");
    expect(() => attach(region.memory, { ...expected, hash: 1 })).toThrow(
      'the region is "Client" (layout hash 0xc0ffee01), not of the hash that was expected, 0x00000001: another layout, or another version of it',
    );
  });

  it("another size", () => {
    const size = region.memory.buffer.byteLength;
    expect(codeOf(() => attach(copyOf(region.memory, size * 2)))).toBe("ERR_REGION_SIZE");
    const large = createRegion({ ...plan, sections: [{ name: "big", byteLength: 200_000 }] });
    expect(codeOf(() => attach(copyOf(large.memory, 65_536)))).toBe("ERR_REGION_SIZE");
    expect(codeOf(() => attach(allocate(0)))).toBe("ERR_REGION_SIZE");
  });

  it("another format version", () => {
    const copy = copyOf(region.memory);
    new Int32Array(copy.buffer)[34] = 2;
    expect(codeOf(() => attach(copy))).toBe("ERR_REGION_VERSION");
  });

  it("memory that nobody initialised, or that somebody initialises just now", () => {
    expect(codeOf(() => attach(allocate(65_536)))).toBe("ERR_REGION_NOT_READY");
    const copy = copyOf(region.memory);
    new Int32Array(copy.buffer)[16] = 12_345;
    expect(codeOf(() => attach(copy))).toBe("ERR_REGION_NOT_READY");
  });

  it("memory of something else", () => {
    const other = allocate(65_536);
    new Uint8Array(other.buffer).fill(0x41);
    expect(codeOf(() => attach(other))).toBe("ERR_REGION_MAGIC");
  });

  it("plain memory", () => {
    expect(codeOf(() => attach({ buffer: new ArrayBuffer(65_536) }))).toBe("ERR_REGION_NOT_SHARED");
    const { WebAssembly } = globalThis as unknown as {
      WebAssembly: { Memory: new (limits: object) => object };
    };
    expect(codeOf(() => attach(new WebAssembly.Memory({ initial: 1 })))).toBe("ERR_REGION_NOT_SHARED");
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a number", 5],
    ["a shared buffer", new SharedArrayBuffer(65_536)],
    ["another kind", { kind: "udp-relay clock", memory: region.memory }],
    ["no memory", { kind: "@udp-relay/atomics-layout" }],
    ["a buffer for a memory", { kind: "@udp-relay/atomics-layout", memory: new SharedArrayBuffer(65_536) }],
    [
      "an imitation",
      { kind: "@udp-relay/atomics-layout", memory: { buffer: new SharedArrayBuffer(65_536) } },
    ],
  ])("a handle that is %s", (_, handle) => {
    expect(codeOf(() => attachRegion(handle as RegionHandle, expected))).toBe("ERR_REGION_HANDLE");
  });

  it("100,000 corrupted headers, and changes nothing in them", () => {
    const words = wordsOf(copyOf(region.memory));
    const end = sectionTableEnd(plan.sections.length) / 4;
    const sound = Int32Array.from(words.subarray(0, end));
    const random = seeded(13);
    const codes: Record<string, number> = {};
    for (let round = 0; round < 100_000; round++) {
      const damage = 1 + random(4);
      for (let i = 0; i < damage; i++) {
        const at = 32 + random(end - 32);
        const kind = random(4);
        if (kind === 0) words[at]! ^= 1 << random(32);
        else if (kind === 1) words[at] = random(0xffff_ffff);
        else if (kind === 2) words[at] = [0, -1, 1, 0x7fff_ffff, -0x8000_0000][random(5)]!;
        else words.fill(0, at, end);
      }
      if (words.subarray(0, end).every((word, i) => word === sound[i])) words[40]! ^= 1;
      const code = codeOf(() => readHeader(words));
      codes[code] = (codes[code] ?? 0) + 1;
      words.set(sound);
    }
    expect(Object.keys(codes).sort()).toEqual([
      "ERR_REGION_CORRUPT",
      "ERR_REGION_MAGIC",
      "ERR_REGION_VERSION",
    ]);
    expect(Object.values(codes).reduce((sum, count) => sum + count)).toBe(100_000);
    expect(codeOf(() => readHeader(words))).toBe("accepted");
  });

  it("forged headers whose checksum is right: nothing ever points outside the memory", () => {
    const random = seeded(31);
    const codes: Record<string, number> = {};
    const words = wordsOf(allocate(65_536));
    for (let round = 0; round < 5_000; round++) {
      const header = layOut(plan);
      const sections = header.sections.map((section) => ({ ...section }));
      const forged = { ...header, sections };
      const victim = sections[random(sections.length)]!;
      const value = [0, 1, 64, 65, 128, 65_536, 65_472, 0x7fff_ff80, 0xffff_ff80, random(0xffff_ffff)][
        random(10)
      ]!;
      const kind = random(8);
      if (kind === 0) victim.byteOffset = value;
      else if (kind === 1) victim.byteLength = value;
      else if (kind === 2) victim.name = sections[random(sections.length)]!.name;
      else if (kind === 3) victim.align = value as 64;
      else if (kind === 4) forged.owners = value;
      else if (kind === 5) forged.ownersByteOffset = value;
      else if (kind === 6) forged.capacity = value;
      else forged.byteLength = Math.ceil(value / 65_536) * 65_536;
      words.fill(0);
      expect(initializeHeader(words, forged, [1, 2, 3, 4])).toBe(true);
      let end = 0;
      const code = codeOf(() => {
        const read = readHeader(words);
        end = read.ownersByteOffset + read.owners * 128;
        expect(end).toBeLessThanOrEqual(65_536);
        for (const { byteOffset, byteLength, align } of read.sections) {
          expect(byteOffset).toBeGreaterThanOrEqual(end);
          expect(byteOffset % align).toBe(0);
          end = byteOffset + byteLength;
          expect(end).toBeLessThanOrEqual(65_536);
        }
      });
      codes[code] = (codes[code] ?? 0) + 1;
    }
    expect(codes.ERR_REGION_CORRUPT).toBeGreaterThan(1_000);
    expect(Object.keys(codes).sort()).toEqual(["ERR_REGION_CORRUPT", "ERR_REGION_SIZE", "accepted"]);
  });
});
