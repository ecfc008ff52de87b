import { serial } from 'tutti';
import { actorSuite } from './actors.ts';

actorSuite('serial', serial, {
  sharedMemory: true,
  killable: false,
  isolated: false,
  blocking: true,
  several: false,
  sharedArrays: true,
});
