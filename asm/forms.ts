// The sizes of convolutions and of windows, in memory as the kernel table lists them: kernels read
// them in a program's call, or where the caller of a single kernel has put them.

/** Parameters of conv2d, conv2dInput and conv2dKernel. */
@unmanaged
export class ConvForm {
  batch: i32;
  n: i32;
  h: i32;
  w: i32;
  c: i32;
  kh: i32;
  kw: i32;
  oc: i32;
  oh: i32;
  ow: i32;
  sh: i32;
  sw: i32;
  ph: i32;
  pw: i32;
  dh: i32;
  dw: i32;
  groups: i32;
  /** Elements from one convolution of the batch to the next, of the first and second operand. */
  firstStep: i32;
  secondStep: i32;
}

/** Parameters of the pooling kernels. */
@unmanaged
export class PoolForm {
  n: i32;
  h: i32;
  w: i32;
  c: i32;
  kh: i32;
  kw: i32;
  oh: i32;
  ow: i32;
  sh: i32;
  sw: i32;
  ph: i32;
  pw: i32;
}
