// Pads to draw characters on, by mouse, finger or pen: round strokes as thick as those that the net
// was trained on, centred and scaled as they are.

const SIDE = 28;
/** Canvas pixels of a pad, and the pen's width in them. */
const [PIXELS, PEN] = [112, 9];
/** Pixels of 28 that a character fills, as in training. */
const FILLED = 20;

export class Pad {
  readonly #context: CanvasRenderingContext2D;
  #strokes: [x: number, y: number][][] = [];
  #drawing = false;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly changed: () => void,
  ) {
    canvas.width = PIXELS;
    canvas.height = PIXELS;
    this.#context = canvas.getContext("2d")!;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(name, () => this.#up());
    }
    this.#paint();
  }

  get empty(): boolean {
    return this.#strokes.length === 0;
  }

  clear(): void {
    this.#strokes = [];
    this.#paint();
    this.changed();
  }

  /** Strokes of points in the unit square, as if drawn. */
  set(strokes: readonly (readonly (readonly [number, number])[])[]): void {
    this.#strokes = strokes.map((stroke) => stroke.map(([x, y]) => [x * PIXELS, y * PIXELS]));
    this.#paint();
    this.changed();
  }

  /** Ink from 0 to 1, row by row, 28 x 28, the drawing in the middle. */
  pixels(): Float32Array {
    const points = this.#strokes.flat();
    const canvas = document.createElement("canvas");
    canvas.width = SIDE;
    canvas.height = SIDE;
    const context = canvas.getContext("2d", { willReadFrequently: true })!;
    if (points.length > 0) {
      const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
      const [left, top] = [Math.min(...xs), Math.min(...ys)];
      const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
      const scale = FILLED / Math.max(width, height, PIXELS / 4);
      context.translate(SIDE / 2, SIDE / 2);
      context.scale(scale, scale);
      context.translate(-left - width / 2, -top - height / 2);
      stroke(context, this.#strokes, 2 / scale, "#fff");
    }
    const { data } = context.getImageData(0, 0, SIDE, SIDE);
    return Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i + 3] / 255);
  }

  #at(event: PointerEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    const scale = PIXELS / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  #down(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.#drawing = true;
    this.#strokes.push([this.#at(event)]);
    this.#paint();
  }

  #move(event: PointerEvent): void {
    if (!this.#drawing) return;
    this.#strokes[this.#strokes.length - 1].push(this.#at(event));
    this.#paint();
  }

  #up(): void {
    if (!this.#drawing) return;
    this.#drawing = false;
    this.changed();
  }

  #paint(): void {
    this.#context.clearRect(0, 0, PIXELS, PIXELS);
    const ink = getComputedStyle(this.canvas).color;
    stroke(this.#context, this.#strokes, PEN, ink);
  }
}

function stroke(
  context: CanvasRenderingContext2D,
  strokes: readonly (readonly (readonly [number, number])[])[],
  width: number,
  colour: string,
): void {
  context.lineWidth = width;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = colour;
  for (const points of strokes) {
    context.beginPath();
    context.moveTo(...(points[0] as [number, number]));
    // A dot is a line of no length.
    for (const point of points) context.lineTo(...(point as [number, number]));
    context.stroke();
  }
}
