import { endianness } from "node:os";
import type { SystemCalls } from "./system-calls.ts";
import { unsupported } from "./unsupported.ts";

/** What the transport runs on; injectable, so that the refusals can be tested anywhere. */
export interface Platform {
  readonly platform: string;
  readonly arch: string;
  readonly endianness: string;
  readonly bun: boolean;
  readonly importKoffi: () => Promise<unknown>;
}

/**
 * libc by the runtime's own way: bun:ffi on Bun, koffi on Node.
 *
 * @throws AdapterError ERR_ADAPTER_UNSUPPORTED with the reason
 */
export function openSystemCalls(): Promise<SystemCalls> {
  // Once a thread; a failure is tried again, since koffi may be installed meanwhile.
  opened ??= openSystemCallsOn(thisPlatform()).catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

let opened: Promise<SystemCalls> | undefined;

/** The same for any platform. */
export async function openSystemCallsOn(platform: Platform): Promise<SystemCalls> {
  const { arch } = platform;
  if (platform.platform !== "linux") {
    throw unsupported(`recvmmsg and sendmmsg are Linux's; this is ${platform.platform}`);
  }
  if ((arch !== "x64" && arch !== "arm64") || platform.endianness !== "LE") {
    throw unsupported(
      `struct layouts are known for little-endian x64 and arm64; this is ${arch}, ${platform.endianness}`,
    );
  }
  if (platform.bun) {
    const { openBunFfi } = await import("./bun-ffi.ts");
    return openBunFfi();
  }
  const { openKoffi } = await import("./koffi.ts");
  return openKoffi(platform.importKoffi);
}

export function thisPlatform(): Platform {
  return {
    platform: process.platform,
    arch: process.arch,
    endianness: endianness(),
    bun: "bun" in process.versions,
    importKoffi: () => import("koffi"),
  };
}
