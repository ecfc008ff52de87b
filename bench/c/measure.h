/* Runs a problem on one thread and on two, in turns, and prints the medians and the values to be checked. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

/* Each problem defines: reset what a run changes (not timed), run, print `"name": value` pairs after a run. */
static void reset(void);
static void run(void);
static void print_values(void);

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, count, sizeof *values, by_size);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static double timed(int threads) {
    omp_set_num_threads(threads);
    reset();
    double start = omp_get_wtime();
    run();
    return (omp_get_wtime() - start) * 1000;
}

static void measure(int rounds) {
    double *one = malloc(rounds * sizeof *one), *two = malloc(rounds * sizeof *two);
    timed(2);
    for (int i = 0; i < rounds; i++) {
        one[i] = timed(1);
        timed(2); /* cores that were idle take a while to come back */
        two[i] = timed(2);
    }
    double serial = median(one, rounds), wall = median(two, rounds);
    printf("{\"serialMs\": %.6f, \"wallMs\": %.6f", serial, wall);
    print_values();
    printf("}\n");
}

static inline double *doubles(size_t count) {
    double *memory = malloc(count * sizeof *memory);
    if (memory == NULL) exit(2);
    return memory;
}
