/** Which buffers must not be written to. */

/**
 * JavaScript cannot make the elements of a buffer read-only: this remembers the promise, so that it travels with the
 * buffer, and a backend that maps memory maps it read-only.
 */
const readOnly = new WeakSet<ArrayBufferLike>();

/** Marks `buffer` as read-only: frames say so, wherever it goes from here. */
export function markReadOnly<B extends ArrayBufferLike>(buffer: B): B {
  readOnly.add(buffer);
  return buffer;
}

/** Whether `buffer` was marked by {@link markReadOnly}, here or where it came from. */
export function isReadOnly(buffer: ArrayBufferLike): boolean {
  return readOnly.has(buffer);
}
