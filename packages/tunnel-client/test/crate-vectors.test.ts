/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { readFileSync } from "node:fs";
import { parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { priorityScore, TunnelClient } from "../src/index.ts";
import { CrateClient } from "./crate-client.ts";
import { LoneClient } from "./lone-client.ts";

type Read = [
  op: "read",
  priority: number,
  slowBefore: boolean,
  slow: boolean,
  timedOut: boolean,
  bandwidth: number,
];
type Step =
  | [op: "at", second: number]
  | [op: "received", bytes: number, aheadSeconds: number]
  | [op: "sent", bytes: number]
  | [op: "latency", ms: number]
  | [op: "loss", perMille: number]
  | [op: "reset"]
  | Read;
type Vector = [name: string, timeoutSeconds: number, steps: Step[]];

/** `npm run vectors` writes them with the real crate. */
const file = JSON.parse(readFileSync(new URL("data/crate-tunnel-client.json", import.meta.url), "utf8")) as {
  source: string;
  vectors: Vector[];
};

/** Plays a vector on the model of the crate and, where one is given, on ours; `onRead` sees what the crate answered. */
function play(
  [, timeoutSeconds, steps]: Vector,
  onRead: (read: Read, crate: CrateClient) => void,
  ours?: LoneClient,
): void {
  const crate = new CrateClient(timeoutSeconds);
  for (const step of steps) {
    switch (step[0]) {
      case "at":
        crate.second = step[1];
        if (ours !== undefined) ours.tick = step[1] * 1_000;
        break;
      case "received":
        crate.received(step[1], step[2]);
        ours?.table.received(ours.slot, step[1], ours.tick + step[2] * 1_000);
        break;
      case "sent":
        crate.sent(step[1]);
        ours?.table.sent(ours.slot, step[1], ours.tick);
        break;
      case "latency":
        crate.setLatency(step[1]);
        ours?.table.setLatency(ours.slot, step[1]);
        break;
      case "loss":
        crate.setLoss(step[1]);
        ours?.table.setLossPerMille(ours.slot, step[1]);
        break;
      case "reset":
        crate.reset();
        ours?.table.resetStats(ours.slot, ours.tick);
        break;
      case "read":
        onRead(step, crate);
    }
  }
}

const vectorsOf = (prefix: string): Vector[] => file.vectors.filter(([name]) => name.startsWith(prefix));
const ourTwin = ([, timeoutSeconds]: Vector): LoneClient =>
  new LoneClient({ timeoutMs: timeoutSeconds * 1_000 });
const withTimeout = file.vectors.filter(([, timeoutSeconds]) => timeoutSeconds > 0);

describe(`against ${file.source}`, () => {
  it("the model of the crate that these tests use answers as the crate does, always", () => {
    let reads = 0;
    for (const vector of file.vectors) {
      play(vector, ([, priority, slowBefore, slow, timedOut, bandwidth], crate) => {
        const before = crate.isSlow;
        const answered = [
          vector[0],
          crate.priority(),
          before,
          crate.isSlow,
          crate.isTimedOut,
          crate.bandwidth,
        ];
        expect(answered).toEqual([vector[0], priority, slowBefore, slow, timedOut, bandwidth]);
        reads++;
      });
    }
    expect(reads).toBeGreaterThan(500);
  });

  it("the score is the crate's to the unit whenever that computes one", () => {
    let computed = 0;
    for (const vector of file.vectors) {
      play(vector, ([, priority, , , , bytesPerSecond], crate) => {
        const { isDirty, latencyMs, lossPerMille, second, started } = crate;
        crate.priority();
        if (!isDirty) return;
        const ageMs = (second - started) * 1_000;
        expect(priorityScore({ bytesPerSecond, latencyMs, lossPerMille, ageMs })).toBe(priority);
        computed++;
      });
    }
    expect(computed).toBeGreaterThan(250);
  });

  it("a table's client without traffic has the crate's score, its age too if an input came with it", () => {
    for (const vector of [...vectorsOf("inputs by hand"), ...vectorsOf("age with inputs")]) {
      using ours = ourTwin(vector);
      play(vector, ([, priority]) => { expect(ours.table.priority(ours.slot, ours.tick)).toBe(priority); }, ours); // prettier-ignore
    }
  });

  it("times out at the same second, after a stamp of the future too", () => {
    let timedOutReads = 0;
    for (const vector of withTimeout) {
      using ours = ourTwin(vector);
      play(
        vector,
        ([, , , , timedOut]) => {
          expect([vector[0], ours.tick, ours.table.isTimedOut(ours.slot, ours.tick)]).toEqual([
            vector[0],
            ours.tick,
            timedOut,
          ]);
          timedOutReads += Number(timedOut);
        },
        ours,
      );
    }
    expect(timedOutReads).toBeGreaterThan(50);
  });
});

describe("intended differences", () => {
  it("a timeout of 0 is refused: the crate's client is timed out from its first moment on", () => {
    const [vector] = vectorsOf("silence, timeout 0 s");
    play(vector!, ([, , , , timedOut]) => { expect(timedOut).toBe(true); }); // prettier-ignore
    expect(() => new TunnelClient({ timeoutMs: 0, endpoint: parseEndpoint("192.0.2.1:5000") })).toThrow(
      expect.objectContaining({ code: "ERR_TUNNEL_CLIENT_OPTION" }),
    );
  });

  it("age counts when it is read: the crate's stands still between inputs", () => {
    const [vector] = vectorsOf("age without inputs");
    using ours = ourTwin(vector!);
    const ages: [crate: number, ours: number][] = [];
    play(vector!, ([, priority]) => { ages.push([priority - 939, ours.table.priority(ours.slot, ours.tick) - 939]); }, ours); // prettier-ignore
    expect(ages).toEqual([[0, 0], [0, 0], [0, 1], [0, 10], [0, 100], [0, 100]]); // prettier-ignore
  });

  it("slow is right at once: the crate's is false until the first score", () => {
    const [vector] = vectorsOf("inputs by hand");
    using ours = ourTwin(vector!);
    const answers: [crate: boolean, ours: boolean][] = [];
    play(vector!, ([, , slowBefore]) => { answers.push([slowBefore, ours.table.snapshotOf(ours.handle, ours.tick)!.isSlow]); }, ours); // prettier-ignore
    expect(answers.slice(0, 3)).toEqual([[false, true], [false, true], [true, true]]); // prettier-ignore
  });

  it("a rate follows time: silence ends it, where only packets change the crate's", () => {
    for (const vector of vectorsOf("steadily").slice(1)) {
      const bytesPerSecond = Number(/\d+/.exec(vector[0])![0]);
      using ours = ourTwin(vector);
      const shares = new Map<number, [crate: number, ours: number]>();
      play(
        vector,
        ([, , , , , bandwidth], { second }) => {
          const rate = ours.table.snapshotOf(ours.handle, ours.tick)!.bytesPerSecondIn;
          shares.set(second, [bandwidth / bytesPerSecond, rate / bytesPerSecond]);
        },
        ours,
      );
      // Right after one of the 25 datagrams, one a second, with a time constant of 5 s: the saw's upper edge.
      const edge = (0.2 / (1 - Math.exp(-0.2))) * (1 - Math.exp(-5));
      expect(shares.get(24)![0]).toBeCloseTo(1, 3);
      expect(shares.get(24)![1]).toBeCloseTo(edge, 3);
      // 36 s of silence; 8 keep-alives of 32 bytes, one each 20 s; an hour of silence and one packet.
      expect(shares.get(60)![0]).toBe(shares.get(24)![0]);
      expect(shares.get(60)![1]).toBeLessThan(0.001);
      expect(shares.get(220)![0]).toBeGreaterThan(0.057);
      expect(shares.get(220)![1]).toBeLessThan(0.0001);
      expect(shares.get(4_000)![0]).toBeGreaterThan(0.04);
      expect(shares.get(4_000)![1]).toBeLessThan(0.0003);
    }
  });
});
