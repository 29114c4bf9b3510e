import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as kernel from "../src/transport/linux/kernel.ts";

const compilers = ["gcc", "aarch64-linux-gnu-gcc"].filter(
  (compiler) => process.platform === "linux" && spawnSync(compiler, ["--version"]).status === 0,
);

/** What a name of kernel.ts is in C; every other one is a macro of the same name. */
const inC: Readonly<Record<string, string>> = {
  MMSGHDR_BYTES: "sizeof(struct mmsghdr)",
  MSG_NAME: "offsetof(struct mmsghdr, msg_hdr.msg_name)",
  MSG_NAMELEN: "offsetof(struct mmsghdr, msg_hdr.msg_namelen)",
  MSG_IOV: "offsetof(struct mmsghdr, msg_hdr.msg_iov)",
  MSG_IOVLEN: "offsetof(struct mmsghdr, msg_hdr.msg_iovlen)",
  MSG_CONTROL: "offsetof(struct mmsghdr, msg_hdr.msg_control)",
  MSG_CONTROLLEN: "offsetof(struct mmsghdr, msg_hdr.msg_controllen)",
  MSG_FLAGS: "offsetof(struct mmsghdr, msg_hdr.msg_flags)",
  MSG_LEN: "offsetof(struct mmsghdr, msg_len)",
  IOVEC_BYTES: "sizeof(struct iovec)",
  SOCKADDR_IN_BYTES: "sizeof(struct sockaddr_in)",
  SOCKADDR_IN6_BYTES: "sizeof(struct sockaddr_in6)",
  CMSG_HEADER_BYTES: "CMSG_LEN(0)",
  MEMINFO_WORDS: "SK_MEMINFO_VARS",
  MEMINFO_DROPS: "SK_MEMINFO_DROPS",
};
/** Choices of ours, and what user space has no header for. */
const noneInC = ["NAME_BYTES", "MAXIMUM_SEGMENTS"];

/** Where fields lie that are written by word. */
const asserted = [
  "offsetof(struct iovec, iov_len) == 8",
  "offsetof(struct sockaddr_in, sin_port) == 2",
  "offsetof(struct sockaddr_in, sin_addr) == 4",
  "offsetof(struct sockaddr_in6, sin6_port) == 2",
  "offsetof(struct sockaddr_in6, sin6_addr) == 8",
  "offsetof(struct sockaddr_in6, sin6_scope_id) == 24",
  "offsetof(struct cmsghdr, cmsg_level) == 8",
  "offsetof(struct cmsghdr, cmsg_type) == 12",
  "sizeof(struct timespec) == 16 && sizeof(struct timeval) == 16",
  "sizeof(void *) == 8 && sizeof(struct sockaddr_in6) <= 32",
  // ready-events.ts: packed on x64 only.
  "sizeof(struct epoll_event) == (X64 ? 12 : 16)",
  "offsetof(struct epoll_event, data) == (X64 ? 4 : 8)",
  "CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(int)) <= 64",
];

const source = [
  "#define _GNU_SOURCE",
  ...[
    "stddef",
    "fcntl",
    "errno",
    "time",
    "sys/epoll",
    "sys/socket",
    "sys/time",
    "sys/uio",
    "netinet/in",
    "netinet/udp",
  ].map((header) => `#include <${header}.h>`),
  "#include <linux/sock_diag.h>",
  "#define SOL_UDP 17",
  "#ifdef __x86_64__",
  "#define X64 1",
  "#else",
  "#define X64 0",
  "#endif",
  ...Object.entries(kernel)
    .filter(([name]) => !noneInC.includes(name))
    .map(([name, value]) => `_Static_assert((${inC[name] ?? name}) == ${value}, "${name}");`),
  ...asserted.map((condition) => `_Static_assert(${condition}, "${condition}");`),
  "int main(void) { return 0; }",
].join("\n");

describe.skipIf(compilers.length === 0)("the kernel's numbers", () => {
  for (const compiler of compilers) {
    it(`are those of the C headers (${compiler})`, () => {
      const folder = mkdtempSync(join(tmpdir(), "udp-layout-"));
      try {
        const file = join(folder, "layout.c");
        writeFileSync(file, source);
        execFileSync(compiler, ["-fsyntax-only", "-Wall", file], { stdio: "pipe" });
        // The check itself can fail.
        writeFileSync(file, source.replace(`== ${kernel.SO_MEMINFO},`, `== ${kernel.SO_MEMINFO + 1},`));
        expect(spawnSync(compiler, ["-fsyntax-only", file], { encoding: "utf8" }).stderr).toContain(
          "SO_MEMINFO",
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
