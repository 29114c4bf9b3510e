// One worker of a proxy: started by ProxyWorkers with handles to everything shared.
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { ConnectedSockets, LinuxTransport, runConnected } from "@udp-relay/adapters/linux";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";
import { PrefixRate } from "../../limits/prefix-rate.ts";
import { PublishedTotals } from "../../shared/published-totals.ts";
import { AnnouncedMessages } from "../../worker/announced-messages.ts";
import { systemCode } from "../../worker/relay-transport.ts";
import type { ThreadMessage } from "../../worker/supervised-threads.ts";
import { CallbackErrors } from "../callback-errors.ts";
import { linuxUpstreams } from "../linux-upstreams.ts";
import { ProxiedSessions } from "../proxied-sessions.ts";
import { healthOf, MAX_DATAGRAM_BYTES, measurerOf, policyOf, prefixLimitOf } from "../proxy-parts.ts";
import { seldom } from "../seldom.ts";
import { reportSessions } from "../session-report.ts";
import { TurnClock } from "../turn-clock.ts";
import { MirroredBackends } from "./mirrored-backends.ts";
import { ProxyMemory } from "./proxy-memory.ts";
import type { FromProxyWorker, ProxyWorkerStart, ToProxyWorker } from "./proxy-messages.ts";
import { SessionPublisher } from "./session-publisher.ts";

/** A full receive buffer of the predecessor is read in far less. */
const DRAINED_AFTER_MS = 1_000;
/**
 * So long a dead worker's client may be silent before its place is another's: its session is gone, and one that still
 * sends has come back by then.
 */
const LOST_AFTER_MS = 5_000;
/** How long a worker waits that has counts to publish still. */
const OWING_MS = 1;
/** Crossings and what was thrown are told so often; counted they are all. */

const { index, config, tickMs, list, socket, journal, predecessor, ...handles } =
  workerData as ProxyWorkerStart;
const supervisor = parentPort!;
const tell = (message: ThreadMessage | FromProxyWorker): void => {
  supervisor.postMessage(message);
};

try {
  const clock = CoarseClock.attach(handles.clock);
  const turnClock = new TurnClock(clock);
  const clients = TunnelClientTable.attach(handles.clients, { clock });
  const memory = ProxyMemory.attach(handles.memory);
  const transport = await LinuxTransport.open({
    socket,
    blocking: true,
    maxDatagramBytes: MAX_DATAGRAM_BYTES,
  });
  const sockets = await ConnectedSockets.open({ transport, maxDatagramBytes: MAX_DATAGRAM_BYTES, journal });
  const mayTell = seldom();
  const threw = (error: unknown): void => {
    if (mayTell(clock.nowMs())) tell({ type: "threw", error: String(error) });
  };
  const errors = new CallbackErrors(threw);
  const backends = new MirroredBackends(memory, index, list);
  const measurer = measurerOf(config);
  const prefixRate = PrefixRate.of(memory.region, prefixLimitOf(config));
  const mayTellCrossing = seldom();
  let crossed = 0;
  const sessions = new ProxiedSessions({
    transport,
    openUpstream: linuxUpstreams(sockets),
    clock: turnClock,
    clients,
    backends,
    errors,
    idleTimeoutMs: config.idleTimeoutMs,
    policy: policyOf(config, transport.localEndpoint.port),
    health: healthOf(config),
    ...(config.packetsPerSecond === 0 ? {} : { packetsPerSecond: config.packetsPerSecond }),
    prefixRate,
    ...(measurer === undefined ? {} : { measurer }),
    refuses: () => memory.control.refusesNewcomers,
    onSession: ({ backend, metric, state, value }) => {
      crossed += 1;
      if (!mayTellCrossing(clock.nowMs())) return;
      tell({ type: "crossed", backend: backend.name, metric, state, value, count: crossed });
    },
    // Each turn of the sockets flushes.
    sent: () => undefined,
    counted: backends.counted,
  });
  const publisher = new SessionPublisher({
    totals: new PublishedTotals(memory.totals(index)),
    sessions,
    backends,
    isMeasured: measurer !== undefined,
    callbackErrors: () => errors.count,
    listening: transport,
    upstreams: sockets,
  });

  const startedMs = clock.nowMs();
  const messages = new AnnouncedMessages<ToProxyWorker>(memory.control, () =>
    receiveMessageOnPort(supervisor),
  );
  let drained = predecessor === undefined;
  let nextTickMs = startedMs;
  // Timers and messages stand still meanwhile: what they would do is done between turns.
  const afterTurn = (): void => {
    const tick = clock.update();
    const nowMs = turnClock.nowMs();
    clients.beat(tick);
    if (messages.read(obey)) {
      backends.look();
      publisher.publish(nowMs);
    }
    if (nowMs < nextTickMs) {
      publisher.publishTurn(tick);
      return;
    }
    nextTickMs = nowMs + tickMs;
    backends.look();
    sessions.tick(nowMs);
    publisher.publish(nowMs);
    if (drained || nowMs - startedMs < DRAINED_AFTER_MS) return;
    clients.drained(predecessor, LOST_AFTER_MS);
    drained = true;
  };
  const onTurn = (): void => {
    afterTurn();
    turnClock.end();
  };
  const waitMs = (): number => (publisher.owes ? OWING_MS : tickMs);
  const obey = (message: ToProxyWorker): void => {
    if (message.type === "backends" && message.list.version > backends.version) backends.adopt(message.list);
    if (message.type === "publish") {
      publisher.publishAll(clock.nowMs());
      tell({ type: "sessions", question: message.question, sessions: [] });
    }
    if (message.type !== "sessions") return;
    const { question, addresses } = message;
    tell({ type: "sessions", question, sessions: reportSessions(sessions.all, clients, addresses) });
  };

  publisher.publish(startedMs);
  tell({
    type: "running",
    transport: transport.kind,
    reason: `one epoll set a thread, by ${transport.binding}`,
  });
  for (let isStopped = false; !isStopped;) {
    try {
      runConnected(sockets, transport, { waitMs, onTurn });
      isStopped = true;
    } catch (error) {
      turnClock.end();
      // What one datagram has thrown costs that datagram, and nobody's session.
      errors.add(error);
    }
  }
  sessions.close();
  sockets.close();
  await transport.close();
  clients[Symbol.dispose]();
  clock[Symbol.dispose]();
  supervisor.close();
} catch (error) {
  tell({ type: "failed", message: (error as Error).message, code: systemCode(error) });
}
