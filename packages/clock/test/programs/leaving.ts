/** A program that has nothing left to do but what the clock started; `argv[2]` says what that is. */
import { CoarseClock } from "@udp-relay/clock";

const clock = new CoarseClock();
let leaving = 0;
switch (process.argv[2]) {
  case "ticker":
    clock.startTicker({ intervalMs: 1 });
    break;
  case "ticker-thread":
    clock.startTickerThread({ intervalMs: 1 });
    break;
  case "ticking-thread":
    await clock.startTickerThread({ intervalMs: 1 }).ready;
    break;
  case "turns":
    clock.oncePerTurn().recentMs();
    break;
  case "turns-in-beforeExit": {
    const turns = clock.oncePerTurn();
    process.on("beforeExit", () => {
      leaving++;
      turns.recentMs();
    });
    break;
  }
  default:
    throw new Error(`unknown: ${process.argv[2]}`);
}
process.on("exit", (code) => console.log(`left with ${code} after ${leaving}`));
