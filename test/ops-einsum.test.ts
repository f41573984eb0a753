// einsum against values worked out by hand and by other ops, on the reference device.

import { expect, test } from "vitest";
import { DTypeError, ShapeError } from "../src/core/errors";
import { setDevice } from "../src/device/current";
import { referenceDevice } from "../src/device/reference/device";
import { einsum } from "../src/ops/einsum";
import { key, normal, split } from "../src/ops/random";
import { tensor } from "../src/tensor/create";
import { zeros } from "../src/tensor/fill";
import type { Tensor } from "../src/tensor/tensor";

setDevice(referenceDevice());
const keys = split(key(3), 8);
const draw = (i: number, ...shape: number[]) => normal(keys[i], shape);
const a = tensor([
  [1, 2],
  [3, 4],
]);
const b = tensor([
  [5, 6],
  [7, 8],
]);

test("one operand: transpose, trace, diagonal, sums", async () => {
  expect(await einsum("ij->ji", a).array()).toEqual([
    [1, 3],
    [2, 4],
  ]);
  expect(await einsum("ii->", a).item()).toBe(5);
  expect(await einsum("ii", a).item()).toBe(5);
  expect(await einsum("ii->i", a).array()).toEqual([1, 4]);
  expect(await einsum("ij->j", a).array()).toEqual([4, 6]);
  expect(await einsum("ba", a).array()).toEqual([
    [1, 3],
    [2, 4],
  ]);
});

test("two operands: products of matrices, of elements, outer and inner", async () => {
  expect(await einsum("ij,jk->ik", a, b).array()).toEqual([
    [19, 22],
    [43, 50],
  ]);
  expect(await einsum("ij,jk", a, b).array()).toEqual(await einsum("ij,jk->ik", a, b).array());
  expect(await einsum("ij,kj->ki", a, b).array()).toEqual([
    [17, 39],
    [23, 53],
  ]);
  expect(await einsum("ij,ij->ij", a, b).array()).toEqual([
    [5, 12],
    [21, 32],
  ]);
  expect(await einsum("ij, ij ->", a, b).item()).toBe(70);
  const [u, v] = [tensor([1, 2]), tensor([3, 4])];
  expect(await einsum("i,j->ji", u, v).array()).toEqual([
    [3, 6],
    [4, 8],
  ]);
  expect(await einsum("ij,k->k", a, u).array()).toEqual([10, 20]);
});

test('"..." stands for axes that broadcast', async () => {
  const x = draw(0, 3, 1, 2, 4);
  const y = draw(1, 5, 4, 2);
  const z = einsum("...ij,...jk->...ik", x, y);
  expect(z.shape).toEqual([3, 5, 2, 2]);
  const apart = einsum("aij,bjk->abik", draw(0, 3, 2, 4), y);
  expect(await z.array()).toEqual(await apart.array());
  expect(einsum("...i->i...", zeros([2, 3, 4])).shape).toEqual([4, 2, 3]);
  expect(einsum("i...,i", zeros([2, 3]), zeros([2])).shape).toEqual([3]);
});

test("three operands agree with nested loops", async () => {
  const [p, q, r] = [draw(2, 2, 3, 4), draw(3, 4, 2, 5), draw(4, 5, 3)];
  const got = await einsum("abc,cad,db->ad", p, q, r).data();
  const [P, Q, R] = (await Promise.all([p, q, r].map((t: Tensor) => t.array()))) as number[][][][];
  for (let i = 0; i < 2; i++) {
    for (let d = 0; d < 5; d++) {
      let s = 0;
      for (let j = 0; j < 3; j++) {
        for (let k = 0; k < 4; k++) s += P[i][j][k] * Q[k][i][d] * (R[d][j] as unknown as number);
      }
      expect(got[i * 5 + d]).toBeCloseTo(s, 12);
    }
  }
});

test("a letter in every operand is multiplied before it is summed", async () => {
  const u = tensor([1, 2, 3]);
  expect(await einsum("i,i,i->", u, u, u).item()).toBe(36);
  expect(await einsum("ii,i->i", a, tensor([10, 100])).array()).toEqual([10, 400]);
  expect(einsum("ij,jk->ik", zeros([2, 0]), zeros([0, 3])).shape).toEqual([2, 3]);
});

test("what is wrong with the spec is named", () => {
  const says = (text: string) => new ShapeError(text);
  expect(() => einsum("ij,jk->ik", a)).toThrow(
    says(
      'einsum: 2 terms for 1 operands: the spec is "ij,jk->ik". Give one term for each operand.',
    ),
  );
  expect(() => einsum("ijk->i", a)).toThrow(
    says(
      'einsum: ranks differ: "ijk" has 3 letters, operand 0 is [2, 2]: the spec is "ijk->i". ' +
        "Give one letter for each axis.",
    ),
  );
  expect(() => einsum("ij->ik", a)).toThrow(
    says('einsum: no operand has "k", the output has: the spec is "ij->ik". Leave it out.'),
  );
  expect(() => einsum("ij->ii", a)).toThrow(
    says('einsum: the output has "i" twice: the spec is "ij->ii". Name it once.'),
  );
  expect(() => einsum("i1->i", a)).toThrow(ShapeError);
  expect(() => einsum("...i->i", a)).toThrow(ShapeError);
  expect(() => einsum("ij,jk->ik", a, zeros([3, 2]))).toThrow(
    says(
      'einsum: sizes differ: "j" is 2 and 3 in "ij,jk->ik", the operands are [2, 2], [3, 2]. ' +
        "Axes with one letter must have one size.",
    ),
  );
  expect(() => einsum("ij,jk->ik", a, zeros([2, 2], "int32"))).toThrow(DTypeError);
});
