import assert from 'node:assert/strict';
import {
  openSync,
  ftruncateSync,
  closeSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { memoryHandle, openMemory, unmap } from '#src/memory/handle.js';
import { mapFile } from '#src/memory/map-file.js';
import { dist, ended, folder, lineOf, missing, program } from './mapped.ts';

const options = { timeout: 30_000, skip: missing };

let files = 0;
function file(values: ArrayLike<number>): string {
  const path = join(folder, `data-${++files}.f32`);
  writeFileSync(path, Float32Array.from(values));
  return path;
}

test('mapFile() shows a file, whole or in part', options, () => {
  const path = file([1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...mapFile(path, Float32Array)], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([...mapFile(pathToFileURL(path), Float32Array, 2)], [1, 2]);
  assert.deepEqual([...mapFile(path, Float32Array, [2, 2], { byteOffset: 8 })], [3, 4, 5, 6]);
  assert.equal(mapFile(path, Uint8Array).length, 24);
  writeFileSync(path, Float32Array.from(Array.from({ length: 50_000 }, (_, i) => i)));
  const far = mapFile(path, Float32Array, 3, { byteOffset: 4 * 40_000 });
  assert.deepEqual([...far], [40_000, 40_001, 40_002]);
  assert.equal(far.buffer.byteLength, 12);
});

test('what is assigned in mode "read" and "copy" never reaches the file', options, () => {
  const path = file([1, 2, 3]);
  const read = mapFile(path, Float32Array);
  // @ts-expect-error the elements are read-only
  read[0] = 9;
  const copy = mapFile(path, Float32Array, 3, { mode: 'copy' });
  copy[1] = 9;
  assert.deepEqual([...copy], [1, 9, 3]);
  assert.equal(mapFile(path, Float32Array, 3, { mode: 'copy' })[1], 2);
  assert.deepEqual([...new Float32Array(readFileSync(path).buffer.slice(0, 0))], []);
  assert.equal(readFileSync(path).readFloatLE(0), 1);
  assert.equal(readFileSync(path).readFloatLE(4), 2);
});

test('mode "shared" writes to the file, and makes or lengthens it when asked to', options, () => {
  const path = join(folder, 'new.f64');
  assert.throws(() => mapFile(path, Float64Array, 3, { mode: 'shared' }), {
    name: 'SharedMemoryError',
    message: /no such file.*\{ create: true \}/,
  });
  const out = mapFile(path, Float64Array, [2, 2], { mode: 'shared', create: true });
  out.set([1, 2, 3, 4]);
  assert.equal(readFileSync(path).readDoubleLE(24), 4);
  const longer = mapFile(path, Float64Array, 10, { mode: 'shared', create: true });
  assert.deepEqual([...longer], [1, 2, 3, 4, 0, 0, 0, 0, 0, 0]);
  longer[0] = 7;
  assert.equal(out[0], 7);
  assert.equal(statSync(path).size, 80);
  assert.throws(() => mapFile(path, Float64Array, 1, { create: true } as never), TypeError);
});

test('a file that is too short, missing, empty or replaced is an error that says so', options, () => {
  const path = file([1, 2, 3]);
  assert.throws(() => mapFile(path, Float32Array, [2, 2]), {
    name: 'SharedMemoryError',
    message: `cannot map 16 bytes from byte 0 on of ${path}: the file has 12 bytes`,
  });
  assert.throws(() => mapFile(path, Float32Array, 1, { byteOffset: 12 }), { name: 'SharedMemoryError' });
  assert.throws(() => mapFile(path, Float32Array, undefined, { byteOffset: 12 }), { name: 'RangeError' });
  assert.throws(() => mapFile(join(folder, 'none'), Float32Array), {
    name: 'SharedMemoryError',
    message: /ENOENT/,
  });
  assert.throws(() => mapFile(folder, Float32Array), {
    name: 'SharedMemoryError',
    message: /not a regular file/,
  });
  assert.throws(() => mapFile(file([]), Float32Array), { name: 'RangeError', message: /nothing to map/ });
  assert.throws(() => mapFile(path, Float64Array, 1, { byteOffset: 4 }), {
    name: 'RangeError',
    message: /multiple of 8/,
  });
  for (const shape of [0, -1, 1.5, [2, 0], [2 ** 40, 2 ** 40]]) {
    assert.throws(() => mapFile(path, Float32Array, shape), {
      name: 'RangeError',
      message: /the shape must have/,
    });
  }
  assert.throws(() => mapFile(path, Float32Array, 'x' as never), TypeError);
  assert.throws(() => mapFile(path, Array as never), TypeError);
  assert.throws(() => mapFile(5 as never, Float32Array), TypeError);

  const mapped = mapFile(path, Float32Array, 3);
  const handle = memoryHandle(mapped)!;
  unmap(mapped);
  renameSync(file([4, 5, 6]), path);
  assert.throws(() => openMemory(handle), {
    name: 'SharedMemoryError',
    message: /another file was put in its place/,
  });
});

test('a handle finds the same file in another process; a private copy has none', options, async () => {
  const path = file([1, 2, 3]);
  const out = mapFile(path, Float32Array, 3, { mode: 'shared' });
  const handle = memoryHandle(out)!;
  assert.equal(openMemory(structuredClone(handle)), out.buffer);
  const child = program(`
    const { openMemory } = await import(${JSON.stringify(dist('handle.js'))});
    const array = new Float32Array(openMemory(${JSON.stringify(handle)}));
    array[2] = array[0] + 41;
    console.log('DONE');
    process.disconnect();`);
  await lineOf(child, 'DONE');
  await ended(child);
  assert.equal(out[2], 42);
  const copy = mapFile(path, Float32Array, 3, { mode: 'copy' });
  assert.equal(memoryHandle(copy), undefined);
});

test('a file of 6 GB is mapped without being read', { ...options, timeout: 120_000 }, async () => {
  const path = join(folder, 'huge.f64');
  const fd = openSync(path, 'w');
  const length = 750_000_000;
  ftruncateSync(fd, 8 * length); // sparse: it takes a few blocks on the disk
  writeSync(fd, Float64Array.of(42), 0, 8, 8 * (length - 1));
  closeSync(fd);
  const child = program(`
    const { mapFile } = await import(${JSON.stringify(dist('map-file.js'))});
    const before = process.memoryUsage.rss();
    try {
      const array = mapFile(${JSON.stringify(path)}, Float64Array);
      let sum = 0;
      for (let i = 0; i < array.length; i += 1_000_000) sum += array[i];
      console.log('RESULT', array.length, array.at(-1), sum, process.memoryUsage.rss() - before < 500e6);
    } catch (error) {
      const part = mapFile(${JSON.stringify(path)}, Float64Array, 1000, { byteOffset: 8 * ${length - 1000} });
      console.log('RESULT', error.name, error.message, part[999]);
    }
    process.disconnect();`);
  const line = await lineOf(child, 'RESULT');
  await ended(child);
  if (process.versions.node.startsWith('20.')) {
    assert.match(
      line,
      /^UnsupportedError mapFile\(\): 6 GB \(6000000000 bytes\) do not fit .*byteOffset.* 42$/,
    );
  } else {
    assert.equal(line, '750000000 42 0 true');
  }
});

test('unmap() ends the mapping of a file', options, () => {
  const array = mapFile(file([1, 2]), Float32Array, 2, { mode: 'copy' });
  assert.equal(unmap(array), true);
  assert.equal(unmap(array), false);
  array[0] = 5; // lost, but no crash
  assert.equal(array.length, 'transfer' in ArrayBuffer.prototype ? 0 : 2);
});
