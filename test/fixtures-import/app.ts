// The program that every import fixture builds and runs: a second-order gradient of a product of
// matrices, on whatever device `init` gives.

import { device, grad, init, matmul, sum, type Tensor, tensor } from "hypergrad";

export interface Outcome {
  readonly device: string;
  readonly reason: string;
  readonly threads: number;
  /** The Hessian of the sum of (A x)² times a vector of ones: 2 AᵀA 1. */
  readonly values: readonly number[];
}

export async function run(options: Parameters<typeof init>[0]): Promise<Outcome> {
  await init(options);
  const a = tensor([
    [1, 2],
    [3, 4],
  ]);
  const f = (x: Tensor) => {
    const y = matmul(a, x);
    return sum(matmul(y, y, { transposeA: true }));
  };
  const second = grad((x: Tensor) => sum(grad(f)(x)))(tensor([[1], [1]]));
  const values = Array.from(await second.data());
  const { name, info } = device();
  return { device: name, reason: info.reason, threads: info.threads, values };
}

export const EXPECTED: readonly number[] = [48, 68];
