import { AccessorWriter, type Uses } from "./codegen-access.ts";
import { comment, list } from "./codegen-format.ts";
import { accessorsOf, type Accessor, type AccessorVerb } from "./field-accessors.ts";
import type { LayoutPlan, PlannedField, PlannedUpdate } from "./planned-layout.ts";
import { layoutPicture } from "./layout-picture.ts";

/** The accessor class of a layout, its memory picture above it. */
export function classText(plan: LayoutPlan, uses: Uses, printWidth: number): string[] {
  const { name, plannedUpdates } = plan;
  const accessors = plan.groups.flatMap(({ fields }) =>
    fields.flatMap((field) =>
      accessorsOf(field).flatMap((accessor) => accessorText(plan, field, accessor, uses, printWidth)),
    ),
  );
  if (plannedUpdates.length > 0) uses.reaches.add("ops");
  const updates = plannedUpdates.flatMap((update) => updateText(update, printWidth));
  const lines = plan.byteLength / plan.lineBytes;
  const size = `${plan.byteLength} bytes, ${lines === 1 ? "one line" : `${lines} lines`} of ${plan.lineBytes}`;
  const intro =
    `One thread's cursor over ${name} records (${size}): \`new ${name}View(region).at(slot)\`.\n` +
    "Concurrency: a view belongs to the thread that made it; who may call an accessor stands beside it.\n";
  return [
    ...comment("", intro, printWidth, layoutPicture(plan)),
    `export class ${name}View implements RecordView {`,
    ...stateText(plan, uses, printWidth),
    "",
    ...cursorText(plan, printWidth),
    ...accessors,
    ...updates,
    "}",
  ];
}

const REACH_TYPES = {
  words: "Words",
  bytes: "Bytes",
  shorts: "Shorts",
  floats: "Floats",
  doubles: "Doubles",
  ops: "RegionOps",
} as const;

/** Private fields of the arrays in use, and the constructor that fills them. */
function stateText({ name, plannedUpdates }: LayoutPlan, uses: Uses, printWidth: number): string[] {
  const reaches = Object.entries(REACH_TYPES).filter(([reach]) => uses.reaches.has(reach as never));
  uses.view.add("recordsOf");
  return [
    "  readonly region: ViewRegion;",
    ...reaches.map(([reach, type]) => `  readonly #${reach}: ${type};`),
    ...plannedUpdates.flatMap((update) => updateField(update, printWidth)),
    "  readonly #firstWord: number;",
    "  readonly #capacity: number;",
    "  /** Index of the record's first 32-bit word. */",
    "  #word: number;",
    "",
    '  constructor(region: ViewRegion, sectionName = "records") {',
    `    const { firstWord, capacity } = recordsOf(region, sectionName, ${name});`,
    "    this.region = region;",
    ...reaches.map(([reach]) => `    this.#${reach} = region.${reach};`),
    ...plannedUpdates.map(
      (update) => `    this.#${callName(update)} = region.ops.update["${update.compound.name}"]!;`,
    ),
    "    this.#firstWord = firstWord;",
    "    this.#capacity = capacity;",
    "    this.#word = firstWord;",
    "  }",
  ];
}

function cursorText({ name, byteLength }: LayoutPlan, printWidth: number): string[] {
  const words = byteLength / 4;
  const error = list("      ", "throw slotError(", [`"${name}"`, "slot", "this.#capacity"], ");", printWidth);
  return [
    "  /** Moves to a record; throws a LayoutError if there is no such slot. Allocates nothing. */",
    "  at(slot: number): this {",
    "    if (slot >>> 0 !== slot || slot >= this.#capacity) {",
    ...error,
    "    }",
    `    this.#word = this.#firstWord + slot * ${words};`,
    "    return this;",
    "  }",
    "",
    "  /** The record that the view is at; 0 before the first `at`. */",
    "  get slot(): number {",
    `    return (this.#word - this.#firstWord) / ${words};`,
    "  }",
    "",
    "  /** Where that record begins in the region, in bytes. */",
    "  get byteOffset(): number {",
    "    return this.#word * 4;",
    "  }",
  ];
}

function accessorText(
  plan: LayoutPlan,
  field: PlannedField,
  accessor: Accessor,
  uses: Uses,
  printWidth: number,
): string[] {
  const { parameters, result, body } = new AccessorWriter(plan.name, field, uses, printWidth).write(accessor);
  const keyword = accessor.kind === "getter" ? "get " : accessor.kind === "setter" ? "set " : "";
  const tail = result === undefined ? ") {" : `): ${result} {`;
  return [
    "",
    ...comment("  ", documentation(field, accessor), printWidth),
    ...list("  ", `${keyword}${accessor.member}(`, parameters, tail, printWidth),
    ...body,
    "  }",
  ];
}

function documentation(field: PlannedField, { verb }: Accessor): string {
  const { description, type, shape, byteOffset, length, discipline } = field;
  const what = shape === "scalar" ? type : shape === "array" ? `${type}[${length}]` : `${length} bytes`;
  const about = description === undefined ? "" : `${description.replace(/[.\s]*$/, "")}. `;
  const text =
    verb === "add" && discipline === "atomic" ? "Adds; returns the value before." : VERB_TEXT[verb];
  const does = text === undefined ? "" : `${text} `;
  return `${does}${about}${capital(what)} at byte ${byteOffset}. Concurrency: ${concurrency(field, verb)}.`.replace(
    /\s+/g,
    " ",
  );
}

const VERB_TEXT: Partial<Record<AccessorVerb, string>> = {
  peek: "Plain read, possibly behind.",
  add: "Adds.",
  exchange: "Stores and returns the value before.",
  compareExchange: "Stores if the value is as expected; returns the value before.",
  readBytes: "Copies the bytes out.",
  writeBytes: "Copies the bytes in.",
  byteOffset: "Where the bytes are in the region.",
};

function concurrency({ discipline, writer }: PlannedField, verb: AccessorVerb): string {
  const writes = verb !== "get" && verb !== "readBytes" && verb !== "byteOffset" && verb !== "peek";
  if (discipline === "immutable")
    return writes ? "its initialiser, before anybody reads" : "any thread; plain";
  if (discipline === "singleWriter") return writes ? `${writer!} only; plain` : "any thread; plain";
  if (verb === "peek") return "any thread; plain";
  return writes ? `${writer!}; atomic` : "any thread; atomic";
}

function updateField(update: PlannedUpdate, printWidth: number): string[] {
  const typed = ["record", ...update.parameters].map((parameter) => `${parameter}: number`);
  return list("  ", `readonly #${callName(update)}: (`, typed, ") => void;", printWidth);
}

function updateText(update: PlannedUpdate, printWidth: number): string[] {
  const { name, parameters, phrases, description } = update;
  const about = description === undefined ? "" : `${description.replace(/[.\s]*$/, "")}. `;
  const text = `${about}In one call: ${phrases.join("; ")}. Concurrency: any thread; each step exact, the whole not atomic.`;
  const typed = parameters.map((parameter) => `${parameter}: number`);
  return [
    "",
    ...comment("  ", text, printWidth),
    ...list("  ", `${name}(`, typed, "): void {", printWidth),
    ...list("    ", `this.#${callName(update)}(`, ["this.#word << 2", ...parameters], ");", printWidth),
    "  }",
  ];
}

/** Private field that holds the region's function: "received" gives callReceived. */
function callName({ name }: PlannedUpdate): string {
  return `call${capital(name)}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
