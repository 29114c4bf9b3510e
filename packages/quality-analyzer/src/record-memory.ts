import type { Words } from "@udp-relay/atomics-layout/memory";

/**
 * The words of a record as the estimators see them. They reach them by the memory module's `peek` and `poke`, whose
 * type asks for shared memory; on plain memory the two do the same, and a page without SharedArrayBuffer has no other.
 */
export type RecordWords = Words;

/** A zeroed record of an analyzer's own, as its estimators and as its readings see it. */
export function ownRecord(wordCount: number): { record: RecordWords; words: Int32Array<ArrayBuffer> } {
  const words = new Int32Array(wordCount);
  return { record: words as unknown as RecordWords, words };
}
