import type { Feedback, Outcome, Strategy } from '../strategy.ts';
import { createLog } from '../search/log.ts';
import { surrogate } from './surrogate.ts';

/** Proposals of one round of the guide: few enough that a bad guide costs little. */
const WANT = 8;
/** Measurements between two rounds. */
const EVERY = 24;
/** Rounds in a row that improve nothing before the guide is not asked again. */
const PATIENCE = 2;

/**
 * The surrogate, with rounds of a guide in between where there is one. The guide's first answer is awaited only after the first question, so that it is thought out
 * while that is measured; what it proposed trains the model like everything else.
 */
export const auto: Strategy = {
  name: 'auto',
  help: 'surrogate, with proposals of a language model where --llm names one',
  async *search(asked) {
    const { space, guide } = asked;
    const log = createLog(space, asked.initial);
    const inner = surrogate.search(asked);
    let round = 0;
    let last: readonly Outcome[] = [];
    let silent = guide === undefined ? PATIENCE : 0;
    let due = 0;
    let answer: Feedback = { outcomes: [], revised: [] };
    for (;;) {
      const thinking =
        guide !== undefined && silent < PATIENCE && log.rows().length >= due
          ? guide.propose({ space, round: round++, want: WANT, rows: log.rows(), last })
          : undefined;
      const next = await inner.next(answer);
      if (next.done === true) return;
      answer = yield next.value;
      log.note(answer);
      if (guide === undefined || thinking === undefined) continue;
      due = log.rows().length + EVERY;
      const told = await thinking;
      if (told.kind === 'finished') silent = PATIENCE;
      const configs = told.kind === 'proposals' ? told.configs.filter(log.isNew).slice(0, WANT) : [];
      const before = log.best()?.ns ?? Infinity;
      if (configs.length > 0) {
        const extra = yield { configs, proposer: guide.name };
        log.note(extra);
        last = extra.outcomes;
        // The model learns from rows that it did not ask for as from revised ones.
        answer = { outcomes: answer.outcomes, revised: [...answer.revised, ...extra.outcomes, ...extra.revised] };
      }
      silent = (log.best()?.ns ?? Infinity) < before ? 0 : silent + 1;
    }
  },
};
