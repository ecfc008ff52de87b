/* PRK transpose: transpose <rounds> <n> <iterations>. Tiles of 32 columns. */
#include "measure.h"
#include <math.h>

static int n, iterations;
static double *a, *b;

static void reset(void) {
#pragma omp parallel for
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            a[(size_t)i * n + j] = (double)i * n + j;
            b[(size_t)i * n + j] = 0;
        }
}

static void run(void) {
    for (int k = 0; k < iterations; k++) {
#pragma omp parallel for
        for (int top = 0; top < n; top += 16)
            for (int left = 0; left < n; left += 32)
                for (int i = top; i < top + 16 && i < n; i++)
                    for (int j = left; j < left + 32 && j < n; j++) {
                        b[(size_t)i * n + j] += a[(size_t)j * n + i];
                        a[(size_t)j * n + i] += 1;
                    }
    }
}

static void print_values(void) {
    double error = 0, added = iterations * (iterations - 1) / 2;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            error += fabs(b[(size_t)i * n + j] - (iterations * ((double)j * n + i) + added));
    printf(", \"error\": %.15g", error);
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    n = atoi(arguments[2]);
    iterations = atoi(arguments[3]);
    a = doubles((size_t)n * n);
    b = doubles((size_t)n * n);
    measure(atoi(arguments[1]));
}
