/* NPB EP: ep <rounds> <exponent>. The generator in 46-bit integers gives the numbers of NPB's randlc. */
#include "measure.h"
#include <math.h>
#include <stdint.h>

#define MASK ((UINT64_C(1) << 46) - 1)
#define MULTIPLIER UINT64_C(1220703125)
#define BLOCK 65536

static int blocks;
static double sx, sy;

static uint64_t leap(uint64_t steps) {
    uint64_t state = 271828183, power = MULTIPLIER;
    for (; steps > 0; steps /= 2, power = power * power & MASK)
        if (steps % 2) state = state * power & MASK;
    return state;
}

static void reset(void) { sx = sy = 0; }

static void run(void) {
    const double scale = ldexp(1, -46);
    double x_sum = 0, y_sum = 0;
#pragma omp parallel for reduction(+ : x_sum, y_sum) schedule(dynamic)
    for (int block = 0; block < blocks; block++) {
        uint64_t state = leap(2 * (uint64_t)BLOCK * block);
        for (int i = 0; i < BLOCK; i++) {
            state = state * MULTIPLIER & MASK;
            double x = 2 * scale * state - 1;
            state = state * MULTIPLIER & MASK;
            double y = 2 * scale * state - 1;
            double t = x * x + y * y;
            if (t > 1) continue;
            double factor = sqrt(-2 * log(t) / t);
            x_sum += x * factor;
            y_sum += y * factor;
        }
    }
    sx = x_sum;
    sy = y_sum;
}

static void print_values(void) { printf(", \"sx\": %.15g, \"sy\": %.15g", sx, sy); }

int main(int count, char **arguments) {
    if (count < 3) return 2;
    blocks = (1 << atoi(arguments[2])) / BLOCK;
    measure(atoi(arguments[1]));
}
