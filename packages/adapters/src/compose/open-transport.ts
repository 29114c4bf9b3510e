import { AdapterError } from "../adapter-error.ts";
import type { DatagramTransport, TransportKind, TransportOptions } from "../transport/datagram-transport.ts";

/** The transports over UDP sockets, those that `openTransport` chooses from. */
export type SocketTransportKind = Extract<TransportKind, "node" | "bun" | "linux">;

/** The options of every socket transport, and a wish. */
export interface OpenTransportOptions extends TransportOptions {
  /** Tried first. Default: the fastest that this runtime and machine may have. */
  readonly prefer?: SocketTransportKind | undefined;
}

/** A transport, and why it is this one. */
export interface OpenedTransport {
  readonly transport: DatagramTransport;
  /** What was chosen and why, for a log: `node: linux is not available (no koffi); it runs on any Node`. */
  readonly reason: string;
  /** What was tried before, with the reason why it was not to be had. */
  readonly passedOver: readonly { readonly kind: SocketTransportKind; readonly reason: string }[];
}

interface Candidate {
  readonly kind: SocketTransportKind;
  readonly merit: string;
  readonly open: (options: TransportOptions) => Promise<DatagramTransport>;
}

const onBun = "bun" in process.versions;

/** Best first. Each module is loaded only when its turn comes. None of them blocks its thread. */
const candidates: readonly Candidate[] = [
  {
    kind: "bun",
    merit: "it is Bun's own socket, and sends in batches",
    open: async (options) => (await import("../transport/bun.ts")).BunTransport.open(options),
  },
  {
    kind: "linux",
    merit: "it receives and sends in batches",
    open: async (options) =>
      // Whatever else the object holds, nobody would run the blocking mode's loop.
      (await import("../transport/linux.ts")).LinuxTransport.open({ ...options, blocking: false }),
  },
  {
    kind: "node",
    merit: "it runs on any Node",
    open: async (options) => (await import("../transport/node.ts")).NodeTransport.open(options),
  },
];

/**
 * Opens the preferred transport, or the best that is to be had here, and says which and why. What it opens works
 * on the event loop: it never chooses a mode that blocks its thread.
 *
 * @throws AdapterError ERR_ADAPTER_OPTION, ERR_ADAPTER_BIND and ERR_ADAPTER_CLOSED, which no other transport would
 *   cure; ERR_ADAPTER_UNSUPPORTED when nothing is to be had, with every reason in its message
 */
export async function openTransport(options: OpenTransportOptions = {}): Promise<OpenedTransport> {
  const { prefer } = options;
  const passedOver: { kind: SocketTransportKind; reason: string }[] = [];
  for (const { kind, merit, open } of inOrder(prefer)) {
    try {
      const transport = await open(options);
      return {
        transport,
        reason: explain(kind, kind === prefer ? "it was preferred" : merit, passedOver),
        passedOver,
      };
    } catch (error) {
      if (!(error instanceof AdapterError) || error.code !== "ERR_ADAPTER_UNSUPPORTED") throw error;
      passedOver.push({ kind, reason: error.message });
    }
  }
  const tried = passedOver.map(({ kind, reason }) => `${kind}: ${reason}`).join("; ");
  throw new AdapterError("ERR_ADAPTER_UNSUPPORTED", `no transport is to be had here (${tried})`);
}

/** Without a wish, another runtime's own transport is not even a candidate. */
function inOrder(prefer: SocketTransportKind | undefined): Candidate[] {
  const foreign = onBun ? "node" : "bun";
  const rest = candidates.filter(({ kind }) => kind !== prefer && kind !== foreign);
  const preferred = candidates.find(({ kind }) => kind === prefer);
  if (prefer !== undefined && preferred === undefined) {
    const known = candidates.map(({ kind }) => kind).join(", ");
    throw new AdapterError("ERR_ADAPTER_OPTION", `prefer ${prefer} is none of ${known}`);
  }
  return preferred === undefined ? rest : [preferred, ...rest];
}

function explain(kind: string, why: string, passedOver: OpenedTransport["passedOver"]): string {
  const before = passedOver.map((other) => `${other.kind} is not to be had (${other.reason}); `).join("");
  return `${kind}: ${before}${why}`;
}
