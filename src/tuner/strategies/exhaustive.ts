import { enumerate } from '../../codegen/space/enumerate.ts';
import type { Config } from '../../codegen/space/space.ts';
import type { Strategy } from '../strategy.ts';

export const exhaustive: Strategy = {
  name: 'exhaustive',
  help: 'every valid config in order: for small spaces, or to know the optimum',
  async *search({ space, batch }) {
    let pending: Config[] = [];
    for (const config of enumerate(space)) {
      pending.push(config);
      if (pending.length < batch) continue;
      yield pending;
      pending = [];
    }
    if (pending.length > 0) yield pending;
  },
};
