/*
 * Load for a UDP relay on loopback: S sockets send datagrams that name one of N receivers, and count what comes
 * back. Receiver i listens on 127.0.(1 + i/S/256).(1 + i/S%256), port BASE + i % S, so that S sockets stand for N
 * endpoints. Datagram: u32 sender id, u32 receiver id, u64 send time (ns), padding.
 *
 *   udp-load PORT BASE SOURCES CLIENTS BYTES PPS SECONDS RELAY_PID BURST [WARM_UP_SECONDS [tunnel | joined]]
 *
 * With `tunnel` the clients are those of a CnCNet V3 tunnel: each registers first, by (its id, 0), and all that it sends
 * comes from its own endpoint; ids begin at 1, so that there are CLIENTS - 1.
 *
 * prints one JSON line: sent, received, the relay's CPU seconds over the measured time (all threads; user and system
 * by clock ticks) and the median and 99th percentile of the way through the relay in microseconds.
 * With `joined` what goes to one receiver in a row leaves as one message (UDP_SEGMENT), which a relay with UDP_GRO takes whole.
 * BURST consecutive datagrams go to the same receiver. Above 1 segmentation offload has something to join, and the
 * receivers take joined messages (UDP_GRO): on loopback the kernel would otherwise split them at the sender's expense,
 * which over a network is the adapter's work.
 */
#define _GNU_SOURCE
#include "relay-cpu.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, MAX_SOURCES = 64, MAX_BYTES = 2048, RECEIVED_BYTES = 65536, BUCKETS = 32768 };

/* A runtime optimises what it has run: the warm-up lasts until the relay has had so much of a CPU, on a busy machine too. */
#define LONGEST_WARM_UP_NS UINT64_C(8000000000)
#define WARM_UP_CPU_SECONDS 0.4

static int sockets[MAX_SOURCES];
static char buffers[BATCH][RECEIVED_BYTES];
static char controls[BATCH][CMSG_SPACE(sizeof(int))];
static struct mmsghdr headers[BATCH];
static struct iovec vectors[BATCH];
static uint64_t latency[BUCKETS]; /* bucket of 1 us */
static uint64_t received;

/* Bytes of each datagram in a message that the kernel may have joined. */
static size_t segmentOf(struct msghdr *header, size_t length) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
      int size;
      memcpy(&size, CMSG_DATA(c), sizeof size);
      if (size > 0) return (size_t)size;
    }
  return length;
}

static int drain(int fd, int measuring) {
  int total = 0;
  for (;;) {
    for (int i = 0; i < BATCH; i++) headers[i].msg_hdr.msg_controllen = sizeof controls[i];
    int n = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
    if (n <= 0) return total;
    uint64_t now = nanos();
    for (int i = 0; measuring && i < n; i++) {
      size_t length = headers[i].msg_len, segment = segmentOf(&headers[i].msg_hdr, length);
      for (size_t at = 0; at + 16 <= length; at += segment) {
        uint64_t sent;
        memcpy(&sent, buffers[i] + at + 8, 8);
        uint64_t bucket = (now - sent) / 1000;
        latency[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
        received++;
      }
    }
    total += n;
    if (n < BATCH) return total;
  }
}

/* utime and stime of /proc/PID/stat, in seconds, by clock ticks */
static void cpu(int pid, double *user, double *sys) {
  char path[64], line[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  *user = *sys = 0;
  FILE *f = fopen(path, "r");
  if (!f) return;
  if (fgets(line, sizeof line, f)) {
    char *p = strrchr(line, ')');
    unsigned long u = 0, s = 0;
    if (p && sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s) == 2) {
      double hz = sysconf(_SC_CLK_TCK);
      *user = u / hz;
      *sys = s / hz;
    }
  }
  fclose(f);
}

static double percentile(double fraction, uint64_t total) {
  uint64_t need = (uint64_t)(fraction * total), seen = 0;
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += latency[i]) > need) return i + 0.5;
  return BUCKETS;
}

static uint32_t addressOf(uint32_t client, int sources) {
  uint32_t group = client / sources;
  return htonl(127u << 24 | (1 + (group >> 8)) << 8 | (1 + (group & 255)));
}

/* Has the message leave from the client's own address. */
static void sendAs(struct msghdr *header, char *control, size_t size, uint32_t address) {
  struct in_pktinfo from = {.ipi_spec_dst = {.s_addr = address}};
  header->msg_control = control;
  header->msg_controllen = size;
  struct cmsghdr *c = CMSG_FIRSTHDR(header);
  c->cmsg_level = IPPROTO_IP;
  c->cmsg_type = IP_PKTINFO;
  c->cmsg_len = CMSG_LEN(sizeof from);
  memcpy(CMSG_DATA(c), &from, sizeof from);
}

/* Registers clients 1 to CLIENTS - 1, a thousand each 20 ms at the most. */
static void registerAll(const struct sockaddr_in *relay, int sources, uint32_t clients) {
  char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
  for (uint32_t client = 1; client < clients; client++) {
    uint32_t ids[2] = {client, 0};
    struct iovec vector = {ids, sizeof ids};
    struct msghdr header = {.msg_name = (void *)relay, .msg_namelen = sizeof *relay, .msg_iov = &vector, .msg_iovlen = 1};
    sendAs(&header, control, sizeof control, addressOf(client, sources));
    sendmsg(sockets[client % sources], &header, 0);
    if (client % 1000 == 0) usleep(20000);
  }
}

/*
 * Sends datagrams as a network card's receive offload would hand them over: those for one receiver joined, so that they
 * reach a relay with UDP_GRO as one message, and any other cut by the kernel, here, at this program's expense.
 */
static int sendJoined(int fd, struct sockaddr_in *relay, struct iovec *vectors, char (*datagrams)[MAX_BYTES], int count, int bytes) {
  char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
  for (int first = 0, next; first < count; first = next) {
    for (next = first + 1; next < count && memcmp(datagrams[next] + 4, datagrams[first] + 4, 4) == 0;) next++;
    struct msghdr header = {.msg_name = relay, .msg_namelen = sizeof *relay, .msg_iov = &vectors[first], .msg_iovlen = next - first};
    if (next - first > 1) {
      header.msg_control = control;
      header.msg_controllen = sizeof control;
      struct cmsghdr *c = CMSG_FIRSTHDR(&header);
      c->cmsg_level = SOL_UDP;
      c->cmsg_type = UDP_SEGMENT;
      c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
      uint16_t segment = bytes;
      memcpy(CMSG_DATA(c), &segment, sizeof segment);
    }
    if (sendmsg(fd, &header, 0) < 0) return first;
  }
  return count;
}

int main(int argc, char **argv) {
  if (argc < 10)
    return fprintf(stderr, "udp-load PORT BASE SOURCES CLIENTS BYTES PPS SECONDS RELAY_PID BURST [WARM_UP_SECONDS [tunnel | joined]]\n"), 2;
  int port = atoi(argv[1]), base = atoi(argv[2]), sources = atoi(argv[3]), clients = atoi(argv[4]);
  int bytes = atoi(argv[5]), pid = atoi(argv[8]), burst = atoi(argv[9]);
  double pps = atof(argv[6]), seconds = atof(argv[7]), warmUpSeconds = argc > 10 ? atof(argv[10]) : 1;
  int tunnel = argc > 11 && strcmp(argv[11], "tunnel") == 0, joined = argc > 11 && strcmp(argv[11], "joined") == 0;
  if (sources < 1 || sources > MAX_SOURCES || bytes < 16 || bytes > MAX_BYTES || clients < 1 + 2 * tunnel || burst < 1 || pps <= 0 || (tunnel && clients <= sources))
    return fprintf(stderr, "udp-load: an argument is out of range\n"), 2;
  for (int i = 0; i < sources; i++) {
    int size = 4 << 20;
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(base + i)};
    sockets[i] = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(sockets[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    int takesJoined = burst > 1;
    setsockopt(sockets[i], IPPROTO_UDP, UDP_GRO, &takesJoined, sizeof takesJoined);
    if (bind(sockets[i], (struct sockaddr *)&any, sizeof any) != 0) return perror("udp-load: bind"), 1;
  }
  struct sockaddr_in relay = {.sin_family = AF_INET, .sin_port = htons(port)};
  relay.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){buffers[i], RECEIVED_BYTES};
    headers[i].msg_hdr.msg_control = controls[i];
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  static char outgoing[BATCH][MAX_BYTES];
  static struct mmsghdr out[BATCH];
  static struct iovec outVectors[BATCH];
  for (int i = 0; i < BATCH; i++) {
    outVectors[i] = (struct iovec){outgoing[i], bytes};
    out[i].msg_hdr = (struct msghdr){.msg_name = &relay, .msg_namelen = sizeof relay, .msg_iov = &outVectors[i], .msg_iovlen = 1};
  }
  static char outControls[BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
  if (tunnel) registerAll(&relay, sources, clients);
  uint64_t sent = 0, measuredSent = 0, refusedSends = 0;
  double user0 = 0, sys0 = 0, total0 = cpuTotal(pid), user1, sys1;
  uint64_t start = nanos(), nextLook = start + (uint64_t)(warmUpSeconds * 1e9), end = start + LONGEST_WARM_UP_NS + (uint64_t)(seconds * 1e9);
  int measuring = 0, source = 0;
  uint32_t random = 12345, receiver = 0, left = 0;
  for (uint64_t now = nanos(); now < end; now = nanos()) {
    if (!measuring && now >= nextLook) {
      double used = cpuTotal(pid);
      nextLook = now + 100000000u;
      if (used - total0 >= WARM_UP_CPU_SECONDS || now - start >= LONGEST_WARM_UP_NS) {
        measuring = 1;
        end = now + (uint64_t)(seconds * 1e9);
        cpu(pid, &user0, &sys0);
        total0 = used;
      }
    }
    uint64_t due = (uint64_t)((now - start) / 1e9 * pps);
    if (due > sent) {
      int count = due - sent > BATCH ? BATCH : (int)(due - sent);
      for (int i = 0; i < count; i++) {
        if (left == 0) {
          random ^= random << 13, random ^= random >> 17, random ^= random << 5;
          receiver = random % clients;
          if (tunnel && receiver == 0) receiver = 1;
          left = burst;
        }
        left--;
        uint32_t sender = (sent + i) % clients;
        if (tunnel) {
          /* One of this socket's own clients, and not the receiver itself. */
          uint32_t own = (clients - source - 1) / sources + 1;
          sender = source + sender / sources % own * sources;
          if (sender == 0) sender = sources;
          if (sender == receiver) receiver = receiver % (clients - 1) + 1;
          sendAs(&out[i].msg_hdr, outControls[i], sizeof outControls[i], addressOf(sender, sources));
        }
        uint32_t ids[2] = {sender, receiver};
        memcpy(outgoing[i], ids, 8);
        memcpy(outgoing[i] + 8, &now, 8);
      }
      int n = joined ? sendJoined(sockets[source], &relay, outVectors, outgoing, count, bytes) : sendmmsg(sockets[source], out, count, 0);
      if (n < count) refusedSends += count - (n < 0 ? 0 : n);
      source = (source + 1) % sources;
      sent += count;
      if (measuring) measuredSent += count;
    }
    for (int i = 0; i < sources; i++) drain(sockets[i], measuring);
  }
  cpu(pid, &user1, &sys1);
  double total = cpuTotal(pid) - total0;
  for (uint64_t stop = nanos() + 200000000u; nanos() < stop;) {
    int any = 0;
    for (int i = 0; i < sources; i++) any += drain(sockets[i], 1);
    if (!any) usleep(1000);
  }
  printf("{\"sent\":%llu,\"received\":%llu,\"refusedSends\":%llu,\"seconds\":%g,\"cpuSeconds\":%.6f,\"userSeconds\":%.3f,\"systemSeconds\":%.3f,"
         "\"p50Micros\":%g,\"p99Micros\":%g}\n",
         (unsigned long long)measuredSent, (unsigned long long)received, (unsigned long long)refusedSends, seconds, total,
         user1 - user0, sys1 - sys0, percentile(0.5, received), percentile(0.99, received));
  return 0;
}
