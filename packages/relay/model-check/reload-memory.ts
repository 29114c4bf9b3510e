import { endpointsEqual, parseEndpoint } from "@udp-relay/address-validation";
import type { RegionHandle } from "@udp-relay/atomics-layout";
import { allocate, store } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory, Words } from "@udp-relay/atomics-layout/memory";
import type { Backend, BackendSpec } from "../src/proxy/backend.ts";
import { ProxyMemory } from "../src/proxy/workers/proxy-memory.ts";
import type { BackendList } from "../src/proxy/workers/proxy-messages.ts";

/** A is everybody's first choice for as long as it takes sessions. */
export const [A, B, C] = ["192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"].map((name, i): BackendSpec => ({
  endpoint: parseEndpoint(name),
  weight: i === 0 ? 1_000 : 1,
})) as [BackendSpec, BackendSpec, BackendSpec];
export const specs = [A, B, C];
/** One of them is free only when every worker knows that whoever had it is gone. */
const PLACES = 2;
/** What workers begin with. */
export const FIRST_LIST: BackendList = {
  version: 0,
  backends: [A, B].map((spec, place) => ({ place, generation: place + 1, spec })),
};

export const isA = (backend: Backend | undefined): boolean =>
  backend !== undefined && endpointsEqual(backend.endpoint, A.endpoint);

// The words beside the proxy's memory: what a message port carries, and what threads tell each other.
export const POSTED = 0;
export const FORGOTTEN = 1;
/** 1 + the index of the worker that was killed. */
export const EXITED = 2;
export const DRAINED = 3;
export const MESSAGES = 8;

export interface Shared {
  readonly memory: RegionHandle;
  readonly words: SharedMemory;
}

export const setup = (workers: number) => (): Shared => ({
  memory: ProxyMemory.create(workers, PLACES).shared,
  words: allocate(64),
});

/** Whoever kills a worker says that it has come to its end. */
export const tellExit = (words: Words, index: number): void => {
  store(words, EXITED, 1 + index);
};
