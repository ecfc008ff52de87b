/** Thrown by a variant whose tool or package is not on this machine: a visible skip, not a failure. */
export class MissingError extends Error {
  override name = 'MissingError';
}
