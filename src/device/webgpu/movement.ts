// Plans of moves, gathers, deterministic scatters and sorts.

import gather from "../../../kernels/gather.wgsl";
import move from "../../../kernels/move.wgsl";
import moveTile from "../../../kernels/moveTile.wgsl";
import scatter from "../../../kernels/scatter.wgsl";
import scatterSorted from "../../../kernels/scatterSorted.wgsl";
import sortBlock from "../../../kernels/sortBlock.wgsl";
import sortKeys from "../../../kernels/sortKeys.wgsl";
import sortMerge from "../../../kernels/sortMerge.wgsl";
import type { Block } from "./buffers";
import { ceilDiv, type Plan, type Recorder } from "./plan";
import { part, program, table } from "./program";

const LANES = 256;
const ONE_TO_ONE = { reads: 1, writes: 1 };
const TWO_TO_ONE = { reads: 2, writes: 1 };

const moveProgram = program("move", [part("move", move)], ONE_TO_ONE);
const moveTileProgram = program("move", [part("moveTile", moveTile)], ONE_TO_ONE);

/** An axis of a move: its size, and its strides in x and in out. */
interface Axis {
  size: number;
  s: number;
  o: number;
}

/** The axes of size over 1, outermost first, neighbours that step alike made one. */
function axesOf(params: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  for (let i = 0; i < 6; i++) {
    const axis = { size: params[i], s: params[7 + i], o: params[14 + i] };
    const last = axes[axes.length - 1];
    if (axis.size === 1) continue;
    if (last && last.s === axis.size * axis.s && last.o === axis.size * axis.o) {
      axes[axes.length - 1] = { size: last.size * axis.size, s: axis.s, o: axis.o };
    } else {
      axes.push(axis);
    }
  }
  return axes;
}

const movePlan: Plan = (to, [x], [out], params) => {
  const axes = axesOf(params);
  const [xStart, outStart] = [params[6], params[13]];
  const n = axes.reduce((product, { size }) => product * size, 1);
  // x runs along one axis and out along another, both long: through shared memory, in tiles.
  const row = axes.findIndex(({ size, s }) => s === 1 && size >= 16);
  const column = axes.findIndex(({ size, o }) => o === 1 && size >= 16);
  if (row >= 0 && column >= 0 && row !== column && !to.choosing.software) {
    const rest = axes.filter((_, i) => i !== row && i !== column);
    while (rest.length < 4) rest.unshift({ size: 1, s: 0, o: 0 });
    const [r, c] = [axes[row], axes[column]];
    const words = [r.size, c.size, ...rest.map(({ size }) => size)];
    words.push(xStart, c.s, ...rest.map(({ s }) => s));
    words.push(outStart, r.o, ...rest.map(({ o }) => o));
    const tiles = ceilDiv(r.size, 32) * ceilDiv(c.size, 32);
    const groups = rest.reduce((product, { size }) => product * size, tiles);
    to.dispatch(moveTileProgram, [x, out], words, groups);
    return;
  }
  // The axis along which out is contiguous goes last, so that neighbours write neighbours.
  const inner = axes.findIndex(({ o }) => o === 1);
  if (inner >= 0) axes.push(...axes.splice(inner, 1));
  const rank = Math.max(1, axes.length);
  while (axes.length < 6) axes.unshift({ size: 1, s: 0, o: 0 });
  const words = [n, rank, ...axes.map(({ size }) => size)];
  words.push(xStart, ...axes.map(({ s }) => s), outStart, ...axes.map(({ o }) => o));
  to.dispatch(moveProgram, [x, out], words, ceilDiv(n, LANES));
};

const gatherProgram = table((along) =>
  program(along ? "gatherAlong" : "gather", [part("gather", gather)], TWO_TO_ONE, [], {
    ALONG: along,
  }),
);

function gatherPlan(along: 0 | 1): Plan {
  return (to, inputs, [out], [outer, n, k, inner]) =>
    to.dispatch(
      gatherProgram(along),
      [...inputs, out],
      [outer, n, k, inner],
      ceilDiv(outer * k * inner, LANES),
    );
}

const scatterName = (along: number) => (along ? "scatterAlong" : "scatterAdd");
const scatterProgram = table((along) =>
  program(scatterName(along), [part("scatter", scatter)], TWO_TO_ONE, [], {
    ALONG: along,
  }),
);
const scatterSortedProgram = table((along) =>
  program(scatterName(along), [part("scatterSorted", scatterSorted)], { reads: 3, writes: 1 }, [], {
    ALONG: along,
  }),
);

/** Indices that one owner looks at in turn; more are sorted first. */
const LOOK = 128;

function scatterPlan(along: 0 | 1): Plan {
  return (to, [g, idx], [out], [outer, n, k, inner]) => {
    const words = [outer, n, k, inner];
    const groups = ceilDiv(outer * n * inner, LANES);
    if (k <= LOOK) {
      to.dispatch(scatterProgram(along), [g, idx, out], words, groups);
      return;
    }
    const lines = along ? outer * inner : 1;
    const rows = along && inner > 1 ? transposed(to, idx, outer, k, inner) : idx;
    const order = to.scratch(lines * k);
    sort(to, "intKey", rows, order, [lines, k, 0]);
    to.dispatch(scatterSortedProgram(along), [g, rows, order, out], words, groups);
    to.release(order);
    if (rows !== idx) to.release(rows);
  };
}

/** x [outer, k, inner] as [outer, inner, k], in scratch memory. */
function transposed(to: Recorder, x: Block, outer: number, k: number, inner: number): Block {
  const out = to.scratch(outer * k * inner);
  const sizes = [1, 1, 1, outer, inner, k];
  const strides = [0, 0, 0, 0, k * inner, 1, inner];
  movePlan(to, [x], [out], [...sizes, ...strides, 0, 0, 0, 0, k * inner, k, 1]);
  return out;
}

type Key = "floatKey" | "intKey";
const keyNames: readonly Key[] = ["floatKey", "intKey"];
const keyParts = keyNames.map((name) => [
  part("sortKeys", sortKeys),
  {
    file: name,
    text: `fn key(word: u32, descending: bool) -> u32 { return ${name}(word, descending); }`,
  },
]);

/** Sizes of the runs that one workgroup sorts. */
const RUNS = [64, 256, 1024];

const sortName = (key: number) => (key === 0 ? "argsort" : "intArgsort");
const sortBlockProgram = table((code) => {
  const SIZE = RUNS[code >> 1];
  return program(
    sortName(code & 1),
    [...keyParts[code & 1], part("sortBlock", sortBlock)],
    ONE_TO_ONE,
    [],
    { SIZE, LANES: Math.min(256, SIZE / 2) },
  );
});
const sortMergeProgram = table((key) =>
  program(sortName(key), [...keyParts[key], part("sortMerge", sortMerge)], TWO_TO_ONE),
);

/** Runs of up to 1,024 in shared memory, then joined two by two. */
function sort(
  to: Recorder,
  key: Key,
  x: Block,
  out: Block,
  [outer, n, descending]: readonly number[],
): void {
  const k = keyNames.indexOf(key);
  const fits = RUNS.findIndex((size) => n <= size);
  const code = fits < 0 ? RUNS.length - 1 : fits;
  const size = RUNS[code];
  const merges = n > size ? Math.ceil(Math.log2(n / size)) : 0;
  const other = merges > 0 ? to.scratch(outer * n) : out;
  // Each merge goes from one of the two to the other; the last must write `out`.
  let from = merges % 2 === 0 ? out : other;
  const words = [outer, n, descending];
  to.dispatch(sortBlockProgram(code * 2 + k), [x, from], words, outer * ceilDiv(n, size));
  for (let merge = 0, run = size; merge < merges; merge++, run *= 2) {
    const into = from === out ? other : out;
    to.dispatch(sortMergeProgram(k), [x, from, into], [...words, run], ceilDiv(outer * n, LANES));
    from = into;
  }
  if (other !== out) to.release(other);
}

export const movement = {
  move: movePlan,
  gather: gatherPlan(0),
  scatterAdd: scatterPlan(0),
  gatherAlong: gatherPlan(1),
  scatterAlong: scatterPlan(1),
  argsort: (to, [x], [out], params) => sort(to, "floatKey", x, out, params),
  intArgsort: (to, [x], [out], params) => sort(to, "intKey", x, out, params),
} satisfies Record<string, Plan>;
