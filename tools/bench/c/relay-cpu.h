/* What the load programs measure a relay by. Include it first: it asks for GNU's declarations. */
#ifndef RELAY_CPU_H
#define RELAY_CPU_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static uint64_t nanos(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + t.tv_nsec;
}

/* Time on a CPU of all threads that are alive, in seconds: /proc/PID/task/N/schedstat. */
static double cpuTotal(int pid) {
  char path[280], line[128];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *tasks = opendir(path);
  double total = 0;
  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    unsigned long long ns;
    snprintf(path, sizeof path, "/proc/%d/task/%s/schedstat", pid, entry->d_name);
    FILE *f = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
    if (!f) continue;
    if (fgets(line, sizeof line, f) && sscanf(line, "%llu", &ns) == 1) total += ns / 1e9;
    fclose(f);
  }
  if (tasks) closedir(tasks);
  return total;
}

#endif
