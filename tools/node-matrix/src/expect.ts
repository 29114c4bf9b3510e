import { AssertionError } from "node:assert";
import { format, inspect } from "node:util";
import { Asymmetric, equals } from "./equality.ts";

type Matcher = (actual: unknown, ...expected: unknown[]) => boolean;
type Thrown = string | RegExp | Error | Asymmetric | (new (...args: never[]) => unknown) | undefined;

/** vitest's matchers, those that the suites use; one that is missing here fails loudly. */
const MATCHERS: Readonly<Record<string, Matcher>> = {
  toBe: (actual, expected) => Object.is(actual, expected),
  toEqual: (actual, expected) => equals(actual, expected),
  toStrictEqual: (actual, expected) => equals(actual, expected),
  toMatchObject: (actual, expected) => equals(actual, expected, true),
  toBeUndefined: (actual) => actual === undefined,
  toBeDefined: (actual) => actual !== undefined,
  toBeNull: (actual) => actual === null,
  toBeNaN: (actual) => Number.isNaN(actual),
  toBeTruthy: (actual) => Boolean(actual),
  toBeFalsy: (actual) => !actual,
  toBeGreaterThan: (actual, expected) => (actual as number) > (expected as number),
  toBeGreaterThanOrEqual: (actual, expected) => (actual as number) >= (expected as number),
  toBeLessThan: (actual, expected) => (actual as number) < (expected as number),
  toBeLessThanOrEqual: (actual, expected) => (actual as number) <= (expected as number),
  toBeCloseTo: (actual, expected, digits = 2) =>
    Object.is(actual, expected) ||
    Math.abs((actual as number) - (expected as number)) < 10 ** -(digits as number) / 2,
  toBeInstanceOf: (actual, expected) => actual instanceof (expected as new () => object),
  toBeTypeOf: (actual, expected) => typeof actual === expected,
  toHaveLength: (actual, expected) => (actual as { length: number }).length === expected,
  toHaveProperty: (actual, key) => String(key) in (actual as object),
  toContain: (actual, expected) =>
    typeof actual === "string"
      ? actual.includes(expected as string)
      : [...(actual as Iterable<unknown>)].includes(expected),
  toContainEqual: (actual, expected) =>
    [...(actual as Iterable<unknown>)].some((value) => equals(value, expected)),
  toMatch: (actual, expected) =>
    expected instanceof RegExp ? expected.test(String(actual)) : String(actual).includes(String(expected)),
  toThrow: (actual, expected) => throws(actual as () => unknown, expected as Thrown),
  toThrowError: (actual, expected) => throws(actual as () => unknown, expected as Thrown),
};

function throws(attempt: () => unknown, expected: Thrown): boolean {
  try {
    attempt();
  } catch (error) {
    return isThrown(error, expected);
  }
  return false;
}

function isThrown(error: unknown, expected: Thrown): boolean {
  const message = error instanceof Error ? error.message : String(error);
  if (expected === undefined) return true;
  if (typeof expected === "string") return message.includes(expected);
  if (expected instanceof RegExp) return expected.test(message);
  if (expected instanceof Asymmetric) return equals(error, expected);
  if (typeof expected === "function") return error instanceof expected;
  return message === expected.message;
}

/** What `expect(actual)` and its `not` give. Matchers are methods of the prototype: suites call it a million times. */
class Assertion {
  readonly actual: unknown;
  readonly note: string | undefined;
  readonly negated: boolean;

  constructor(actual: unknown, note: string | undefined, negated = false) {
    this.actual = actual;
    this.note = note;
    this.negated = negated;
  }

  get not(): Assertion {
    return new Assertion(this.actual, this.note, !this.negated);
  }
  get resolves(): Settled {
    return new Settled(this.actual, this.note, true);
  }
  get rejects(): Settled {
    return new Settled(this.actual, this.note, false);
  }

  judge(name: string, expected: readonly unknown[]): void {
    const { actual, note, negated } = this;
    if (MATCHERS[name]!(actual, ...expected) !== negated) return;
    const operands = expected.map((value) => inspect(value, { depth: 5 })).join(", ");
    const text = `expected ${inspect(actual, { depth: 5 })} ${negated ? "not " : ""}${name} ${operands}`;
    throw new AssertionError({ message: note === undefined ? text : `${note}: ${text}` });
  }
}

/** `resolves` and `rejects`: the matchers on what the promise came to. */
class Settled {
  readonly outcome: Promise<{ fulfilled: boolean; value: unknown }>;
  readonly note: string | undefined;
  readonly fulfils: boolean;

  constructor(promise: unknown, note: string | undefined, fulfils: boolean) {
    this.outcome = Promise.resolve(promise).then(
      (value) => ({ fulfilled: true, value }),
      (value: unknown) => ({ fulfilled: false, value }),
    );
    this.note = note;
    this.fulfils = fulfils;
  }

  async judge(name: string, expected: readonly unknown[]): Promise<void> {
    const { fulfilled, value } = await this.outcome;
    if (fulfilled !== this.fulfils) throw new AssertionError({ message: `promise: ${inspect(value)}` });
    const actual = name.startsWith("toThrow")
      ? (): never => {
          throw value;
        }
      : value;
    new Assertion(actual, this.note).judge(name, expected);
  }
}

for (const name of Object.keys(MATCHERS)) {
  for (const { prototype } of [Assertion, Settled]) {
    Object.defineProperty(prototype, name, {
      value(this: Assertion | Settled, ...expected: unknown[]) {
        return this.judge(name, expected);
      },
    });
  }
}

function expectation(actual: unknown, note?: string): unknown {
  return new Assertion(actual, note);
}

const asymmetric = {
  any: (type: unknown): Asymmetric =>
    new Asymmetric(`any ${String(type)}`, (actual) => {
      const primitives: [unknown, string][] = [
        [Number, "number"],
        [String, "string"],
        [Boolean, "boolean"],
        [BigInt, "bigint"],
        [Function, "function"],
      ];
      const name = primitives.find(([constructor]) => constructor === type)?.[1];
      return name === undefined ? actual instanceof (type as new () => object) : typeof actual === name;
    }),
  anything: (): Asymmetric => new Asymmetric("anything", (actual) => actual !== undefined && actual !== null),
  objectContaining: (expected: object): Asymmetric =>
    new Asymmetric(`object containing ${inspect(expected)}`, (actual) =>
      Object.entries(expected).every(
        ([key, value]) => key in Object(actual) && equals((actual as Record<string, unknown>)[key], value),
      ),
    ),
  arrayContaining: (expected: readonly unknown[]): Asymmetric =>
    new Asymmetric(`array containing ${inspect(expected)}`, (actual) =>
      expected.every((value) => (actual as unknown[]).some((member) => equals(member, value))),
    ),
  stringMatching: (expected: RegExp | string): Asymmetric =>
    new Asymmetric(`string matching ${String(expected)}`, (actual) =>
      new RegExp(expected).test(actual as string),
    ),
  stringContaining: (expected: string): Asymmetric =>
    new Asymmetric(`string containing ${expected}`, (actual) => String(actual).includes(expected)),
  unreachable: (message = "expected not to be reached"): never => {
    throw new AssertionError({ message });
  },
};

export const expect: typeof expectation & typeof asymmetric = Object.assign(expectation, asymmetric);

/** A title of `it.each`: printf's signs, `$name` for members of an object, `%#` for the row's number. */
export function formatTitle(title: string, values: readonly unknown[], index: number): string {
  const [first] = values;
  const named = title.replaceAll("%#", String(index)).replaceAll(/\$(\w+)/g, (whole, name: string) => {
    const member = (first as Record<string, unknown> | undefined)?.[name];
    return member === undefined ? whole : inspect(member);
  });
  return format(named, ...values.slice(0, (named.match(/%[sdifjoO]/g) ?? []).length));
}
