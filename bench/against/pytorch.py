"""PyTorch's part of `npm run bench:peers`: answers one line of JSON with another.

hello -> version; enter (task, inputs) -> labels of the ways it can do the task; result (way) ->
files of its results; sample (way, count) -> seconds. Images come as n c h w, kernels as oc c kh kw.
"""

import json
import sys
import time

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))
clock = time.process_time if sys.argv[2] == "cpu" else time.perf_counter
BLOCKS = 4


def mlp(params, x):
    for i in range(0, len(params), 2):
        x = x @ params[i] + params[i + 1]
        if i + 2 < len(params):
            x = torch.relu(x)
    return x


def same(x, stride):
    """Padding that keeps ceil(size / stride) places."""
    sides = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides)


def conv_net(params, x, protocol):
    torch_way = protocol["by"] == "torch"
    size = 4 if torch_way else 3
    stride = 2 if protocol["pool"] == "stride" else 1
    for i in range(BLOCKS):
        block = params[i * size : (i + 1) * size]
        if torch_way:
            x = F.conv2d(x, block[0], block[1], stride, 1)
        else:
            x = F.conv2d(same(x, stride), block[0], None, stride)
        x = torch.relu(F.batch_norm(x, None, None, block[-2], block[-1], True, 0.1, 1e-5))
        if protocol["pool"] == "max":
            x = F.max_pool2d(x, 2)
    if torch_way:
        x = x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
    else:
        x = x.mean((2, 3))
    return x @ params[-2] + params[-1]


def lstm_cells(x, wx, wh, b):
    """All states, by ops, so that it can be differentiated twice."""
    h = c = None
    states = []
    inputs = x @ wx + b
    for t in range(x.shape[0]):
        gates = inputs[t] if h is None else inputs[t] + h @ wh
        i, f, g, o = gates.chunk(4, 1)
        fresh = torch.sigmoid(i) * torch.tanh(g)
        c = fresh if c is None else torch.sigmoid(f) * c + fresh
        h = torch.sigmoid(o) * torch.tanh(c)
        states.append(h)
    return torch.stack(states)


def lstm_layer(x, wx, wh, b):
    """All states, by its own kernel: weights [4 h, input]."""
    hidden = wh.shape[1]
    zero = torch.zeros(1, x.shape[1], hidden)
    weights = [wx, wh, b, torch.zeros_like(b)]
    return torch._VF.lstm(x, (zero, zero), weights, True, 1, 0.0, False, False, False)[0]


def leaves(xs):
    return [x.detach().requires_grad_() for x in xs]


def net(task, xs):
    batch = 1 if task["net"] == "lstm" else 2
    at, rest = leaves(xs[:-batch]), xs[-batch:]

    def loss(params):
        if task["net"] == "lstm":
            return lstm_cells(rest[0], *params).square().mean()
        if task["net"] == "conv":
            return F.cross_entropy(conv_net(params, rest[0], task["protocol"]), rest[1])
        return F.cross_entropy(mlp(params, rest[0]), rest[1])

    if task["order"] == 1:
        value = loss(at)
        return [value, *torch.autograd.grad(value, at)]
    first = torch.autograd.grad(loss(at), at, create_graph=True)
    return torch.autograd.grad(0.5 * sum(g.square().sum() for g in first), at)


def maml(task, xs):
    at, (sx, sy, qx, qy) = leaves(xs[:-4]), xs[-4:]

    def loss(params, x, y):
        if task["net"] == "mlp":
            return (mlp(params, x) - y).square().mean()
        return F.cross_entropy(conv_net(params, x, task["protocol"]), y)

    total = None
    for i in range(sx.shape[0]):
        params = at
        for _ in range(task["steps"]):
            grads = torch.autograd.grad(loss(params, sx[i], sy[i]), params, create_graph=True)
            params = [p - task["lr"] * g for p, g in zip(params, grads)]
        value = loss(params, qx[i], qy[i])
        own = [value.detach(), *torch.autograd.grad(value, at)]
        total = own if total is None else [a + b for a, b in zip(total, own)]
    return [x / sx.shape[0] for x in total]


def maml_batched(task, xs):
    """The sinusoid's tasks at once, by hand: weights [tasks, in, out]."""
    at, (sx, sy, qx, qy) = leaves(xs[:-4]), xs[-4:]
    tasks = sx.shape[0]

    def loss(params, x, y):
        for i in range(0, len(params), 2):
            x = torch.baddbmm(params[i + 1], x, params[i])
            if i + 2 < len(params):
                x = torch.relu(x)
        return (x - y).square().mean((1, 2))

    params = [
        p.expand(tasks, *p.shape) if p.dim() == 2 else p.expand(tasks, 1, p.shape[0]) for p in at
    ]
    for _ in range(task["steps"]):
        grads = torch.autograd.grad(loss(params, sx, sy).sum(), params, create_graph=True)
        params = [p - task["lr"] * g for p, g in zip(params, grads)]
    value = loss(params, qx, qy).mean()
    return [value, *torch.autograd.grad(value, at)]


def hypergradient(task, xs):
    start, (sx, sy, qx, qy, rate) = leaves(xs[:-5]), xs[-5:]
    rate = rate.detach().requires_grad_()
    params, m, v = start, None, None
    for step in range(1, task["steps"] + 1):
        loss = (mlp(params, sx) - sy).square().mean()
        g = torch.autograd.grad(loss, params, create_graph=True)
        m = [0.1 * x if m is None else 0.9 * m[k] + 0.1 * x for k, x in enumerate(g)]
        v = [
            0.001 * x.square() if v is None else 0.999 * v[k] + 0.001 * x.square()
            for k, x in enumerate(g)
        ]
        scale = rate / (1 - 0.9**step)
        roots = [(x / (1 - 0.999**step) + task["eps"] ** 2).sqrt() for x in v]
        params = [p - scale * a / r for p, a, r in zip(params, m, roots)]
    value = (mlp(params, qx) - qy).square().mean()
    return [value, *torch.autograd.grad(value, [rate])]


def lstm_train(task, xs):
    x, weights = xs[0], leaves(xs[1:])
    loss = lstm_layer(x, *weights).square().mean()
    return [w - task["lr"] * g for w, g in zip(weights, torch.autograd.grad(loss, weights))]


def repeat(count, xs):
    x = xs[0]
    for _ in range(count):
        x = x + xs[1]
    return [x]


def ways(task, xs):
    """The functions that do a task, by label; their results are lists of tensors."""
    kind = task["kind"]
    if kind == "matmul":
        a = xs[0].transpose(-1, -2) if task["transposeA"] else xs[0]
        b = xs[1].transpose(-1, -2) if task["transposeB"] else xs[1]
        return {"": lambda: [a @ b]}
    if kind == "conv":
        stride = task["stride"]
        if task["which"] == "forward":
            return {"": lambda: [F.conv2d(xs[0], xs[1], None, stride, 1)]}
        if task["which"] == "input":
            n, h, w, c = task["shape"]
            size = (n, c, h, w)
            return {"": lambda: [torch.nn.grad.conv2d_input(size, xs[1], xs[0], stride, 1)]}
        kh, kw, c, oc = task["shape"]
        size = (oc, c, kh, kw)
        return {"": lambda: [torch.nn.grad.conv2d_weight(xs[0], size, xs[1], stride, 1)]}
    if kind == "softmax":
        return {"": lambda: [torch.softmax(xs[0], -1)]}
    if kind == "layerNorm":
        return {"": lambda: [F.layer_norm(xs[0], xs[0].shape[-1:], xs[1], xs[2])]}
    if kind == "embedding":
        return {"": lambda: [torch.zeros(task["n"], xs[0].shape[1]).index_add_(0, xs[1], xs[0])]}
    if kind == "add":
        return {"": lambda: repeat(task["count"], xs)}
    if kind == "lstm":
        turned = [xs[0], xs[1].t().contiguous(), xs[2].t().contiguous(), xs[3]]
        if task["train"]:

            def train():
                wx, wh, b = lstm_train(task, turned)
                return [wx.t(), wh.t(), b]

            return {"": train}

        def forward():
            with torch.no_grad():
                return [lstm_layer(*turned)]

        return {"": forward}
    if kind == "net":
        return {"": lambda: net(task, xs)}
    if kind == "adam":
        return {"": lambda: hypergradient(task, xs)}
    made = {"loop": lambda: maml(task, xs)}
    if task["net"] == "mlp":
        made["batched by hand"] = lambda: maml_batched(task, xs)
    return made


def read(item):
    kind = numpy.int32 if item["integer"] else numpy.float32
    x = torch.from_numpy(numpy.fromfile(item["path"], kind).reshape(item["shape"]))
    return x.long() if item["integer"] else x


def answer(question, entered):
    do = question["do"]
    if do == "hello":
        return {"version": torch.__version__.split("+")[0]}
    if do == "enter":
        made = ways(question["task"], [read(item) for item in question["inputs"]])
        entered[:] = list(made.values())
        return {"labels": list(made)}
    call = entered[question["way"]]
    if do == "result":
        results = []
        for k, x in enumerate(call()):
            path = f"{question['folder']}/result-{k}"
            x.detach().contiguous().numpy().astype(numpy.float32).tofile(path)
            results.append({"path": path, "shape": list(x.shape)})
        return {"results": results}
    start = clock()
    for _ in range(question["count"]):
        call()
    return {"seconds": clock() - start}


def main():
    entered = []
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), entered)
        except Exception as error:  # what goes wrong is the answer
            reply = {"error": str(error).split("\n")[0]}
        print(json.dumps(reply), flush=True)


main()
