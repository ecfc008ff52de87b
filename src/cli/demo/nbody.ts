/** The n-body problem of the Benchmarks Game, as an ensemble: the given solar system and slightly different ones beside it. */
import { checkNumber, checkSame } from './check.ts';
import { lineChart } from './line-chart.ts';
import { problem, type Case } from './problem.ts';

/** Energy of the given system at the start and after 1,000 steps, with the nine digits that the Benchmarks Game prints. */
const KNOWN_START = -0.169075164;
const KNOWN_AFTER_1000 = -0.169087605;

const SYSTEMS = 32;
/** A step is a hundredth of a year; the energy is noted at the start and twice a year. */
const STEPS_A_YEAR = 100;
const NOTES_A_YEAR = 2;
const STEPS_BETWEEN = STEPS_A_YEAR / NOTES_A_YEAR;
const YEARS = 1200;
/** What the figure shows: some of the years, some of the systems. */
const YEARS_SHOWN = 120;
const EVERY_SYSTEM = 6;

const SOLAR_MASS = 4 * Math.PI * Math.PI;
const DAYS_PER_YEAR = 365.24;

interface Body {
  x: number;
  y: number;
  z: number;
  vx: number;
  vy: number;
  vz: number;
  readonly mass: number;
}

/** Sun, Jupiter, Saturn, Uranus, Neptune: position (AU), velocity (AU/day), mass (solar masses). */
const SOLAR_SYSTEM = [
  [0, 0, 0, 0, 0, 0, 1],
  [
    4.8414314424647209, -1.16032004402742839, -1.03622044471123109e-1, 1.66007664274403694e-3,
    7.69901118419740425e-3, -6.90460016972063023e-5, 9.54791938424326609e-4,
  ],
  [
    8.34336671824457987, 4.12479856412430479, -4.03523417114321e-1, -2.76742510726411e-3,
    4.99852801234917238e-3, 2.3041729757376393e-5, 2.85885980666130812e-4,
  ],
  [
    1.2894369562139131e1, -1.51111514016986312e1, -2.23307578892655734e-1, 2.96460137564761618e-3,
    2.3784717395948095e-3, -2.96589568540237556e-5, 4.36624404335156298e-5,
  ],
  [
    1.53796971148509165e1, -2.59193146099879641e1, 1.79258772950371181e-1, 2.68067772490389322e-3,
    1.62824170038242295e-3, -9.5159225451971587e-5, 5.15138902046611451e-5,
  ],
] as const;

/** System 0 is the solar system; in system k Jupiter sets out faster by k twentieths of a percent. Total momentum is zero. */
function makeSystem(k: number): Body[] {
  const bodies = SOLAR_SYSTEM.map(([x, y, z, vx, vy, vz, mass], i): Body => {
    const faster = DAYS_PER_YEAR * (i === 1 ? 1 + k * 5e-4 : 1);
    return { x, y, z, vx: vx * faster, vy: vy * faster, vz: vz * faster, mass: mass * SOLAR_MASS };
  });
  const sun = bodies[0]!;
  for (const axis of ['vx', 'vy', 'vz'] as const) {
    let momentum = 0;
    for (const body of bodies) momentum += body[axis] * body.mass;
    sun[axis] = -momentum / SOLAR_MASS;
  }
  return bodies;
}

/** One step of the symplectic integrator: all pairs attract each other, then all bodies move. */
function advance(bodies: Body[], dt: number): void {
  const size = bodies.length;
  for (let i = 0; i < size; i++) {
    const a = bodies[i]!;
    for (let j = i + 1; j < size; j++) {
      const b = bodies[j]!;
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      const square = dx * dx + dy * dy + dz * dz;
      const pull = dt / (square * Math.sqrt(square));
      a.vx -= dx * b.mass * pull;
      a.vy -= dy * b.mass * pull;
      a.vz -= dz * b.mass * pull;
      b.vx += dx * a.mass * pull;
      b.vy += dy * a.mass * pull;
      b.vz += dz * a.mass * pull;
    }
  }
  for (const body of bodies) {
    body.x += dt * body.vx;
    body.y += dt * body.vy;
    body.z += dt * body.vz;
  }
}

/** Kinetic plus potential energy, in solar masses · AU² / year² · 1 / (4π²) as the Benchmarks Game has it. */
function energyOf(bodies: readonly Body[]): number {
  let energy = 0;
  for (let i = 0; i < bodies.length; i++) {
    const a = bodies[i]!;
    energy += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
    for (let j = i + 1; j < bodies.length; j++) {
      const b = bodies[j]!;
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      energy -= (a.mass * b.mass) / Math.sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return energy;
}

/** Runs system `k` and returns its energies: at the start and twice a year. */
export function simulate(k: number, years = YEARS): number[] {
  const bodies = makeSystem(k);
  const energies = [energyOf(bodies)];
  while (energies.length <= years * NOTES_A_YEAR) {
    for (let step = 0; step < STEPS_BETWEEN; step++) advance(bodies, 1 / STEPS_A_YEAR);
    energies.push(energyOf(bodies));
  }
  return energies;
}

export const nbody = problem(
  'nbody',
  'n-body: an ensemble of solar systems',
  `Sun and four giant planets as in the Benchmarks Game, ${SYSTEMS} systems with slightly different starts, ` +
    `${(YEARS * STEPS_A_YEAR).toLocaleString('en-US')} steps each. System 0 is the original, whose energy is known.`,
  (): Case<number, number[][]> => ({
    input: `${SYSTEMS} systems, ${(YEARS * STEPS_A_YEAR) / 1000}k steps each`,
    items: Array.from({ length: SYSTEMS }, (_, k) => k),
    serial: (systems) => systems.map((k) => simulate(k)),
    threads: (pool, systems, onProgress) => pool.map(systems, (k) => simulate(k), { onProgress }),
    check: (serial, threads) => [
      checkNumber('energy at the start', KNOWN_START, round9(threads[0]![0]!)),
      checkNumber('energy after 1,000 steps', KNOWN_AFTER_1000, round9(threads[0]![1000 / STEPS_BETWEEN]!)),
      checkSame('energies of all systems as in the loop', serial.flat(), threads.flat()),
    ],
    figures: (systems) => [
      {
        kind: 'svg',
        caption:
          'Relative change of the computed energy since the start, for every sixth system. A symplectic integrator keeps ' +
          'the error in bounds: it swings with Jupiter’s orbit of twelve years. Highlighted: system 0, the original.',
        svg: lineChart(
          systems
            .filter((_, k) => k % EVERY_SYSTEM === 0)
            .map((energies) =>
              energies
                .slice(0, YEARS_SHOWN * NOTES_A_YEAR + 1)
                .map(
                  (energy, i) =>
                    [i / NOTES_A_YEAR, (1e6 * (energy - energies[0]!)) / Math.abs(energies[0]!)] as const,
                ),
            ),
          {
            x: 'time (years)',
            y: 'energy change (millionths)',
            highlight: 0,
            label: 'Energy change of each system',
          },
        ),
      },
    ],
  }),
);

/** The nine digits after the point that the Benchmarks Game prints. */
function round9(value: number): number {
  return Number(value.toFixed(9));
}
