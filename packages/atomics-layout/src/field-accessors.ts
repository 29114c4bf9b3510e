import type { FieldPlacement } from "./planned-layout.ts";

/**
 * What an accessor does. The generated class and the one that `compileLayout` builds both follow `accessorsOf`, so
 * that they cannot differ in their members.
 */
export type AccessorVerb =
  /** Reads: atomically if the field is atomic. */
  | "get"
  /** Reads an atomic 32-bit field plainly: cheaper, and possibly behind. */
  | "peek"
  /** A single writer's plain write. */
  | "set"
  /** The initialiser's plain write. */
  | "init"
  /** Atomic write. */
  | "store"
  /** Adds: atomic and returning the value before, or a single writer's. */
  | "add"
  | "exchange"
  | "compareExchange"
  /** Copies bytes out of the record. */
  | "readBytes"
  /** Copies bytes into it. */
  | "writeBytes"
  /** Where in the region's bytes they are. */
  | "byteOffset";

export interface Accessor {
  readonly verb: AccessorVerb;
  /** Name of the view's member. */
  readonly member: string;
  readonly kind: "getter" | "setter" | "method";
}

/** The members that a view has for a field. */
export function accessorsOf({ name, shape, discipline, type }: FieldPlacement): readonly Accessor[] {
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  const method = (verb: AccessorVerb, member: string): Accessor => ({ verb, member, kind: "method" });
  if (shape === "bytes") {
    return [
      { verb: "byteOffset", member: `${name}ByteOffset`, kind: "getter" },
      method("readBytes", `read${title}`),
      method("writeBytes", `${discipline === "immutable" ? "init" : "write"}${title}`),
    ];
  }
  const read: Accessor =
    shape === "array" ? method("get", `${name}At`) : { verb: "get", member: name, kind: "getter" };
  if (discipline === "immutable") return [read, method("init", `init${title}`)];
  if (discipline === "singleWriter") {
    const write: Accessor =
      shape === "array" ? method("set", `set${title}`) : { verb: "set", member: name, kind: "setter" };
    return [read, write, method("add", `add${title}`)];
  }
  const word = type === "u32" || type === "i32";
  return [
    read,
    ...(word ? [method("peek", `peek${title}`)] : []),
    method("store", `store${title}`),
    method("add", `add${title}`),
    method("exchange", `exchange${title}`),
    method("compareExchange", `compareExchange${title}`),
  ];
}
