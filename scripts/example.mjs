/** `npm run example -- 07`: runs one example by its number or a part of its name; without one, lists them. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BuildError, buildSources, buildTests } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { root } from './paths.mjs';

const folder = join(root, 'examples');

/** Names of the examples, in order, without `.ts`. */
function exampleNames() {
  return readdirSync(folder)
    .filter((file) => /^\d\d-.*\.ts$/.test(file))
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

/** First line of the comment on top: what the example shows. */
function summary(name) {
  const [, line = ''] = readFileSync(join(folder, `${name}.ts`), 'utf8').split('\n');
  return line.replace(/^ \* /, '');
}

/** Examples that `wanted` means: the one of that number, or those whose name has it as a word, or else contains it. */
function chosen(names, wanted) {
  if (/^\d{1,2}$/.test(wanted)) return names.filter((name) => name.startsWith(wanted.padStart(2, '0')));
  const word = wanted.replace(/^.*[\\/]/, '').replace(/\.[jt]s$/, '');
  const exact = names.filter((name) => name === word || name.split('-').includes(word));
  return exact.length > 0 ? exact : names.filter((name) => name.includes(word));
}

/** Runs `npm run example` with its arguments; returns the exit status. */
export function runExample([wanted, ...args]) {
  const names = exampleNames();
  if (wanted === undefined || wanted === '--help') {
    console.log('npm run example -- NUMBER | PART OF THE NAME\n');
    for (const name of names) console.log(`  ${name.padEnd(28)} ${summary(name)}`);
    return 0;
  }
  const matches = chosen(names, wanted);
  const [name] = matches;
  if (name === undefined || matches.length > 1) {
    const which = matches.length > 1 ? `could be ${matches.join(', ')}` : 'is none of the examples';
    console.error(`${wanted} ${which}; \`npm run example\` lists them all`);
    return 2;
  }
  ensureInstalled();
  buildSources();
  buildTests();
  const script = join(root, '.build', 'examples', `${name}.js`);
  const { status, signal } = spawnSync(process.execPath, ['--enable-source-maps', script, ...args], {
    stdio: 'inherit',
  });
  if (signal !== null) process.kill(process.pid, signal);
  return status ?? 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.exitCode = runExample(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
