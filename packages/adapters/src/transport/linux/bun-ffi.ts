import { signatures } from "./system-calls.ts";
import type { LibcFunctions, SystemCalls } from "./system-calls.ts";
import { unsupported } from "./unsupported.ts";

/** The part of bun:ffi that is used. Typed here: Bun's types are no dependency. */
interface BunFfi {
  dlopen(
    path: string,
    symbols: Record<string, { args: string[]; returns: string }>,
  ): { symbols: Record<string, (...parameters: number[]) => number> };
  ptr(bytes: Uint8Array): number;
  read: { i32(pointer: number, offset: number): number };
}

const types = { int: "i32", unsigned: "u32", pointer: "ptr" } as const;

/** @throws AdapterError ERR_ADAPTER_UNSUPPORTED: libc is not glibc */
export async function openBunFfi(): Promise<SystemCalls> {
  try {
    // Through a variable, so that neither bundlers nor other runtimes look for the module.
    const name = "bun:ffi";
    const ffi = (await import(name)) as BunFfi;
    const { symbols } = ffi.dlopen("libc.so.6", {
      ...Object.fromEntries(
        Object.entries(signatures).map(([symbol, parameters]) => [
          symbol,
          { args: parameters.map((parameter) => types[parameter]), returns: "i32" },
        ]),
      ),
      __errno_location: { args: [], returns: "ptr" },
    });
    const { __errno_location: errnoLocation, ...functions } = symbols;
    return {
      binding: "bun:ffi",
      addressOf: (bytes) => ffi.ptr(bytes),
      // Each thread has its own errno: the location is not kept.
      errno: () => ffi.read.i32(errnoLocation!(), 0),
      ...(functions as unknown as LibcFunctions),
    };
  } catch (cause) {
    throw unsupported("bun:ffi found no glibc", cause);
  }
}
