// The image tasks: MNIST by a perceptron, CIFAR-10 and flowers by convolutional networks.

import { data, nn, type Tree } from "hypergrad";
import { colourImages, greyImages } from "./generated";
import { classifier, clipped, type Loaded, type Settings, schooled, type Task } from "./task";

type Net = (set: data.ImageSet, settings: Settings) => nn.Layer<Tree>;

/** Trains on the first set, tests on the second, both normalised by the first. */
function loaded(train: data.ImageSet, test: data.ImageSet, net: Net): Loaded {
  const norm = data.normalizationOf(train);
  const { height, width, channels, classes } = train;
  return {
    about:
      `${train.count} training and ${test.count} test images of ${height} x ${width} x ` +
      `${channels}, ${classes} classes`,
    runs: (seed, settings) => {
      const augment = { mirror: settings.mirror === 1, shift: settings.shift ?? 0 };
      const batches = data.batches({
        ...{ count: train.count, size: settings.batch, seed },
        collate: (ids, random) => data.imageBatch(train, ids, norm, random, augment),
      });
      return [
        {
          ...classifier(net(train, settings), { smoothing: settings.smoothing }),
          optimizer: schooled(settings, batches.perEpoch),
          gradients: clipped(settings),
          train: batches,
          test: data.batches({
            ...{ count: test.count, size: 250 },
            collate: (ids) => data.imageBatch(test, ids, norm),
          }),
        },
      ];
    },
  };
}

export const mnist: Task = {
  name: "mnist",
  title: "MNIST, perceptron 784-512-512-10",
  goal: 0.98,
  folder: "mnist",
  settings: { epochs: 5, batch: 128, lr: 2e-3, dropout: 0.2, weightDecay: 0.01 },
  small: { epochs: 5, batch: 32 },
  load: async (folder) => {
    const [train, test] =
      folder === undefined
        ? greyImages({ seed: 1, classes: 10, train: 40, test: 20 })
        : await Promise.all(
            ["train", "t10k"].map((part) =>
              data.idxImages(
                `${folder}/${part}-images-idx3-ubyte.gz`,
                `${folder}/${part}-labels-idx1-ubyte.gz`,
              ),
            ),
          );
    return loaded(train, test, (_, { dropout }) => nn.models.mnistMlp({ dropout }));
  },
};

const cnn: Net = ({ classes }, { dropout }) =>
  nn.models.cifarCnn({ classes, dropout, padding: "same" });

export const cifar: Task = {
  name: "cifar",
  title: "CIFAR-10 subset of decoded JPEGs, two rounds of convolution, 128 hidden units",
  goal: 0.58,
  folder: "cifar10",
  settings: {
    ...{ epochs: 12, batch: 64, lr: 2e-3, dropout: 0.4, weightDecay: 0.05 },
    ...{ mirror: 1, shift: 3, smoothing: 0.1 },
  },
  small: { epochs: 4, batch: 32, mirror: 0, shift: 1 },
  load: async (folder) => {
    const [train, test] =
      folder === undefined
        ? colourImages({ seed: 2, classes: 10, train: 20, test: 10 })
        : await Promise.all(
            ["train_8000", "test_2000"].map((part) =>
              data.cifarImages(`${folder}/cifar10_${part}.bin.gz`),
            ),
          );
    return loaded(train, test, cnn);
  },
};

export const flowers: Task = {
  name: "flowers",
  title: "flower photographs of 5 classes, two rounds of convolution, 128 hidden units",
  goal: 0.62,
  folder: "flowers",
  settings: {
    ...{ epochs: 18, batch: 64, lr: 2e-3, dropout: 0.4, weightDecay: 0.05 },
    ...{ mirror: 1, shift: 3, smoothing: 0.1 },
  },
  small: { epochs: 4, batch: 32, mirror: 0, shift: 1 },
  load: async (folder) => {
    const [train, test] =
      folder === undefined
        ? colourImages({ seed: 3, classes: 5, train: 30, test: 10 })
        : await Promise.all(
            ["train", "test"].map((part) =>
              data.cifarImages(`${folder}/flowers32_${part}.bin.gz`, { classes: 5 }),
            ),
          );
    return loaded(train, test, cnn);
  },
};
