import { wordsOf } from "@udp-relay/atomics-layout/memory";
import type { SharedMemory, Words } from "@udp-relay/atomics-layout/memory";
import { LayoutError } from "./atomics-layout-error.ts";

/** What `postMessage` and `workerData` carry to another thread of this process; `attachRegion` takes it there. */
export interface RegionHandle {
  readonly kind: typeof HANDLE_KIND;
  readonly memory: SharedMemory;
}

export const HANDLE_KIND = "@udp-relay/atomics-layout";

/** @throws LayoutError ERR_REGION_HANDLE, ERR_REGION_NOT_SHARED for what is no shared WebAssembly memory */
export function sharedWordsOf(memory: unknown): Words {
  const buffer =
    typeof memory === "object" && memory !== null ? (memory as { buffer?: unknown }).buffer : undefined;
  if (buffer instanceof ArrayBuffer) {
    throw new LayoutError("ERR_REGION_NOT_SHARED", "a plain ArrayBuffer is seen by one thread only");
  }
  if (
    !(buffer instanceof SharedArrayBuffer) ||
    Object.prototype.toString.call(memory) !== "[object WebAssembly.Memory]"
  ) {
    throw new LayoutError("ERR_REGION_HANDLE", "a region's memory is a shared WebAssembly.Memory");
  }
  return wordsOf(memory as SharedMemory);
}
