/**
 * Numbers of the Linux kernel's interface, alike on x64 and arm64, which both use the generic headers. Each
 * line names its header under include/uapi (or glibc's bits/socket.h).
 */

/** bits/socket.h */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_WAITFORONE = 0x1_0000;

/** bits/socket_type.h */
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0x800;
export const SOCK_CLOEXEC = 0x8_0000;

/** asm-generic/socket.h */
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_RCVTIMEO = 20;
export const SO_TIMESTAMPNS = 35;
export const SO_MEMINFO = 55;

/** linux/sock_diag.h: words that SO_MEMINFO gives, and which of them counts dropped datagrams. */
export const MEMINFO_WORDS = 9;
export const MEMINFO_DROPS = 8;

/** linux/in.h, linux/in6.h */
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;

/** linux/udp.h */
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;
/** net/udp.h: UDP_MAX_SEGMENTS before Linux 6.9; 128 since. */
export const MAXIMUM_SEGMENTS = 64;

/** asm-generic/fcntl.h, linux/fcntl.h */
export const F_GETFL = 3;
export const F_SETFL = 4;
export const O_NONBLOCK = 0o4000;
export const F_DUPFD_CLOEXEC = 1030;

/** linux/eventpoll.h */
export const EPOLL_CLOEXEC = 0x8_0000;
export const EPOLL_CTL_ADD = 1;
export const EPOLLIN = 0x1;

/** linux/time.h */
export const CLOCK_REALTIME = 0;

/** asm-generic/errno-base.h, asm-generic/errno.h */
export const EINTR = 4;
export const EIO = 5;
export const EAGAIN = 11;
export const EINVAL = 22;
export const EMSGSIZE = 90;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;

/**
 * struct mmsghdr of a 64-bit kernel, byte offsets (linux/socket.h: user_msghdr and mmsghdr). glibc's names
 * for the lengths differ in type but not in place.
 *
 *      0 msg_name*   8 msg_namelen u32   16 msg_iov*   24 msg_iovlen u64
 *     32 msg_control*   40 msg_controllen u64   48 msg_flags i32   56 msg_len u32
 */
export const MMSGHDR_BYTES = 64;
export const MSG_NAME = 0;
export const MSG_NAMELEN = 8;
export const MSG_IOV = 16;
export const MSG_IOVLEN = 24;
export const MSG_CONTROL = 32;
export const MSG_CONTROLLEN = 40;
export const MSG_FLAGS = 48;
export const MSG_LEN = 56;

/** struct iovec: base* at 0, length u64 at 8. */
export const IOVEC_BYTES = 16;

/** struct sockaddr_in and sockaddr_in6; each slot for a name has room for the larger, rounded up. */
export const SOCKADDR_IN_BYTES = 16;
export const SOCKADDR_IN6_BYTES = 28;
export const NAME_BYTES = 32;

/** struct cmsghdr: length u64 at 0 (header included), level i32 at 8, type i32 at 12, data at 16. */
export const CMSG_HEADER_BYTES = 16;
