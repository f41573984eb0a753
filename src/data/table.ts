// Rows of text as typed columns by a schema: what is missing stays known as missing, and what does
// not fit names the file, the line and the column.

import { ValueError } from "../core/errors";
import { type DelimitedOptions, parseDelimited, type Rows, readDelimited } from "./delimited";
import type { Source } from "./source";

/** How a column is read. An empty field is missing; `missing: "error"` does not let it be. */
export type ColumnSchema =
  | { readonly kind: "number"; readonly missing?: "error" | "keep" }
  | {
      readonly kind: "category";
      /** All categories there may be. Default: those found, in order of appearance. */
      readonly of?: readonly string[];
      readonly missing?: "error" | "keep";
    }
  | { readonly kind: "text" };

/** Columns by name; of a file without a header by number: "0" is the first. */
export type Schema = Readonly<Record<string, ColumnSchema>>;

export interface NumberColumn {
  readonly kind: "number";
  /** NaN where missing. */
  readonly values: Float64Array;
}

export interface CategoryColumn {
  readonly kind: "category";
  /** Places in `names`; -1 where missing. */
  readonly values: Int32Array;
  readonly names: readonly string[];
}

export interface TextColumn {
  readonly kind: "text";
  readonly values: readonly string[];
}

export type Column = NumberColumn | CategoryColumn | TextColumn;

type ColumnOf<S extends ColumnSchema> = Extract<Column, { kind: S["kind"] }>;

export interface Table<S extends Schema = Schema> {
  readonly count: number;
  readonly columns: { readonly [name in keyof S]: ColumnOf<S[name]> };
}

/** The columns of a CSV or TSV file that the schema names. Throws a ValueError that names the file,
 * line and column for a column that is not there, a number that is none, an unknown category, and a
 * missing value where none may be. */
export async function readTable<S extends Schema>(
  source: Source,
  schema: S,
  options: DelimitedOptions = {},
): Promise<Table<S>> {
  return tableOf(await readDelimited(source, options), schema);
}

/** The columns of a text. */
export function parseTable<S extends Schema>(
  text: string,
  schema: S,
  options: DelimitedOptions = {},
): Table<S> {
  return tableOf(parseDelimited(text, options), schema);
}

function tableOf<S extends Schema>(rows: Rows, schema: S): Table<S> {
  const names = rows.header ?? rows.rows[0]?.map((_, i) => String(i)) ?? [];
  const columns: Record<string, Column> = {};
  for (const [name, own] of Object.entries(schema)) {
    const place = names.indexOf(name);
    if (place < 0) {
      throw new ValueError(
        `table: ${rows.name} has no column "${name}": it has ${names.join(", ")}. Name one.`,
      );
    }
    columns[name] = columnOf(rows, name, place, own);
  }
  return { count: rows.rows.length, columns: columns as Table<S>["columns"] };
}

function columnOf({ name: file, rows, lines }: Rows, name: string, place: number, s: ColumnSchema) {
  const where = (i: number) => `${file} line ${lines[i]}, column "${name}"`;
  const fields = rows.map((row) => row[place]);
  if (s.kind === "text") return { kind: s.kind, values: fields };
  const empty = s.missing === "error" ? fields.findIndex((f) => f.trim() === "") : -1;
  if (empty >= 0) throw new ValueError(`table: ${where(empty)}: no value. Fill it in.`);
  if (s.kind === "number") {
    const values = Float64Array.from(fields, (f) => (f.trim() === "" ? Number.NaN : Number(f)));
    const bad = fields.findIndex((f, i) => Number.isNaN(values[i]) && f.trim() !== "");
    if (bad < 0) return { kind: s.kind, values };
    throw new ValueError(`table: ${where(bad)}: no number: "${fields[bad]}". Use digits.`);
  }
  const names = [...(s.of ?? new Set(fields.filter((f) => f !== "")))];
  const places = new Map(names.map((category, i) => [category, i]));
  const values = Int32Array.from(fields, (f) => (f === "" ? -1 : (places.get(f) ?? -2)));
  const unknown = values.indexOf(-2);
  if (unknown < 0) return { kind: s.kind, values, names };
  throw new ValueError(
    `table: ${where(unknown)}: unknown category "${fields[unknown]}": known are ` +
      `${names.join(", ")}. Correct it, or add it to the schema.`,
  );
}
