/** Imported variables are those of the module in the worker, also after it has assigned them. */
import { cases } from './cases.js';
import { level as again } from './imported/again.js';
import { fixed, level, load, settings, tell } from './imported/settings.js';

cases([
  {
    name: 'an imported variable shows what the module has assigned meanwhile',
    run: (call) =>
      call(() => {
        const before = [level, settings];
        load('a');
        return [...before, level, settings?.name, again, fixed];
      }),
    expect: [1, undefined, 2, 'a', 2, 5],
  },
  {
    name: 'in every form in which a name is read',
    run: (call) =>
      call(() => {
        load('b');
        const shadow = (level: string): string => `${level}!`;
        const { length = level } = {} as { length?: number };
        const text = ((strings: TemplateStringsArray, n: number) => strings.join(String(n)))`<${level}>`;
        return [
          { level },
          typeof level,
          shadow('x'),
          length,
          text,
          [...(settings?.name ?? '')],
          { [level]: 1 },
        ];
      }),
    expect: [{ level: 3 }, 'number', 'x!', 3, '<3>', ['b'], { 3: 1 }],
  },
  {
    name: 'a call of one has no `this`, also where a statement begins with it, after a line without semicolon',
    run: (call) =>
      // prettier-ignore
      call(() => {
        load('c')
        const told: string[] = []
        told.push(tell())
        tell()
        return [told[0], tell()]
      }),
    expect: ['c alone', 'c alone'],
  },
  {
    name: 'helpers of the caller see them as well',
    run: (call) => {
      const helper = (): number => level * 10;
      return call(() => {
        const before = helper();
        load('d');
        return helper() - before;
      });
    },
    expect: 10,
  },
]);
