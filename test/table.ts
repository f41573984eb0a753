// The table of ops: one row for each op and each variant that matters. Every suite reads it, and an
// op without a row fails the closure suite.

import { binaryRows } from "./table/binary";
import { convolutionRows } from "./table/convolution";
import { indexingRows } from "./table/indexing";
import { movementRows } from "./table/movement";
import { normalizationRows } from "./table/normalization";
import { orderRows } from "./table/orders";
import { partRows } from "./table/parts";
import { poolingRows } from "./table/pooling";
import { productRows } from "./table/products";
import { randomRows } from "./table/random";
import { reductionRows } from "./table/reductions";
import type { Row } from "./table/row";
import { unaryRows } from "./table/unary";

export const table: readonly Row[] = [
  ...unaryRows,
  ...binaryRows,
  ...reductionRows,
  ...orderRows,
  ...movementRows,
  ...partRows,
  ...indexingRows,
  ...productRows,
  ...convolutionRows,
  ...poolingRows,
  ...normalizationRows,
  ...randomRows,
];
