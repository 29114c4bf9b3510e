/** A value that decides itself what equals it: `expect.any(Number)`. */
export class Asymmetric {
  readonly matches: (actual: unknown) => boolean;
  readonly #text: string;

  constructor(text: string, matches: (actual: unknown) => boolean) {
    this.#text = text;
    this.matches = matches;
  }

  toString(): string {
    return this.#text;
  }
}

/**
 * vitest's `toEqual` (`undefined` members count as missing) and, with `partial`, its `toMatchObject` (members that only
 * the actual object has are ignored).
 */
export function equals(actual: unknown, expected: unknown, partial = false): boolean {
  if (expected instanceof Asymmetric) return expected.matches(actual);
  if (Object.is(actual, expected)) return true;
  if (!isObject(actual) || !isObject(expected)) return false;
  if (Object.prototype.toString.call(actual) !== Object.prototype.toString.call(expected)) return false;
  if (actual instanceof Error && expected instanceof Error) {
    return actual.message === expected.message && actual.name === expected.name;
  }
  if (actual instanceof Date && expected instanceof Date) return actual.getTime() === expected.getTime();
  if (actual instanceof RegExp && expected instanceof RegExp) return String(actual) === String(expected);
  if (actual instanceof Set && expected instanceof Set) {
    return (
      actual.size === expected.size &&
      [...expected].every((value) => actual.has(value) || hasEqual(actual, value))
    );
  }
  if (actual instanceof Map && expected instanceof Map) {
    return (
      actual.size === expected.size && [...expected].every(([key, value]) => equals(actual.get(key), value))
    );
  }
  if (isList(actual) && isList(expected)) {
    if (actual.length !== expected.length) return false;
    for (let i = 0; i < expected.length; i++) if (!equals(actual[i], expected[i], partial)) return false;
    return true;
  }
  return membersEqual(actual, expected, partial);
}

function membersEqual(actual: object, expected: object, partial: boolean): boolean {
  const left = actual as Record<PropertyKey, unknown>;
  const right = expected as Record<PropertyKey, unknown>;
  const keys = new Set<PropertyKey>(Reflect.ownKeys(right));
  if (!partial) for (const key of Reflect.ownKeys(left)) keys.add(key);
  for (const key of keys) {
    if (!isEnumerable(left, key) && !isEnumerable(right, key)) continue;
    if (!equals(left[key], right[key], partial)) return false;
    if (partial && !(key in left)) return false;
  }
  return true;
}

function isEnumerable(value: object, key: PropertyKey): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}

function hasEqual(set: ReadonlySet<unknown>, value: unknown): boolean {
  return [...set].some((member) => equals(member, value));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isList(value: object): value is ArrayLike<unknown> & object {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}
