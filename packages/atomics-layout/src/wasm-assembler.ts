import { MEMORY_ACCESS, OPCODES, VALUE_TYPES } from "./wasm-opcodes.ts";

/**
 * A small assembler for the part of the WebAssembly text format that this package writes: one imported memory,
 * mutable globals, exported functions with named locals, folded instructions, `loop`, `br_if`, `if`.
 * It takes no text from outside. Its output equals wabt's `wat2wasm`, byte for byte (test/wasm-bytes.test.ts).
 *
 * Format: WebAssembly Core Specification 2.0, chapter 5 (binary) and 6 (text), with the threads proposal.
 */
export function assemble(source: string): Uint8Array<ArrayBuffer> {
  const [module, ...rest] = parse(source);
  if (rest.length > 0 || !isForm(module) || module[0] !== "module") fail("one (module …) expected");
  const forms = module.slice(1).filter(isForm);
  const imports = forms.filter((form) => form[0] === "import");
  const globals = forms.filter((form) => form[0] === "global");
  const functions = forms.filter((form) => form[0] === "func").map(readFunction);
  const globalIndex = new Map(globals.map((form, index) => [String(form[1]), index]));
  const types: string[] = [];
  const typeOf = functions.map(({ signature }) => {
    if (!types.includes(signature)) types.push(signature);
    return types.indexOf(signature);
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      types.map((signature) => signature.split(",").map(Number)),
    ),
    ...section(2, imports.map(encodeMemoryImport)),
    ...section(3, typeOf.map(unsigned)),
    ...section(6, globals.map(encodeGlobal)),
    ...section(
      7,
      functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]),
    ),
    ...section(
      10,
      functions.map((definition) => encodeBody(definition, globalIndex)),
    ),
  ]);
}

/** An atom, or a parenthesised list whose first element names the form. */
type Node = string | readonly Node[];
type Form = readonly Node[];

interface FunctionForm {
  readonly name: string;
  /** The encoded function type, as comma-separated bytes: functions with equal text share one type. */
  readonly signature: string;
  readonly locals: ReadonlyMap<string, number>;
  readonly localTypes: readonly string[];
  readonly body: readonly Node[];
}

function parse(source: string): Node[] {
  const stack: Node[][] = [[]];
  for (const [token] of source.matchAll(/;;[^\n]*|\(|\)|"[^"]*"|[^\s()";]+/g)) {
    const top = stack.at(-1) ?? fail("unbalanced parenthesis");
    if (token.startsWith(";;")) continue;
    if (token === "(") stack.push([]);
    else if (token !== ")") top.push(token);
    else {
      stack.pop();
      (stack.at(-1) ?? fail("unbalanced parenthesis")).push(top);
    }
  }
  if (stack.length !== 1) fail("unbalanced parenthesis");
  return stack[0]!;
}

function readFunction(form: Form): FunctionForm {
  const locals = new Map<string, number>();
  const parameters: string[] = [];
  const results: string[] = [];
  const localTypes: string[] = [];
  let name = "";
  let at = 1;
  for (; at < form.length; at++) {
    const [head, first, second] = form[at] as Form;
    if (head === "export") name = unquote(first);
    else if (head === "param") {
      locals.set(String(first), locals.size);
      parameters.push(String(second));
    } else if (head === "result") results.push(String(first));
    else if (head === "local") {
      locals.set(String(first), locals.size);
      localTypes.push(String(second));
    } else break;
  }
  const signature = [0x60, ...vector(parameters.map(valueType)), ...vector(results.map(valueType))].join(",");
  return { name, signature, locals, localTypes, body: form.slice(at) };
}

/** `(import "module" "name" (memory MIN MAX shared))` */
function encodeMemoryImport([, module, name, memory]: Form): number[] {
  const [, minimum, maximum] = memory as Form;
  return [
    ...text(unquote(module)),
    ...text(unquote(name)),
    0x02,
    0x03,
    ...unsigned(Number(minimum)),
    ...unsigned(Number(maximum)),
  ];
}

/** `(global $name (mut TYPE) (TYPE.const VALUE))` */
function encodeGlobal([, , type, value]: Form): number[] {
  return [
    ...valueType(String((type as Form)[1])),
    0x01,
    ...encode(value as Form, { locals: new Map(), globals: new Map(), labels: [] }),
    0x0b,
  ];
}

function encodeBody(
  { locals, localTypes, body }: FunctionForm,
  globals: ReadonlyMap<string, number>,
): number[] {
  const runs: { type: string; count: number }[] = [];
  for (const type of localTypes) {
    const last = runs.at(-1);
    if (last?.type === type) last.count++;
    else runs.push({ type, count: 1 });
  }
  const scope: Scope = { locals, globals, labels: [] };
  const code = [
    ...vector(runs.map(({ type, count }) => [...unsigned(count), ...valueType(type)])),
    ...encodeAll(body, scope),
    0x0b,
  ];
  return [...unsigned(code.length), ...code];
}

interface Scope {
  readonly locals: ReadonlyMap<string, number>;
  readonly globals: ReadonlyMap<string, number>;
  /** Enclosing labels, innermost first; an `if` without a name is an empty string. */
  readonly labels: readonly string[];
}

function encodeAll(nodes: readonly Node[], scope: Scope): number[] {
  return nodes.flatMap((node) => (isForm(node) ? encode(node, scope) : fail(`unfolded instruction ${node}`)));
}

/** One folded instruction: its operands first, then itself. */
function encode(form: Form, scope: Scope): number[] {
  const head = String(form[0]);
  const immediate = form[1];
  if (head === "loop") {
    const inner = { ...scope, labels: [String(immediate), ...scope.labels] };
    return [0x03, 0x40, ...encodeAll(form.slice(2), inner), 0x0b];
  }
  const operands = encodeAll(form.slice(1).filter(isForm).filter(isOperand), scope);
  switch (head) {
    case "if": {
      const then =
        form
          .slice(1)
          .filter(isForm)
          .find((inner) => inner[0] === "then") ?? fail("if without then");
      const inner = { ...scope, labels: ["", ...scope.labels] };
      return [...operands, 0x04, 0x40, ...encodeAll(then.slice(1), inner), 0x0b];
    }
    case "br_if":
      return [...operands, 0x0d, ...unsigned(indexIn(scope.labels, immediate))];
    case "local.get":
    case "local.set":
    case "local.tee":
      return [
        ...operands,
        opcode(head),
        ...unsigned(scope.locals.get(String(immediate)) ?? fail(`no ${String(immediate)}`)),
      ];
    case "global.get":
    case "global.set":
      return [
        ...operands,
        opcode(head),
        ...unsigned(scope.globals.get(String(immediate)) ?? fail(`no ${String(immediate)}`)),
      ];
    case "i32.const":
    case "i64.const":
      return [opcode(head), ...signed(BigInt(String(immediate)))];
    case "atomic.fence":
      return [0xfe, 0x03, 0x00];
  }
  const access = MEMORY_ACCESS[head];
  if (access === undefined)
    return [
      ...operands,
      ...(opcode(head) > 0xff ? [opcode(head) >>> 8, opcode(head) & 0xff] : [opcode(head)]),
    ];
  const offset =
    typeof immediate === "string" && immediate.startsWith("offset=") ? Number(immediate.slice(7)) : 0;
  return [...operands, ...access.code, access.alignLog2, ...unsigned(offset)];
}

function opcode(instruction: string): number {
  return OPCODES[instruction] ?? fail(`unknown instruction ${instruction}`);
}

function valueType(name: string): number[] {
  return [VALUE_TYPES[name] ?? fail(`unknown type ${name}`)];
}

function section(id: number, entries: readonly (readonly number[])[]): number[] {
  if (entries.length === 0) return [];
  const payload = vector(entries);
  return [id, ...unsigned(payload.length), ...payload];
}

function vector(entries: readonly (readonly number[])[]): number[] {
  return [...unsigned(entries.length), ...entries.flat()];
}

/** LEB128, unsigned, below 2^32. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}

/** LEB128, signed, 64 bits at most. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    if (rest >> 6n === 0n || rest >> 6n === -1n) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

function text(value: string): number[] {
  return vector([...new TextEncoder().encode(value)].map((byte) => [byte]));
}

function unquote(node: Node | undefined): string {
  return typeof node === "string" ? node.slice(1, -1) : fail("a quoted name expected");
}

function isForm(node: Node | undefined): node is Form {
  return typeof node === "object";
}

function isOperand(form: Form): boolean {
  return form[0] !== "then";
}

function indexIn(labels: readonly string[], label: Node | undefined): number {
  const index = labels.indexOf(String(label));
  return index < 0 ? fail(`no label ${String(label)}`) : index;
}

/** Only a mistake in this package's own text gets here. */
function fail(message: string): never {
  throw new SyntaxError(`WebAssembly text: ${message}`);
}
