import type { Runner } from './runner-client.ts';

/** A window is disturbed if the probe in it falls below this share of the best probe of the run (performance on shared machines dips for seconds). */
const CALM_SHARE = 0.9;

/** Watches whether the machine runs at the speed it had at its best in this run. */
export interface Calibration {
  /** One short probe: true if the machine is calm now. Always true where the runner has no such probe. */
  calm(): Promise<boolean>;
  /** Best value of the probe so far, and the latest one, as a share of it. */
  state(): { readonly best: number; readonly last: number };
}

/** `probe` is the name of an arithmetic probe; about 3 ms each. */
export function createCalibration(runner: Runner, probe = 'fma'): Calibration {
  let best = 0;
  let last = 1;
  let usable = true;
  return {
    async calm() {
      if (!usable) return true;
      const answer = await runner.request({ op: 'probe', name: probe, ms: 3 });
      if (!answer.ok) {
        usable = answer.fault.kind !== 'refused';
        return true;
      }
      const value = Math.max(...answer.result.samples);
      best = Math.max(best, value);
      last = best === 0 ? 1 : value / best;
      return last >= CALM_SHARE;
    },
    state: () => ({ best, last }),
  };
}
