// The working memory of kernels: one area an instance of the module, whose contents are only good
// until the next call of `scratch`, so a kernel asks once, at its start, for all that it needs;
// but what is kept stays, under a kernel that runs inside of another.

// @ts-ignore: decorator
@external("env", "outOfMemory")
export declare function outOfMemory(bytes: usize): void;

let area: usize = 0;
let areaEnd: usize = 0;
let kept: usize = 0;

/** The first `bytes`, a multiple of 16, of what was given last stay good until the next `keep`. */
export function keep(bytes: usize): void {
  kept = bytes;
}

/** 16-byte aligned memory, contents undefined. Each thread has an instance, thus an area, of its
 * own. Throws through the host, before the kernel has written anything, when memory is full. */
export function scratch(bytes: usize): usize {
  if (kept + bytes > areaEnd - area) enlarge(kept + bytes);
  return area + kept;
}

/** Takes pages at the end of memory, which no one else can get: memory.grow is atomic. The area
 * doubles at least, so that the areas left behind stay smaller than the present one. */
function enlarge(bytes: usize): void {
  const least = i32((bytes + 0xffff) >> 16);
  let pages = i32((areaEnd - area) >> 15);
  if (pages < least) pages = least;
  let at = memory.grow(pages);
  if (at < 0) at = memory.grow((pages = least));
  if (at < 0) {
    outOfMemory(bytes);
    unreachable();
  }
  const start = (<usize>at) << 16;
  if (start != areaEnd) area = start; // else the old area goes on
  areaEnd = start + ((<usize>pages) << 16);
}
