import { readlinkSync } from "node:fs";
import type { Endpoint } from "@udp-relay/address-validation";
import { formatEndpoint, parseAddress } from "@udp-relay/address-validation";
import { AdapterError } from "../../adapter-error.ts";
import type { SocketOptions } from "../socket-options.ts";
import { errorName } from "./batch-sender.ts";
import {
  AF_INET,
  AF_INET6,
  F_DUPFD_CLOEXEC,
  F_GETFL,
  F_SETFL,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  MEMINFO_DROPS,
  MEMINFO_WORDS,
  NAME_BYTES,
  O_NONBLOCK,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVTIMEO,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TIMESTAMPNS,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
} from "./kernel.ts";
import { EndpointCache, writeSocketAddress } from "./socket-address.ts";
import type { SystemCalls } from "./system-calls.ts";

/** How long a blocking receive waits: shorter than what termination, exit and close may take. */
const RECEIVE_TIMEOUT_MICROS = 100_000;

/** What a socket is made with. */
export interface LinuxSocketOptions extends SocketOptions {
  readonly gro: boolean;
  readonly arrivalTimes: boolean;
}

/** A UDP socket by its descriptor, and the calls on it that are not made for every batch. */
export class LinuxSocket {
  readonly fd: number;
  readonly #calls: SystemCalls;
  readonly #words = new Int32Array(new ArrayBuffer(Math.max(NAME_BYTES, MEMINFO_WORDS * 4)));
  readonly #length = new Int32Array(new ArrayBuffer(4));
  readonly #wordsAddress: number;
  readonly #lengthAddress: number;

  /** Takes over a descriptor. */
  constructor(calls: SystemCalls, fd: number) {
    this.fd = fd;
    this.#calls = calls;
    this.#wordsAddress = calls.addressOf(new Uint8Array(this.#words.buffer));
    this.#lengthAddress = calls.addressOf(new Uint8Array(this.#length.buffer));
  }

  /** @throws AdapterError ERR_ADAPTER_BIND */
  static bind(calls: SystemCalls, options: LinuxSocketOptions): LinuxSocket {
    const { host, port, ipv6, ipv6Only } = options;
    const fd = calls.socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw bindError(options, errorName(calls.errno()));
    const socket = new LinuxSocket(calls, fd);
    try {
      if (options.reusePort) socket.#require(SOL_SOCKET, SO_REUSEPORT, 1, options);
      if (ipv6) socket.#require(IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0, options);
      if (options.gro) socket.#require(SOL_UDP, UDP_GRO, 1, options);
      if (options.arrivalTimes) socket.#require(SOL_SOCKET, SO_TIMESTAMPNS, 1, options);
      // The kernel grants what it allows, without a word.
      socket.set(SOL_SOCKET, SO_RCVBUF, options.receiveBufferBytes);
      socket.set(SOL_SOCKET, SO_SNDBUF, options.sendBufferBytes);
      socket.setReceiveTimeout(RECEIVE_TIMEOUT_MICROS);
      const length = writeSocketAddress(socket.#words, 0, parseAddress(host, port), ipv6);
      if (calls.bind(fd, socket.#wordsAddress, length) !== 0) {
        throw bindError(options, errorName(calls.errno()));
      }
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** The bound address. */
  localEndpoint(ipv6: boolean): Endpoint {
    this.#words.fill(0);
    this.#length[0] = NAME_BYTES;
    const failed = this.#calls.getsockname(this.fd, this.#wordsAddress, this.#lengthAddress) !== 0;
    if (failed) {
      throw new AdapterError("ERR_ADAPTER_BIND", `getsockname: ${errorName(this.#calls.errno())}`);
    }
    return new EndpointCache().at(this.#words, 0, ipv6);
  }

  /** Sets an option that is an int; false when the kernel refuses. */
  set(level: number, option: number, value: number): boolean {
    this.#words[0] = value;
    return this.#calls.setsockopt(this.fd, level, option, this.#wordsAddress, 4) === 0;
  }

  /** Microseconds that a blocking receive waits. */
  setReceiveTimeout(micros: number): void {
    this.#words.fill(0);
    this.#words[0] = Math.floor(micros / 1e6);
    this.#words[2] = micros % 1e6;
    this.#calls.setsockopt(this.fd, SOL_SOCKET, SO_RCVTIMEO, this.#wordsAddress, 16);
  }

  /** Undoes what an event loop of another thread may have set: the flag belongs to all duplicates. */
  makeBlocking(): void {
    const flags = this.#calls.fcntl(this.fd, F_GETFL, 0);
    if (flags >= 0 && (flags & O_NONBLOCK) !== 0) this.#calls.fcntl(this.fd, F_SETFL, flags & ~O_NONBLOCK);
  }

  /** Receive buffer granted, in bytes; 0 if unknown. */
  get receiveBufferBytes(): number {
    return this.#get(SO_RCVBUF, 0) ?? 0;
  }

  /** Datagrams that the kernel dropped for want of room, of this socket alone, modulo 2^32. */
  get kernelDrops(): number | undefined {
    const drops = this.#get(SO_MEMINFO, MEMINFO_DROPS);
    return drops === undefined ? undefined : drops >>> 0;
  }

  /** Another descriptor of the same socket. @throws AdapterError ERR_ADAPTER_BIND */
  duplicate(): LinuxSocket {
    const fd = this.#calls.fcntl(this.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) throw new AdapterError("ERR_ADAPTER_BIND", `dup: ${errorName(this.#calls.errno())}`);
    return new LinuxSocket(this.#calls, fd);
  }

  /** Whether that descriptor is open and one of this socket's. */
  isDuplicate(fd: number): boolean {
    return fd >= 0 && fd !== this.fd && inodeOf(fd) === inodeOf(this.fd);
  }

  close(): void {
    this.#calls.close(this.fd);
  }

  #require(level: number, option: number, value: number, options: LinuxSocketOptions): void {
    if (!this.set(level, option, value)) throw bindError(options, errorName(this.#calls.errno()));
  }

  #get(option: number, word: number): number | undefined {
    this.#words.fill(0);
    this.#length[0] = this.#words.byteLength;
    const failed = this.#calls.getsockopt(
      this.fd,
      SOL_SOCKET,
      option,
      this.#wordsAddress,
      this.#lengthAddress,
    );
    return failed !== 0 || this.#length[0] < (word + 1) * 4 ? undefined : this.#words[word]!;
  }
}

/** `socket:[inode]`, undefined when the descriptor is closed. */
function inodeOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

function bindError(options: LinuxSocketOptions, why: string): AdapterError {
  const { host, port } = options;
  const text = formatEndpoint(parseAddress(host, port));
  return new AdapterError("ERR_ADAPTER_BIND", `cannot bind ${text}: ${why}`, {
    cause: Object.assign(new Error(`bind ${why}`), { code: why, syscall: "bind" }),
  });
}
