import { parseEndpoint } from "@udp-relay/address-validation";
import type { Endpoint } from "@udp-relay/address-validation";
import type { DropReasonName } from "../../src/transport/drop-reason.ts";
import type { DatagramTransport } from "../../src/transport/datagram-transport.ts";
import type { TransportStats } from "../../src/transport/transport-stats.ts";
import { numbered, numberOf } from "../conformance/adapter-under-test.ts";
import type { AdapterUnderTest, Peer } from "../conformance/adapter-under-test.ts";

/** Linux errno values and the reason that each has to be counted as. */
export const faults: readonly (readonly [code: string, errno: number, reason: DropReasonName])[] = [
  ["EMSGSIZE", 90, "messageSize"],
  ["EACCES", 13, "accessDenied"],
  ["EPERM", 1, "accessDenied"],
  ["ECONNREFUSED", 111, "refused"],
  ["ENOMEM", 12, "noBuffers"],
  ["ENETUNREACH", 101, "unreachable"],
  ["EHOSTUNREACH", 113, "unreachable"],
  ["EINVAL", 22, "invalidDestination"],
];

export interface FaultReport {
  /** Datagrams that reached the live peer beside failing sends, of `errorsOffered`. */
  readonly errorsOffered: number;
  readonly errorsDelivered: number;
  readonly errorStats: TransportStats;
  readonly congestions: readonly CongestionReport[];
}

/** What was offered by class, what arrived by class, and the counters. */
export interface CongestionReport {
  readonly offeredByClass: Record<number, number>;
  readonly deliveredByClass: Record<number, number>;
  readonly inOrderByClass: boolean;
  readonly stats: TransportStats;
}

/** EAGAIN, and ENOBUFS, three times in a row. */
export const congestedAddresses: readonly (readonly [address: string, code: string])[] = [
  ["127.66.3.11", "EAGAIN"],
  ["127.66.3.105", "ENOBUFS"],
];
export const TIMES_EACH = 20;
export const QUEUE_DATAGRAMS = 512;

/** Runs where sends to 127.66.N.E fail as `udp-faults.c` describes. */
export async function faultScenario(adapter: AdapterUnderTest): Promise<FaultReport> {
  const errors = await sendErrors(adapter);
  const congestions: CongestionReport[] = [];
  for (const [address] of congestedAddresses) congestions.push(await congestion(adapter, address));
  return { ...errors, congestions };
}

async function sendErrors(adapter: AdapterUnderTest): Promise<Omit<FaultReport, "congestions">> {
  await using transport = await adapter.open({ host: "0.0.0.0" });
  const { peer, endpoint } = await meet(adapter, transport);
  for (let time = 0; time < TIMES_EACH; time++) {
    for (const [, errno] of faults) {
      transport.send(numbered(1), parseEndpoint(`127.66.0.${errno}:${endpoint.port}`));
      transport.send(numbered(2), endpoint);
    }
    transport.flush();
  }
  const offered = TIMES_EACH * faults.length;
  await adapter.until(
    () => peer.received.length === offered && transport.stats().sentDatagrams === offered,
    "the live peer's datagrams",
    () => [peer.received.length, transport.stats()],
  );
  const errorStats = transport.stats();
  await peer.close();
  return { errorsOffered: offered, errorsDelivered: peer.received.length, errorStats };
}

async function congestion(adapter: AdapterUnderTest, address: string): Promise<CongestionReport> {
  await using transport = await adapter.open({ host: "0.0.0.0", queueDatagrams: QUEUE_DATAGRAMS });
  const { peer, endpoint } = await meet(adapter, transport);
  transport.send(numbered(0), parseEndpoint(`${address}:${endpoint.port}`));
  transport.flush();
  const offeredByClass: Record<number, number> = { 0: 0, 5: 0 };
  let offered = 1;
  for (let n = 1; n <= 2_000; n++) {
    const priorityClass = n % 7 === 0 ? 0 : 5;
    offeredByClass[priorityClass]! += 1;
    transport.send(numbered(n * 8 + priorityClass), endpoint, priorityClass);
    offered += 1;
  }
  transport.flush();
  await adapter.until(
    () => {
      const { sentDatagrams, drops } = transport.stats();
      return sentDatagrams + (drops.queueFull ?? 0) === offered && peer.received.length === sentDatagrams;
    },
    "every datagram sent or dropped",
    () => [peer.received.length, transport.stats()],
  );
  const numbers = peer.received.map(numberOf).filter((number) => number !== 0);
  const deliveredByClass: Record<number, number> = { 0: 0, 5: 0 };
  const last: Record<number, number> = { 0: 0, 5: 0 };
  let inOrderByClass = true;
  for (const number of numbers) {
    const priorityClass = number % 8;
    deliveredByClass[priorityClass]! += 1;
    if (number <= last[priorityClass]!) inOrderByClass = false;
    last[priorityClass] = number;
  }
  await peer.close();
  return { offeredByClass, deliveredByClass, inOrderByClass, stats: transport.stats() };
}

/** A peer that listens on every address of loopback, and its endpoint. */
async function meet(
  adapter: AdapterUnderTest,
  transport: DatagramTransport,
): Promise<{ peer: Peer; endpoint: Endpoint }> {
  const peer = await adapter.peer(transport, { host: "0.0.0.0", to: "127.0.0.1" });
  let endpoint: Endpoint | undefined;
  transport.onBatch = (batch) => {
    endpoint = batch.endpoint(0);
  };
  peer.send(numbered(0));
  await adapter.until(() => endpoint !== undefined, "the peer");
  return { peer, endpoint: endpoint! };
}
