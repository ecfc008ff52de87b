/** Why a value cannot cross threads, and what to do instead. */
import { types } from 'node:util';

/** The reason why a value of the engine's own kinds is refused; undefined when it is not. */
export function engineRefusal(value: object): string | undefined {
  if (types.isProxy(value)) return 'a Proxy cannot be copied; send the object behind it';
  if (types.isPromise(value)) return 'a Promise cannot cross threads; await it and send what it gives';
  if (types.isWeakMap(value)) return 'a WeakMap cannot be copied; use a Map, or make it in `init`';
  if (types.isWeakSet(value)) return 'a WeakSet cannot be copied; use a Set, or make it in `init`';
  if (types.isGeneratorObject(value))
    return 'a running generator cannot be copied; send the generator function, or an array of what it yields';
  if (types.isExternal(value)) return 'a native handle cannot cross threads; open it in `init`';
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  switch (tag) {
    case 'WeakRef':
      return 'a WeakRef cannot be copied; send the object it refers to';
    case 'FinalizationRegistry':
      return 'a FinalizationRegistry cannot be copied; make one inside the task';
    case 'AbortSignal':
    case 'AbortController':
      return `an ${tag} cannot cross threads; inside a task use \`context().signal\`, and pass yours as the \`signal\` option`;
    case 'Array Iterator':
    case 'Map Iterator':
    case 'Set Iterator':
    case 'String Iterator':
    case 'RegExp String Iterator':
    case 'Iterator Helper':
      return `a running ${tag} cannot be copied; send an array of what it yields`;
    default:
      return undefined;
  }
}

/** Builtin classes whose instances are nothing but their properties, so that they may be copied (or extended). */
const COPYABLE = new Set(['EventEmitter', 'Object', 'AssertionError', 'Stats', 'BigIntStats']);

/** Builtin classes that postMessage itself knows how to copy. */
export const CLONEABLE = new Set([
  'Blob',
  'File',
  'KeyObject',
  'CryptoKey',
  'X509Certificate',
  'BlockList',
  'SocketAddress',
  'SecretKeyObject',
  'PublicKeyObject',
  'PrivateKeyObject',
  'Histogram',
  'RecordableHistogram',
]);

/** The reason why an instance of a builtin class is refused; undefined when it may be copied property by property. */
export function builtinRefusal(
  name: string,
  module: string | undefined,
  isLanguage = false,
): string | undefined {
  if (COPYABLE.has(name)) return undefined;
  const article = /^[aeiou]/i.test(module ?? name) ? 'an' : 'a';
  const full = module === undefined ? name : `${module}.${name}`;
  if (name === 'Timeout' || name === 'Immediate')
    return `a timer (${name}) cannot cross threads; start it inside the task`;
  if (name === 'MessagePort') return 'a MessagePort can only be moved; pass move(port) as an argument';
  if (name === 'Worker')
    return `${article} ${full} cannot cross threads; keep it here, or start it in \`init\``;
  if (name === 'ChildProcess')
    return `${article} ${full} cannot cross threads; start it inside the task or in \`init\``;
  if (name === 'AbortSignal' || name === 'AbortController')
    return `an ${name} cannot cross threads; inside a task use \`context().signal\`, and pass yours as the \`signal\` option`;
  if (isLanguage) return `${article} ${full} cannot be copied; make it inside the task, or in \`init\``;
  return `${article} ${full} cannot cross threads; open it in \`init\``;
}
