/**
 * What a task gets is a copy – unless it is shared memory, or moved.
 *
 * Arrays, maps, sets, dates and instances of your classes arrive as what they were; changing them in a task changes
 * nothing here. `shared()` memory is one and the same for all, and `move()` hands memory over without copying it.
 * On `serial()`, where nothing travels, the function works on your own objects.
 *
 * Python: containers and copies (is, copy.deepcopy), multiprocessing's pickled arguments
 */
import { move, serial, shared, threads } from 'tutti';

class Playlist {
  readonly songs = ['Bolero'];
  add(song: string): this {
    this.songs.push(song);
    return this;
  }
}

const pool = threads({ workers: 2 });
const extend = (list: Playlist) => list.add('Gymnopédie');

const mine = new Playlist();
const theirs = await pool.submit(extend, mine);
console.log(`mine: ${mine.songs.length} song, theirs: ${theirs.songs.length} songs`);
console.log(`still a Playlist: ${theirs instanceof Playlist}, the same object: ${theirs === mine}`);
console.log(`on serial() the same object: ${(await serial().submit(extend, mine)) === mine}`);

const containers = { when: new Date(0), tags: new Set(['a', 'b']), sizes: new Map([['a', 1n]]) };
const { when, tags, sizes } = await pool.submit((all: typeof containers) => all, containers);
console.log(`Date ${when.getTime()}, Set of ${tags.size}, Map with ${typeof sizes.get('a')}`);

const fill = (array: Float64Array) => array.fill(1);
const copied = new Float64Array(4);
const common = shared(Float64Array, 4);
await pool.submit(fill, copied);
await pool.submit(fill, common);
console.log(`copied: ${copied.join(' ')}, shared: ${common.join(' ')}`);

const big = new Float64Array(100_000);
const moved = await pool.submit((array: Float64Array) => move(array.fill(1)), move(big));
console.log(`moved away: ${big.length} elements left here, ${moved.length} came back`);

await pool.close();

// expected output:
// mine: 1 song, theirs: 2 songs
// still a Playlist: true, the same object: false
// on serial() the same object: true
// Date 0, Set of 2, Map with bigint
// copied: 0 0 0 0, shared: 1 1 1 1
// moved away: 0 elements left here, 100000 came back
