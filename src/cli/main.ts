#!/usr/bin/env node
import { environmentVariable } from '../base/environment.ts';
import { runCli } from './run-cli.ts';

// `tutti … | head` closes the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const colour =
  process.stdout.isTTY === true &&
  environmentVariable('NO_COLOR') === undefined &&
  environmentVariable('TERM') !== 'dumb';
process.exitCode = await runCli(process.argv.slice(2), { out: process.stdout, err: process.stderr, colour });
