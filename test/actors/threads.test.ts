import { threads } from 'tutti';
import { actorSuite } from './actors.ts';

actorSuite('threads', threads, {
  sharedMemory: true,
  killable: true,
  isolated: true,
  blocking: true,
  several: true,
  sharedArrays: true,
});
