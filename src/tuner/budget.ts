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
  /** Milliseconds until the search has to make room for the final, the final for the confirmation, and until the end. */
  searchMsLeft(): number;
  finalMsLeft(): number;
  msLeft(): number;
}

/**
 * `spent` is what earlier runs of the same study used. A tenth of the time, at most five seconds, is kept for the final, and `confirmMs` for the
 * confirmation of the winner in a fresh process; together at most half.
 */
export function createBudget(
  limits: BudgetLimits,
  spent: { readonly seconds: number; readonly evals: number },
  clock: Clock,
  confirmMs = 0,
): Budget {
  const start = clock();
  let evals = spent.evals;
  const usedMs = (): number => spent.seconds * 1000 + clock() - start;
  const totalMs = limits.seconds * 1000;
  const finalMs = Math.min(totalMs / 2, Math.min(5000, totalMs / 10) + confirmMs);
  return {
    limits,
    spendEval: () => void evals++,
    evals: () => evals,
    seconds: () => usedMs() / 1000,
    evalsLeft: () => Math.max(0, limits.evals - evals),
    searchMsLeft: () => Math.max(0, totalMs - finalMs - usedMs()),
    finalMsLeft: () => Math.max(0, totalMs - Math.min(confirmMs, totalMs / 4) - usedMs()),
    msLeft: () => Math.max(0, totalMs - usedMs()),
  };
}
