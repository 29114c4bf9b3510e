export { LayoutError } from "./atomics-layout-error.ts";
export type { LayoutErrorCode } from "./atomics-layout-error.ts";
export type {
  CompoundUpdate,
  RegionOps,
  SharedMemory,
  UpdateOperation,
  UpdateStep,
  UpdateValue,
} from "@udp-relay/atomics-layout/memory";
