// Runs a program: a list of kernel calls in memory, in one call from outside.
//
// A call is `words, opcode, operands, parameters`: the opcode is the kernel's place in
// src/device/kernels.ts, plus SHARE where threads are to share the call, plus WAKE where those that
// sleep are to be woken for it, plus FOLD where the chain behind it reads what it writes and is a
// part of it; an operand is two words, the place of a base address in `slots` and a distance in
// bytes from it.

import { argsort, intArgsort } from "./argsort";
import { attentionBackward, attentionForward } from "./attention";
import { chain, hasSums } from "./chain";
import { conv2d } from "./conv2d";
import { conv2dInput } from "./conv2dInput";
import { conv2dKernel } from "./conv2dKernel";
import { finishChain, follow } from "./epilogue";
import { ConvForm, PoolForm } from "./forms";
import { check, gather, gatherAlong, scatterAdd, scatterAlong } from "./indexing";
import { lstmBackward, lstmForward } from "./lstm";
import { fill, fillInt, map1, map2, map3 } from "./map";
import { matmul } from "./matmul";
import { move } from "./move";
import { normalize, normalizeInput } from "./normalize";
import { maxPoolIndex, poolGather, poolScatter, sumPool, sumPoolInput } from "./pooling";
import { randomBits, splitKey } from "./random";
import {
  argmax, argmin, cumsum, intMax, intMin, intProd, intSum,
  logSumExp, max, min, prod, sum,
} from "./reductions";
import { logSoftmax, softmax } from "./softmax";
import { shares } from "./share";
import { callOf, claim, close, finish, next, open, ready, slotsOf, together } from "./threads";

// @ts-ignore: decorator
@inline
function at(p: usize, word: usize, slots: usize): usize {
  const slot = <usize>load<u32>(p + (word << 2)) << 2;
  return load<usize>(slots + slot) + <usize>load<u32>(p + (word << 2), 4);
}

// @ts-ignore: decorator
@inline
function int(p: usize, word: usize): i32 {
  return load<i32>(p + (word << 2));
}

// @ts-ignore: decorator
@inline
function real(p: usize, word: usize): f32 {
  return load<f32>(p + (word << 2));
}

/** Parameters that a kernel reads from the call itself, from a word on. */
// @ts-ignore: decorator
@inline
function convAt(p: usize, word: usize): ConvForm {
  return changetype<ConvForm>(p + (word << 2));
}

// @ts-ignore: decorator
@inline
function poolAt(p: usize, word: usize): PoolForm {
  return changetype<PoolForm>(p + (word << 2));
}

/** Runs the call at `p`. Gives -1, or the position of the first bad index of one that checks. */
function run(p: usize, slots: usize): i32 {
  switch (load<i32>(p) & 0xff) {
    case 0:
      map1(
        at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7), int(p, 8),
      );
      return -1;
    case 1:
      map2(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), int(p, 7), int(p, 8), int(p, 9),
        int(p, 10), int(p, 11), int(p, 12),
      );
      return -1;
    case 2:
      map3(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), at(p, 7, slots), int(p, 9), int(p, 10),
        int(p, 11), int(p, 12), int(p, 13), int(p, 14), int(p, 15), int(p, 16),
      );
      return -1;
    case 3: chain(p, slots); return -1;
    case 4: fill(at(p, 1, slots), int(p, 3), real(p, 4)); return -1;
    case 5: fillInt(at(p, 1, slots), int(p, 3), int(p, 4)); return -1;
    case 6: sum(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 7: prod(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 8: max(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 9: min(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 10: argmax(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 11: argmin(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 12:
      logSumExp(
        at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7),
      );
      return -1;
    case 13: intSum(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 14: intProd(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 15: intMax(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 16: intMin(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 17:
      cumsum(
        at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7), int(p, 8),
      );
      return -1;
    case 18:
      move(
        at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7), int(p, 8), int(p, 9),
        int(p, 10), int(p, 11), int(p, 12), int(p, 13), int(p, 14), int(p, 15), int(p, 16),
        int(p, 17), int(p, 18), int(p, 19), int(p, 20), int(p, 21), int(p, 22), int(p, 23),
        int(p, 24),
      );
      return -1;
    case 19:
      return gather(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), int(p, 7), int(p, 8), int(p, 9),
        int(p, 10),
      );
    case 20:
      return scatterAdd(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), int(p, 7), int(p, 8), int(p, 9),
        int(p, 10),
      );
    case 21:
      return gatherAlong(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), int(p, 7), int(p, 8), int(p, 9),
        int(p, 10),
      );
    case 22:
      return scatterAlong(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), int(p, 7), int(p, 8), int(p, 9),
        int(p, 10),
      );
    case 23: argsort(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7)); return -1;
    case 24:
      intArgsort(
        at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6), int(p, 7),
      );
      return -1;
    case 25:
      matmul(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), int(p, 7), int(p, 8), int(p, 9),
        int(p, 10), int(p, 11), int(p, 12), int(p, 13), int(p, 14),
      );
      return -1;
    case 26: conv2d(at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), convAt(p, 7)); return -1;
    case 27:
      conv2dInput(at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), convAt(p, 7));
      return -1;
    case 28:
      conv2dKernel(at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), convAt(p, 7));
      return -1;
    case 29: maxPoolIndex(at(p, 1, slots), at(p, 3, slots), poolAt(p, 5)); return -1;
    case 30: poolGather(at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), poolAt(p, 7)); return -1;
    case 31:
      poolScatter(at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), poolAt(p, 7));
      return -1;
    case 32: sumPool(at(p, 1, slots), at(p, 3, slots), poolAt(p, 5)); return -1;
    case 33: sumPoolInput(at(p, 1, slots), at(p, 3, slots), poolAt(p, 5)); return -1;
    case 34: softmax(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6)); return -1;
    case 35: logSoftmax(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6)); return -1;
    case 36:
      normalize(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), int(p, 7), int(p, 8), int(p, 9),
        real(p, 10),
      );
      return -1;
    case 37:
      normalizeInput(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), at(p, 7, slots), int(p, 9), int(p, 10),
        int(p, 11),
      );
      return -1;
    case 38: randomBits(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6)); return -1;
    case 39: splitKey(at(p, 1, slots), at(p, 3, slots), int(p, 5), int(p, 6)); return -1;
    case 40:
      lstmForward(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), at(p, 7, slots), at(p, 9, slots),
        at(p, 11, slots), at(p, 13, slots), at(p, 15, slots), int(p, 17), int(p, 18), int(p, 19),
        int(p, 20), int(p, 21), int(p, 22),
      );
      return -1;
    case 41:
      lstmBackward(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), at(p, 7, slots), at(p, 9, slots),
        at(p, 11, slots), at(p, 13, slots), at(p, 15, slots), at(p, 17, slots), int(p, 19),
        int(p, 20), int(p, 21), int(p, 22), int(p, 23), int(p, 24), int(p, 25),
      );
      return -1;
    case 42:
      attentionForward(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), at(p, 7, slots), at(p, 9, slots),
        at(p, 11, slots), int(p, 13), int(p, 14), int(p, 15), int(p, 16), int(p, 17), int(p, 18),
        int(p, 19), int(p, 20), int(p, 21), real(p, 22),
      );
      return -1;
    case 43:
      attentionBackward(
        at(p, 1, slots), at(p, 3, slots), at(p, 5, slots), at(p, 7, slots), at(p, 9, slots),
        at(p, 11, slots), at(p, 13, slots), at(p, 15, slots), at(p, 17, slots), at(p, 19, slots),
        int(p, 21), int(p, 22), int(p, 23), int(p, 24), int(p, 25), int(p, 26), int(p, 27),
        int(p, 28), int(p, 29), real(p, 30),
      );
      return -1;
  }
  return -1;
}

const SHARE: u32 = 1 << 8;
const WAKE: u32 = 1 << 9;
const FOLD: u32 = 1 << 10;

/** The call behind the one at `p`. */
// @ts-ignore: decorator
@inline
function behind(p: usize): usize {
  return p + (<usize>load<u32>(p - 4) << 2);
}

/** Runs this thread's share of the call at `p`, block by block with that of the chain behind it:
 * where there are more, they are of the same elements, but of sums, which no share may split. */
function runShare(p: usize, slots: usize): i32 {
  const fold = (load<u32>(p) & FOLD) != 0 && (shares() == 1 || !hasSums(behind(p)));
  if (fold) follow(behind(p), slots, at(p, 5, slots));
  const found = run(p, slots);
  if (fold) finishChain();
  return found;
}

/** The position of the first bad index of a call that checks (all have the same form), or -1. */
function checkFirst(p: usize, slots: usize): i32 {
  const opcode = load<i32>(p) & 0xff;
  if (opcode < 19 || opcode > 22) return -1;
  const k = int(p, 9);
  return check(at(p, 3, slots), opcode < 21 ? k : int(p, 7) * k * int(p, 10), int(p, 8));
}

/** Runs the call at `p` together with the other threads. */
function runShared(p: usize, slots: usize, wake: bool): i32 {
  const found = checkFirst(p, slots);
  if (found >= 0) return found;
  open(p, slots, wake);
  while (claim(0)) {
    runShare(p, slots);
    finish();
  }
  close();
  return -1;
}

/** What another thread does: takes part in every call until the end. */
export function work(own: i32): void {
  while (next(own)) {
    runShare(callOf(), slotsOf());
    finish();
  }
}

/** Runs the call at `p`, with all threads where they are to share it. */
function runCall(p: usize, slots: usize): i32 {
  const opcode = load<u32>(p);
  const wake = (opcode & WAKE) != 0;
  if (!(opcode & SHARE) || !together() || !ready(wake)) return runShare(p, slots);
  const found = runShared(p, slots, wake);
  if (opcode & FOLD && hasSums(behind(p))) runCall(behind(p), slots);
  return found;
}

/** The position of the bad index that stopped the last program. */
let bad: i32 = -1;

export function badIndex(): i32 {
  return bad;
}

/** Runs `count` calls. Gives -1, or the place of the call that found a bad index. */
export function execute(list: usize, slots: usize, count: i32): i32 {
  let p = list + 4;
  for (let i = 0; i < count; i++) {
    const found = runCall(p, slots);
    if (found >= 0) {
      bad = found;
      return i;
    }
    if (load<u32>(p) & FOLD) p = behind(p);
    p = behind(p);
  }
  return -1;
}
