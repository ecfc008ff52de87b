import { serial } from 'tutti';
import { failureMatrix } from './failure-matrix.ts';

failureMatrix('serial', serial, {
  sharedMemory: true,
  killable: false,
  isolated: false,
  blocking: true,
  several: false,
  sharedArrays: true,
});
