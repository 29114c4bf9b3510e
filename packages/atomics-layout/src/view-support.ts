/** What generated files import beside the memory module. */
export { addToCounter, readCounter, writeCounter } from "./field-counter.ts";
export {
  addSigned,
  compareExchangeSigned,
  exchangeSigned,
  readLong,
  readSignedLong,
  writeLong,
} from "./field-long.ts";
export type { Layout } from "./layout.ts";
export { placed } from "./view-placement.ts";
export { indexError, lengthError, recordsOf, slotError } from "./view-records.ts";
export type { RecordView, SectionRecords, ViewRegion } from "./view-records.ts";
