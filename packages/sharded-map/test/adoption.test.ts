import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
import { afterEach, describe, expect, it } from "vitest";
import { compileLayout, line, u64 } from "@udp-relay/atomics-layout";
import { ShardedMap } from "@udp-relay/sharded-map";

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

const Room = compileLayout("Room", { hot: line({ packets: u64 }) });
type View = InstanceType<typeof Room.View>;

describe("the README's node:dgram relay, with the map", () => {
  it("counts each room's datagrams in memory that other threads see", async () => {
    const socket = await sockets.open();
    const program = `let refused = 0;\n${adoptedProgram(readme)}\nreturn { rooms, view };`;
    const { rooms, view } = runProgram(program, { ShardedMap, Room, socket }) as {
      rooms: ShardedMap;
      view: View;
    };
    for (const id of [7, 9, 7]) await sockets.send(socket, Uint8Array.of(id, 0, 0, 0));
    const guard = rooms.enter();
    expect([7, 9].map((id) => view.at(rooms.get(id)).packets)).toEqual([2, 1]);
    expect([rooms.size, rooms.get(8)]).toEqual([2, -1]);
    guard.leave();
    rooms[Symbol.dispose]();
  });
});
