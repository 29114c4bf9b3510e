import { attachRegion, type RegionHandle } from "@udp-relay/atomics-layout";
import { PLAN } from "./supervised-worker.ts";

/** Bun's kind of worker that has no `workerData`: it claims an owner of the region it is sent and says which. */
const scope = globalThis as unknown as {
  onmessage: (event: { data: RegionHandle }) => void;
  postMessage(message: number): void;
};
scope.onmessage = ({ data }) => scope.postMessage(attachRegion(data, PLAN).claimOwner("web").id);
