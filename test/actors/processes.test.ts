import { processes } from 'tutti';
import { claimsOfProcesses } from '../conformance/subject.ts';
import { actorSuite } from './actors.ts';

actorSuite('processes', processes, claimsOfProcesses);
