/** Frames of stacks that are this package's own: what users are shown of a stack leaves them out. */

/** The package's folders, as they stand in stacks: as compiled, and as source maps name them. */
const compiled = new URL('..', import.meta.url).href;
const folders = [compiled, new URL('../../src/', import.meta.url).href];
const places = folders.flatMap((folder) => [folder, folder.replace(/^file:\/\//, '')]);
/** The command line's own problems are users of the machinery, not part of it. */
const users = /\/cli\//;

/** Whether a line of a stack is a frame of this package. */
export function isOwnFrame(line: string): boolean {
  return line.startsWith('    at ') && places.some((place) => line.includes(place)) && !users.test(line);
}
