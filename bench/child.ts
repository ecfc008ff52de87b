/** Runs one variant of one suite in this fresh process and prints its sample: `node child.js <suite> <variant> <smoke|quick|full>`. */
import { MissingError } from './missing.ts';
import { suites } from './suites.ts';

const [suiteName = '', variantName = '', scale = 'full'] = process.argv.slice(2);
const load = suites[suiteName];
if (load === undefined)
  throw new RangeError(`no suite ${suiteName}; there are ${Object.keys(suites).join(', ')}`);
const suite = await load();
const variant = suite.variants[variantName];
if (variant === undefined) {
  throw new RangeError(
    `no variant ${variantName} in ${suiteName}; there are ${Object.keys(suite.variants).join(', ')}`,
  );
}
try {
  const sample = await variant({ quick: scale !== 'full', smoke: scale === 'smoke' });
  console.log(`\n${JSON.stringify({ sample })}`);
} catch (error) {
  if (!(error instanceof MissingError)) throw error;
  console.log(`\n${JSON.stringify({ missing: error.message })}`);
}
process.exit();
