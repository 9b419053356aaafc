/** A row, column and depth of a tile, as far as they are not 0. */
export interface Place {
  readonly m?: number;
  readonly n?: number;
  readonly k?: number;
}
/**
 * Which elements of a tile each lane of a wave holds. Each bit of the lane's number, and each bit of the number of an element among those that the lane
 * holds, adds a place; lowest bits first.
 */
export interface Fragment {
  readonly lane: readonly Place[];
  readonly element: readonly Place[];
}
/** An instruction by which all lanes of a wave together add the product of an m × k and a k × n tile to an m × n tile of f32 sums. */
export interface MatrixUnit {
  /** The instruction, as its maker names it. */
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Fragment;
  readonly b: Fragment;
  readonly sums: Fragment;
  /** Where the shapes of the fragments are from. */
  readonly origin: string;
}
/** Elements that a lane holds. */
export const heldBy = (f: Fragment): number => 2 ** f.element.length;

/** The place of an element that a lane holds. */
export function placeOf(f: Fragment, lane: number, element: number): Required<Place> {
  const taken = (bits: readonly Place[], n: number): readonly Place[] => bits.filter((_, k) => (n >> k) & 1);
  return [...taken(f.lane, lane), ...taken(f.element, element)].reduce<Required<Place>>(
    (sum, p) => ({ m: sum.m + (p.m ?? 0), n: sum.n + (p.n ?? 0), k: sum.k + (p.k ?? 0) }),
    { m: 0, n: 0, k: 0 },
  );
}
