import { configId } from '../../codegen/space/config.ts';
import type { Config, Space } from '../../codegen/space/space.ts';
import type { Feedback, Outcome, Search } from '../strategy.ts';

/**
 * Two searches by turns: the first learns from everything, the second only from what it asked itself, so that configs which were fast elsewhere cannot
 * lead it astray. `own` is what it knows from the start, `share` the part of all proposals that it makes. Ends when both have.
 */
export async function* twins(
  space: Space,
  knowing: Search,
  blind: Search,
  own: readonly Outcome[],
  share: number,
): Search {
  let [asked, ofBlind] = [0, 0];
  const seen = new Set(own.map((o) => configId(space, o.config)));
  const nothing: Feedback = { outcomes: [], revised: [] };
  const answers = { knowing: nothing, blind: nothing };
  const alive = { knowing: true, blind: true };
  while (alive.knowing || alive.blind) {
    const turn = !alive.knowing || (alive.blind && ofBlind < share * asked) ? 'blind' : 'knowing';
    const next = await (turn === 'blind' ? blind : knowing).next(answers[turn]);
    answers[turn] = nothing;
    if (next.done === true) {
      alive[turn] = false;
      continue;
    }
    const answer = yield next.value;
    const configs: readonly Config[] = 'configs' in next.value ? next.value.configs : next.value;
    asked += configs.length;
    if (turn === 'knowing') {
      answers.knowing = answer;
      continue;
    }
    ofBlind += configs.length;
    for (const c of configs) seen.add(configId(space, c));
    // The loop may have timed configs of the other one again.
    answers.blind = { ...answer, revised: answer.revised.filter((o) => seen.has(configId(space, o.config))) };
    // To the other one they are rows that it did not ask for.
    const { outcomes, revised } = answers.knowing;
    answers.knowing = { outcomes, revised: [...revised, ...answer.outcomes, ...answer.revised] };
  }
}
