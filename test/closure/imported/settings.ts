export let level = 1;
export let settings: { name: string } | undefined;
export let tell = (): string => `level ${level}, ${String(this_())}`;
export const fixed = 5;

function this_(this: unknown): unknown {
  return this;
}

export function load(name: string): void {
  settings = { name };
  level++;
  tell = function (this: unknown) {
    return `${name} ${this === undefined ? 'alone' : 'bound'}`;
  };
}
