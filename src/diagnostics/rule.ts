export type Severity = 'error' | 'warning';

/** Parameters of a rule whose message has none. */
export type NoParams = Readonly<Record<string, never>>;

/** One row of the catalog: what a code says, given its typed parameters. */
export interface Rule<P> {
  readonly severity: Severity;
  /** One line, no full stop; names from source in backquotes. */
  readonly message: (params: P) => string;
  /** What to write instead, or which fact is missing. */
  readonly hint?: (params: P) => string | undefined;
}

type Hint<P> = string | ((params: P) => string | undefined);

function rule<P>(severity: Severity, message: (params: P) => string, hint?: Hint<P>): Rule<P> {
  if (hint === undefined) return { severity, message };
  return { severity, message, hint: typeof hint === 'string' ? () => hint : hint };
}

/** A rule that stops the pipeline. */
export const error = <P = NoParams>(message: (params: P) => string, hint?: Hint<P>): Rule<P> =>
  rule('error', message, hint);
/** A rule that is reported and then ignored. */
export const warning = <P = NoParams>(message: (params: P) => string, hint?: Hint<P>): Rule<P> =>
  rule('warning', message, hint);
