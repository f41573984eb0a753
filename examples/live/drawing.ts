// The visitor's own characters: five pads, one more to be told, and what the net says after each
// inner step.

import { Pad } from "./pads";
import type { Drawings } from "./settings";

type Strokes = readonly (readonly (readonly [number, number])[])[];

const arc = (cx: number, cy: number, r: number, from: number, to: number) =>
  Array.from({ length: 17 }, (_, i): readonly [number, number] => {
    const angle = from + ((to - from) * i) / 16;
    return [cx + r * Math.cos(angle), cy + r * Math.sin(angle)];
  });

/** Five characters for those who cannot or will not draw, and the second one again. */
const EXAMPLES: readonly Strokes[] = [
  [arc(0.5, 0.5, 0.3, 0, 6.3), arc(0.5, 0.5, 0.05, 0, 6.3)],
  [
    [
      [0.5, 0.15],
      [0.5, 0.85],
    ],
    [
      [0.15, 0.4],
      [0.85, 0.4],
    ],
  ],
  [
    [
      [0.2, 0.2],
      [0.8, 0.2],
      [0.2, 0.8],
      [0.8, 0.8],
    ],
  ],
  [
    arc(0.5, 0.3, 0.2, 1.6, 6.2),
    [
      [0.7, 0.3],
      [0.7, 0.85],
    ],
  ],
  [
    [
      [0.2, 0.8],
      [0.35, 0.2],
      [0.5, 0.8],
      [0.65, 0.2],
      [0.8, 0.8],
    ],
  ],
];
const AGAIN: Strokes = [
  [
    [0.48, 0.18],
    [0.53, 0.82],
  ],
  [
    [0.2, 0.43],
    [0.82, 0.38],
  ],
];

const NAMES = ["first", "second", "third", "fourth", "fifth"];

export class Drawing {
  readonly #pads: Pad[];
  readonly #query: Pad;

  constructor(
    private readonly section: HTMLElement,
    private readonly ask: (drawings: Drawings) => void,
  ) {
    const pad = (into: string, name: string) => {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", name);
      section.querySelector(into)!.append(canvas);
      return new Pad(canvas, () => this.tell());
    };
    this.#pads = NAMES.map((name) => pad("#support", `Pad for the ${name} character`));
    this.#query = pad("#query", "Pad for the character to tell");
    const on = (id: string, act: () => void) =>
      section.querySelector(id)!.addEventListener("click", act);
    on("#examples", () => this.#examples());
    on("#clear", () => {
      for (const pad of [...this.#pads, this.#query]) pad.clear();
    });
    this.show(null);
  }

  get #drawn(): boolean {
    return [...this.#pads, this.#query].every((pad) => !pad.empty);
  }

  /** Asks the net, once all six are drawn. */
  tell(): void {
    if (this.section.hidden) return;
    if (!this.#drawn) {
      this.show(null);
      return;
    }
    const support = new Float32Array(this.#pads.flatMap((pad) => Array.from(pad.pixels())));
    this.ask({ support, query: this.#query.pixels() });
  }

  /** What was told: nothing once a pad is empty, as an answer may come after its drawings went. */
  show(steps: readonly (readonly number[])[] | null): void {
    const told = this.#drawn ? steps : null;
    const shares = told?.[told.length - 1] ?? NAMES.map(() => 0);
    const list = this.section.querySelector("#told")!;
    list.replaceChildren(
      ...shares.map((share) => {
        const item = document.createElement("li");
        const bar = document.createElement("b");
        bar.style.width = `${60 * share}%`;
        item.append(bar, told === null ? "–" : `${Math.round(100 * share)} %`);
        return item;
      }),
    );
    this.section.querySelector("#verdict")!.textContent = told === null ? "" : verdict(told);
  }

  #examples(): void {
    for (const [i, pad] of this.#pads.entries()) pad.set(EXAMPLES[i]);
    this.#query.set(AGAIN);
  }
}

/** In words: the net's choice, and how sure it was after each number of steps. */
function verdict(told: readonly (readonly number[])[]): string {
  const shares = told[told.length - 1];
  const best = shares.indexOf(Math.max(...shares));
  const course = told.map((each) => `${Math.round(100 * each[best])} %`).join(", ");
  return `It is the ${NAMES[best]} one, says the net after five steps. From step 0 on: ${course}.`;
}
