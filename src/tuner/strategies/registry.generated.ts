// Written by scripts/gen.ts from the files of this folder.
import type { Strategy } from '../strategy.ts';
import { annealing } from './annealing.ts';
import { auto } from './auto.ts';
import { de } from './de.ts';
import { exhaustive } from './exhaustive.ts';
import { genetic } from './genetic.ts';
import { greedy } from './greedy.ts';
import { ils } from './ils.ts';
import { llm } from './llm.ts';
import { random } from './random.ts';
import { surrogate } from './surrogate.ts';

/** Every search strategy there is. */
export const strategies: readonly Strategy[] = [annealing, auto, de, exhaustive, genetic, greedy, ils, llm, random, surrogate];
