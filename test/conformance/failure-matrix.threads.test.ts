import { threads } from 'tutti';
import { failureMatrix } from './failure-matrix.ts';

failureMatrix('threads', threads, {
  sharedMemory: true,
  killable: true,
  isolated: true,
  blocking: true,
  several: true,
  sharedArrays: true,
});
