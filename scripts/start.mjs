/** `npm start`: installs and builds what is not up to date, then runs the demo with the arguments after `--`. */
import './require-node.mjs';

const { runDemo } = await import('./demo.mjs');
process.exitCode = runDemo(process.argv.slice(2));
