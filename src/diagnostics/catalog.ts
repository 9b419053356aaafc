import { CHECK } from './catalog-check.ts';
import { CLI } from './catalog-cli.ts';
import { SHAPES } from './catalog-shapes.ts';
import { TUNE } from './catalog-tune.ts';
import { NPY } from './catalog-npy.ts';
import { SYNTAX } from './catalog-syntax.ts';
import type { Rule } from './rule.ts';

/** Every diagnostic there is, by code. An area is one file; a code is one row of it. */
export const CATALOG = { ...SYNTAX, ...CHECK, ...CLI, ...TUNE, ...SHAPES, ...NPY } as const;

export type Catalog = typeof CATALOG;
export type Code = keyof Catalog;
/** The parameters that the message of a code needs. */
export type Params<C extends Code> = Catalog[C] extends Rule<infer P> ? P : never;
