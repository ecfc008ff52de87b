/** The worker file that workerpool asks for. */
import workerpool from 'workerpool';
import * as tasks from './tasks.ts';

workerpool.worker({ ...tasks });
