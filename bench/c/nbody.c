/* n-body ensemble: nbody <rounds> <systems> <years>. The solar system of the Benchmarks Game, Jupiter a bit faster in each. */
#include "measure.h"
#include <math.h>

#define BODIES 5
#define PI 3.141592653589793
#define SOLAR_MASS (4 * PI * PI)
#define DAYS 365.24

typedef struct { double x, y, z, vx, vy, vz, mass; } Body;

static const Body SOLAR_SYSTEM[BODIES] = {
    {0, 0, 0, 0, 0, 0, 1},
    {4.8414314424647209, -1.16032004402742839, -1.03622044471123109e-1, 1.66007664274403694e-3,
     7.69901118419740425e-3, -6.90460016972063023e-5, 9.54791938424326609e-4},
    {8.34336671824457987, 4.12479856412430479, -4.03523417114321e-1, -2.76742510726411e-3,
     4.99852801234917238e-3, 2.3041729757376393e-5, 2.85885980666130812e-4},
    {1.2894369562139131e1, -1.51111514016986312e1, -2.23307578892655734e-1, 2.96460137564761618e-3,
     2.3784717395948095e-3, -2.96589568540237556e-5, 4.36624404335156298e-5},
    {1.53796971148509165e1, -2.59193146099879641e1, 1.79258772950371181e-1, 2.68067772490389322e-3,
     1.62824170038242295e-3, -9.5159225451971587e-5, 5.15138902046611451e-5},
};

static int systems, years;
static double energy_after_1000;

static void make(Body *bodies, int k) {
    double px = 0, py = 0, pz = 0;
    for (int i = 0; i < BODIES; i++) {
        double faster = DAYS * (i == 1 ? 1 + k * 5e-4 : 1);
        bodies[i] = SOLAR_SYSTEM[i];
        bodies[i].vx *= faster;
        bodies[i].vy *= faster;
        bodies[i].vz *= faster;
        bodies[i].mass *= SOLAR_MASS;
        px += bodies[i].vx * bodies[i].mass;
        py += bodies[i].vy * bodies[i].mass;
        pz += bodies[i].vz * bodies[i].mass;
    }
    bodies[0].vx = -px / SOLAR_MASS;
    bodies[0].vy = -py / SOLAR_MASS;
    bodies[0].vz = -pz / SOLAR_MASS;
}

static void advance(Body *bodies, double dt) {
    for (int i = 0; i < BODIES; i++) {
        Body *a = bodies + i;
        for (int j = i + 1; j < BODIES; j++) {
            Body *b = bodies + j;
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz;
            double pull = dt / (square * sqrt(square));
            a->vx -= dx * b->mass * pull;
            a->vy -= dy * b->mass * pull;
            a->vz -= dz * b->mass * pull;
            b->vx += dx * a->mass * pull;
            b->vy += dy * a->mass * pull;
            b->vz += dz * a->mass * pull;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        bodies[i].x += dt * bodies[i].vx;
        bodies[i].y += dt * bodies[i].vy;
        bodies[i].z += dt * bodies[i].vz;
    }
}

static double energy(const Body *bodies) {
    double sum = 0;
    for (int i = 0; i < BODIES; i++) {
        const Body *a = bodies + i;
        sum += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
        for (int j = i + 1; j < BODIES; j++) {
            const Body *b = bodies + j;
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            sum -= a->mass * b->mass / sqrt(dx * dx + dy * dy + dz * dz);
        }
    }
    return sum;
}

static void reset(void) { energy_after_1000 = 0; }

static void run(void) {
#pragma omp parallel for schedule(dynamic)
    for (int k = 0; k < systems; k++) {
        Body bodies[BODIES];
        volatile double sink;
        make(bodies, k);
        for (int note = 1; note <= 2 * years; note++) {
            for (int step = 0; step < 50; step++) advance(bodies, 0.01);
            double now = energy(bodies);
            sink = now;
            if (k == 0 && note == 20) energy_after_1000 = now;
        }
        (void)sink;
    }
}

static void print_values(void) { printf(", \"energy\": %.15g", energy_after_1000); }

int main(int count, char **arguments) {
    if (count < 4) return 2;
    systems = atoi(arguments[2]);
    years = atoi(arguments[3]);
    measure(atoi(arguments[1]));
}
