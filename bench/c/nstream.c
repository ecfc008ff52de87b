/* PRK nstream: nstream <rounds> <length> <iterations>. */
#include "measure.h"

static long n;
static int iterations;
static double *a, *b, *c;

static void reset(void) {
#pragma omp parallel for
    for (long i = 0; i < n; i++) {
        a[i] = 0;
        b[i] = 2;
        c[i] = 2;
    }
}

static void run(void) {
    for (int k = 0; k < iterations; k++) {
#pragma omp parallel for
        for (long i = 0; i < n; i++) a[i] += b[i] + 3 * c[i];
    }
}

static void print_values(void) {
    double sum = 0;
    for (long i = 0; i < n; i++) sum += a[i];
    printf(", \"mean\": %.15g", sum / n);
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    n = atol(arguments[2]);
    iterations = atoi(arguments[3]);
    a = doubles(n);
    b = doubles(n);
    c = doubles(n);
    measure(atoi(arguments[1]));
}
