import { threads } from 'tutti';
import { conformance } from './conformance.ts';

conformance('threads', threads, {
  sharedMemory: true,
  killable: true,
  isolated: true,
  blocking: true,
  several: true,
  sharedArrays: true,
});
