/** What the tests import by reference. */
import { Unit } from './unit.js';

let state = 0;
export function increment(): number {
  return ++state;
}
export default function greet(name: string): string {
  return `hello ${name}`;
}
export class Circle {
  radius: number;
  constructor(radius: number) {
    this.radius = radius;
  }
  get area(): number {
    return 3 * this.radius ** 2;
  }
}
export class Ring extends Circle {
  hole = 1;
}
export class Sealed {
  #secret = 7;
  get secret(): number {
    return this.#secret;
  }
}
export class ShapeError extends Error {
  code = 'E_SHAPE';
  override get name(): string {
    return 'ShapeError';
  }
}
export function fail(): never {
  throw new ShapeError('not round');
}
export function makeCircle(radius: number): Circle {
  return new Circle(radius);
}
export function isRing(value: unknown): boolean {
  return value instanceof Ring;
}
export function isUnit(value: unknown): boolean {
  return value instanceof Unit;
}
export const isCircle = (value: unknown): boolean => value instanceof Circle;
export const where = import.meta.url;
