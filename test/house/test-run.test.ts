import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fromRoot } from '../root.ts';

const options = { timeout: 10_000 };
const script = pathToFileURL(fromRoot('scripts', 'test-run.mjs')).href;
const { broughtDown } = (await import(script)) as { broughtDown(output: string): string[] };

const assertion = `
  #  /usr/bin/node[4521]: node::IsolatePlatformDelegate* node::NodePlatform::ForIsolate(v8::Isolate*) at ../src/node_platform.cc:518
  #  Assertion failed: (data.first) != nullptr

----- Native stack trace -----
`;
const file = `test at .build/test/a.test.js:1:1
✖ /somewhere/.build/test/a.test.js (822.892291ms)
  'test failed'
`;
const other = `test at .build/test/b.test.js:9:1
✖ two and two are four (0.5ms)
  AssertionError [ERR_ASSERTION]: 5 == 4
`;
const summary = 'ℹ pass 2212\nℹ fail 1\n\n✖ failing tests:\n\n';

test('a file that Node itself brought down is run again', options, () => {
  assert.deepEqual(broughtDown(`✔ one (1ms)\n${assertion}✖ …\n${summary}${file}`), [
    '/somewhere/.build/test/a.test.js',
  ]);
});

test('a file that ended in any other way is not', options, () => {
  assert.deepEqual(broughtDown(`✔ one (1ms)\n${summary}${file}`), []);
  const another = assertion.replace('data.first', 'data.second');
  assert.deepEqual(broughtDown(`✔ one (1ms)\n${another}${summary}${file}`), []);
});

test('nothing is run again beside a test that failed, or with one abort for two files', options, () => {
  assert.deepEqual(broughtDown(`${assertion}${summary}${file}\n${other}`), []);
  assert.deepEqual(broughtDown(`${assertion}${summary}${file}\n${file.replaceAll('a.test', 'c.test')}`), []);
});
