import { nativeProblem } from '../memory/native.ts';
import type { Command } from './command.ts';
import { describeMachine } from './machine.ts';
import { alignColumns, paint } from './terminal.ts';

/** `tutti info`: what Tutti sees of this machine, and how many workers it starts by default. */
export const info: Command = {
  name: 'info',
  summary: 'show the cores and versions that Tutti sees here',
  flags: { json: { help: 'print JSON' } },
  run(flags, terminal) {
    // Here alone: it loads koffi.
    const noSharedMemory = nativeProblem('memory shared between processes')?.message;
    const machine = { ...describeMachine(), noSharedMemory };
    if (flags['json']) {
      terminal.out.write(`${JSON.stringify(machine, undefined, 2)}\n`);
      return 0;
    }
    const limited = machine.usableCores < machine.hostCores ? ` (the host has ${machine.hostCores})` : '';
    const rows = [
      ['tutti', machine.tutti],
      ['Node', `${machine.node} (V8 ${machine.v8})`],
      ['platform', machine.platform],
      ['processor', machine.cpu],
      ['usable cores', `${machine.usableCores}${limited}: the number of workers by default`],
      ['memory', `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB`],
      ['across processes', machine.noSharedMemory ?? 'memory is shared'],
    ];
    terminal.out.write(
      `${alignColumns(rows, [0, 1], (cell, _, column) => (column === 0 ? paint(terminal, 'dim', cell) : cell))}\n`,
    );
    return 0;
  },
};
