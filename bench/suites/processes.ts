/** What a call costs on every pool of worker processes, beside Python and `fork` by hand. */
import { aboutCalls, callComparisons, callVariants } from '../call-suite.ts';
import { processContenders } from '../contenders.ts';
import { pythonVariants } from '../python.ts';
import type { Row, Suite } from '../suite.ts';

/** Packages only: what is written by hand is a yardstick, not a peer. */
const packages = Object.keys(processContenders).filter((key) => !/^(tutti|fork)/.test(key));
const pythons = ['pyProcesses', 'pyPool', 'loky', 'joblib'];
const ours = (metric: string, variant = 'tuttiProcesses'): Row['value'] => ({ variant, metric });

export const suite: Suite = {
  title: 'Calls that do nothing, on worker processes',
  about: aboutCalls,
  rounds: { full: 5, quick: 1 },
  variants: {
    ...callVariants(Object.keys(processContenders)),
    ...pythonVariants('calls', pythons),
  },
  quickVariants: ['tuttiProcesses', 'tuttiSockets', 'tinypoolProcess64', 'forkAdvanced', 'loky', 'joblib'],
  rows: [
    {
      label: 'round trip ÷ `advanced` IPC by hand',
      value: ours('tripUs'),
      over: { variant: 'forkAdvanced', metric: 'tripUs' },
      unit: 'µs',
      goal: { atMost: 0.5 },
    },
    {
      label: 'round trip ÷ the better of loky and joblib',
      value: ours('tripUs'),
      over: { bestOf: ['loky', 'joblib'], metric: 'tripUs' },
      unit: 'µs',
      goal: { atMost: 0.4 },
    },
    {
      label: 'time per call in a flood ÷ the better of loky and joblib',
      value: ours('perCallUs'),
      over: { bestOf: ['loky', 'joblib'], metric: 'perCallUs' },
      unit: 'µs',
      goal: { atMost: 0.4 },
    },
    {
      label: 'round trip over sockets alone ÷ `advanced` IPC by hand',
      value: ours('tripUs', 'tuttiSockets'),
      over: { variant: 'forkAdvanced', metric: 'tripUs' },
      unit: 'µs',
    },
    {
      label: 'calls per second ÷ `advanced` IPC by hand',
      value: ours('perSecond'),
      over: { variant: 'forkAdvanced', metric: 'perSecond' },
      unit: '/s',
    },
    {
      label: 'calls per second ÷ the fastest package for Node',
      value: ours('perSecond'),
      over: { bestOf: packages, metric: 'perSecond' },
      unit: '/s',
      goal: { atLeast: 1 },
    },
    {
      label: 'calls per second over sockets alone ÷ `advanced` IPC by hand',
      value: ours('perSecond', 'tuttiSockets'),
      over: { variant: 'forkAdvanced', metric: 'perSecond' },
      unit: '/s',
    },
    { label: 'start to first result', value: ours('startMs'), unit: 'ms' },
    {
      label: 'start to first result ÷ `fork` by hand',
      value: ours('startMs'),
      over: { variant: 'forkAdvanced', metric: 'startMs' },
      unit: 'ms',
    },
    {
      label: 'memory after the floods ÷ `advanced` IPC by hand',
      value: ours('rssMb'),
      over: { variant: 'forkAdvanced', metric: 'rssMb' },
      unit: 'MB',
    },
  ],
  comparisons: callComparisons('tuttiProcesses'),
};
