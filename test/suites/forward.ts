// Every row's value against its float64 truth, which shares nothing with the library.

import { setDevice } from "../../src/device/current";
import type { Device } from "../../src/device/device";
import { dispose, scope } from "../../src/tensor/scope";
import { leaves } from "../../src/tensor/tree";
import { table } from "../table";
import { given, type Input, type Row, valuesOf } from "../table/row";
import type { Values } from "../table/truth";
import { type Found, isFloat, read, uploadAll } from "./evaluate";
import type { Suite } from "./suite";
import { allowance, allowanceOfOne, compare } from "./tolerance";

export const forward: Suite = (device, report, rows = table) => {
  for (const row of rows) {
    report(row.name, async () => {
      await plain(row, device);
      if (row.special !== undefined) await extremes(row, row.special, device);
    });
  }
};

async function plain(row: Row, device: Device): Promise<void> {
  const values = valuesOf(row.inputs);
  const got = await valueOf(row, device, row.inputs, values);
  const want = truthOf(row, row.inputs, values);
  const size = (list: number[], i: number) => (isFloat(row.inputs[i]) ? list.map(Math.abs) : list);
  const magnitude = row.rule === "sum" ? truthOf(row, row.inputs, values.map(size)) : want;
  const terms = 4 + Math.max(...row.inputs.map((_, i) => values[i].length), 0);
  same(row, got, want);
  for (const [i, y] of got.entries()) {
    const rule = isFloat(y) ? row.rule : "exact";
    const allowed = allowance(rule, device.name, want[i].data, {
      terms,
      magnitude: magnitude[i].data,
    });
    compare(`output ${i}`, device.name, y.data, want[i].data, allowed);
  }
}

async function extremes(
  row: Row,
  special: readonly (readonly number[])[],
  device: Device,
): Promise<void> {
  const inputs = special.map((list) => given(list));
  const values = valuesOf(inputs);
  const got = await valueOf(row, device, inputs, values);
  const want = truthOf(row, inputs, values);
  same(row, got, want);
  for (const [i, y] of got.entries()) {
    const allowed = allowanceOfOne(row.rule, device.name, want[i].data);
    const operands = `extremes ${values.map((list) => `[${list.join(", ")}]`).join(" and ")}`;
    compare(operands, device.name, y.data, want[i].data, allowed);
  }
}

async function valueOf(
  row: Row,
  device: Device,
  inputs: readonly Input[],
  values: readonly (readonly number[])[],
): Promise<Found[]> {
  setDevice(device);
  const xs = uploadAll(device, inputs, values);
  try {
    return await read(
      scope(() => leaves(row.f(...xs))),
      xs,
    );
  } finally {
    dispose(xs);
  }
}

function truthOf(row: Row, inputs: readonly Input[], values: readonly (readonly number[])[]) {
  const xs = inputs.map(({ shape }, i): Values => ({ shape, data: values[i] }));
  const made = row.truth(...xs);
  return "data" in made ? [made] : made;
}

function same(row: Row, got: readonly Found[], want: readonly Values[]): void {
  const shapes = (list: readonly { shape: readonly number[] }[]) =>
    list.map(({ shape }) => `[${shape.join(", ")}]`).join(" ");
  if (shapes(got) === shapes(want)) return;
  throw new Error(`${row.name}: shapes are ${shapes(got)}, should be ${shapes(want)}`);
}
