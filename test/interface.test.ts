// The names that users write: all are exported from the package's root, or from its namespaces
// there. One that goes or moves breaks their code, so it must fail here first.

import { describe, expect, test } from "vitest";
import * as hypergrad from "../src/index";

const names = {
  root: `
    init device Tensor tensor zeros ones full arange eye scope keep compile
    add sub mul div pow maximum minimum neg abs sign square sqrt rsqrt exp expm1 log log1p sin cos
    tanh erf reciprocal floor ceil round clip relu leakyRelu elu gelu silu sigmoid softplus
    equal notEqual less lessEqual greater greaterEqual logicalAnd logicalOr logicalNot
    where isNaN isFinite sum mean max min prod logSumExp argmax argmin cumsum variance std norm
    any all reshape transpose expandDims squeeze expand concat stack unstack split slice pad flip
    tile tril triu gather scatterAdd oneHot topK sort matmul einsum
    conv1d conv2d convTranspose2d maxPool2d avgPool2d
    softmax logSoftmax crossEntropy mse huber binaryCrossEntropy layerNorm batchNorm
    lstm attention dropout
    grad valueAndGrad vjp jvp hvp hessian jacobian stopGradient checkpoint customGradient vmap
    checkGrads key uniform normal truncatedNormal bernoulli categorical permutation
    mapTree leaves ravel loadSafetensors saveSafetensors episodes
    unroll inner maml anil reptile protoNet study`,
  nn: "linear conv norm embedding lstmLayer multiHeadAttention mlp sequential",
  optim: `
    sgd momentum rmsprop adam adamw
    constant stepDecay exponential cosine oneCycle warmup reduceOnPlateau`,
  meta: "unroll inner maml anil reptile protoNet check",
  data: "episodes loadSafetensors saveSafetensors",
  search: "study grid random tpe gp cmaes learned asha hyperband pbt",
};

describe.each(Object.entries(names))("%s", (name, list) => {
  const all = hypergrad as unknown as Record<string, Record<string, unknown>>;
  const space: Record<string, unknown> = name === "root" ? all : all[name];
  test.each(list.trim().split(/\s+/))("%s", (own) => {
    expect(typeof space[own]).toMatch(/^(function|object)$/);
  });
});
