// Where the blocks of gemm kernels lie: the grid of those that cut the result into equal blocks,
// between the reader and the kernel. Blocks follow each other along n, then m, then z.

// The product that a block belongs to, the block's first row and its first column.
struct Block { z: u32, m: u32, n: u32 }

fn blockOf(id: u32, rows: u32, columns: u32) -> Block {
  let size = most();
  let across = (size.y + columns - 1u) / columns;
  let down = (size.x + rows - 1u) / rows;
  return Block(id / (across * down), id / across % down * rows, id % across * columns);
}
