import { processes } from 'tutti';
import { conformance } from './conformance.ts';
import { claimsOfProcesses } from './subject.ts';

conformance(
  'processes by message',
  (options) => processes({ name: 'processes by message', ...options, sharedMemory: false }),
  claimsOfProcesses,
);
