import type { Socket } from "node:dgram";
import { afterEach, describe, expect, it } from "vitest";
import { times } from "../long-form.ts";
import { receiverReport, rtp, senderReport } from "../measure/datagrams.ts";
import { closeAll, every, nameOf, socketAt, startWorkers, until } from "./real-workers.ts";

afterEach(closeAll);

const SENDER_REPORT = 200;
/** Of payload type 0. */
const TICKS_PER_MS = 8;
const REPORT_FRAMES = 12;
const FRAME_MS = 10;
/** A slow backend answers so many reports late, 600 ms. The proxy remembers eight. */
const REPORTS_LATE = 5;

/** Clients of a proxy that send, and keep which backends' streams they have heard, by SSRC. */
class Players {
  readonly heard: Set<number>[] = [];
  readonly #sockets: Socket[] = [];

  async join(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const own = new Set<number>();
      const player = await socketAt((bytes) => {
        // Reports come here, too.
        if (bytes[1] === 0) own.add(bytes.readUInt32BE(8));
      });
      this.heard.push(own);
      this.#sockets.push(player);
    }
  }

  send(bytes: Uint8Array | string, port: number): void {
    for (const player of this.#sockets) player.send(bytes, port, "127.0.0.1");
  }

  get allHear(): boolean {
    return this.heard.every(({ size }) => size > 0);
  }
}

/** A backend whose packets are good unless it is told otherwise: an RTP packet for each frame, a report for each report. */
class StreamingBackend {
  /** Of its packets every nth is lost. */
  lostEvery = Infinity;
  /** How its reports are: none, as soon as they can, or late. */
  reports: "none" | "prompt" | "late" = "prompt";
  isUneven = false;
  readonly socket: Socket;
  readonly #ssrc: number;
  readonly #streams = new Map<number, { sequence: number; readonly unanswered: number[] }>();

  static async open(ssrc: number): Promise<StreamingBackend> {
    const backend: StreamingBackend = new StreamingBackend(
      ssrc,
      await socketAt((bytes, port) => {
        const answer = bytes[1] === SENDER_REPORT ? backend.#report(bytes, port) : backend.#packet(port);
        if (answer !== undefined) backend.socket.send(answer, port, "127.0.0.1");
      }),
    );
    return backend;
  }

  private constructor(ssrc: number, socket: Socket) {
    this.#ssrc = ssrc;
    this.socket = socket;
  }

  get name(): string {
    return nameOf(this.socket);
  }

  #packet(port: number): Uint8Array | undefined {
    const stream = this.#streamOf(port);
    const sequence = (stream.sequence += 1);
    if (sequence % this.lostEvery === 0) return undefined;
    // A second between what two packets say, where it was none.
    const offMs = this.isUneven && sequence % 2 === 0 ? 1_000 : 0;
    return rtp(sequence, (performance.now() + offMs) * TICKS_PER_MS, { ssrc: this.#ssrc });
  }

  #report(bytes: Buffer, port: number): Uint8Array | undefined {
    if (this.reports === "none") return undefined;
    const { unanswered } = this.#streamOf(port);
    const late = this.reports === "late" ? REPORTS_LATE : 0;
    unanswered.push(bytes.readUInt32BE(10));
    if (unanswered.length <= late) return undefined;
    const [mark] = unanswered.splice(0, unanswered.length - late).slice(-1);
    return receiverReport(mark!, 0);
  }

  #streamOf(port: number): { sequence: number; readonly unanswered: number[] } {
    const stream = this.#streams.get(port) ?? { sequence: 0, unanswered: [] };
    this.#streams.set(port, stream);
    return stream;
  }
}

describe.skipIf(process.platform !== "linux")(
  "limits of streams through a proxy of two workers (threads on Linux only)",
  () => {
    it("loss: crossings of all workers' sessions are counted, their backend is the last choice (long: and taken again)", async () => {
      const STREAMS = 8;
      const [lossy, sound] = [await StreamingBackend.open(1), await StreamingBackend.open(2)];
      lossy.lostEvery = 5;
      // Without limits the first would take nearly all sessions.
      const to = ["--to", `${lossy.name}=100`, "--to", sound.name];
      const { proxy, port, warnings } = await startWorkers(
        [],
        ...to,
        ...["--measure", "rtp", "--watch-loss", "150:100"],
      );
      const players = new Players();
      await players.join(STREAMS);
      every(5, () => {
        players.send("frame", port);
      });
      const stateOf = ({ name }: StreamingBackend): string =>
        proxy.report().backends.find((backend) => backend.name === name)!.state;
      await until("crossings", () => proxy.report().crossings.loss === STREAMS);
      await until("it is degraded", () => stateOf(lossy) === "degraded");
      // Whoever has answered has heard of it.
      const [first] = (await proxy.freshReport()).backends;
      expect(first).toMatchObject({ sessions: STREAMS, sessionsBeyond: STREAMS });
      await players.join(4);
      await until("newcomers are served", () => players.allHear);
      expect(players.heard.map((own) => [...own])).toEqual([
        ...Array.from({ length: STREAMS }, () => [1]),
        ...Array.from({ length: 4 }, () => [2]),
      ]);
      expect(stateOf(sound)).toBe("up");
      // To get well again takes its streams some seconds more.
      if (times(0, 1) === 0) return;
      lossy.lostEvery = Infinity;
      await until("it is well again", () => stateOf(lossy) === "up");
      await until("nobody is beyond", () => proxy.report().backends[0]!.sessionsBeyond === 0);
      expect(proxy.report().crossings).toEqual({ loss: STREAMS, rtt: 0, jitter: 0 });
      const told = warnings.filter(({ message }) => message === "sessions' streams crossed a limit");
      expect(told[0]!.facts).toMatchObject({ backend: lossy.name, metric: "loss", state: "entered" });
      const changes = warnings
        .map(({ message }) => message)
        .filter((message) => !message.startsWith("sessions'"));
      expect(changes).toEqual(["degraded", "restored"]);
    });

    it("round trip and jitter: each crossing is counted as what it is, both backends are the last choice (long: and taken again)", async () => {
      const [slow, uneven, sound] = [
        await StreamingBackend.open(1),
        await StreamingBackend.open(2),
        await StreamingBackend.open(3),
      ];
      slow.reports = "none";
      // Without limits the last would take no session.
      const to = ["--to", `${slow.name}=1000`, "--to", `${uneven.name}=1000`, "--to", sound.name];
      const { proxy, port, warnings } = await startWorkers(
        [],
        ...to,
        ...["--measure", "rtp", "--watch-rtt", "500:300", "--watch-jitter", "300:100"],
      );
      const players = new Players();
      await players.join(8);
      let frames = 0;
      every(FRAME_MS, () => {
        players.send("frame", port);
        frames += 1;
        if (frames % REPORT_FRAMES === 0) players.send(senderReport(frames, 0), port);
      });
      await until("all are served", () => players.allHear);
      const listening = (ssrc: number): number => players.heard.filter((own) => own.has(ssrc)).length;
      const [onSlow, onUneven] = [listening(1), listening(2)];
      expect(onSlow).toBeGreaterThan(0);
      expect(onUneven).toBeGreaterThan(0);
      expect(onSlow + onUneven).toBe(8);
      slow.reports = "late";
      uneven.isUneven = true;
      await until("crossings", () => {
        const { rtt, jitter } = proxy.report().crossings;
        return rtt >= onSlow && jitter >= onUneven;
      });
      const states = (): string[] => proxy.report().backends.map(({ state }) => state);
      await until("both are degraded", () => states().join() === "degraded,degraded,up");
      const { backends, crossings, measured } = await proxy.freshReport();
      expect(crossings).toEqual({ loss: 0, rtt: onSlow, jitter: onUneven });
      expect(backends).toMatchObject([
        { sessions: onSlow, sessionsBeyond: onSlow },
        { sessions: onUneven, sessionsBeyond: onUneven },
        { sessions: 0, sessionsBeyond: 0, rttMs: null },
      ]);
      expect(backends[0]!.rttMs).toBeGreaterThanOrEqual(500);
      expect(measured!.fromBackends.worstJitterMs).toBeGreaterThanOrEqual(300);
      const told = warnings.filter(({ message }) => message === "sessions' streams crossed a limit");
      expect(told.length).toBeGreaterThan(0);
      for (const { facts } of told) {
        const isOfSlow = (facts as { readonly backend: string }).backend === slow.name;
        const expected = isOfSlow
          ? { metric: "rtt", state: "entered" }
          : { backend: uneven.name, metric: "jitter", state: "entered" };
        expect(facts).toMatchObject(expected);
      }
      await players.join(4);
      await until("newcomers are served", () => players.allHear);
      for (const own of players.heard.slice(8)) expect([...own]).toEqual([3]);
      // To get well again takes its streams some seconds more.
      if (times(0, 1) === 0) return;
      slow.reports = "prompt";
      uneven.isUneven = false;
      await until("they are well again", () => states().join() === "up,up,up");
      await until("nobody is beyond", () =>
        proxy.report().backends.every(({ sessionsBeyond }) => sessionsBeyond === 0),
      );
      expect(proxy.report().crossings).toEqual({ loss: 0, rtt: onSlow, jitter: onUneven });
    });
  },
);
