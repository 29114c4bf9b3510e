/**
 * A timer reads the clock, the loop sleeps 200 ms in its poll phase, a datagram ends the sleep: prints how long it
 * slept, and how old the time is that the datagram's callback reads.
 */
import { createSocket } from "node:dgram";
import { Worker } from "node:worker_threads";
import { CoarseClock } from "@udp-relay/clock";

const clock = new CoarseClock();
const turns = clock.oncePerTurn();
const socket = createSocket("udp4").bind(0, "127.0.0.1", () => {
  // Another thread sends, so that nothing else wakes this loop.
  const sender = new Worker(
    `const { workerData: port, parentPort } = require("node:worker_threads");
     const socket = require("node:dgram").createSocket("udp4");
     parentPort.once("message", () => setTimeout(() => socket.send("x", port, "127.0.0.1"), 250));
     parentPort.postMessage("up");`,
    { eval: true, workerData: socket.address().port },
  );
  sender.once("message", () => {
    sender.postMessage("go");
    setTimeout(() => {
      const readMs = clock.nowMs();
      turns.recentMs();
      socket.once("message", () => {
        const tick = turns.recentMs();
        const nowMs = clock.nowMs();
        console.log(JSON.stringify({ sleptMs: nowMs - readMs, ageMs: nowMs - tick }));
        process.exit();
      });
    }, 50);
  });
});
