// Written by scripts/gen.ts from the files of this folder.
import type { Strategy } from '../strategy.ts';
import { exhaustive } from './exhaustive.ts';
import { greedy } from './greedy.ts';
import { llm } from './llm.ts';
import { random } from './random.ts';

/** Every search strategy there is. */
export const strategies: readonly Strategy[] = [exhaustive, greedy, llm, random];
