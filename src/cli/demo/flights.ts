/** Delays of US flights by hour of the day: map-reduce over pieces of JSON in shared memory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shared } from '../../memory/shared.ts';
import { checkNumber, checkSame } from './check.ts';
import { datasetFolder } from './datasets.ts';
import { heatMap, type HeatTable } from './heat-map.ts';
import { problem, type Case } from './problem.ts';

/** A row of `flights-200k.json` (hour as `time`) or of `flights-20k.json` (date and airports). */
interface Flight {
  readonly delay: number;
  readonly distance: number;
  /** Hours since midnight. */
  readonly time?: number;
  /** `2001/01/01 00:47` */
  readonly date?: string;
  readonly origin?: string;
}

/** A group of flights: how many, and their delays in minutes added up. A tuple, since thousands are sent back. */
type Delays = readonly [flights: number, minutes: number];

/** Bytes `from ≤ k < to` of a file's JSON: whole rows without the comma between pieces. */
interface Piece {
  readonly file: number;
  readonly from: number;
  readonly to: number;
}

/** Small enough to share among many workers, large enough that the groups sent back are few beside the rows read. */
const PIECE_BYTES = 700_000;
const BAND_MILES = 250;
const LAST_BAND = 10;
const AIRPORTS_SHOWN = 12;
/** Groups with fewer flights than this get no number in the figure. */
const FEW = 10;

/** Reads a piece and adds its flights up by hour and distance, or by hour and airport where the file has airports. */
function delaysOf(bytes: Uint8Array, piece: Piece): Map<string, Delays> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + piece.from, piece.to - piece.from).toString(
    'latin1',
  );
  const groups = new Map<string, Delays>();
  for (const flight of JSON.parse(`[${text}]`) as Flight[]) {
    const key = groupOf(flight);
    groups.set(key, addDelays(groups.get(key) ?? NONE, [1, flight.delay]));
  }
  return groups;
}

const NONE: Delays = [0, 0];

function addDelays(a: Delays, b: Delays): Delays {
  return [a[0] + b[0], a[1] + b[1]];
}

function groupOf({ origin, date, time, distance }: Flight): string {
  if (origin !== undefined) return `${origin} ${Number(date!.slice(11, 13))}`;
  return `${Math.min(LAST_BAND, Math.floor(distance / BAND_MILES))} ${Math.floor(time!)}`;
}

/** Cuts an array of flat JSON objects into pieces at the commas between its rows. */
export function cutRows(file: number, bytes: Uint8Array, pieceBytes = PIECE_BYTES): Piece[] {
  const [open, close] = [bytes.indexOf(0x5b), bytes.lastIndexOf(0x5d)]; // [ and ]
  const pieces: Piece[] = [];
  for (let from = open + 1; from < close;) {
    const brace = bytes.indexOf(0x7d, Math.min(from + pieceBytes, close - 1)); // the end of a row: }
    const to = brace < 0 ? close : Math.min(brace + 1, close);
    pieces.push({ file, from, to });
    const comma = bytes.indexOf(0x2c, to);
    from = comma < 0 ? close : comma + 1;
  }
  return pieces;
}

/** The files as bytes that all workers see. */
function readFiles(): Uint8Array[] {
  const folder = datasetFolder('vega-datasets');
  return ['flights-200k.json', 'flights-20k.json'].map((name) =>
    shared(Uint8Array, readFileSync(join(folder, name))),
  );
}

const byKey = (groups: Map<string, Delays>): [string, Delays][] =>
  [...groups].sort(([a], [b]) => (a < b ? -1 : 1));

export const flights = problem(
  'flights',
  'Delays of 220,000 US flights',
  'Flights of early 2001 from the US Bureau of Transportation Statistics (vega-datasets): 200,000 by hour and distance, and ' +
    'a sample of 20,000 that names airports, by hour and airport of departure. No file there names the airline. ' +
    'Workers parse pieces of the same JSON bytes in shared memory and send back sums only.',
  (): Case<Piece, Map<string, Delays>> => {
    const files = readFiles();
    const pieces = files.flatMap((bytes, file) => cutRows(file, bytes));
    return {
      input: '220,000 rows, 11.6 MB of JSON',
      items: pieces,
      serial: (some) => {
        const total = new Map<string, Delays>();
        for (const piece of some) {
          for (const [key, delays] of delaysOf(files[piece.file]!, piece)) {
            total.set(key, addDelays(total.get(key) ?? NONE, delays));
          }
        }
        return total;
      },
      threads: (pool, some, onProgress) =>
        pool.mapReduce(some, (piece) => delaysOf(files[piece.file]!, piece), addDelays, { onProgress }),
      check: (serial, threads) => {
        const [expected, actual] = [byKey(serial), byKey(threads)];
        const flightsIn = (groups: typeof actual) => groups.reduce((sum, [, delays]) => sum + delays[0], 0);
        return [
          checkNumber('flights in all groups', 220_000, flightsIn(actual)),
          checkSame(
            'groups',
            expected.map(([key]) => key),
            actual.map(([key]) => key),
          ),
          checkSame(
            'flights and minutes of each group as in the loop',
            expected.flatMap(([, delays]) => delays),
            actual.flatMap(([, delays]) => delays),
          ),
        ];
      },
      figures: (groups) => [
        {
          kind: 'svg',
          caption: `Mean delay in minutes by hour of departure and distance (200,000 flights). Delays build up over the day. ${few}`,
          svg: heatMap(table(groups, bands), {
            x: 'hour of departure',
            y: 'distance (miles)',
            unit: 'min',
            label: 'Mean delay by hour and distance',
          }),
        },
        {
          kind: 'svg',
          caption: `Mean delay in minutes by hour and airport of departure: the busiest ${AIRPORTS_SHOWN} (20,000 flights). ${few}`,
          svg: heatMap(table(groups, busiestAirports(groups)), {
            x: 'hour of departure',
            y: 'airport',
            unit: 'min',
            label: 'Mean delay by hour and airport',
          }),
        },
      ],
    };
  },
);

const few = `Empty: fewer than ${FEW} flights.`;

const bands = Array.from({ length: LAST_BAND + 1 }, (_, band) => ({
  key: String(band),
  label:
    band === LAST_BAND
      ? `≥ ${(band * BAND_MILES).toLocaleString('en-US')}`
      : `${(band * BAND_MILES).toLocaleString('en-US')} – ${((band + 1) * BAND_MILES).toLocaleString('en-US')}`,
}));

function busiestAirports(groups: Map<string, Delays>): { key: string; label: string }[] {
  const flightsFrom = new Map<string, number>();
  for (const [key, delays] of groups) {
    const airport = key.split(' ')[0]!;
    if (/^[A-Z]/.test(airport)) flightsFrom.set(airport, (flightsFrom.get(airport) ?? 0) + delays[0]);
  }
  return [...flightsFrom]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, AIRPORTS_SHOWN)
    .map(([airport]) => ({ key: airport, label: airport }));
}

/** Mean delays as a table with 24 columns, the night last: the day of an airport begins at 4. */
function table(groups: Map<string, Delays>, rows: { key: string; label: string }[]): HeatTable {
  const hours = Array.from({ length: 24 }, (_, i) => (i + 4) % 24);
  return {
    columns: hours.map(String),
    rows: rows.map(({ key, label }) => ({
      label,
      cells: hours.map((hour) => {
        const delays = groups.get(`${key} ${hour}`);
        return delays === undefined || delays[0] < FEW ? undefined : delays[1] / delays[0];
      }),
    })),
  };
}
