import { processes } from 'tutti';
import { claimsOfProcesses } from '../conformance/subject.ts';
import { actorSuite } from './actors.ts';

actorSuite(
  'processes by message',
  (options) => processes({ name: 'processes by message', ...options, sharedMemory: false }),
  claimsOfProcesses,
);
