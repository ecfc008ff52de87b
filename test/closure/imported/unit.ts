/** A dependency of what the tests import. */
export class Unit {
  length = 1;
}
