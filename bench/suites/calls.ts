/** What a call costs on every pool of threads, beside Python. */
import { aboutCalls, callComparisons, callVariants, promisesAlone } from '../call-suite.ts';
import { contenders } from '../contenders.ts';
import { QUICK } from '../pool-suites.ts';
import { pythonVariants } from '../python.ts';
import type { Row, Suite } from '../suite.ts';

/** Packages only: what is written by hand is a yardstick, not a peer. */
const packages = Object.keys(contenders).filter((key) => !/^(tutti|plain)/.test(key));
const piscinas = packages.filter((key) => key.startsWith('piscina'));
const ours = (metric: string): Row['value'] => ({ variant: 'tutti', metric });

export const suite: Suite = {
  title: 'Calls that do nothing, on every pool',
  about: aboutCalls,
  rounds: { full: 7, quick: 1 },
  variants: { ...callVariants(Object.keys(contenders)), promises: promisesAlone, ...pythonVariants('calls') },
  quickVariants: [...QUICK, 'promises', 'pyProcesses', 'pyThreads', 'pyPool', 'joblib'],
  rows: [
    { label: 'calls per second', value: ours('perSecond'), unit: '/s', goal: { atLeast: 1e6 } },
    {
      label: 'calls per second ÷ piscina at its best setting',
      value: ours('perSecond'),
      over: { bestOf: piscinas, metric: 'perSecond' },
      unit: '/s',
      goal: { atLeast: 30 },
    },
    {
      label: 'calls per second ÷ the fastest package',
      value: ours('perSecond'),
      over: { bestOf: packages, metric: 'perSecond' },
      unit: '/s',
      goal: { atLeast: 12 },
    },
    { label: 'CPU per call', value: ours('cpuUs'), unit: 'µs', goal: { atMost: 4 } },
    { label: 'cost of a call to its caller', value: ours('submitUs'), unit: 'µs', goal: { atMost: 1 } },
    {
      label: 'memory after the floods ÷ piscina at its best setting',
      value: ours('rssMb'),
      over: { bestOf: piscinas, metric: 'rssMb' },
      unit: 'MB',
      goal: { atMost: 1 },
    },
  ],
  comparisons: callComparisons('tutti'),
};
