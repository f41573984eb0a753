// vmap(f) means the loop over examples: value, first and second gradient of every row, with the
// gradients taken inside of vmap and through it, for every choice of what is batched.

import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { jvp } from "../../src/grad/jvp";
import { vmap } from "../../src/grad/vmap";
import { stack } from "../../src/ops/movement";
import { sum } from "../../src/ops/reduce";
import { dispose, scope } from "../../src/tensor/scope";
import type { Tensor } from "../../src/tensor/tensor";
import { leaves } from "../../src/tensor/tree";
import { table } from "../table";
import { type Row, valuesOf } from "../table/row";
import {
  type Along,
  along,
  type Found,
  functionsOf,
  isFloat,
  ORDERS,
  read,
  uploadAll,
} from "./evaluate";
import type { Suite } from "./suite";
import { allowance, compare } from "./tolerance";

const SIZE = 3;

export const batched: Suite = (device, report, rows = table) => {
  for (const row of rows) {
    if (row.inputs.length === 0) continue;
    report(row.name, async () => {
      await check(row, device);
      await checkNested(row, device);
    });
  }
};

/** Which inputs are batched: all, and where there are several each alone. */
function choices(count: number): boolean[][] {
  const all = new Array<boolean>(count).fill(true);
  return count < 2 ? [all] : [all, ...all.map((_, i) => all.map((_, j) => i === j))];
}

async function check(row: Row, device: Device): Promise<void> {
  const examples = Array.from({ length: SIZE }, (_, b) =>
    uploadAll(device, row.inputs, valuesOf(row.inputs, 30 + b)),
  );
  const by = along(row, device);
  setDevice(device);
  const single = functionsOf(row, row.f, by);
  try {
    for (const choice of choices(row.inputs.length)) {
      const inAxes = choice.map((on) => (on ? 0 : null));
      const own = examples.map((xs) => xs.map((x, i) => (choice[i] ? x : examples[0][i])));
      const stacked = choice.map((on, i) =>
        on ? scope(() => stack(examples.map((xs) => xs[i]))) : examples[0][i],
      );
      const many = (...xs: Tensor[]) =>
        vmap((...ys: Tensor[]) => leaves(row.f(...ys)), { inAxes })(...xs);
      const through = functionsOf(row, many, by);
      for (const [order, f] of [...single, pushed(row, by)].entries()) {
        const loop = () => {
          const each = own.map((xs): Tensor[] => f(...xs));
          return each[0].map((_, i) => stack(each.map((ys) => ys[i])));
        };
        const results = async (run: () => Tensor[]) => read(scope(run), [...stacked]);
        const what = `${ORDERS[order] ?? "forward mode"}, batched ${choice.map(Number).join("")}`;
        const want = await results(loop);
        const inside = await results(() => vmap(f, { inAxes })(...stacked));
        same(`${what}, inside`, device, inside, want);
        if (through[order] === undefined) continue;
        const whole = order === 0 ? want : await results(() => sumShared(loop(), row, choice));
        same(`${what}, through`, device, await results(() => through[order](...stacked)), whole);
      }
      dispose(stacked, examples);
    }
  } finally {
    dispose([examples, by.weights, by.directions]);
  }
}

/** A vmap of a vmap: over all inputs twice, and one over the first, the other over all others. */
async function checkNested(row: Row, device: Device): Promise<void> {
  const count = row.inputs.length;
  const example = (seed: number) => uploadAll(device, row.inputs, valuesOf(row.inputs, seed));
  const grid = [0, 1].map((a) =>
    Array.from({ length: SIZE }, (_, b) => example(40 + SIZE * a + b)),
  );
  const by = along(row, device);
  setDevice(device);
  const first = (i: number) => i === 0;
  const pairs: [number | null, number | null][][] = [row.inputs.map(() => [0, 0])];
  if (count > 1) pairs.push(row.inputs.map((_, i) => (first(i) ? [0, null] : [null, 0])));
  if (count > 1) pairs.push(row.inputs.map((_, i) => (first(i) ? [null, 0] : [0, null])));
  try {
    for (const axes of pairs) {
      const [outer, inner] = [axes.map(([a]) => a), axes.map(([, b]) => b)];
      const own = (a: number, b: number) =>
        axes.map(([p, q], i) => grid[p === null ? 0 : a][q === null ? 0 : b][i]);
      const rowOf = (a: number) =>
        axes.map(([p, q], i) => {
          const list = grid[p === null ? 0 : a].map((xs) => xs[i]);
          return q === null ? list[0] : stack(list);
        });
      for (const [order, f] of functionsOf(row, row.f, by).entries()) {
        const loop = () => {
          const rows = grid.map((_, a) => grid[0].map((_, b) => f(...own(a, b))));
          return rows[0][0].map((_, i) =>
            stack(rows.map((list) => stack(list.map((ys) => ys[i])))),
          );
        };
        const both = () => {
          const xs = [rowOf(0), rowOf(1)];
          const all = axes.map(([p], i) => (p === null ? xs[0][i] : stack(xs.map((x) => x[i]))));
          const nested = vmap((...ys: Tensor[]) => vmap(f, { inAxes: inner })(...ys), {
            inAxes: outer,
          });
          return nested(...all);
        };
        const want = await read(scope(loop), []);
        const got = await read(scope(both), []);
        same(`nested ${ORDERS[order]}, axes ${JSON.stringify(axes)}`, device, got, want);
      }
    }
  } finally {
    dispose([grid, by.weights, by.directions]);
  }
}

/** Forward mode: the tangents of a row's outputs along the directions. */
function pushed(row: Row, { directions }: Along) {
  return (...xs: Tensor[]) => {
    const floats = xs.filter(isFloat);
    if (floats.length === 0) return [];
    const f = (...list: Tensor[]) => {
      let next = 0;
      return leaves(row.f(...xs.map((x) => (isFloat(x) ? list[next++] : x)))).filter(isFloat);
    };
    return jvp(f, floats, [...directions])[1];
  };
}

/** The gradient by an input that all examples share is the sum of theirs. */
function sumShared(gradients: readonly Tensor[], row: Row, choice: readonly boolean[]): Tensor[] {
  const floats = choice.filter((_, i) => isFloat(row.inputs[i]));
  return gradients.map((g, i) => sum(g, { axis: floats[i] === false ? 0 : [] }));
}

function same(what: string, device: Device, got: readonly Found[], want: readonly Found[]): void {
  if (got.length !== want.length) throw new Error(`${what}: ${got.length}, not ${want.length}`);
  for (const [i, y] of want.entries()) {
    if (got[i].dtype !== y.dtype || got[i].shape.join() !== y.shape.join()) {
      const { dtype, shape } = got[i];
      throw new Error(`${what} ${i}: ${dtype} [${shape}], not ${y.dtype} [${y.shape}]`);
    }
    const rule = isFloat(y) ? "arithmetic" : "exact";
    compare(`${what} ${i}`, device.name, got[i].data, y.data, allowance(rule, device.name, y.data));
  }
}
