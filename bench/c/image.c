/* 5 x 5 binomial filter: image <rounds> <side>. */
#include "measure.h"
#include <math.h>
#include <string.h>

static int side;
static float *image, *out;

static double wave(int x, int y) { return 100 * cos(0.3 * x) * cos(0.2 * y); }
static double gain(double w) { return (6 + 8 * cos(w) + 2 * cos(2 * w)) / 16; }

static void reset(void) { memset(out, 0, sizeof *out * side * side); }

static void run(void) {
    static const float weights[5] = {1, 4, 6, 4, 1};
#pragma omp parallel for
    for (int y = 2; y < side - 2; y++)
        for (int x = 2; x < side - 2; x++) {
            float sum = 0;
            for (int dy = -2; dy <= 2; dy++) {
                const float *at = image + (size_t)(y + dy) * side + x;
                sum += weights[dy + 2] * (at[-2] + at[2] + 4 * (at[-1] + at[1]) + 6 * at[0]);
            }
            out[(size_t)y * side + x] = sum / 256;
        }
}

static void print_values(void) {
    double worst = 0, factor = gain(0.3) * gain(0.2);
    for (int y = 2; y < side - 2; y += 7)
        for (int x = 2; x < side - 2; x++) {
            double wanted = 0.5 * x + 0.25 * y + factor * wave(x, y);
            worst = fmax(worst, fabs(out[(size_t)y * side + x] - wanted));
        }
    printf(", \"error\": %.9g", worst);
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    side = atoi(arguments[2]);
    image = malloc(sizeof *image * side * side);
    out = malloc(sizeof *out * side * side);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) image[(size_t)y * side + x] = 0.5 * x + 0.25 * y + wave(x, y);
    measure(atoi(arguments[1]));
}
