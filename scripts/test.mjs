/** `npm test`: installs and builds what is not up to date, then checks and tests everything; see `--help`. */
import './require-node.mjs';

const { runChecks } = await import('./checks.mjs');
process.exitCode = runChecks(process.argv.slice(2));
