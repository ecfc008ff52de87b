/** What a benchmark suite is: variants that are measured in fresh processes, and the rows of a table made of them. */

/** How much work a run does: `quick` is for a glance, `full` for numbers to keep. */
export interface Scale {
  readonly quick: boolean;
}

/** The numbers that one run of a variant yields; times in milliseconds unless the name says another unit. */
export type Sample = Readonly<Record<string, number>>;

/** One number of one variant. */
export interface Metric {
  readonly variant: string;
  readonly metric: string;
}

/** A row of the report: a ratio of two numbers of the same round, or one number that is a ratio already. */
export interface Row {
  readonly label: string;
  readonly value: Metric;
  /** What `value` is divided by, round by round; absent when `value` stands for itself. */
  readonly over?: Metric;
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
  /** Unit of `value`: shown in brackets behind a ratio, and behind the value itself when there is no `over`. */
  readonly unit: 'ms' | 'µs' | '/s' | '';
}

export interface Suite {
  readonly title: string;
  /** How it is measured, for the reader of the report. */
  readonly about: string;
  /** Rounds of a full and of a quick run. */
  readonly rounds: { readonly full: number; readonly quick: number };
  readonly variants: Readonly<Record<string, (scale: Scale) => Promise<Sample>>>;
  readonly rows: readonly Row[];
}
