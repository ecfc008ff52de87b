/* The Mandelbrot set: mandelbrot <rounds> <side> <steps>. */
#include "measure.h"
#include <string.h>

static int side, max_steps, *counts;

static void reset(void) { memset(counts, 0, sizeof *counts * side * side); }

static void run(void) {
#pragma omp parallel for schedule(dynamic)
    for (int row = 0; row < side; row++) {
        double y = 1.25 - (row + 0.5) / side * 2.5;
        for (int column = 0; column < side; column++) {
            double x = -2.25 + (column + 0.5) / side * 3, re = 0, im = 0;
            int step = 0;
            for (; step < max_steps; step++) {
                double re2 = re * re, im2 = im * im;
                if (re2 + im2 > 4) break;
                im = 2 * re * im + y;
                re = re2 - im2 + x;
            }
            counts[row * side + column] = step;
        }
    }
}

static void print_values(void) {
    long inside = 0;
    for (int i = 0; i < side * side; i++) inside += counts[i] == max_steps;
    printf(", \"inside\": %ld", inside);
}

int main(int count, char **arguments) {
    if (count < 4) return 2;
    side = atoi(arguments[2]);
    max_steps = atoi(arguments[3]);
    counts = malloc(sizeof *counts * side * side);
    measure(atoi(arguments[1]));
}
