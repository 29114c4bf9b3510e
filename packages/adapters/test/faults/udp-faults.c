/*
 * Preloaded into a runtime under test: makes the system calls that send datagrams fail by destination, where a
 * real kernel would need a broken network. 127.66.0.E fails with errno E each time; 127.66.N.E fails N times, then
 * sends. Everything else passes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

static int failures[256][256];

/* The errno for this destination, 0 to let it pass. */
static int fault(const struct sockaddr *address) {
  uint32_t host;
  if (address == NULL) return 0;
  if (address->sa_family == AF_INET) host = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
  else return 0;
  if (host >> 16 != (127 << 8 | 66)) return 0;
  int times = host >> 8 & 255, error = host & 255;
  if (times == 0) return error;
  return failures[times][error] < times ? (failures[times][error]++, error) : 0;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  static ssize_t (*next)(int, const struct msghdr *, int);
  if (!next) next = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
  int error = fault(message->msg_name);
  if (error) return errno = error, -1;
  return next(fd, message, flags);
}

ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *address, socklen_t size) {
  static ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
  if (!next)
    next = (ssize_t(*)(int, const void *, size_t, int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "sendto");
  int error = fault(address);
  if (error) return errno = error, -1;
  return next(fd, bytes, length, flags, address, size);
}

/* As the kernel: the error is told only when it is the first message's. */
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags) {
  static int (*next)(int, struct mmsghdr *, unsigned int, int);
  if (!next) next = (int (*)(int, struct mmsghdr *, unsigned int, int))dlsym(RTLD_NEXT, "sendmmsg");
  unsigned int good = 0;
  int error = 0;
  while (good < count && !(error = fault(messages[good].msg_hdr.msg_name))) good++;
  if (good == 0 && error) return errno = error, -1;
  return next(fd, messages, good, flags);
}
