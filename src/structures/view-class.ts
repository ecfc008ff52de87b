/**
 * Classes of views, one per struct.
 *
 * They are compiled from a text of their own, in which places are constants: accessors that all structs share would meet many
 * classes of objects and arrays, and be ten times slower. Nothing of the user's is in the text but the names of
 * fields, as quoted strings. Where code may not be made of strings, the shared accessors do.
 *
 * A class extends nothing and holds its typed arrays itself: so the engine need not make a view at all that does not leave the
 * loop it is used in. What views have in common is put above their prototype afterwards.
 */
import { ARRAY_CLASSES } from './dtype.ts';
import {
  COPY,
  elementsKey,
  INDEX,
  RECORDS,
  RecordView,
  setVector,
  type Elements,
  type Place,
  type Records,
} from './record-view.ts';

/** A class of views with certain fields. */
export type ViewClass = new (records: Records, elements: Elements, index: number) => RecordView;

/** Classes that this thread has made: messages bring the same structs again and again. */
const classes = new Map<string, ViewClass>();
const MAX_CLASSES = 256;

/** The class of views with these fields; `key` is equal for equal ones. */
export function viewClass(key: string, places: readonly Place[]): ViewClass {
  let View = classes.get(key);
  if (View === undefined) {
    View = compile(places) ?? assemble(places);
    Object.setPrototypeOf(View.prototype, RecordView.prototype);
    // Instances travel as instances of the class that everybody has.
    Object.defineProperty(View.prototype, 'constructor', { value: RecordView, configurable: true });
    classes.set(key, View);
    if (classes.size > MAX_CLASSES) classes.delete(classes.keys().next().value!);
  }
  return View;
}

function compile(places: readonly Place[]): ViewClass | undefined {
  const keys = [...new Set(places.map(({ field }) => elementsKey(field.dtype)))];
  const accessors: string[] = [];
  const copies: string[] = [];
  for (const { field, start, step } of places) {
    const name = JSON.stringify(field.name);
    const array = `this.#${elementsKey(field.dtype)}`;
    const at = `this.#index * ${step} + ${start}`;
    const isBool = field.dtype === 'bool';
    if (field.length === undefined) {
      const value = `${array}[${at}]${isBool ? ' !== 0' : ''}`;
      accessors.push(
        `get [${name}]() { return ${value}; }`,
        `set [${name}](value) { ${array}[${at}] = ${isBool ? 'value ? 1 : 0' : 'value'}; }`,
      );
      copies.push(`[${name}]: ${value}`);
    } else {
      const view = `${array}.subarray(${at}, ${at} + ${field.length})`;
      accessors.push(
        `get [${name}]() { return ${view}; }`,
        `set [${name}](values) { setVector(${name}, ${view}, values); }`,
      );
      copies.push(`[${name}]: new ${ARRAY_CLASSES[field.dtype].name}(${view})`);
    }
  }
  const text = `'use strict';
return class {
  #records; ${keys.map((key) => `#${key};`).join(' ')} #index;
  constructor(records, elements, index) {
    this.#records = records;
    ${keys.map((key) => `this.#${key} = elements.${key};`).join(' ')}
    this.#index = index;
  }
  get [RECORDS]() { return this.#records; }
  get [INDEX]() { return this.#index; }
  set [INDEX](index) { this.#index = index; }
  [COPY]() { return { ${copies.join(', ')} }; }
  ${accessors.join('\n  ')}
};`;
  try {
    const make = new Function('RECORDS', 'INDEX', 'COPY', 'setVector', text) as (
      ...parts: unknown[]
    ) => ViewClass;
    return make(RECORDS, INDEX, COPY, setVector);
  } catch (error) {
    if (error instanceof EvalError) return undefined; // --disallow-code-generation-from-strings: slower, not wrong
    throw error;
  }
}

function assemble(places: readonly Place[]): ViewClass {
  class View {
    readonly #records: Records;
    readonly #elements: Elements;
    #index: number;

    constructor(records: Records, elements: Elements, index: number) {
      this.#records = records;
      this.#elements = elements;
      this.#index = index;
    }

    get [RECORDS](): Records {
      return this.#records;
    }

    get [INDEX](): number {
      return this.#index;
    }

    set [INDEX](index: number) {
      this.#index = index;
    }

    [COPY](): object {
      const copy: Record<string, unknown> = {};
      for (const { field } of places) {
        const value = (this as unknown as Record<string, unknown>)[field.name];
        copy[field.name] = field.length === undefined ? value : (value as Float64Array).slice();
      }
      return copy;
    }

    static accessor({ field, start, step }: Place): PropertyDescriptor & ThisType<View> {
      const { name, dtype, length } = field;
      const key = elementsKey(dtype);
      const isBool = dtype === 'bool';
      const vector = (view: View): Float64Array => {
        const at = view.#index * step + start;
        return (view.#elements[key] as Float64Array).subarray(at, at + length!);
      };
      return {
        configurable: true,
        get() {
          if (length !== undefined) return vector(this);
          const value = this.#elements[key][this.#index * step + start];
          return isBool ? value !== 0 : value;
        },
        set(value: number) {
          const to = this.#elements[key] as Float64Array;
          if (length === undefined) to[this.#index * step + start] = isBool ? (value ? 1 : 0) : value;
          else setVector(name, vector(this), value as never);
        },
      };
    }
  }
  for (const place of places) Object.defineProperty(View.prototype, place.field.name, View.accessor(place));
  return View as unknown as ViewClass;
}
