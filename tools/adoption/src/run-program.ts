import { compileFunction } from "node:vm";

/**
 * Runs a program's lines as the body of a function.
 *
 * @param given what the names stand for that the program does not declare
 * @returns what the program returns
 * @throws whatever the program throws
 */
export function runProgram(code: string, given: object): unknown {
  const program = compileFunction(code, Object.keys(given)) as (...values: unknown[]) => unknown;
  return program(...(Object.values(given) as unknown[]));
}
