/**
 * A game night through one relay: a room of three players over CnCNet's V3 and a room of two over V2, on real sockets.
 * Each room plays in lockstep: a frame is played when everybody's orders for it are there, and all worlds stay alike.
 *
 *     npm run example packages/relay/examples/game-relay.ts
 *     npm run example packages/relay/examples/game-relay.ts -- --serve                      the relay alone, until Ctrl-C
 *     npm run example packages/relay/examples/game-relay.ts -- --v3 HOST:PORT --v2 HOST:PORT   players for another relay
 */
import { createHash } from "node:crypto";
import { parseArgs } from "node:util";
import { parseConfig, Tunnels } from "@udp-relay/relay";
import { GamePlayer, type TunnelFormat } from "./game-player.ts";

const HOST = "127.0.0.1";
const FRAMES = 60;
const FRAME_MS = 10;
const GIVE_UP_MS = 15_000;

const { values } = parseArgs({
  options: { serve: { type: "boolean" }, v3: { type: "string" }, v2: { type: "string" } },
});

const elsewhere = values.v3 !== undefined || values.v2 !== undefined;
const relay = elsewhere
  ? undefined
  : await Tunnels.start(
      parseConfig({
        host: HOST,
        port: values.serve ? 50_001 : 0,
        v2Port: values.serve ? 50_000 : 0,
        allow: ["127.0.0.0/8"], // players on this machine: refused by default
        pingsPerMinute: 100, // … who all have one address here
      }),
    );
if (relay)
  console.log(`the relay: V3 on ${HOST}:${relay.port}, V2 and its HTTP side on ${HOST}:${relay.v2Port}`);

if (values.serve) await new Promise((resolve) => process.once("SIGINT", resolve));
else await play();
await relay?.close();

async function play(): Promise<void> {
  const v3 = values.v3 ?? (relay && `${HOST}:${relay.port}`);
  const v2 = values.v2 ?? (relay && `${HOST}:${relay.v2Port}`);
  const rooms = [v3 && (await v3Room(v3)), v2 && (await v2Room(v2))].filter(
    (room) => typeof room === "object",
  );
  const players = rooms.flat();

  for (const player of players) console.log(`${player.name}: ${await player.measurePath()}`);
  for (const room of rooms) for (const player of room) player.join(room, FRAMES);
  const deadline = performance.now() + GIVE_UP_MS;
  while (players.some((player) => player.frame < FRAMES) && performance.now() < deadline) {
    for (const player of players) player.tick();
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
  }

  for (const room of rooms) {
    for (const { name, id, frame, world } of room) {
      console.log(
        `${name.padEnd(6)} id ${String(id).padStart(10)}  ${frame} of ${FRAMES} frames  world ${world}`,
      );
    }
    const alike = room.every(({ world, frame }) => frame === FRAMES && world === room[0]!.world);
    console.log(`${room[0]!.format} room: the worlds ${alike ? "are alike" : "DIFFER"}`);
    process.exitCode = alike ? process.exitCode : 1;
  }
  for (const player of players) player.close();
  if (relay) showRelay(relay);
}

/** An id of V3 is made of a name and a room, so that everybody in the room knows it. */
async function v3Room(tunnel: string): Promise<GamePlayer[]> {
  const idOf = (name: string): number =>
    createHash("sha1").update(`${name}:#game-night`).digest().readUInt32LE(0);
  return open(
    "V3",
    tunnel,
    ["Anna", "Boris", "Chen"].map((name) => [name, idOf(name)]),
  );
}

/** The host of the room asks the tunnel for everybody's ids. */
async function v2Room(tunnel: string): Promise<GamePlayer[]> {
  const names = ["Dora", "Emil"];
  const response = await fetch(`http://${tunnel}/request?clients=${names.length}`);
  if (!response.ok) throw new Error(`no ids: ${response.status} ${await response.text()}`);
  const ids = (await response.json()) as number[];
  return open(
    "V2",
    tunnel,
    names.map((name, n) => [name, ids[n]!]),
  );
}

function open(format: TunnelFormat, tunnel: string, names: [string, number][]): Promise<GamePlayer[]> {
  const [, host = HOST, port] = /^\[?(.*?)\]?:(\d+)$/.exec(tunnel) ?? [];
  return Promise.all(names.map(([name, id]) => GamePlayer.open(format, name, id, host, Number(port))));
}

function showRelay(tunnels: Tunnels): void {
  const { clients, received, forwarded, consumed, dropped } = tunnels.report();
  console.log("as the relay saw it:");
  for (const { protocol, id, endpoint, packetsReceived, packetsSent, priority } of clients) {
    const traffic = `${packetsReceived} packets in, ${packetsSent} out, priority ${priority}`;
    console.log(`  ${protocol} ${String(id).padStart(10)}  ${endpoint}  ${traffic}`);
  }
  const answered = `${consumed.registrations} registrations, ${consumed.pings} pings`;
  const lost = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
  console.log(
    `  received ${received} = forwarded ${forwarded} + ${answered} + dropped ${lost.join(", ") || 0}`,
  );
}
