/* The C side of tools/bench/src/measure.ts: same warm-up, same short passes, same line of JSON. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint64_t measure_operation(uint64_t iterations, void *context);

static inline double measure_now_ns(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) abort();
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Under --quick. */
static inline int measure_is_quick(void) {
  const char *quick = getenv("BENCH_QUICK");
  return quick != NULL && strcmp(quick, "1") == 0;
}

static inline int measure_compare(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/*
 * Warms operation(iterations, context) up and prints the median time of an iteration in nanoseconds.
 * operation returns something that depends on its work, so that the work cannot be left out.
 */
static inline void measure(measure_operation *operation, void *context) {
  const int quick = measure_is_quick(), count = quick ? 61 : 151;
  const double warm_up_ns = quick ? 40e6 : 200e6, pass_ns = 1e6;
  double passes[151], best = 1e18;
  uint64_t sink = 0, iterations = 16;
  const double begun = measure_now_ns();
  for (double start = begun; start - begun < warm_up_ns;) {
    sink += operation(iterations, context);
    const double end = measure_now_ns(), took = end - start < 1 ? 1 : end - start;
    if (took / (double)iterations < best) best = took / (double)iterations;
    if (took < pass_ns && iterations < UINT64_C(1) << 40) iterations *= 2;
    start = end;
  }
  iterations = (uint64_t)(pass_ns / best) + 1;
  for (int pass = 0; pass < count; pass++) {
    const double start = measure_now_ns();
    sink += operation(iterations, context);
    passes[pass] = (measure_now_ns() - start) / (double)iterations;
  }
  qsort(passes, (size_t)count, sizeof passes[0], measure_compare);
  printf("{\"value\":%.6f,\"iterations\":%llu,\"sink\":\"%llu\"}\n", passes[count / 2],
         (unsigned long long)iterations, (unsigned long long)sink);
}

#endif
