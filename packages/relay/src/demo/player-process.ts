// The demo's players, in a process of their own: started by DemoPlayers with an IPC channel and a plan.
import { Player } from "./player.ts";
import type { DemoPlan, FromPlayers } from "./demo-plan.ts";

/** After the last send nothing is under way on loopback once this long no player has received anything. */
const QUIET_MS = 60;
const QUIET_AT_MOST_MS = 500;

const plan = JSON.parse(process.argv[2] ?? "") as DemoPlan;
const players = plan.rooms.flatMap((room) => room.playerIds.map((id) => new Player(id, room, plan)));
const tell = (message: FromPlayers): void => void process.send?.(message);

// Ctrl-C reaches the whole group; the relay decides when its players end, and they never outlive it.
process.on("SIGINT", () => undefined);
process.on("disconnect", () => process.exit(0));
// The one thing that players are told (`ToPlayers`) is to stop.
process.on("message", () => void finish());

await Promise.all(players.map((player) => player.join()));
const startMs = performance.now();
for (const player of players) player.play(startMs);
tell({ type: "playing" });

async function finish(): Promise<void> {
  await Promise.all(players.map((player) => player.stop()));
  const total = (): number => players.reduce((sum, player) => sum + player.received, 0);
  const deadlineMs = performance.now() + QUIET_AT_MOST_MS;
  for (let before = -1; before !== total() && performance.now() < deadlineMs;) {
    before = total();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
  tell({ type: "done", players: await Promise.all(players.map((player) => player.close())) });
  process.disconnect();
}
