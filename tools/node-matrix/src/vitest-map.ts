import * as test from "node:test";
import { formatTitle } from "./expect.ts";
import { watched } from "./left-open.ts";

export { expect } from "./expect.ts";
export const beforeEach: (hook: () => unknown) => void = (hook) => test.beforeEach(() => watched(hook));
export const afterEach: (hook: () => unknown) => void = (hook) => test.afterEach(() => watched(hook));
export const beforeAll: (hook: () => unknown) => void = (hook) => test.before(() => watched(hook));
export const afterAll: (hook: () => unknown) => void = (hook) => test.after(() => watched(hook));

type Body = (...values: never[]) => unknown;
type Declare = (title: string, body?: Body, timeout?: number) => void;
type Each = (rows: readonly unknown[]) => Declare;
type Block = Declare & {
  each: Each;
  skip: Declare;
  only: Declare;
  skipIf: (condition: unknown) => Declare;
  runIf: (condition: unknown) => Declare;
};

/** The part of vitest's `it` and `describe` that the suites use. A test's time limit is 30 s, as in the workspace. */
function block(declare: (title: string, options: test.TestOptions, body: () => unknown) => unknown): Block {
  const plain =
    (options: test.TestOptions): Declare =>
    (title, body = () => undefined, timeout = 30_000) =>
      void declare(title, { ...options, timeout }, () => body());
  const each: Each = (rows) => (title, body, timeout) => {
    rows.forEach((row, index) => {
      const values = (Array.isArray(row) ? row : [row]) as never[];
      plain({})(formatTitle(title, values, index), () => body?.(...values), timeout);
    });
  };
  return Object.assign(plain({}), {
    each,
    skip: plain({ skip: true }),
    only: plain({ only: true }),
    skipIf: (condition: unknown) => plain({ skip: Boolean(condition) }),
    runIf: (condition: unknown) => plain({ skip: !condition }),
  });
}

/** node:test calls a body with its context: the suites' bodies take none. A suite must be declared synchronously. */
export const it: Block = block((title, options, body) =>
  test.test(title, options, ({ signal }) => watched(body, signal)),
);
export const describe: Block = block((title, { skip = false }, body) =>
  test.describe(title, { skip }, () => {
    body();
  }),
);
export { it as test };
