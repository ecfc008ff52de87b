/** The worker file that poolifier asks for. */
import { ThreadWorker } from 'poolifier';
import * as tasks from './tasks.ts';

export default new ThreadWorker({ ...tasks });
