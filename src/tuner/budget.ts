/** Both limits are hard; time is shared between searching and the final. */
export interface BudgetLimits {
  readonly seconds: number;
  readonly evals: number;
}

/** Milliseconds from any origin; tests pass a virtual one. */
export type Clock = () => number;

export interface Budget {
  /** One config was compiled and run, or failed to. */
  spendEval(): void;
  readonly limits: BudgetLimits;
  evals(): number;
  /** Seconds used, those of earlier runs of the study included. */
  seconds(): number;
  evalsLeft(): number;
  /** Milliseconds until the search has to make room for the final, and until the end. */
  searchMsLeft(): number;
  msLeft(): number;
}

/** `spent` is what earlier runs of the same study used. A tenth of the time, at most five seconds, is kept for the final. */
export function createBudget(
  limits: BudgetLimits,
  spent: { readonly seconds: number; readonly evals: number },
  clock: Clock,
): Budget {
  const start = clock();
  let evals = spent.evals;
  const usedMs = (): number => spent.seconds * 1000 + clock() - start;
  const finalMs = Math.min(5000, (limits.seconds * 1000) / 10);
  return {
    limits,
    spendEval: () => void evals++,
    evals: () => evals,
    seconds: () => usedMs() / 1000,
    evalsLeft: () => Math.max(0, limits.evals - evals),
    searchMsLeft: () => Math.max(0, limits.seconds * 1000 - finalMs - usedMs()),
    msLeft: () => Math.max(0, limits.seconds * 1000 - usedMs()),
  };
}
