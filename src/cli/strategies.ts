import { diagnostic } from '../diagnostics/diagnostic.ts';
import { strategies } from '../tuner/strategies/registry.generated.ts';
import type { Strategy } from '../tuner/strategy.ts';
import { EXIT } from './exit.ts';
import { UserError } from './user-error.ts';

/** The names of all strategies, for help and messages. */
export const strategyNames = strategies.map((s) => s.name).join(', ');

/** The strategy that an option names. */
export function strategyNamed(name: string): Strategy {
  const found = strategies.find((s) => s.name === name);
  if (found === undefined)
    throw new UserError(diagnostic('strategy-unknown', { name, has: strategyNames }), EXIT.usage);
  return found;
}
