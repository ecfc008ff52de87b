import { readFileSync } from 'node:fs';
import fs from 'node:fs';
import * as path from 'node:path';
import { createRequire } from 'node:module';
import * as acorn from 'acorn';
import { cases } from './cases.js';
import greet, {
  Circle,
  increment as bump,
  isCircle,
  isRing,
  isUnit,
  makeCircle,
  Ring,
  Sealed,
  ShapeError,
  where,
} from './imported/shapes.js';
import { ns } from './imported/again.js';
import type * as settings from './imported/settings.js';
import { Unit } from './imported/unit.js';
import * as shapes from './imported/shapes.js';

const require = createRequire(import.meta.url);
const common = require('./imported/common.cjs') as {
  Box: new (content: unknown) => { content: unknown };
  isBox(value: unknown): boolean;
  count(): number;
  sender(factor: number): (x: number) => unknown[];
};
const pathAgain = require('node:path') as typeof path;
const send = common.sender(3);

cases([
  {
    name: 'a named import, renamed, is the module’s own in the worker',
    run: async (call) => [await call(() => [bump(), bump()]), bump() > 0],
    expect: [[1, 2], true],
  },
  {
    name: 'a namespace that was imported dynamically, by the URL of its module',
    run: async (call) => {
      const url = new URL('./imported/settings.js?again', import.meta.url).href;
      const dynamic = (await import(url)) as typeof settings;
      return call(() => {
        dynamic.load('e');
        return [dynamic.level, dynamic.settings?.name];
      });
    },
    expect: [2, 'e'],
  },
  {
    name: 'Tutti’s functions from a namespace that was exported again',
    run: (call) => {
      const { usableCores, submit } = ns;
      return call(() => [usableCores() > 0, typeof submit]);
    },
    expect: [true, 'function'],
  },
  { name: 'a default import', run: (call) => call(() => greet('you')), expect: 'hello you' },
  {
    name: 'a namespace import',
    run: (call) => call(() => [shapes.default('ns'), shapes.where === where]),
    expect: ['hello ns', true],
  },
  { name: 'an imported class', run: (call) => call(() => new Circle(2).area), expect: 12 },
  { name: 'an imported class with private state', run: (call) => call(() => new Sealed().secret), expect: 7 },
  {
    name: 'an imported function sent directly',
    run: async (call) => {
      await call(() => makeCircle(1).area);
      return call(makeCircle as never, 2).then((c) => (c as Circle).area);
    },
    expect: 12,
  },
  {
    name: 'builtin modules: named, default, namespace',
    run: (call) =>
      call(() => [
        typeof readFileSync,
        fs.existsSync('/'),
        path.join('a', 'b'),
        (path as { default?: unknown }).default !== undefined,
      ]),
    expect: ['function', true, path.join('a', 'b'), true],
  },
  {
    name: 'a builtin module that was imported dynamically',
    run: async (call) => {
      const dynamic = await import('node:path');
      const lone = await import('os');
      return call(() => [dynamic.basename('/a/b'), typeof lone.cpus]);
    },
    expect: ['b', 'function'],
  },
  {
    name: 'a package by namespace',
    run: (call) => call(() => acorn.parse('1+1', { ecmaVersion: 2020 }).type),
    expect: 'Program',
  },
  {
    name: 'a required module and its members',
    run: (call) => call(() => [pathAgain.join('a', 'b'), common.isBox(new common.Box(1)), common.count()]),
    expect: [path.join('a', 'b'), true, 1],
  },
  {
    name: 'require itself, created for a file',
    run: (call) => call(() => typeof require('node:os').cpus),
    expect: 'function',
  },
  {
    name: 'a function written in a CommonJS module',
    run: (call) => call(send as never, 2),
    expect: [6, 'common.cjs', 0],
  },
  {
    name: 'import() of a relative path',
    run: (call) => call(async () => (await import('./imported/shapes.js')).default('late')),
    expect: 'hello late',
  },
  {
    name: 'import() of a package and of a builtin',
    run: (call) =>
      call(async () => [typeof (await import('acorn')).parse, typeof (await import('node:os')).cpus]),
    expect: ['function', 'function'],
  },
  {
    name: 'import.meta',
    run: (call) =>
      call(() => [import.meta.url, import.meta.filename, import.meta.dirname, import.meta.resolve('./x.js')]),
    expect: [
      import.meta.url,
      decodeURIComponent(new URL(import.meta.url).pathname),
      path.dirname(decodeURIComponent(new URL(import.meta.url).pathname)),
      new URL('./x.js', import.meta.url).href,
    ],
  },
  {
    name: 'an instance of an imported class meets the class',
    run: (call) => call((c: Circle) => [c instanceof Circle, isCircle(c), c.area], new Circle(1)),
    expect: [true, true, 3],
  },
  {
    name: 'an imported class comes back as itself',
    run: async (call) => {
      const c = await call(() => new Circle(1));
      return [c instanceof Circle, c.area];
    },
    expect: [true, 3],
  },
  {
    name: 'an instance of an imported class that the function does not name comes back as itself',
    run: async (call) => {
      const c = await call(() => makeCircle(1));
      return [c instanceof Circle, c.area];
    },
    expect: [true, 3],
  },
  {
    name: 'an instance of a class that only a dependency names meets it',
    run: (call) => call((c: Ring) => isRing(c), new Ring(1)),
    expect: true,
  },
  {
    name: 'an instance of a class that only a dependency’s dependency names meets it',
    run: (call) => call((u: Unit) => isUnit(u), new Unit()),
    expect: true,
  },
  {
    name: 'an error of an imported class',
    run: (call) =>
      call(() => shapes.fail()).catch((e: unknown) => [
        e instanceof ShapeError,
        (e as ShapeError).name,
        (e as Error).message,
        (e as { code: string }).code,
      ]),
    expect: [true, 'ShapeError', 'not round', 'E_SHAPE'],
  },
]);
