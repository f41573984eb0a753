// Text files of rows and fields, CSV and TSV: every row has as many fields as the first, or the
// error names the file and the row's line.

import { ValueError } from "../core/errors";
import { nameOf, readUnpacked, type Source } from "./source";

export interface DelimitedOptions {
  /** Default ",". */
  readonly separator?: string;
  /** Whether fields may be quoted by ", with "" for a quote inside (RFC 4180). Default true. */
  readonly quotes?: boolean;
  /** Whether the first row names the columns. Default true. */
  readonly header?: boolean;
  /** How many fields a row has, where there is no header; default: as many as the first. */
  readonly fields?: number;
  /** The file's name for errors. */
  readonly name?: string;
}

export interface Rows {
  /** The file's name, for errors. */
  readonly name: string;
  /** Names of the columns; null without a header. */
  readonly header: readonly string[] | null;
  readonly rows: readonly (readonly string[])[];
  /** The line, from 1, that each row begins on. */
  readonly lines: readonly number[];
}

/** The rows of a file in UTF-8, packed by gzip or not. Throws a ValueError that names the file and
 * the line for a row with another number of fields, a quote that does not end, or no row at all. */
export async function readDelimited(source: Source, options: DelimitedOptions = {}): Promise<Rows> {
  const name = options.name ?? nameOf(source);
  const bytes = await readUnpacked(source, name);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ValueError(`delimited: ${name} is no text in UTF-8. Convert it.`, { cause: error });
  }
  return parseDelimited(text, { ...options, name });
}

/** The rows of a text. Empty lines are none, but a lone `""` is a row with one empty field. */
export function parseDelimited(text: string, options: DelimitedOptions = {}): Rows {
  const { separator = ",", quotes = true, header = true, name = "the text" } = options;
  const { rows, lines } = quotes ? quoted(text, separator, name) : plain(text, separator);
  const names = header ? (rows.shift() ?? null) : null;
  if (header) lines.shift();
  if (header && names === null) {
    throw new ValueError(`delimited: ${name} is empty: it has no header. Check the file.`);
  }
  const expected = names?.length ?? options.fields ?? rows[0]?.length;
  for (const [i, row] of rows.entries()) {
    if (row.length === expected) continue;
    throw new ValueError(
      `delimited: ${name} line ${lines[i]} has ${row.length} fields, expected ${expected}: ` +
        `${JSON.stringify(row.join(separator).slice(0, 60))}. Repair the row.`,
    );
  }
  return { name, header: names, rows, lines };
}

function plain(text: string, separator: string): { rows: string[][]; lines: number[] } {
  const rows: string[][] = [];
  const lines: number[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line === "") continue;
    rows.push(line.split(separator));
    lines.push(i + 1);
  }
  return { rows, lines };
}

function quoted(text: string, separator: string, name: string) {
  const rows: string[][] = [];
  const lines: number[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const row: string[] = [];
    const begin = line;
    const bare = text[at] !== '"';
    for (;;) {
      let field = "";
      if (text[at] === '"') {
        const from = line;
        for (at++; ; at++) {
          const end = text.indexOf('"', at);
          if (end < 0) {
            throw new ValueError(
              `delimited: ${name} line ${from}: a quote does not end. Close it, or double a ` +
                "quote that is meant.",
            );
          }
          const part = text.slice(at, end);
          line += part.split("\n").length - 1;
          field += part;
          at = end + 1;
          if (text[at] !== '"') break;
          field += '"';
        }
      }
      const stop = endOfField(text, at, separator);
      field += text.slice(at, stop);
      at = stop;
      row.push(field);
      if (!text.startsWith(separator, at)) break;
      at += separator.length;
    }
    if (text[at] === "\r") at++;
    at++;
    line++;
    if (bare && row.length === 1 && row[0] === "") continue;
    rows.push(row);
    lines.push(begin);
  }
  return { rows, lines };
}

function endOfField(text: string, from: number, separator: string): number {
  let at = from;
  while (at < text.length && text[at] !== "\n" && !text.startsWith(separator, at)) {
    if (text[at] === "\r" && text[at + 1] === "\n") break;
    at++;
  }
  return at;
}
