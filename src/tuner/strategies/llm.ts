import type { Config } from '../../codegen/space/space.ts';
import type { Outcome, Strategy } from '../strategy.ts';
import { createLog } from '../search/log.ts';

/** Proposals of one round. */
const WANT = 15;
/** Rounds in a row that give nothing before the search ends. */
const PATIENCE = 2;

export const llm: Strategy = {
  name: 'llm',
  help: 'proposals of a language model only, round by round; needs --llm',
  async *search({ space, initial, guide }) {
    if (guide === undefined) return;
    const log = createLog(space, initial);
    let last: readonly Outcome[] = [];
    for (let round = 0, silent = 0; silent < PATIENCE; round++) {
      const answer = await guide.propose({ space, round, want: WANT, rows: log.rows(), last });
      if (answer.kind === 'finished') return;
      const configs: readonly Config[] = answer.kind === 'proposals' ? answer.configs.slice(0, WANT) : [];
      silent = configs.some((c) => log.isNew(c)) ? 0 : silent + 1;
      if (configs.length === 0) continue;
      const feedback = yield { configs, proposer: guide.name };
      log.note(feedback);
      last = feedback.outcomes;
    }
  },
};
