import { processes } from 'tutti';
import { conformance } from './conformance.ts';
import { claimsOfProcesses } from './subject.ts';

conformance('processes', processes, claimsOfProcesses);
