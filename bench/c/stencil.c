/* PRK stencil: stencil <rounds> <n> <iterations>. */
#include "measure.h"
#include <math.h>

static int n, iterations;
static double *in, *out;

static void reset(void) {
#pragma omp parallel for
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            in[(size_t)i * n + j] = i + j;
            out[(size_t)i * n + j] = 0;
        }
}

static void run(void) {
    for (int k = 0; k < iterations; k++) {
#pragma omp parallel for
        for (int i = 2; i < n - 2; i++) {
            const double *row = in + (size_t)i * n;
            double *to = out + (size_t)i * n;
            for (int j = 2; j < n - 2; j++)
                to[j] += 0.25 * (row[j + 1] - row[j - 1] + row[j + n] - row[j - n]) +
                         0.125 * (row[j + 2] - row[j - 2] + row[j + 2 * n] - row[j - 2 * n]);
        }
#pragma omp parallel for
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) in[(size_t)i * n + j] += 1;
    }
}

static void print_values(void) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)n * n; i++) sum += fabs(out[i]);
    printf(", \"norm\": %.15g", sum / ((double)(n - 4) * (n - 4)));
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    n = atoi(arguments[2]);
    iterations = atoi(arguments[3]);
    in = doubles((size_t)n * n);
    out = doubles((size_t)n * n);
    measure(atoi(arguments[1]));
}
