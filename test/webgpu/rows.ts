// Groups: the op table and the fused ops through its suites on the webgpu device: values against
// truth, values and gradients against the reference, fused against decomposed, compiled against
// eager.

import { compiled } from "../suites/compiled";
import { decomposition } from "../suites/decomposition";
import { forward } from "../suites/forward";
import { parity } from "../suites/parity";
import { table } from "../table";
import { fusedRows } from "../table/fused";
import { type Group, rowGroup } from "./group";

const rows = [...table, ...fusedRows];

export const rowGroups: readonly Group[] = [
  rowGroup("forward", forward, rows),
  rowGroup("parity with the reference", parity, rows),
  rowGroup("fused = decomposed", decomposition, rows),
  rowGroup("compiled = eager", compiled, rows),
];
