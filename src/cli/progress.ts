import type { TuneEvent } from '../tuner/progress.ts';
import type { Context } from './context.ts';

/** Shows where a tune stands: one line that is rewritten on a terminal, a line every few seconds elsewhere. */
export interface ProgressView {
  readonly event: (e: TuneEvent) => void;
  readonly end: () => void;
}
const PLAIN_MS = 5_000;
const LIVE_MS = 100;

export function createProgress(context: Context): ProgressView {
  const { io } = context;
  if (context.json || context.quiet) return { event: () => {}, end: () => {} };
  let last = 0;
  let shown = false;
  const line = (e: TuneEvent): string => {
    const p = e.progress;
    const speed =
      p.defaultNs === undefined || p.bestNs === undefined
        ? ''
        : `  best ${(p.defaultNs / p.bestNs).toFixed(2)}× of the default (${showTime(p.bestNs)})`;
    const failed = p.failed === 0 ? '' : `, ${p.failed} failed`;
    return `${p.phase.padEnd(7)}  ${p.evals} configs${failed}${speed}  ${Math.round(p.perMinute)}/min  ${Math.max(0, Math.round(p.secondsLeft))} s left`;
  };
  return {
    event(e) {
      if (e.kind === 'resumed') context.note(`continuing a study of ${e.trials} configs`);
      const now = Date.now();
      if (now - last < (io.errTty ? LIVE_MS : PLAIN_MS)) return;
      last = now;
      if (io.errTty) io.err(`\r\u001b[2K${line(e)}`);
      else io.err(`${line(e)}\n`);
      shown = io.errTty;
    },
    end() {
      if (shown) io.err('\r\u001b[2K');
      shown = false;
    },
  };
}

/** `6.93 ms`. */
export function showTime(ns: number): string {
  if (ns >= 1e9) return `${(ns / 1e9).toFixed(2)} s`;
  if (ns >= 1e6) return `${(ns / 1e6).toFixed(2)} ms`;
  return ns >= 1e3 ? `${(ns / 1e3).toFixed(2)} µs` : `${ns.toFixed(0)} ns`;
}
