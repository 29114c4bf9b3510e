import { signatures } from "./system-calls.ts";
import type { LibcFunctions, SystemCalls } from "./system-calls.ts";
import { unsupported } from "./unsupported.ts";

/** The part of koffi that is used. Typed here: koffi is an optional peer, and its types are no dependency. */
interface Koffi {
  load(path: string | null): { func(prototype: string): (...parameters: number[]) => number };
  address(bytes: Uint8Array): bigint;
  errno(): number;
}

const types = { int: "int", unsigned: "uint32_t", pointer: "uintptr_t" } as const;

/** @throws AdapterError ERR_ADAPTER_UNSUPPORTED: koffi is not installed, or libc is not glibc */
export async function openKoffi(importKoffi: () => Promise<unknown>): Promise<SystemCalls> {
  let koffi: Koffi;
  try {
    const module = (await importKoffi()) as { default: Koffi };
    koffi = module.default;
  } catch (cause) {
    throw unsupported("koffi cannot be loaded; install it (npm install koffi)", cause);
  }
  try {
    // Refuses musl, whose headers nobody compared; the functions are then those that the process has linked,
    // so that preloaded libraries see the calls.
    koffi.load("libc.so.6");
    const libc = koffi.load(null);
    const functions = Object.fromEntries(
      Object.entries(signatures).map(([name, parameters]) => {
        const list = parameters.map((parameter) => types[parameter]).join(", ");
        return [name, libc.func(`int ${name}(${list})`)];
      }),
    ) as unknown as LibcFunctions;
    return {
      binding: "koffi",
      addressOf: (bytes) => Number(koffi.address(bytes)),
      errno: () => koffi.errno(),
      ...functions,
    };
  } catch (cause) {
    throw unsupported("koffi found no glibc", cause);
  }
}
