// The chain behind a product, run on each block of the product's output as soon as that is done,
// while it is in cache. Products say how far they are by `reached`; without a chain it is nothing.

import { Chain, advance, prepare } from "./chain";
import { keep } from "./scratch";

/** The chain, or 0; the address of what it follows; the element behind the last one reached. */
let following: usize = 0;
let out: usize = 0;
let known: u32 = 0;

/** From now on the chain at `p` follows what is written from address `product` on. */
export function follow(p: usize, slots: usize, product: usize): void {
  const c = prepare(p, slots);
  keep(c.bytes);
  following = changetype<usize>(c);
  out = product;
  known = 0;
}

/** The chain, if there is one, goes to the end of what was reached, and is over. */
export function finishChain(): void {
  if (following) advance(changetype<Chain>(following), known, false);
  dropChain();
}

export function dropChain(): void {
  following = 0;
  keep(0);
}

/** The output between two addresses is done. */
export function reached(from: usize, end: usize): void {
  if (!following) return;
  const c = changetype<Chain>(following);
  const first = <u32>((from - out) >> 2);
  if (first != known) {
    advance(c, known, false);
    c.at = first;
  }
  known = <u32>((end - out) >> 2);
  advance(c, known, true);
}

/** Rows of `width` floats are done, `step` floats from one to the next. */
export function reachedRows(from: usize, rows: i32, step: i32, width: i32): void {
  if (!following) return;
  if (width == step) {
    reached(from, from + ((rows * width) << 2));
    return;
  }
  for (let i = 0; i < rows; i++, from += step << 2) reached(from, from + (width << 2));
}
