import type { Accessor, AccessorVerb } from "./field-accessors.ts";
import { list } from "./codegen-format.ts";
import { elementBytes } from "./field.ts";
import type { FieldPlacement } from "./planned-layout.ts";

/** The text of an accessor's body, and what it needs around it. */
export interface AccessorText {
  readonly parameters: readonly string[];
  readonly result: "number" | "void" | undefined;
  readonly body: readonly string[];
}

/** Where a field is reached: the view's private field that holds the array or the operations. */
export type Reach = "words" | "bytes" | "shorts" | "floats" | "doubles" | "ops";

/** Functions and private fields that a class turns out to use. */
export interface Uses {
  readonly memory: Set<string>;
  readonly view: Set<string>;
  readonly reaches: Set<Reach>;
}

export function noUses(): Uses {
  return { memory: new Set(), view: new Set(), reaches: new Set() };
}

const INDENT = "    ";

/** Writes one accessor and notes in `uses` what it calls. */
export class AccessorWriter {
  readonly #path: string;
  readonly #field: FieldPlacement;
  readonly #uses: Uses;
  readonly #printWidth: number;

  constructor(layoutName: string, field: FieldPlacement, uses: Uses, printWidth: number) {
    this.#path = `${layoutName}.${field.group}.${field.name}`;
    this.#field = field;
    this.#uses = uses;
    this.#printWidth = printWidth;
  }

  write({ verb, kind }: Accessor): AccessorText {
    if (this.#field.shape === "bytes") return this.#bytesText(verb);
    const inArray = this.#field.shape === "array";
    const names = VALUE_PARAMETERS[verb] ?? [];
    const parameters = [...(inArray ? ["index"] : []), ...names].map((name) => `${name}: number`);
    const check = inArray ? this.#indexCheck() : [];
    const returns = verb === "get" || verb === "peek" || (this.#atomic && verb !== "store");
    const result = kind === "setter" ? undefined : returns ? "number" : "void";
    return { parameters, result, body: [...check, ...this.#statements(verb, names)] };
  }

  get #atomic(): boolean {
    return this.#field.discipline === "atomic";
  }

  #statements(verb: AccessorVerb, values: readonly string[]): string[] {
    const { type, discipline } = this.#field;
    const value = values[0] ?? "";
    if (type === "u64" || type === "i64") return this.#longStatements(verb, values);
    if (discipline === "atomic") {
      const unsigned = type === "u32" ? " >>> 0" : "";
      if (verb === "store")
        return this.#call("", this.#memory("store"), [this.#array("words"), this.#word(), value]);
      const name = this.#memory(verb === "get" ? "load" : verb);
      return this.#returned(name, [this.#array("words"), this.#word(), ...values], unsigned);
    }
    const [reach, suffix, index] = this.#plain();
    const read = this.#memory(`peek${suffix}`);
    if (verb === "get")
      return this.#returned(read, [this.#array(reach), index], type === "u32" ? " >>> 0" : "");
    const write = this.#memory(`poke${suffix}`);
    if (verb !== "add") return this.#call("", write, [this.#array(reach), index, value]);
    const before = `${read}(${this.#array(reach)}, at)`;
    return [
      `${INDENT}const at = ${index};`,
      ...this.#call("", write, [this.#array(reach), "at", `${before} + ${value}`]),
    ];
  }

  #longStatements(verb: AccessorVerb, values: readonly string[]): string[] {
    const { type, discipline } = this.#field;
    const signed = type === "i64";
    const [ops, words] = ["this.#ops", "this.#words"];
    const returnsNumber = verb === "get" || (discipline === "atomic" && verb !== "store");
    const call = (callee: string, args: readonly string[]): string[] =>
      returnsNumber ? this.#returned(callee, args, "") : this.#call("", callee, args);
    if (discipline === "immutable") {
      this.#uses.reaches.add("words");
      const name = verb === "init" ? "writeLong" : signed ? "readSignedLong" : "readLong";
      return call(this.#view(name), [words, this.#word(2), ...values]);
    }
    this.#uses.reaches.add("ops");
    if (discipline === "singleWriter" && !signed) {
      if (verb === "add") {
        this.#uses.reaches.add("words");
        return call(this.#view("addToCounter"), [ops, words, this.#word(2), ...values]);
      }
      return call(this.#view(verb === "get" ? "readCounter" : "writeCounter"), [
        ops,
        this.#address(),
        ...values,
      ]);
    }
    const signedRead = signed && discipline === "atomic" ? SIGNED_READS[verb] : undefined;
    if (signedRead !== undefined) return call(this.#view(signedRead), [ops, this.#address(), ...values]);
    const operation = signed && verb === "get" ? "loadSigned64" : LONG_OPERATIONS[verb];
    return call(`${ops}.${operation!}`, [this.#address(), ...values]);
  }

  #bytesText(verb: AccessorVerb): AccessorText {
    const { byteOffset, length } = this.#field;
    const at = sum("this.#word * 4", byteOffset);
    if (verb === "byteOffset") return { parameters: [], result: "number", body: [`${INDENT}return ${at};`] };
    const name = verb === "readBytes" ? "target" : "source";
    const error = this.#call("  throw ", this.#view("lengthError"), [
      `"${this.#path}"`,
      `${name}.length`,
      String(length),
    ]);
    const body = [
      `${INDENT}if (${name}.length !== ${length}) {`,
      ...error,
      `${INDENT}}`,
      ...this.#call("", this.#memory(verb), [this.#array("bytes"), at, name]),
    ];
    return { parameters: [`${name}: Uint8Array`], result: "void", body };
  }

  #indexCheck(): string[] {
    const { length } = this.#field;
    const error = this.#call("  throw ", this.#view("indexError"), [
      `"${this.#path}"`,
      "index",
      String(length),
    ]);
    return [`${INDENT}if (index >>> 0 !== index || index >= ${length}) {`, ...error, `${INDENT}}`];
  }

  /** Array, suffix of peek and poke, and index of a plain number. */
  #plain(): [Reach, string, string] {
    const { type, byteOffset } = this.#field;
    const each = this.#field.shape === "array" ? " + index" : "";
    const half = sum("(this.#word >> 1)", byteOffset / 8);
    switch (type) {
      case "u8":
        return ["bytes", "8", sum("this.#word * 4", byteOffset) + each];
      case "u16":
        return ["shorts", "16", sum("this.#word * 2", byteOffset / 2) + each];
      case "f32":
        return ["floats", "F32", this.#word()];
      case "f64":
        return ["doubles", "F64", byteOffset === 0 && each === "" ? "this.#word >> 1" : half + each];
      default:
        return ["words", "", this.#word()];
    }
  }

  /** Index of the field's first word; `stride` is the words of one element. */
  #word(stride = 1): string {
    const each = this.#field.shape === "array" ? (stride === 1 ? " + index" : ` + index * ${stride}`) : "";
    return sum("this.#word", this.#field.byteOffset / 4) + each;
  }

  /** Byte offset in the region as an int32, which WebAssembly takes as unsigned. */
  #address(): string {
    const { shape, type, byteOffset } = this.#field;
    const each = shape === "array" ? ` + index * ${elementBytes(type)}` : "";
    if (byteOffset === 0 && each === "") return "this.#word << 2";
    return sum("(this.#word << 2)", byteOffset) + each;
  }

  #array(reach: Reach): string {
    this.#uses.reaches.add(reach);
    return `this.#${reach}`;
  }

  #memory(name: string): string {
    this.#uses.memory.add(name);
    return name;
  }

  #view(name: string): string {
    this.#uses.view.add(name);
    return name;
  }

  #call(before: string, callee: string, args: readonly string[]): string[] {
    const extra = before.startsWith("  ") ? "  " : "";
    return list(INDENT + extra, `${before.trimStart()}${callee}(`, args, ");", this.#printWidth);
  }

  /** `return callee(args) >>> 0;`, by way of a constant where that does not fit. */
  #returned(callee: string, args: readonly string[], after: string): string[] {
    const inline = `${INDENT}return ${callee}(${args.join(", ")})${after};`;
    if (inline.length <= this.#printWidth) return [inline];
    if (after === "") return this.#call("return ", callee, args);
    return [...this.#call("const before = ", callee, args), `${INDENT}return before${after};`];
  }
}

function sum(base: string, offset: number): string {
  return offset === 0 ? base : `${base} + ${offset}`;
}

const VALUE_PARAMETERS: Partial<Record<AccessorVerb, readonly string[]>> = {
  set: ["value"],
  init: ["value"],
  store: ["value"],
  add: ["amount"],
  exchange: ["value"],
  compareExchange: ["expected", "replacement"],
};

const SIGNED_READS: Partial<Record<AccessorVerb, string>> = {
  add: "addSigned",
  exchange: "exchangeSigned",
  compareExchange: "compareExchangeSigned",
};

const LONG_OPERATIONS: Partial<Record<AccessorVerb, string>> = {
  get: "load64",
  set: "store64",
  store: "store64",
  add: "add64",
  exchange: "exchange64",
  compareExchange: "compareExchange64",
};
