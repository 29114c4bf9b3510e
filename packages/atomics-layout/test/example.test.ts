import { attachRegion, compileLayout, createRegion } from "@udp-relay/atomics-layout";
import { describe, expect, it } from "vitest";
import { Player, PLAYER_BYTES, PLAYER_OFFSET } from "../examples/player.generated.ts";
import { Player as definition } from "../examples/player.layout.ts";

describe("the example's generated class", () => {
  it("shares its regions with the compiled one", () => {
    const region = createRegion(Player, { capacity: 10 });
    const Compiled = compileLayout(definition);
    const there = new Compiled.View(attachRegion(structuredClone(region.shared), Compiled)).at(9);
    const here = new Player.View(region).at(9);
    here.initName(new TextEncoder().encode("ada".padEnd(24, "\0")));
    here.received(1_200, 40);
    there.received(100, 30);
    here.level = 3;
    here.setHistory(11, 65_535);
    expect([there.packets, there.bytes, there.seenMs, there.level, there.historyAt(11)]).toEqual([
      2, 1_300, 40, 3, 65_535,
    ]);
    const name = new Uint8Array(24);
    there.readName(name);
    expect(new TextDecoder().decode(name)).toMatch(/^ada\0/);
    expect([PLAYER_BYTES, PLAYER_OFFSET.packets]).toEqual([192, 64]);
  });
});
