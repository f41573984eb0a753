// The LSTM over a whole sequence, forward and backward, element by element.

import type { Body } from "./body";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const lstmForward: Body = ([z, wh, bias, h0, c0, mask], [out, cells], params) => {
  const [batch, t, b, h, masked, ws] = params;
  for (let p = 0; p < batch; p++) {
    const biasAt = ws === 0 ? 0 : p * 4 * h;
    for (let s = 0; s < t; s++) {
      for (let r = 0; r < b; r++) {
        const row = (p * t + s) * b + r;
        const [hs, hAt] = s === 0 ? [h0, (p * b + r) * h] : [out, (row - b) * h];
        const [cs, cAt] = s === 0 ? [c0, (p * b + r) * h] : [cells, ((row - b) * 5 + 4) * h];
        for (let j = 0; j < h; j++) {
          const cBefore = cs[cAt + j];
          const at = row * 5 * h + j;
          if (masked && mask[row] === 0) {
            for (let gate = 0; gate < 4; gate++) cells[at + gate * h] = 0;
            cells[at + 4 * h] = cBefore;
            out[row * h + j] = hs[hAt + j];
            continue;
          }
          const [i, f, g, o] = [0, 1, 2, 3].map((gate) => {
            const column = gate * h + j;
            let a = z[row * 4 * h + column] + bias[biasAt + column];
            for (let k = 0; k < h; k++) a += hs[hAt + k] * wh[p * ws + k * 4 * h + column];
            return gate === 2 ? Math.tanh(a) : sigmoid(a);
          });
          const c = f * cBefore + i * g;
          for (const [gate, v] of [i, f, g, o, c].entries()) cells[at + gate * h] = v;
          out[row * h + j] = o * Math.tanh(c);
        }
      }
    }
  }
};

const lstmBackward: Body = ([cells, c0, wh, mask, gh, gcells], [dz, dh0, dc0], params) => {
  const [batch, t, b, h, masked, more, ws] = params;
  dh0.fill(0);
  dc0.fill(0);
  for (let p = 0; p < batch; p++) {
    for (let s = t - 1; s >= 0; s--) {
      for (let r = 0; r < b; r++) {
        const row = (p * t + s) * b + r;
        const live = !masked || mask[row] !== 0;
        const rest = new Float64Array(h); // what dh becomes before wh adds to it
        for (let j = 0; j < h; j++) {
          const at = row * 5 * h + j;
          const state = (p * b + r) * h + j;
          const [i, f, g, o, c] = [0, 1, 2, 3, 4].map((gate) => cells[at + gate * h]);
          const cBefore = s === 0 ? c0[state] : cells[at + (4 - 5 * b) * h];
          const own = [0, 1, 2, 3, 4].map((gate) => (more ? gcells[at + gate * h] : 0));
          const dh = dh0[state] + gh[row * h + j];
          let dc = dc0[state] + own[4];
          const to = row * 4 * h + j;
          if (!live) {
            for (let gate = 0; gate < 4; gate++) dz[to + gate * h] = 0;
            rest[j] = dh;
            dc0[state] = dc;
            continue;
          }
          const y = Math.tanh(c);
          dc += dh * o * (1 - y * y);
          dz[to] = (dc * g + own[0]) * i * (1 - i);
          dz[to + h] = (dc * cBefore + own[1]) * f * (1 - f);
          dz[to + 2 * h] = (dc * i + own[2]) * (1 - g * g);
          dz[to + 3 * h] = (dh * y + own[3]) * o * (1 - o);
          dc0[state] = dc * f;
        }
        for (let k = 0; k < h; k++) {
          let dh = rest[k];
          for (let q = 0; q < 4 * h; q++) dh += dz[row * 4 * h + q] * wh[p * ws + k * 4 * h + q];
          dh0[(p * b + r) * h + k] = dh;
        }
      }
    }
  }
};

export const recurrent = { lstmForward, lstmBackward };
