/*
 * The forwarding job of the io benchmark in plain C: datagrams that name their receiver go to that receiver.
 *
 *   forward-relay PORT BASE SOURCES CLIENTS single|batch|segments
 *
 * single: recvfrom and sendto. batch: recvmmsg and sendmmsg of up to 64. segments: as batch, with UDP_GRO, and
 * the datagrams of one receiver and size joined by UDP_SEGMENT. Prints "ready" once it is bound.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, SLOT = 2048, GRO_SLOT = 65536, MAX_SEGMENTS = 64, OUT = 4096 };

static struct sockaddr_in *table;
static uint32_t clients;

static const struct sockaddr_in *receiverOf(const char *datagram, size_t length) {
  uint32_t id;
  if (length < 8) return NULL;
  memcpy(&id, datagram + 4, 4);
  return id < clients ? &table[id] : NULL;
}

static void single(int fd) {
  static char datagram[SLOT];
  for (;;) {
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t n = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &size);
    const struct sockaddr_in *to = n < 0 ? NULL : receiverOf(datagram, n);
    if (to) sendto(fd, datagram, n, 0, (const struct sockaddr *)to, sizeof *to);
  }
}

static void sendAll(int fd, struct mmsghdr *headers, int count) {
  for (int sent = 0; sent < count;) {
    int n = sendmmsg(fd, headers + sent, count - sent, 0);
    sent += n < 0 ? 1 : n;
  }
}

static void batch(int fd) {
  static char slots[BATCH][SLOT];
  static struct sockaddr_in from[BATCH];
  static struct iovec in[BATCH], out[BATCH];
  static struct mmsghdr received[BATCH], sent[BATCH];
  for (int i = 0; i < BATCH; i++) {
    in[i] = (struct iovec){slots[i], SLOT};
    received[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_iov = &in[i], .msg_iovlen = 1};
    sent[i].msg_hdr = (struct msghdr){.msg_namelen = sizeof from[0], .msg_iov = &out[i], .msg_iovlen = 1};
  }
  for (;;) {
    for (int i = 0; i < BATCH; i++) received[i].msg_hdr.msg_namelen = sizeof from[0];
    int n = recvmmsg(fd, received, BATCH, MSG_WAITFORONE, NULL), count = 0;
    for (int i = 0; i < n; i++) {
      const struct sockaddr_in *to = receiverOf(slots[i], received[i].msg_len);
      if (!to) continue;
      sent[count].msg_hdr.msg_name = (void *)to;
      out[count++] = (struct iovec){slots[i], received[i].msg_len};
    }
    sendAll(fd, sent, count);
  }
}

/* One outgoing message: consecutive datagrams of one size for one receiver. */
struct run {
  const struct sockaddr_in *to;
  size_t length;
  int first, count;
};

static int segments(int fd) {
  static char (*slots)[GRO_SLOT];
  static struct sockaddr_in from[BATCH];
  static struct iovec in[BATCH], out[OUT];
  static struct mmsghdr received[BATCH], sent[OUT];
  static char inControl[BATCH][CMSG_SPACE(sizeof(int))], outControl[OUT][CMSG_SPACE(sizeof(uint16_t))];
  static int next[OUT], lastOf[1 << 16], headOf[1 << 16], order[OUT];
  static uint32_t stamp[1 << 16], now;
  static struct iovec pieces[OUT];
  int on = 1;
  if (!(slots = malloc(sizeof *slots * BATCH)) || clients > 1 << 16) return 1;
  if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0) return perror("UDP_GRO"), 1;
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      in[i] = (struct iovec){slots[i], GRO_SLOT};
      received[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[0], .msg_iov = &in[i],
                                            .msg_iovlen = 1, .msg_control = inControl[i], .msg_controllen = sizeof inControl[i]};
    }
    int n = recvmmsg(fd, received, BATCH, MSG_WAITFORONE, NULL), count = 0, receivers = 0;
    now++;
    for (int i = 0; i < n; i++) {
      size_t total = received[i].msg_len, segment = total;
      for (struct cmsghdr *c = CMSG_FIRSTHDR(&received[i].msg_hdr); c; c = CMSG_NXTHDR(&received[i].msg_hdr, c))
        if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
          int size;
          memcpy(&size, CMSG_DATA(c), sizeof size);
          segment = size;
        }
      for (size_t at = 0; at < total && count < OUT; at += segment) {
        size_t length = total - at < segment ? total - at : segment;
        const struct sockaddr_in *to = receiverOf(slots[i] + at, length);
        if (!to) continue;
        int id = to - table;
        pieces[count] = (struct iovec){slots[i] + at, length};
        next[count] = -1;
        if (stamp[id] != now) {
          stamp[id] = now;
          headOf[id] = count;
          order[receivers++] = id;
        } else next[lastOf[id]] = count;
        lastOf[id] = count++;
      }
    }
    int messages = 0, used = 0;
    for (int r = 0; r < receivers; r++) {
      for (int p = headOf[order[r]]; p >= 0;) {
        int first = used, joined = 0;
        size_t length = pieces[p].iov_len;
        for (; p >= 0 && pieces[p].iov_len == length && joined < MAX_SEGMENTS && (joined + 1) * length <= 65000; p = next[p]) {
          out[used++] = pieces[p];
          joined++;
        }
        struct msghdr *h = &sent[messages].msg_hdr;
        *h = (struct msghdr){.msg_name = &table[order[r]], .msg_namelen = sizeof *table, .msg_iov = &out[first], .msg_iovlen = joined};
        if (joined > 1) {
          h->msg_control = outControl[messages];
          h->msg_controllen = sizeof outControl[messages];
          struct cmsghdr *c = CMSG_FIRSTHDR(h);
          uint16_t size = length;
          c->cmsg_level = IPPROTO_UDP;
          c->cmsg_type = UDP_SEGMENT;
          c->cmsg_len = CMSG_LEN(sizeof size);
          memcpy(CMSG_DATA(c), &size, sizeof size);
        }
        messages++;
      }
    }
    sendAll(fd, sent, messages);
  }
}

int main(int argc, char **argv) {
  if (argc < 6) return fprintf(stderr, "forward-relay PORT BASE SOURCES CLIENTS single|batch|segments\n"), 2;
  int port = atoi(argv[1]), base = atoi(argv[2]), sources = atoi(argv[3]), size = 4 << 20;
  clients = atoi(argv[4]);
  if (sources < 1 || clients < 1 || !(table = calloc(clients, sizeof *table))) return 2;
  for (uint32_t i = 0; i < clients; i++) {
    uint32_t group = i / sources;
    table[i].sin_family = AF_INET;
    table[i].sin_port = htons(base + i % sources);
    table[i].sin_addr.s_addr = htonl(127u << 24 | (1 + (group >> 8)) << 8 | (1 + (group & 255)));
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0) return perror("forward-relay: bind"), 1;
  printf("ready\n");
  fflush(stdout);
  if (strcmp(argv[5], "single") == 0) single(fd);
  if (strcmp(argv[5], "batch") == 0) batch(fd);
  if (strcmp(argv[5], "segments") == 0) return segments(fd);
  return 2;
}
