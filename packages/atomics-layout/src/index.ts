export { LayoutError } from "./atomics-layout-error.ts";
export type { LayoutErrorCode } from "./atomics-layout-error.ts";
export { Owner } from "./owner.ts";
export { attachRegion, createRegion } from "./create-region.ts";
export type { CreateOptions, ExpectedRegion } from "./create-region.ts";
export { Region } from "./region.ts";
export type { OwnerRepair, OwnerReport } from "./region.ts";
export type { RegionHandle } from "./region-handle.ts";
export type { HashKeys, Section } from "./region-header.ts";
export type { RecordLayout, RegionOptions, RegionPlan, SectionPlan } from "./region-plan.ts";
export { superviseWorker } from "./supervise-worker.ts";
export type { OwnerStall, SuperviseOptions, SupervisedWorker, WorkerEnd } from "./supervise-worker.ts";
export type {
  CompoundUpdate,
  RegionOps,
  SharedMemory,
  UpdateOperation,
  UpdateStep,
  UpdateValue,
} from "@udp-relay/atomics-layout/memory";
export { compileLayout, defineLayout } from "./layout.ts";
export type { Layout, LayoutDefinition, LayoutOptions } from "./layout.ts";
export type { FieldPlacement, GroupPlacement, LayoutPlan } from "./planned-layout.ts";
export { line } from "./layout-group.ts";
export type { GroupFields, Groups, Line, LineOptions } from "./layout-group.ts";
export { update } from "./layout-update.ts";
export type { FieldUpdate, Update, Updates } from "./layout-update.ts";
export { array, bytes, Field, f32, f64, i32, i64, u16, u32, u64, u8 } from "./field.ts";
export type { AtomicType, Discipline, FieldShape, FieldType, Scalar, ScalarType } from "./field.ts";
export type { RecordView, ViewClass, ViewRegion } from "./view-records.ts";
export type { FieldNameOf, ViewOf } from "./view-type.ts";
