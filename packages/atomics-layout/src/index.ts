export { LayoutError } from "./atomics-layout-error.ts";
export type { LayoutErrorCode } from "./atomics-layout-error.ts";
export { Owner } from "./owner.ts";
export { attachRegion, createRegion, Region } from "./region.ts";
export type { CreateOptions, ExpectedRegion, OwnerRepair, OwnerReport, RegionHandle } from "./region.ts";
export type { HashKeys, Section } from "./region-header.ts";
export type { RecordLayout, RegionOptions, RegionPlan, SectionPlan } from "./region-plan.ts";
export type {
  CompoundUpdate,
  RegionOps,
  SharedMemory,
  UpdateOperation,
  UpdateStep,
  UpdateValue,
} from "@udp-relay/atomics-layout/memory";
