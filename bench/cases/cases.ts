import { columnCases } from './columns.ts';
import type { BenchCase } from './case.ts';
import { contractionCases } from './contractions.ts';
import { rowCases } from './rows.ts';

/** The suite. A case is one entry of one of these tables. */
export const benchCases: readonly BenchCase[] = [...rowCases, ...columnCases, ...contractionCases];
