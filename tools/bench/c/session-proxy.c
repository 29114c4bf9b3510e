/*
 * A UDP session proxy in plain C: one epoll set, a connected socket a session, one datagram a system call; sessions in a
 * hash table by client address. What it does not have: limits, timeouts, statistics, health.
 *
 *   session-proxy PORT BACKEND_PORT
 *
 * Prints "ready" once it is bound.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { CELLS = 1 << 16, SLOT = 2048, EVENTS = 256 };

struct session {
  struct sockaddr_in client;
  int fd;
};

static struct session *table[CELLS];

static uint32_t cellOf(const struct sockaddr_in *a) {
  uint64_t x = ((uint64_t)a->sin_addr.s_addr << 16 | a->sin_port) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(x >> 48);
}

static struct session *sessionOf(int set, const struct sockaddr_in *client, const struct sockaddr_in *backend) {
  uint32_t cell = cellOf(client);
  for (; table[cell]; cell = (cell + 1) & (CELLS - 1))
    if (table[cell]->client.sin_port == client->sin_port && table[cell]->client.sin_addr.s_addr == client->sin_addr.s_addr)
      return table[cell];
  struct session *s = malloc(sizeof *s);
  if (!s) return NULL;
  s->client = *client;
  s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
  if (s->fd < 0 || connect(s->fd, (const struct sockaddr *)backend, sizeof *backend) != 0 || epoll_ctl(set, EPOLL_CTL_ADD, s->fd, &event) != 0) {
    free(s);
    return NULL;
  }
  return table[cell] = s;
}

int main(int argc, char **argv) {
  if (argc < 3) return fprintf(stderr, "session-proxy PORT BACKEND_PORT\n"), 2;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int size = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), set = epoll_create1(0);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in backend = local;
  backend.sin_port = htons(atoi(argv[2]));
  if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0) return perror("session-proxy: bind"), 1;
  struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(set, EPOLL_CTL_ADD, fd, &listening);
  printf("ready\n");
  fflush(stdout);
  static char bytes[SLOT];
  static struct epoll_event events[EVENTS];
  for (;;) {
    int ready = epoll_wait(set, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) {
      struct session *s = events[i].data.ptr;
      if (s) {
        ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n >= 0) sendto(fd, bytes, n, MSG_DONTWAIT, (struct sockaddr *)&s->client, sizeof s->client);
        continue;
      }
      for (int turn = 0; turn < 64; turn++) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        ssize_t n = recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &length);
        if (n < 0) break;
        if ((s = sessionOf(set, &from, &backend))) send(s->fd, bytes, n, MSG_DONTWAIT);
      }
    }
  }
}
