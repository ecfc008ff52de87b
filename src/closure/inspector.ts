/** A short-lived inspector session on this very thread: what a function's engine-side record says. */
import type * as Inspector from 'node:inspector';
import { CaptureError } from '../base/errors.ts';

/** A scope around a function; `variables` is a copy taken now. Reading a variable before its initialisation may throw. */
export interface Scope {
  /** `Closure (name)`, `Block`, `Module`, `Script` … */
  readonly kind: string;
  readonly variables: Record<string, unknown>;
}

/** What the engine knows about a function or object. */
export interface Introspection {
  readonly location:
    { readonly scriptId: string; readonly line: number; readonly column: number } | undefined;
  /** Innermost first, without the global one. */
  readonly scopes: readonly Scope[];
  readonly bound:
    { readonly target: object; readonly self: unknown; readonly args: readonly unknown[] } | undefined;
  /** Private fields, methods and accessors by name, with the values of the fields. */
  readonly privates: ReadonlyMap<string, unknown>;
}

/** A script as the engine holds it. */
export interface RawScript {
  readonly url: string;
  readonly isModule: boolean;
  readonly source: string;
  readonly sourceMapURL: string;
  readonly startLine: number;
  readonly startColumn: number;
}

interface Stash {
  value: unknown;
}

const STASH = Symbol.for('tutti.stash');
// globalThis is the wrong realm inside vm contexts; builtin modules are the same everywhere.
const STASH_EXPRESSION = "process.getBuiltinModule('node:inspector').Session[Symbol.for('tutti.stash')]";
const GROUP = 'tutti';

let opened = 0;
let session: Inspector.Session | undefined;
let depth = 0;
let stash: Stash;
const scripts = new Map<string, RawScript>();

/** Number of sessions opened so far in this thread. */
export function sessionsOpened(): number {
  return opened;
}

/** Runs `work`; a session that it needs is opened on first need and closed at the end. */
export function withInspector<T>(work: () => T): T {
  depth++;
  try {
    return work();
  } finally {
    depth--;
    if (depth === 0 && session !== undefined) {
      session.disconnect();
      session = undefined;
    }
  }
}

function connect(): Inspector.Session {
  if (session !== undefined) return session;
  let inspector: typeof Inspector | undefined;
  let cause: unknown;
  try {
    inspector = process.getBuiltinModule('node:inspector');
    const { Session } = inspector as typeof Inspector & { Session: { [STASH]?: Stash } };
    stash = Session[STASH] ??= { value: undefined };
    session = new inspector.Session();
    session.connect();
    opened++;
    return session;
  } catch (error) {
    session = undefined;
    cause = error;
  }
  throw new CaptureError(
    'cannot send a function with variables from outside: this runtime has no inspector to read them ' +
      '(under --permission add --allow-inspector); state them with task({ name, … }, fn)',
    { path: 'function', cause },
  );
}

function post<R>(method: string, parameters: object): R {
  let result: R | undefined;
  let failure: Error | null = null;
  let answered = false;
  const callback = (error: Error | null, value?: object): void => {
    failure = error;
    result = value as R | undefined;
    answered = true;
  };
  (connect().post as (m: string, p: object, c: typeof callback) => void).call(
    connect(),
    method,
    parameters,
    callback,
  );
  if (failure !== null || !answered)
    throw new CaptureError(`cannot read a function's variables: the inspector refused ${method}`, {
      path: 'function',
      cause: failure ?? undefined,
    });
  return result as R;
}

/** The value behind a remote object. */
function grab(remote: Inspector.Runtime.RemoteObject): unknown {
  if (remote.objectId === undefined) return primitive(remote);
  post('Runtime.callFunctionOn', {
    objectId: remote.objectId,
    functionDeclaration: `function(){${STASH_EXPRESSION}.value=this}`,
    silent: true,
  });
  const { value } = stash;
  stash.value = undefined;
  return value;
}

function primitive(remote: Inspector.Runtime.RemoteObject): unknown {
  const text = remote.unserializableValue;
  if (text === undefined) return remote.value as unknown;
  return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text);
}

/** Looks at a function (or object) through the inspector: 0.3 ms. */
export function introspect(value: object): Introspection {
  connect();
  stash.value = value;
  const handle = post<Inspector.Runtime.EvaluateReturnType>('Runtime.evaluate', {
    expression: `${STASH_EXPRESSION}.value`,
    objectGroup: GROUP,
    silent: true,
  });
  const properties = post<
    Inspector.Runtime.GetPropertiesReturnType & {
      privateProperties?: { name: string; value?: Inspector.Runtime.RemoteObject }[];
    }
  >('Runtime.getProperties', { objectId: handle.result.objectId, ownProperties: true });
  const internal = new Map(properties.internalProperties?.map((one) => [one.name, one.value]));
  try {
    const place = internal.get('[[FunctionLocation]]')?.value as
      { scriptId: string; lineNumber: number; columnNumber?: number } | undefined;
    const target = internal.get('[[TargetFunction]]');
    const scopes = internal.get('[[Scopes]]');
    return {
      location: place && {
        scriptId: place.scriptId,
        line: place.lineNumber,
        column: place.columnNumber ?? 0,
      },
      scopes: place && scopes ? scopesOf(grab(scopes)) : [],
      bound: target && {
        target: grab(target) as object,
        self: grab(internal.get('[[BoundThis]]')!),
        args: Array.from(grab(internal.get('[[BoundArgs]]')!) as ArrayLike<unknown>),
      },
      privates: new Map(properties.privateProperties?.map((one) => [one.name, one.value && grab(one.value)])),
    };
  } finally {
    post('Runtime.releaseObjectGroup', { objectGroup: GROUP });
  }
}

function scopesOf(list: unknown): Scope[] {
  return Array.from(list as ArrayLike<{ description: string; object: Record<string, unknown> }>, (scope) => ({
    kind: scope.description,
    variables: scope.object,
  })).filter((scope) => scope.kind !== 'Global');
}

/** A script by id. Its first reading enables the debugger for one synchronous stretch. */
export function rawScript(scriptId: string): RawScript {
  const known = scripts.get(scriptId);
  if (known !== undefined) return known;
  const current = connect();
  type Parsed = Inspector.InspectorNotification<Inspector.Debugger.ScriptParsedEventDataType>;
  let parsed: Inspector.Debugger.ScriptParsedEventDataType | undefined;
  const listen = ({ params }: Parsed): void => {
    if (params.scriptId === scriptId) parsed = params;
  };
  current.on('Debugger.scriptParsed', listen);
  let source: string;
  try {
    post('Debugger.enable', {});
    source = post<Inspector.Debugger.GetScriptSourceReturnType>('Debugger.getScriptSource', {
      scriptId,
    }).scriptSource;
  } finally {
    post('Debugger.disable', {});
    current.off('Debugger.scriptParsed', listen);
  }
  const script: RawScript = {
    url: parsed?.url ?? '',
    isModule: parsed?.isModule === true,
    source,
    sourceMapURL: parsed?.sourceMapURL ?? '',
    startLine: parsed?.startLine ?? 0,
    startColumn: parsed?.startColumn ?? 0,
  };
  scripts.set(scriptId, script);
  return script;
}
