import { execa } from 'execa';

/** The main job on this machine: checks and tunes a real operator. Under two minutes, most of it the search. */
const ktune = (...args: string[]): Promise<unknown> =>
  execa('node', ['src/cli/main.ts', ...args], { stdio: 'inherit', preferLocal: true });

console.log('$ ktune check ops/rmsnorm.ktune');
await ktune('check', 'ops/rmsnorm.ktune');
console.log('\n$ ktune tune ops/rmsnorm.ktune --target cpp --shape T=bf16,B=4096,D=4096 --budget 40s --fresh');
await ktune(
  'tune',
  'ops/rmsnorm.ktune',
  '--target',
  'cpp',
  '--shape',
  'T=bf16,B=4096,D=4096',
  '--budget',
  '40s',
  '--fresh',
);
