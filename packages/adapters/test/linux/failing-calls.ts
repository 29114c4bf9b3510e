import type { SystemCalls } from "../../src/transport/linux.ts";

/**
 * System calls that fail by destination, as `faults/udp-faults.c` does for other transports: 127.66.0.E with errno
 * E each time, 127.66.N.E N times. As the kernel, sendmmsg tells an error only when it is the first message's.
 */
export function failing(calls: SystemCalls): SystemCalls {
  const failures = new Map<number, number>();
  const arrays: { readonly address: number; readonly bytes: Uint8Array }[] = [];
  let injected = 0;

  const read32 = (address: number): number => {
    for (const { address: start, bytes } of arrays) {
      const offset = address - start;
      if (offset >= 0 && offset + 4 <= bytes.byteLength) {
        return new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0, true);
      }
    }
    throw new Error(`no memory at ${address}`);
  };
  const fault = (header: number): number => {
    const name = read32(header) + read32(header + 4) * 2 ** 32;
    const address = read32(name + 4);
    if ((read32(name) & 0xffff) !== 2 || (address & 0xffff) !== (127 | (66 << 8))) return 0;
    const [times, errno] = [(address >>> 16) & 255, address >>> 24];
    const failed = failures.get(address) ?? 0;
    failures.set(address, failed + 1);
    return times === 0 || failed < times ? errno : 0;
  };

  return {
    ...calls,
    addressOf: (bytes) => {
      const address = calls.addressOf(bytes);
      arrays.push({ address, bytes });
      return address;
    },
    errno: () => (injected === 0 ? calls.errno() : injected),
    sendmmsg: (fd, headers, count, flags) => {
      injected = 0;
      let good = 0;
      let errno = 0;
      while (good < count && (errno = fault(headers + good * 64)) === 0) good += 1;
      if (good === 0) {
        injected = errno;
        return -1;
      }
      return calls.sendmmsg(fd, headers, good, flags);
    },
    recvmmsg: (...parameters) => {
      injected = 0;
      return calls.recvmmsg(...parameters);
    },
  };
}
