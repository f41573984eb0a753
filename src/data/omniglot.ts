// Reads Omniglot as 28 x 28 bytes (`omniglot_background_28.bin.gz`, `omniglot_evaluation_28.bin.gz`
// and `omniglot.json`): what is returned always has the number of bytes that the JSON says.

import { ValueError } from "../core/errors";
import { type ClassPool, classPool } from "./pool";
import { type Folder, fileOf, readUnpacked } from "./source";

export type OmniglotPart = "background" | "evaluation";

/** One part of Omniglot (Lake, Salakhutdinov, Tenenbaum 2015): 964 background or 659 evaluation
 * characters of 20 drawings each, ink 255 on 0, named `alphabet/character`. The two parts share no
 * alphabet. Throws a ValueError that names the file, the bytes expected and found. */
export async function omniglot(folder: Folder, part: OmniglotPart): Promise<ClassPool> {
  if (part !== "background" && part !== "evaluation") {
    throw new ValueError(
      `omniglot: no such part: ${JSON.stringify(part)}. Use "background" or "evaluation".`,
    );
  }
  const index = fileOf(folder, "omniglot.json");
  const text = new TextDecoder().decode(await readUnpacked(index.source, index.name));
  const fileName = `omniglot_${part}_28.bin.gz`;
  const { names, counts, shape } = describe(text, index.name, part, fileName);
  const file = fileOf(folder, fileName);
  const expected = shape[0] * shape[1] * shape[2];
  const images = await readUnpacked(file.source, file.name, expected);
  return classPool({ images, height: shape[1], width: shape[2], counts, names });
}

function describe(text: string, name: string, part: OmniglotPart, file: string) {
  const wrong = (what: string) =>
    new ValueError(`omniglot: ${name} is not its index: ${what}. Download the file again.`);
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const bytes = text.length.toLocaleString("en-US");
    throw wrong(`its ${bytes} characters are no JSON (${(error as Error).message})`);
  }
  const list = json?.[`${part}_classes`];
  if (!Array.isArray(list) || list.length === 0) throw wrong(`it has no "${part}_classes"`);
  const names = list.map((entry) => {
    if (!Array.isArray(entry) || typeof entry[0] !== "string" || typeof entry[1] !== "string") {
      throw wrong(`a class is not [alphabet, character, id] but ${JSON.stringify(entry)}`);
    }
    return `${entry[0]}/${entry[1]}`;
  });
  const counts = json.images_per_class;
  if (typeof counts !== "number" || !Number.isInteger(counts) || counts < 1) {
    throw wrong(`"images_per_class" is ${JSON.stringify(counts)}`);
  }
  const files = json.files as Record<string, { shape?: unknown }> | undefined;
  const shape = files?.[file]?.shape;
  const whole = (x: unknown) => Number.isInteger(x) && (x as number) > 0;
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every(whole)) {
    throw wrong(`it gives ${file} the shape ${JSON.stringify(shape)}`);
  }
  if (shape[0] !== names.length * counts) {
    throw wrong(`${names.length} classes of ${counts} are not the ${shape[0]} images of ${file}`);
  }
  return { names, counts, shape: shape as [number, number, number] };
}
