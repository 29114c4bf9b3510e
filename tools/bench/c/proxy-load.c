/*
 * Load for a UDP session proxy on loopback: N client sockets that send through the proxy to an echo backend of this
 * process, and judge every reply: it has to be this client's own datagram, unchanged.
 * Datagram: u32 client, u32 number, u64 send time (ns), bytes that follow from the two numbers.
 *
 *   proxy-load PORT BACKEND_PORT SESSIONS BYTES PPS SECONDS PROXY_PID WARM_UP_SECONDS
 *
 * prints one JSON line: of the measured time the datagrams sent by clients, received by the backend (echoed) and received
 * by clients; replies to what was sent in it, whenever they came (answered); replies that were another client's or
 * not what was sent (wrong); the proxy's CPU seconds (all threads) over the measured
 * time, the median and 99th percentile of the way there and back in microseconds.
 */
#define _GNU_SOURCE
#include "relay-cpu.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, MAX_BYTES = 2048, MAX_SESSIONS = 20000, BUCKETS = 65536, EVENTS = 256 };

#define LONGEST_WARM_UP_NS UINT64_C(10000000000)
#define WARM_UP_CPU_SECONDS 0.5
/* What has not worked so long yet after the warm-up time is sent at least so much until it has. */
#define WARM_UP_PPS 40000.0
#define CALM_NS UINT64_C(200000000)

static int clients[MAX_SESSIONS];
static uint32_t latency[BUCKETS]; /* bucket of 1 us */
/* Of the measured time: what the backend and the clients received. And all replies to what was sent in it. */
static uint64_t echoed, replies, answered, wrong;
static uint64_t firstMeasured = UINT64_MAX;
static int bytes;

static unsigned char filler(uint32_t client, uint32_t number) { return (unsigned char)(client * 31 + number * 7 + 5); }

/* Sends back whatever the backend has been sent. */
static void echo(int fd, int measuring) {
  static char slots[BATCH][MAX_BYTES];
  static struct sockaddr_in from[BATCH];
  static struct iovec vectors[BATCH];
  static struct mmsghdr headers[BATCH];
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){slots[i], MAX_BYTES};
    headers[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
  }
  int n = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
  for (int i = 0; i < n; i++) vectors[i].iov_len = headers[i].msg_len;
  for (int sent = 0; sent < n;) {
    int s = sendmmsg(fd, headers + sent, n - sent, 0);
    sent += s < 0 ? 1 : s;
  }
  if (measuring && n > 0) echoed += n;
}

static void judge(const char *reply, ssize_t length, uint32_t client, int measuring) {
  uint32_t ids[2];
  uint64_t sent;
  if (length != bytes) {
    wrong++;
    return;
  }
  memcpy(ids, reply, 8);
  memcpy(&sent, reply + 8, 8);
  if (ids[0] != client || (unsigned char)reply[length - 1] != filler(ids[0], ids[1]) || (unsigned char)reply[16] != filler(ids[0], ids[1])) {
    wrong++;
    return;
  }
  if (ids[1] >= firstMeasured) answered++;
  if (!measuring) return;
  uint64_t bucket = (nanos() - sent) / 1000;
  latency[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  replies++;
}

static double percentile(double fraction) {
  uint64_t need = (uint64_t)(fraction * replies), seen = 0;
  for (int i = 0; i < BUCKETS; i++)
    if ((seen += latency[i]) > need) return i + 0.5;
  return BUCKETS;
}

int main(int argc, char **argv) {
  if (argc < 9) return fprintf(stderr, "proxy-load PORT BACKEND_PORT SESSIONS BYTES PPS SECONDS PROXY_PID WARM_UP_SECONDS\n"), 2;
  int port = atoi(argv[1]), backendPort = atoi(argv[2]), sessions = atoi(argv[3]), pid = atoi(argv[7]);
  bytes = atoi(argv[4]);
  double pps = atof(argv[5]), seconds = atof(argv[6]), warmUp = atof(argv[8]);
  if (sessions < 1 || sessions > MAX_SESSIONS || bytes < 18 || bytes > MAX_BYTES || pps <= 0)
    return fprintf(stderr, "proxy-load: an argument is out of range\n"), 2;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int size = 4 << 20, backend = socket(AF_INET, SOCK_DGRAM, 0), set = epoll_create1(0);
  setsockopt(backend, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(backend, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(backendPort), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(backend, (struct sockaddr *)&address, sizeof address) != 0) return perror("proxy-load: bind"), 1;
  address.sin_port = htons(port);
  for (int i = 0; i < sessions; i++) {
    clients[i] = socket(AF_INET, SOCK_DGRAM, 0);
    if (clients[i] < 0 || connect(clients[i], (struct sockaddr *)&address, sizeof address) != 0) return perror("proxy-load: connect"), 1;
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    epoll_ctl(set, EPOLL_CTL_ADD, clients[i], &event);
  }
  static char datagram[MAX_BYTES], reply[MAX_BYTES];
  static struct epoll_event events[EVENTS];
  uint64_t sent = 0, measuredSent = 0, start = nanos(), nextLook = start + (uint64_t)(warmUp * 1e9);
  uint64_t end = start + LONGEST_WARM_UP_NS + CALM_NS * 2 + (uint64_t)(seconds * 1e9);
  double total0 = cpuTotal(pid);
  int measuring = 0, warm = 0;
  uint32_t client = 0;
  double due = 0, rate = pps;
  uint64_t last = start;
  for (uint64_t now = nanos(); now < end; now = nanos()) {
    if (!measuring && now >= nextLook) {
      double used = cpuTotal(pid);
      nextLook = now + 100000000u;
      if (warm) {
        measuring = 1;
        firstMeasured = sent;
        end = now + (uint64_t)(seconds * 1e9);
        total0 = used;
      } else if (used - total0 >= WARM_UP_CPU_SECONDS || now - start >= LONGEST_WARM_UP_NS) {
        warm = 1;
        rate = pps;
        nextLook = now + CALM_NS;
      } else {
        rate = pps > WARM_UP_PPS ? pps : WARM_UP_PPS;
      }
    }
    due += (double)(now - last) / 1e9 * rate;
    last = now;
    for (int i = 0; i < 16 && sent < due; i++) {
      uint32_t ids[2] = {client, (uint32_t)sent};
      memset(datagram, filler(ids[0], ids[1]), bytes);
      memcpy(datagram, ids, 8);
      memcpy(datagram + 8, &now, 8);
      send(clients[client], datagram, bytes, MSG_DONTWAIT);
      client = client + 1 == (uint32_t)sessions ? 0 : client + 1;
      sent++;
      if (measuring) measuredSent++;
    }
    /* What could not be sent in time is not made up for. */
    if (due > sent + 1000.0) due = (double)sent;
    echo(backend, measuring);
    int ready = epoll_wait(set, events, EVENTS, 0);
    for (int i = 0; i < ready; i++) {
      ssize_t length = recv(clients[events[i].data.u32], reply, sizeof reply, MSG_DONTWAIT);
      if (length >= 0) judge(reply, length, events[i].data.u32, measuring);
    }
  }
  double total = cpuTotal(pid) - total0;
  /* What is still under way is no loss; it is in no rate either, since the CPU time has been read. */
  for (uint64_t stop = nanos() + 300000000u; nanos() < stop;) {
    echo(backend, 0);
    int ready = epoll_wait(set, events, EVENTS, 1);
    for (int i = 0; i < ready; i++) {
      ssize_t length = recv(clients[events[i].data.u32], reply, sizeof reply, MSG_DONTWAIT);
      if (length >= 0) judge(reply, length, events[i].data.u32, 0);
    }
  }
  printf("{\"sent\":%llu,\"echoed\":%llu,\"received\":%llu,\"answered\":%llu,\"wrong\":%llu,\"cpuSeconds\":%.6f,\"p50Micros\":%g,\"p99Micros\":%g}\n",
         (unsigned long long)measuredSent, (unsigned long long)echoed, (unsigned long long)replies, (unsigned long long)answered, (unsigned long long)wrong, total,
         percentile(0.5), percentile(0.99));
  return 0;
}
