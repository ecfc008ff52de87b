import { processes } from 'tutti';
import { failureMatrix } from './failure-matrix.ts';
import { claimsOfProcesses } from './subject.ts';

failureMatrix('processes', processes, claimsOfProcesses);
