// All cases, in the order in which the table shows them.

import type { Case } from "./case";
import { elementwise, reductions } from "./elementwise";
import { movement } from "./movement";
import { nets, products } from "./nets";

export const cases: readonly Case[] = [
  ...elementwise,
  ...reductions,
  ...movement,
  ...products,
  ...nets,
];
