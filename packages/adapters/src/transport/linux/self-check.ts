import { endpointsEqual } from "@udp-relay/address-validation";
import { socketOptions } from "../socket-options.ts";
import { TransportCounters } from "../transport-stats.ts";
import { BatchMemory } from "./batch-memory.ts";
import { BatchReceiver } from "./batch-receiver.ts";
import { BatchSender } from "./batch-sender.ts";
import { MSG_DONTWAIT } from "./kernel.ts";
import { LinuxSocket } from "./linux-socket.ts";
import { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";
import { unsupported } from "./unsupported.ts";

const checked = new WeakSet<SystemCalls>();
const LENGTHS = [0, 1, 128, 999];
/** A stamp older than this is none: the message was sent just now. */
const OLDEST_MICROS = 10e6;

/**
 * Compares the struct layouts with the kernel, once a thread: a socket of each family sends datagrams to
 * itself, and lengths, bytes, sender and arrival time have to come back as they were written.
 *
 * @throws AdapterError ERR_ADAPTER_UNSUPPORTED naming what differs
 */
export function selfCheck(calls: SystemCalls): void {
  if (checked.has(calls)) return;
  check(calls, "127.0.0.1");
  try {
    check(calls, "::1");
  } catch (error) {
    // A machine without IPv6 cannot bind ::1; what differs there does not matter.
    if ((error as { code?: unknown }).code !== "ERR_ADAPTER_BIND") throw error;
  }
  checked.add(calls);
}

function check(calls: SystemCalls, host: string): void {
  const options = { ...socketOptions({ host }), gro: false, arrivalTimes: true };
  const socket = LinuxSocket.bind(calls, options);
  try {
    const { ipv6 } = options;
    const local = socket.localEndpoint(ipv6);
    const memory = new BatchMemory(calls, 1_000, 1_000);
    const line = new SocketLine();
    const counters = new TransportCounters();
    const receiver = new BatchReceiver(calls, memory, line, counters, socket.fd, {
      ...options,
      maxDatagramBytes: 1_000,
    });
    const sender = new BatchSender(calls, memory, line, counters, socket.fd, ipv6, false);
    for (const length of LENGTHS) sender.outgoing.append(new Uint8Array(length).fill(length), local, 0);
    expect(
      sender.flush(() => undefined) && counters.sentDatagrams === LENGTHS.length,
      "sendmmsg did not send",
    );
    expect(receiver.read(MSG_DONTWAIT) === LENGTHS.length, "recvmmsg did not receive");
    const { batch } = receiver;
    expect(batch.count === LENGTHS.length, "a header is not where it should be");
    for (const [index, length] of LENGTHS.entries()) {
      expect(batch.length(index) === length, "msg_len is not where it should be");
      const intact = batch.bytes(index).every((byte) => byte === (length & 255));
      expect(intact, "the bytes are not where they should be");
      expect(endpointsEqual(batch.endpoint(index), local), "the sender's address reads differently");
      const waited = batch.waitedMicros(index);
      expect(waited >= 0 && waited < OLDEST_MICROS, "the arrival time reads differently");
    }
    expect(socket.kernelDrops === 0, "SO_MEMINFO reads differently");
  } finally {
    socket.close();
  }
}

function expect(condition: boolean, otherwise: string): void {
  if (!condition) throw unsupported(`self-check: ${otherwise}`);
}
