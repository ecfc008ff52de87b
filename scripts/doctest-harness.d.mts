export { test as test$ } from 'node:test';
export function equal$(actual: unknown, expected: unknown, at: string): void;
export function throws$(run: () => unknown, type: string, message: string, at: string): Promise<void>;
