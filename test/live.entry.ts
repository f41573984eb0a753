// Suite: the live page in a frame of this one, which presses its buttons: for browsers that nobody
// else drives.

export interface Result {
  readonly device: string;
  /** The losses shown after each of the first steps. */
  readonly losses: readonly string[];
  /** The loss shown after some hundred steps. */
  readonly trained: number;
}

const FIRST = 3;
const MANY = 300;

/** Resolves when something holds; whoever runs the suite ends what never does. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((done) => setTimeout(done, 20));
}

export default async function run(): Promise<Result> {
  const frame = document.createElement("iframe");
  frame.src = "/live/?problem=sines&device=wasm";
  const loaded = new Promise((done) => frame.addEventListener("load", done));
  document.body.append(frame);
  await loaded;
  const element = (id: string) => frame.contentDocument!.getElementById(id)!;
  const shown = (id: string) => element(id).textContent!;
  const stepPast = (step: number) => until(() => Number(shown("n-step")) > step);

  const losses: string[] = [];
  for (let step = 0; step < FIRST; step++) {
    element("step").click();
    await stepPast(step);
    losses.push(shown("n-loss"));
  }
  element("run").click();
  await stepPast(MANY);
  return { device: shown("n-device"), losses, trained: Number(shown("n-loss")) };
}
