import { TuttiError } from '../base/errors.ts';

/** The command line asks for something that does not exist or cannot be done; shown without a stack, exit code 2. */
export class UsageError extends TuttiError {
  readonly code = 'ERR_TUTTI_USAGE';
}
