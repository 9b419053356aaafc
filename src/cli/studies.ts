import type { StudyHead } from '../store/reading.ts';

/** Kept studies that fit any of the names (an operator, a target or its family, or the start of an id) and have trials; all where none is named. */
export const selectStudies = (heads: readonly StudyHead[], names: readonly string[]): readonly StudyHead[] =>
  heads.filter((h) => h.evals > 0 && (names.length === 0 || names.some((name) => fits(h, name))));

const fits = (h: StudyHead, name: string): boolean =>
  h.op === name || h.target === name || h.target.split(':')[0] === name || (name.length >= 4 && h.id.startsWith(name));
