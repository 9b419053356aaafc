/** Words that generated code must not use as names: keywords of C++ and CUDA, and names of the prelude's types and parameters. */
const RESERVED: readonly string[] = (
  'alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept const consteval constexpr const_cast continue ' +
  'co_await co_return co_yield decltype default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline ' +
  'int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return ' +
  'short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename union ' +
  'unsigned using virtual void volatile wchar_t while xor xor_eq restrict ' +
  'f64 f32 f16 bf16 i8 i16 i32 i64 u8 u16 u32 u64 part parts phase args workspace main ' +
  'abs exp exp2 expm1 log log2 log1p sin cos tanh erf sqrt pow floor ceil round trunc fma fmin fmax min max isnan isinf y0 y1 yn j0 j1 jn gamma ' +
  'at all lane threadIdx blockIdx blockDim gridDim warpSize'
).split(' ');

const TYPE = 'f64|f32|f16|bf16|f8e4m3|f8e5m2|f8e4m3fnuz|[iu](?:8|16|32|64)|bool';
const FUNCTION =
  'abs|sign|sqrt|rsqrt|exp|exp2|expm1|log|log2|log1p|sin|cos|tanh|erf|sigmoid|relu|gelu|gelu_tanh|silu|softplus|pow|fma|philox|' +
  'exp_sum|over_1p_exp|pow2i|top12|stream_fence';
const VERB =
  'load|store|stream|gather|scatter|splat|fold|sort|floor_div|floor_mod|floordiv|mod|mulhi|rotl|rotr|popcount|clz|min|max|fmin|fmax|floor|ceil|' +
  'trunc|round|clip|isnan|isinf|opaque|divide|turn|scan|dot';
/** Names that helpers of the emitted text may have: types, functions with their accuracy, verbs with the type they work on. */
const HELPER = new RegExp(
  `^(?:(?:${TYPE})(?:x\\d+)?|(?:${TYPE})_to_\\w+|(?:${FUNCTION})f?(?:_x?\\d+)*|(?:${VERB}|${FUNCTION})(?:_\\w+)?_(?:${TYPE})(?:_\\w+)?)$`,
);

export interface Identifiers {
  /** A valid identifier like `base` that was not handed out before. */
  (base: string): string;
  taken(): readonly string[];
}
/** Hands out identifiers that are valid in C, unique (`taken` included), and no names of helpers. */
export function identifiers(taken: Iterable<string> = []): Identifiers {
  const used = new Set<string>([...RESERVED, ...taken]);
  const next = (base: string): string => {
    const plain =
      base
        .replace(/[^A-Za-z0-9_]/g, '_')
        .replace(/^(?=[0-9])/, '_')
        .replace(/_{2,}/g, '_') || 'v';
    const clean = HELPER.test(plain) ? `v_${plain}` : plain;
    let id = clean;
    for (let k = 1; used.has(id); k++) id = `${clean.replace(/_$/, '')}_${k}`;
    used.add(id);
    return id;
  };
  return Object.assign(next, { taken: () => [...used] });
}
