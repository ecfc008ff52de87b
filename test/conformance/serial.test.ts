import { serial } from 'tutti';
import { conformance } from './conformance.ts';

conformance('serial', serial, {
  sharedMemory: true,
  killable: false,
  isolated: false,
  blocking: true,
  several: false,
  sharedArrays: true,
});
