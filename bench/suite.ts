/** What a benchmark suite is: variants that are measured in fresh processes, and the rows of a table made of them. */

/** How much work a run does: `smoke` shows that it runs, `quick` is for a glance, `full` for numbers to keep. */
export interface Scale {
  /** A small run: true for smoke runs too. */
  readonly quick: boolean;
  readonly smoke: boolean;
}

/** A scale's name, as programs in other languages are told it. */
export function sizeOf({ smoke, quick }: Scale): 'smoke' | 'quick' | 'full' {
  if (smoke) return 'smoke';
  return quick ? 'quick' : 'full';
}

/** The numbers that one run of a variant yields; times in milliseconds unless the name says another unit. */
export type Sample = Readonly<Record<string, number>>;

/** One number of one variant. */
export interface Metric {
  readonly variant: string;
  readonly metric: string;
}

/** The number of whichever of some variants did best in a round: the largest where the goal is a least, else the smallest. */
export interface BestOf {
  readonly bestOf: readonly string[];
  readonly metric: string;
}

/** A row of the report: a ratio of two numbers of the same round, or one number that is a ratio already. */
export interface Row {
  readonly label: string;
  readonly value: Metric;
  /** What `value` is divided by, round by round; absent when `value` stands for itself. */
  readonly over?: Metric | BestOf;
  readonly goal?: { readonly atMost: number } | { readonly atLeast: number };
  /** Unit of `value`: shown in brackets behind a ratio, and behind the value itself when there is no `over`. */
  readonly unit: Unit;
}

export type Unit = 'ms' | 'µs' | 'ns' | '/s' | 'MB' | '';

/** A table and a plot of one number of many variants, side by side with ours. */
export interface Comparison {
  readonly title: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly better: 'less' | 'more';
  /** The variant that the others are divided by. */
  readonly ours: string;
  /** Variant → what the table calls it. Variants that never give the number are left out. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface Suite {
  readonly title: string;
  /** How it is measured, for the reader of the report. */
  readonly about: string;
  /** Rounds of a full and of a quick run. */
  readonly rounds: { readonly full: number; readonly quick: number };
  readonly variants: Readonly<Record<string, (scale: Scale) => Promise<Sample>>>;
  /** Variants of a quick run, when it does not take all. */
  readonly quickVariants?: readonly string[];
  readonly rows: readonly Row[];
  readonly comparisons?: readonly Comparison[];
}
