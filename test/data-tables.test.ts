// Rows of text and tables: what does not fit names the file, the line and the column, and scales
// come from the training rows alone.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { parseDelimited, readDelimited } from "../src/data/delimited";
import { tableFeatures } from "../src/data/features";
import { parseTable, readTable } from "../src/data/table";

describe("parseDelimited", () => {
  test("reads quotes, doubled quotes, separators and line ends inside them", () => {
    const text = 'a,b,c\r\n"x, y","he said ""no""",3\n\n"two\nlines",,"" \n';
    const { header, rows, lines } = parseDelimited(text);
    expect(header).toEqual(["a", "b", "c"]);
    expect(rows).toEqual([
      ["x, y", 'he said "no"', "3"],
      ["two\nlines", "", " "],
    ]);
    expect(lines).toEqual([2, 4]);
  });

  test("without quotes they are characters like others", () => {
    const { rows } = parseDelimited('1\tso "called\n2\t"\n', {
      ...{ separator: "\t", quotes: false, header: false },
    });
    expect(rows).toEqual([
      ["1", 'so "called'],
      ["2", '"'],
    ]);
  });

  test("the last row needs no line end, and a last empty field is one", () => {
    expect(parseDelimited("a,b\n1,2").rows).toEqual([["1", "2"]]);
    expect(parseDelimited("a,b\n1,").rows).toEqual([["1", ""]]);
    expect(parseDelimited("a,b\n1,\n3,4").rows).toEqual([
      ["1", ""],
      ["3", "4"],
    ]);
  });

  test("an empty line is no row, a lone pair of quotes is one", () => {
    const { rows, lines } = parseDelimited('text\n\n""\nend\n""');
    expect(rows).toEqual([[""], ["end"], [""]]);
    expect(lines).toEqual([3, 4, 5]);
  });

  test("names the line of a short row, a long one, and a quote that does not end", () => {
    const of = (text: string) => () => parseDelimited(text, { name: "t.csv" });
    expect(of('a,b\n"1\n1",2\n3\n')).toThrow(
      'delimited: t.csv line 4 has 1 fields, expected 2: "3". Repair the row.',
    );
    expect(of("a,b\n1,2,3\n")).toThrow("t.csv line 2 has 3 fields, expected 2");
    expect(of('a,b\n1,"2\n3,4\n')).toThrow("delimited: t.csv line 2: a quote does not end. ");
    expect(of("")).toThrow("delimited: t.csv is empty: it has no header. Check the file.");
    expect(() => parseDelimited("1,2\n", { header: false, fields: 3, name: "t.csv" })).toThrow(
      "t.csv line 1 has 2 fields, expected 3",
    );
  });

  test("reads packed files, and names one that is no text", async () => {
    const packed = new Uint8Array(gzipSync("a,b\n1,ü\n"));
    expect((await readDelimited(packed)).rows).toEqual([["1", "ü"]]);
    await expect(readDelimited(Uint8Array.of(0xff, 0xfe), { name: "t.csv" })).rejects.toThrow(
      "delimited: t.csv is no text in UTF-8. Convert it.",
    );
  });
});

const text = "id,age,sex,note\n1,20,m,x\n2,,f,\n3,40,,z\n4,30,m,y\n";
const schema = {
  age: { kind: "number" },
  sex: { kind: "category", of: ["f", "m"] },
  note: { kind: "text" },
} as const;

describe("a table", () => {
  test("has typed columns that know what is missing", () => {
    const { count, columns } = parseTable(text, schema);
    expect(count).toBe(4);
    expect(Array.from(columns.age.values)).toEqual([20, Number.NaN, 40, 30]);
    expect(Array.from(columns.sex.values)).toEqual([1, 0, -1, 1]);
    expect(columns.note.values).toEqual(["x", "", "z", "y"]);
    const found = parseTable(text, { sex: { kind: "category" } });
    expect(found.columns.sex.names).toEqual(["m", "f"]);
  });

  test("of a file without a header has columns by number", () => {
    const { columns } = parseTable(
      '"3","Wall St. ""Bears"""\n"1","Oil"\n',
      {
        "0": { kind: "category", of: ["1", "2", "3"] },
        "1": { kind: "text" },
      },
      { header: false },
    );
    expect(Array.from(columns["0"].values)).toEqual([2, 0]);
    expect(columns["1"].values).toEqual(['Wall St. "Bears"', "Oil"]);
  });

  test.each([
    [{ height: { kind: "number" } }, 'table: t.csv has no column "height": it has id, age, sex, '],
    [
      { note: { kind: "number" } },
      'table: t.csv line 2, column "note": no number: "x". Use digits',
    ],
    [
      { sex: { kind: "category", of: ["f"] } },
      'table: t.csv line 2, column "sex": unknown category "m": known are f. Correct it, or add',
    ],
    [
      { age: { kind: "number", missing: "error" } },
      'table: t.csv line 3, column "age": no value. Fill it in.',
    ],
  ] as const)("%j is an error with line and column", (own, message) => {
    expect(() => parseTable(text, own, { name: "t.csv" })).toThrow(message);
  });
});

describe("tableFeatures", () => {
  const { columns } = parseTable(text, schema);

  test("scales by the training rows, and marks what is missing", () => {
    const { names, width, rows } = tableFeatures({ age: columns.age, sex: columns.sex }, [0, 1, 2]);
    expect(names).toEqual(["age", "age missing", "sex=f", "sex=m"]);
    expect(width).toBe(4);
    expect(Array.from(rows([0, 1, 2, 3]))).toEqual(
      [
        [-1, 0, 0, 1],
        [0, 1, 1, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
      ].flat(),
    );
  });

  test("a number without variation among the training rows is 0", () => {
    const { rows } = tableFeatures({ age: columns.age }, [0]);
    expect(Array.from(rows([0, 2]))).toEqual([0, 0]);
    expect(() => tableFeatures({ age: columns.age }, [])).toThrow(
      "tableFeatures: no training rows: scales are taken from them. Give some.",
    );
  });
});

const data = join(process.env.HYPERGRAD_DATA ?? "../shared/data", "titanic/titanic.csv");
test.skipIf(!existsSync(data))("real Titanic: 891 rows, 177 ages missing", async () => {
  const { count, columns } = await readTable(data, {
    Survived: { kind: "category", of: ["0", "1"] },
    Age: { kind: "number" },
    Name: { kind: "text" },
  });
  expect(count).toBe(891);
  expect(columns.Age.values.filter(Number.isNaN)).toHaveLength(177);
  expect(columns.Survived.values.reduce((a, b) => a + b, 0)).toBe(342);
  expect(columns.Name.values[3]).toBe("Futrelle, Mrs. Jacques Heath (Lily May Peel)");
});
