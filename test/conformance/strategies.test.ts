import { defineSpace } from '../../src/codegen/space/config.ts';
import { strategies } from '../../src/tuner/strategies/registry.generated.ts';
import { SPACE, smooth } from '../tuner/spaces.ts';
import { strategyConformance } from './strategy.suite.ts';
import type { Landscape } from './strategy.suite.ts';

const rugged = defineSpace({
  params: [
    { name: 'a', help: '', kind: 'int', lo: 0, hi: 15, step: 1, default: 0 },
    { name: 'b', help: '', kind: 'int', lo: 0, hi: 15, step: 1, default: 0 },
    { name: 'c', help: '', kind: 'enum', values: ['x', 'y', 'z'], default: 'x' },
  ],
  constraints: [
    {
      code: 'odd',
      params: ['a', 'b'],
      check: (c) =>
        (Number(c['a']) + Number(c['b'])) % 2 === 1
          ? { code: 'odd', message: 'a + b must be even', params: ['a', 'b'] }
          : undefined,
    },
  ],
  seeds: [],
});

const landscapes: readonly Landscape[] = [
  { name: 'a smooth space with conditional parameters', space: SPACE, ns: smooth },
  {
    name: 'a rugged space with failures',
    space: rugged,
    ns: (c) => {
      const [a, b] = [Number(c['a']), Number(c['b'])];
      return (a * 7 + b * 3) % 5 === 0 && a + b > 0
        ? undefined
        : 1e6 * (2 + Math.sin(a) * Math.cos(b) + (c['c'] === 'y' ? 0 : 0.4));
    },
  },
  {
    name: 'a space of two configs',
    space: defineSpace({
      params: [{ name: 'only', help: '', kind: 'pow2', lo: 4, hi: 8, default: 4 }],
      constraints: [],
      seeds: [],
    }),
    ns: () => 1e6,
  },
];
// `llm` has nothing of its own to ask: what it proposes comes from a guide.
for (const strategy of strategies) if (strategy.name !== 'llm') strategyConformance(strategy, landscapes);
