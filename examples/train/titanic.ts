// Titanic: who survived, by a perceptron over the passengers' table, five folds. What scales and
// fills the columns comes from each fold's training rows.

import { data, nn } from "hypergrad";
import { classifier, clipped, type Loaded, schooled, type Task } from "./task";

const schema = {
  Survived: { kind: "category", of: ["0", "1"], missing: "error" },
  Pclass: { kind: "category", of: ["1", "2", "3"] },
  Name: { kind: "text" },
  Sex: { kind: "category", of: ["male", "female"] },
  Age: { kind: "number" },
  SibSp: { kind: "number" },
  Parch: { kind: "number" },
  Ticket: { kind: "text" },
  Fare: { kind: "number" },
  Cabin: { kind: "text" },
  Embarked: { kind: "category", of: ["C", "Q", "S"] },
} as const satisfies data.Schema;

type Passengers = data.Table<typeof schema>;

/** Titles that say something of age or standing; all others are rare. */
const TITLES = ["Mr", "Mrs", "Miss", "Master"];
const ALIASES: Readonly<Record<string, string>> = { Mlle: "Miss", Ms: "Miss", Mme: "Mrs" };

/** The columns that the network sees. */
function columnsOf({ columns, count }: Passengers) {
  const { Pclass, Sex, Age, SibSp, Parch, Fare, Embarked, Name, Ticket, Cabin } = columns;
  const number = (f: (i: number) => number): data.NumberColumn => ({
    kind: "number",
    values: Float64Array.from({ length: count }, (_, i) => f(i)),
  });
  const title = Int32Array.from(Name.values, (name) => {
    const found = /, ([^.]+)\./.exec(name)?.[1] ?? "";
    const at = TITLES.indexOf(ALIASES[found] ?? found);
    return at < 0 ? TITLES.length : at;
  });
  const family = (i: number) => 1 + SibSp.values[i] + Parch.values[i];
  const sharing = new Map<string, number>();
  for (const ticket of Ticket.values) sharing.set(ticket, (sharing.get(ticket) ?? 0) + 1);
  const party = (i: number) => sharing.get(Ticket.values[i]) as number;
  return {
    ...{ Pclass, Sex, Age, Embarked },
    Title: { kind: "category", values: title, names: [...TITLES, "rare"] } as data.CategoryColumn,
    Family: number(family),
    Alone: number((i) => Number(family(i) === 1)),
    Large: number((i) => Number(family(i) > 4)),
    Fare: number((i) => Math.log1p(Fare.values[i] / party(i))),
    Cabin: number((i) => Number(Cabin.values[i] !== "")),
    Child: number((i) => Number(Age.values[i] < 13 || title[i] === 3)),
  };
}

function loaded(table: Passengers): Loaded {
  const columns = columnsOf(table);
  const labels = table.columns.Survived.values;
  return {
    about: `${table.count} passengers, 5 folds with the same share of survivors`,
    runs: (seed, settings) =>
      data.folds({ count: table.count, seed, labels }).map(({ parts: { train, test } }) => {
        const features = data.tableFeatures(columns, train);
        const collate = (own: readonly number[]) => (ids: readonly number[]) => {
          const rows = ids.map((i) => own[i]);
          return {
            x: { data: features.rows(rows), shape: [rows.length, features.width] },
            y: { data: Float32Array.from(rows, (i) => labels[i]), shape: [rows.length] },
          };
        };
        const size = settings.batch;
        const batches = data.batches({
          ...{ count: train.length, size, seed },
          collate: collate(train),
        });
        return {
          ...classifier(nn.models.titanicMlp(features.width, { dropout: settings.dropout })),
          optimizer: schooled(settings, batches.perEpoch),
          gradients: clipped(settings),
          train: batches,
          test: data.batches({ count: test.length, size: test.length, collate: collate(test) }),
        };
      }),
  };
}

/** Passengers of whom mostly women and children survive. */
function generated(): Passengers {
  const header = Object.keys(schema).join(",");
  const rows = Array.from({ length: 200 }, (_, i) => {
    const female = i % 3 === 0;
    const age = (i * 37) % 70;
    const level = 1 + (i % 2) + ((i * 7) % 2);
    const survived = Number(female ? level < 3 || i % 4 === 0 : age < 10);
    const name = `"Doe ${i}, ${female ? "Mrs" : age < 13 ? "Master" : "Mr"}. Jo"`;
    const sex = female ? "female" : "male";
    const fields = [survived, level, name, sex, i % 5 === 0 ? "" : age, i % 3, i % 2, `T${i >> 1}`];
    return [...fields, 80 / level, level === 1 ? `C${i}` : "", "CQS"[i % 3]].join(",");
  });
  return data.parseTable(`${header}\n${rows.join("\n")}\n`, schema);
}

export const titanic: Task = {
  name: "titanic",
  title: "Titanic, perceptron of 32 and 16 hidden units, 5-fold",
  goal: 0.79,
  folder: "titanic",
  settings: { epochs: 40, batch: 32, lr: 5e-3, dropout: 0.2, weightDecay: 0.02 },
  small: { epochs: 10 },
  load: async (folder) =>
    loaded(
      folder === undefined ? generated() : await data.readTable(`${folder}/titanic.csv`, schema),
    ),
};
