import { NAMES } from './catalog-check-names.ts';
import { RANGES } from './catalog-check-ranges.ts';
import { STATEMENTS } from './catalog-check-statements.ts';
import { TYPES } from './catalog-check-types.ts';

/** What `check` reports: names, calls, types, sizes, ranges, statements. */
export const CHECK = { ...NAMES, ...TYPES, ...RANGES, ...STATEMENTS } as const;
